// Errors across the wall between our code and RocksDB, in both directions.
#ifndef CORTEX_STORAGE_META_ROCKSDB_STATUS_H_
#define CORTEX_STORAGE_META_ROCKSDB_STATUS_H_

#include <rocksdb/io_status.h>
#include <rocksdb/status.h>

#include <string_view>

#include "absl/status/status.h"

namespace cortex {

// For our file system below RocksDB. The code goes into the text, so that FromRocksDb finds it again.
rocksdb::IOStatus ToRocksDb(const absl::Status& status);

// For our callers above RocksDB: "meta store: <doing>: <reason>" with
//   corruption, unreadable or missing files DATA_LOSS | no space RESOURCE_EXHAUSTED | not found NOT_FOUND
//   an error of our file system: its own code | not supported FAILED_PRECONDITION | others INTERNAL
absl::Status FromRocksDb(const rocksdb::Status& status, std::string_view doing);

}  // namespace cortex

#endif  // CORTEX_STORAGE_META_ROCKSDB_STATUS_H_

// RocksDB's file system on top of ours, so that whoever watches or breaks our seam sees every byte of the meta store.
#ifndef CORTEX_STORAGE_META_ROCKSDB_FILE_SYSTEM_H_
#define CORTEX_STORAGE_META_ROCKSDB_FILE_SYSTEM_H_

#include <rocksdb/file_system.h>

#include <memory>

namespace cortex {

class FileSystem;

// Borrows `file_system`, which must outlive it. Thread-safe.
std::shared_ptr<rocksdb::FileSystem> MakeRocksDbFileSystem(FileSystem* file_system);

}  // namespace cortex

#endif  // CORTEX_STORAGE_META_ROCKSDB_FILE_SYSTEM_H_

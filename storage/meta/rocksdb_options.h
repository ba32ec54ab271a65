// How RocksDB is set up for the meta store: small, checked everywhere, quiet.
#ifndef CORTEX_STORAGE_META_ROCKSDB_OPTIONS_H_
#define CORTEX_STORAGE_META_ROCKSDB_OPTIONS_H_

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/write_buffer_manager.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace cortex {

std::shared_ptr<rocksdb::Cache> MakeMetaCache(uint64_t bytes);
std::shared_ptr<rocksdb::WriteBufferManager> MakeMetaWriteBuffers();

// `repair`: see MetaStoreOptions. `env` is borrowed.
rocksdb::DBOptions MetaDbOptions(rocksdb::Env* env, std::shared_ptr<rocksdb::WriteBufferManager> write_buffers,
                                 bool repair);

// In the order of MetaFamily.
std::vector<rocksdb::ColumnFamilyDescriptor> MetaFamilies(const std::shared_ptr<rocksdb::Cache>& cache);

}  // namespace cortex

#endif  // CORTEX_STORAGE_META_ROCKSDB_OPTIONS_H_

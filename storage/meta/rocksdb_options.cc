#include "storage/meta/rocksdb_options.h"

#include <rocksdb/file_checksum.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <cstdarg>
#include <utility>

#include "storage/meta/meta_store.h"

namespace cortex {
namespace {

// RocksDB's own log repeats all options at each start and tells of every flush. What matters of it comes back as a
// status or as a number in MetaStats.
class SilentLogger final : public rocksdb::Logger {
 public:
  SilentLogger() : Logger(rocksdb::InfoLogLevel::FATAL_LEVEL) {}
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

rocksdb::ColumnFamilyOptions FamilyOptions(const std::shared_ptr<rocksdb::Cache>& cache, uint64_t block_bytes,
                                           rocksdb::CompressionType compression) {
  rocksdb::BlockBasedTableOptions table;
  table.checksum = rocksdb::kXXH3;
  table.format_version = 5;
  table.block_cache = cache;
  table.block_size = block_bytes;
  table.cache_index_and_filter_blocks = true;  // so that the cache bounds them too
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));

  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.write_buffer_size = 4 << 20;
  options.max_write_buffer_number = 2;
  options.target_file_size_base = 16 << 20;
  options.level_compaction_dynamic_level_bytes = true;
  options.compression = compression;
  options.paranoid_file_checks = true;
  options.force_consistency_checks = true;
  return options;
}

}  // namespace

std::shared_ptr<rocksdb::Cache> MakeMetaCache(uint64_t bytes) {
  return rocksdb::NewLRUCache(bytes, /*num_shard_bits=*/2, /*strict_capacity_limit=*/false,
                              /*high_pri_pool_ratio=*/0.5);
}

// Flushing starts at half of what is reserved; the other half holds what is being flushed.
std::shared_ptr<rocksdb::WriteBufferManager> MakeMetaWriteBuffers() {
  return std::make_shared<rocksdb::WriteBufferManager>(kMetaMemtableBytes / 2);
}

rocksdb::DBOptions MetaDbOptions(rocksdb::Env* env, std::shared_ptr<rocksdb::WriteBufferManager> write_buffers,
                                 bool repair) {
  rocksdb::DBOptions options;
  options.env = env;
  options.write_buffer_manager = std::move(write_buffers);
  options.info_log = std::make_shared<SilentLogger>();
  options.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();  // what a check of whole files needs
  options.db_host_id = "";  // table files would carry the name of the machine
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  // Ends replay at the first bad record. Stricter modes refuse a tail that a power cut left with holes in it; whether
  // acknowledged commits were lost is for CommitWitness to tell.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  options.track_and_verify_wals_in_manifest = !repair;
  options.paranoid_checks = true;
  options.max_bgerror_resume_count = 0;  // a failed sync is final: reopen
  options.max_background_jobs = 2;
  options.max_open_files = 256;
  options.max_total_wal_size = 64 << 20;  // bounds replay when one family is hardly written
  options.max_manifest_file_size = 4 << 20;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.skip_stats_update_on_db_open = true;
  options.allow_fallocate = false;
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> MetaFamilies(const std::shared_ptr<rocksdb::Cache>& cache) {
  return {
      {rocksdb::kDefaultColumnFamilyName, FamilyOptions(cache, 4 << 10, rocksdb::kLZ4Compression)},
      {"cold", FamilyOptions(cache, 16 << 10, rocksdb::kZSTD)},
      {"placements", FamilyOptions(cache, 4 << 10, rocksdb::kLZ4Compression)},
      {"commit_times", FamilyOptions(cache, 16 << 10, rocksdb::kZSTD)},
      {"producers", FamilyOptions(cache, 4 << 10, rocksdb::kLZ4Compression)},
  };
}

}  // namespace cortex

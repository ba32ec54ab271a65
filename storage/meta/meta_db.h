// One open RocksDB with its column families, its memory and its lock; closes them in the right order.
#ifndef CORTEX_STORAGE_META_META_DB_H_
#define CORTEX_STORAGE_META_META_DB_H_

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/meta/meta_store.h"
#include "storage/runtime/memory_budget.h"

namespace cortex {

inline rocksdb::Slice ToSlice(std::string_view s) { return {s.data(), s.size()}; }
inline std::string_view ToView(const rocksdb::Slice& s) { return {s.data(), s.size()}; }

// kManifest is small and read whole at start; kCold holds a few large values per archive; kPlacements one tiny value
// per key of a sharded table; kCommitTimes two per 256 windows of commits; kProducers one small value per batch of a
// producer.
enum class MetaFamily : uint8_t { kManifest, kCold, kPlacements, kCommitTimes, kProducers };
inline constexpr size_t kMetaFamilyCount = 5;

// Thread-safe.
class MetaDb {
 public:
  // Takes `file_system` instead of the one in `options`. Errors as MetaStore::Open.
  static absl::StatusOr<std::unique_ptr<MetaDb>> Open(const MetaStoreOptions& options, FileSystem* file_system);
  // For a directory nobody else has open; changes nothing in it. `strict`: refuses a log whose last record is not whole.
  // DATA_LOSS names the log that is damaged, or else the store's manifest.
  static absl::StatusOr<std::unique_ptr<MetaDb>> OpenReadOnly(FileSystem* file_system, const std::string& dir,
                                                              bool strict);
  ~MetaDb();

  rocksdb::ColumnFamilyHandle* family(MetaFamily family) const { return families_[static_cast<size_t>(family)]; }

  absl::StatusOr<std::optional<std::string>> Get(MetaFamily family, std::string_view key) const;
  // `synced`: durable on return, with everything written before.
  absl::Status Write(rocksdb::WriteBatch* batch, bool synced);
  // One key of the manifest family, synced.
  absl::Status PutSynced(std::string_view key, std::string_view value);
  // Everything written before is durable on return.
  absl::Status Sync();
  std::unique_ptr<rocksdb::Iterator> Scan(MetaFamily family) const;
  // Goes on after a write that found no space, with a log of its own: what the old one holds is in table files then.
  // Errors: RESOURCE_EXHAUSTED still no space; FAILED_PRECONDITION it went out again on the way: only reopening helps.
  absl::Status Resume();
  // Memtables to table files; waits.
  absl::Status Flush();

  rocksdb::DB& db() const { return *db_; }
  uint64_t cache_bytes() const { return cache_->GetUsage(); }
  uint64_t memtable_bytes() const { return write_buffers_->memory_usage(); }

 private:
  MetaDb() = default;
  absl::Status OpenFamilies(const MetaStoreOptions& options, FileSystem* file_system);

  // In this order, so that the database dies before what it uses.
  MemoryReservation memory_;
  std::shared_ptr<rocksdb::Cache> cache_;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffers_;
  std::unique_ptr<rocksdb::Env> env_;
  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, kMetaFamilyCount> families_ = {};
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_META_META_DB_H_

// Key -> shard for tables whose keys keep the shard they were first given (ENTITIES tables sharded `fmo`).
//
// Truth lives in the meta store, unsynced: a placement is durable with the next manifest commit, and until then the WAL
// knows it. Recent keys are cached so that ingest asks the store once per distinct key that is not resident.
#ifndef CORTEX_STORAGE_TABLE_SHARD_DIRECTORY_H_
#define CORTEX_STORAGE_TABLE_SHARD_DIRECTORY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "storage/runtime/strong_id.h"

namespace cortex {

class MetaStore;

// One thread at a time: the commit thread.
class ShardDirectory {
 public:
  // `meta` must outlive the directory.
  ShardDirectory(MetaStore* meta, TableId table) : meta_(meta), table_(table) {}

  // The shards of `keys`, in order; nullopt for a key never placed.
  absl::Status Find(absl::Span<const std::string_view> keys, std::vector<std::optional<uint32_t>>* shards);
  // Remembers placements of new keys (or repeats known ones: replay).
  absl::Status Place(absl::Span<const std::string_view> keys, absl::Span<const uint32_t> shards);

 private:
  // About 100 bytes an entry: 25 MB at most. Dropped as a whole when full; the store answers again.
  static constexpr size_t kMaxCachedKeys = 262'144;
  void Remember(std::string_view key, uint32_t shard);

  MetaStore* const meta_;
  const TableId table_;
  absl::flat_hash_map<std::string, uint8_t> cache_;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TABLE_SHARD_DIRECTORY_H_

#include "storage/meta/placements.h"

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "storage/meta/meta_key.h"
#include "storage/meta/rocksdb_status.h"

namespace cortex {
namespace {

// Keys looked up together; more would only grow the arrays.
constexpr size_t kLookupBatch = 256;

absl::Status DecodeShard(const rocksdb::Slice& value, std::optional<uint32_t>* shard) {
  const uint32_t number = value.size() == 1 ? static_cast<uint8_t>(value[0]) : kShardCount;
  if (number >= kShardCount) return absl::DataLossError("placement names a shard that does not exist");
  *shard = number;
  return absl::OkStatus();
}

absl::Status ReadBatch(const MetaDb& db, TableId table, absl::Span<const std::string_view> keys,
                       std::vector<std::optional<uint32_t>>* shards) {
  std::vector<std::string> stored_keys(keys.size());
  std::vector<rocksdb::Slice> slices(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    stored_keys[i] = PlacementKey(table, keys[i]);
    slices[i] = stored_keys[i];
  }
  std::vector<rocksdb::PinnableSlice> values(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  db.db().MultiGet(rocksdb::ReadOptions(), db.family(MetaFamily::kPlacements), keys.size(), slices.data(),
                   values.data(), statuses.data());
  for (size_t i = 0; i < keys.size(); ++i) {
    shards->emplace_back();
    if (statuses[i].IsNotFound()) continue;
    RETURN_IF_ERROR(FromRocksDb(statuses[i], "cannot read a placement"));
    RETURN_IF_ERROR(DecodeShard(values[i], &shards->back()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status WritePlacements(MetaDb* db, TableId table,
                             absl::Span<const std::pair<std::string, uint32_t>> placements) {
  rocksdb::WriteBatch batch;
  for (const auto& [key, shard] : placements) {
    if (shard >= kShardCount) {
      return absl::InternalError(absl::StrFormat("placement in shard %d of %d", shard, kShardCount));
    }
    const char value = static_cast<char>(shard);
    RETURN_IF_ERROR(FromRocksDb(batch.Put(db->family(MetaFamily::kPlacements), PlacementKey(table, key),
                                          rocksdb::Slice(&value, 1)),
                                "cannot build a batch"));
  }
  return db->Write(&batch, /*synced=*/false);
}

absl::Status ReadPlacements(const MetaDb& db, TableId table, absl::Span<const std::string_view> keys,
                            std::vector<std::optional<uint32_t>>* shards) {
  shards->clear();
  shards->reserve(keys.size());
  for (size_t first = 0; first < keys.size(); first += kLookupBatch) {
    RETURN_IF_ERROR(ReadBatch(db, table, keys.subspan(first, kLookupBatch), shards));
  }
  return absl::OkStatus();
}

}  // namespace cortex

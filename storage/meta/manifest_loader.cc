#include "storage/meta/manifest_loader.h"

#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "storage/meta/live_set.h"
#include "storage/meta/manifest_codec.h"
#include "storage/meta/meta_key.h"
#include "storage/meta/rocksdb_status.h"
#include "storage/meta/table_codec.h"

namespace cortex {
namespace {

absl::Status ReadTable(TableId id, std::string_view value, ManifestState* state) {
  ASSIGN_OR_RETURN(TableDefinition table, DecodeTable(value));
  if (table.id != id) {
    return absl::DataLossError(
        absl::StrFormat("table definition under a wrong key: table %d, key of table %d", table.id.value(), id.value()));
  }
  state->tables.push_back(std::make_shared<const TableDefinition>(std::move(table)));
  return absl::OkStatus();
}

absl::Status ReadNextId(std::string_view key, uint64_t value, ManifestState* state) {
  if (key == NextTableIdKey()) {
    state->next_table_id = TableId(static_cast<uint32_t>(value));
  } else if (key == NextSegmentIdKey()) {
    state->next_segment_id = SegmentId(value);
  } else {
    return absl::DataLossError("meta store gives out ids of no known sort");
  }
  return absl::OkStatus();
}

absl::Status ReadEntry(std::string_view key, std::string_view value, ManifestState* state) {
  ParsedMetaKey parsed;
  RETURN_IF_ERROR(ParseMetaKey(key, &parsed));
  switch (parsed.kind) {
    case MetaKeyKind::kFormat:
      return CheckFormat(value);
    case MetaKeyKind::kVersion: {
      ASSIGN_OR_RETURN(state->version, DecodeNumber(value));
      return absl::OkStatus();
    }
    case MetaKeyKind::kNextId: {
      ASSIGN_OR_RETURN(const uint64_t id, DecodeNumber(value));
      return ReadNextId(key, id, state);
    }
    case MetaKeyKind::kCounter: {
      ASSIGN_OR_RETURN(state->counters[std::string(parsed.name)], DecodeNumber(value));
      return absl::OkStatus();
    }
    case MetaKeyKind::kTable:
      return ReadTable(parsed.table, value, state);
    case MetaKeyKind::kSegment: {
      ASSIGN_OR_RETURN(SegmentRecord segment, DecodeSegment(parsed.table, parsed.segment, value));
      state->segments.push_back(std::move(segment));
      return absl::OkStatus();
    }
    case MetaKeyKind::kEnds: {
      ASSIGN_OR_RETURN(std::vector<VersionEnd> ends, DecodeEnds(value));
      state->ends.push_back({parsed.table, parsed.segment, std::move(ends)});
      return absl::OkStatus();
    }
    case MetaKeyKind::kSharding:
      state->sharding[parsed.table] = std::string(value);
      return absl::OkStatus();
    case MetaKeyKind::kSealPoint: {
      ASSIGN_OR_RETURN(state->seal_points[std::make_pair(parsed.table, parsed.shard)], DecodeSealPoint(value));
      return absl::OkStatus();
    }
  }
  return absl::OkStatus();  // ParseMetaKey knows only the kinds above
}

// A commit keeps these promises; bytes on disk may not.
absl::Status CheckWhole(const ManifestState& state) {
  LiveSet live;
  LiveSetChange change(&live);
  absl::Status status;
  for (const auto& table : state.tables) change.PutTable(table->id);
  for (const SegmentRecord& s : state.segments) status.Update(change.AddSegment(s.table, s.id));
  for (const SegmentEnds& e : state.ends) status.Update(change.CheckSegment(e.table, e.segment));
  for (const auto& [table_and_shard, point] : state.seal_points) {
    status.Update(change.CheckTable(table_and_shard.first));
    if (table_and_shard.second >= kShardCount) status.Update(absl::DataLossError("shard out of range"));
  }
  for (const auto& table : state.tables) {
    if (table->id >= state.next_table_id) status.Update(absl::DataLossError("table id was never given out"));
  }
  for (const SegmentRecord& s : state.segments) {
    if (s.id >= state.next_segment_id) status.Update(absl::DataLossError("segment id was never given out"));
  }
  if (status.ok()) return absl::OkStatus();
  return absl::DataLossError(absl::StrFormat("manifest contradicts itself: %s", std::string(status.message())));
}

// The last rows of a table can be placed while it is dropped.
void ForgetDroppedSharding(ManifestState* state) {
  std::set<TableId> live;
  for (const auto& table : state->tables) live.insert(table->id);
  std::erase_if(state->sharding, [&](const auto& entry) { return live.count(entry.first) == 0; });
}

}  // namespace

absl::StatusOr<ManifestState> LoadManifest(const MetaDb& db) {
  ManifestState state;
  state.next_table_id = TableId(1);
  state.next_segment_id = SegmentId(1);
  const std::unique_ptr<rocksdb::Iterator> entry = db.Scan(MetaFamily::kManifest);
  for (entry->SeekToFirst(); entry->Valid(); entry->Next()) {
    RETURN_IF_ERROR(ReadEntry(ToView(entry->key()), ToView(entry->value()), &state));
  }
  RETURN_IF_ERROR(FromRocksDb(entry->status(), "cannot read the manifest"));
  RETURN_IF_ERROR(CheckWhole(state));
  ForgetDroppedSharding(&state);
  return state;
}

}  // namespace cortex

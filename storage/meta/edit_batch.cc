#include "storage/meta/edit_batch.h"

#include <algorithm>
#include <optional>
#include <string>
#include <variant>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "storage/meta/manifest_codec.h"
#include "storage/meta/meta_key.h"
#include "storage/meta/producers.h"
#include "storage/meta/rocksdb_status.h"
#include "storage/meta/table_codec.h"

namespace cortex {

absl::Status EditBatch::AddAll(const ManifestEdit& edit) {
  for (const ManifestEdit::Op& op : edit.ops()) {
    RETURN_IF_ERROR(std::visit([this](const auto& o) { return Add(o); }, op));
  }
  return absl::OkStatus();
}

absl::Status EditBatch::PutNumber(std::string_view key, uint64_t number) {
  return Put(MetaFamily::kManifest, key, EncodeNumber(number));
}

absl::Status EditBatch::Put(MetaFamily family, std::string_view key, std::string_view value) {
  return FromRocksDb(batch_.Put(db_.family(family), ToSlice(key), ToSlice(value)), "cannot build a batch");
}

absl::Status EditBatch::Delete(MetaFamily family, std::string_view key) {
  return FromRocksDb(batch_.Delete(db_.family(family), ToSlice(key)), "cannot build a batch");
}

absl::Status EditBatch::Add(const ManifestEdit::PutTableOp& op) {
  ASSIGN_OR_RETURN(const std::string bytes, EncodeTable(op.table));
  live_.PutTable(op.table.id);
  table_id_end_ = std::max(table_id_end_, TableId(op.table.id.value() + 1));
  return Put(MetaFamily::kManifest, TableKey(op.table.id), bytes);
}

absl::Status EditBatch::Add(const ManifestEdit::RemoveTableOp& op) {
  for (const SegmentId segment : live_.live().SegmentsOf(op.table)) {
    RETURN_IF_ERROR(Add(ManifestEdit::RemoveSegmentOp{op.table, segment}));
  }
  RETURN_IF_ERROR(live_.RemoveTable(op.table));
  for (uint32_t shard = 0; shard < kShardCount; ++shard) {
    RETURN_IF_ERROR(Delete(MetaFamily::kManifest, SealPointKey(op.table, shard)));
  }
  const MetaKeyRange placements = PlacementRange(op.table);
  RETURN_IF_ERROR(FromRocksDb(
      batch_.DeleteRange(db_.family(MetaFamily::kPlacements), ToSlice(placements.begin), ToSlice(placements.end)),
      "cannot build a batch"));
  RETURN_IF_ERROR(Delete(MetaFamily::kManifest, ShardingKey(op.table)));
  return Delete(MetaFamily::kManifest, TableKey(op.table));
}

absl::Status EditBatch::Add(const ManifestEdit::AddSegmentOp& op) {
  const SegmentRecord& segment = op.segment;
  ASSIGN_OR_RETURN(const std::string bytes, EncodeSegment(segment));
  RETURN_IF_ERROR(live_.AddSegment(segment.table, segment.id));
  segment_id_end_ = std::max(segment_id_end_, SegmentId(segment.id.value() + 1));
  return Put(MetaFamily::kManifest, SegmentKey(segment.table, segment.id), bytes);
}

absl::Status EditBatch::Add(const ManifestEdit::RemoveSegmentOp& op) {
  RETURN_IF_ERROR(live_.RemoveSegment(op.table, op.segment));
  for (const ColdPart part : kColdParts) RETURN_IF_ERROR(Delete(MetaFamily::kCold, ColdKey(op.segment, part)));
  RETURN_IF_ERROR(Delete(MetaFamily::kManifest, EndsKey(op.table, op.segment)));
  return Delete(MetaFamily::kManifest, SegmentKey(op.table, op.segment));
}

absl::Status EditBatch::Add(const ManifestEdit::PutEndsOp& op) {
  RETURN_IF_ERROR(live_.CheckSegment(op.table, op.segment));
  const std::string key = EndsKey(op.table, op.segment);
  if (op.ends.empty()) return Delete(MetaFamily::kManifest, key);
  ASSIGN_OR_RETURN(const std::string bytes, EncodeEnds(op.ends));
  return Put(MetaFamily::kManifest, key, bytes);
}

absl::Status EditBatch::Add(const ManifestEdit::SealPointOp& op) {
  RETURN_IF_ERROR(live_.CheckTable(op.table));
  if (op.shard >= kShardCount) {
    return absl::InternalError(absl::StrFormat("no such shard: %d of %d", op.shard, kShardCount));
  }
  return Put(MetaFamily::kManifest, SealPointKey(op.table, op.shard), EncodeSealPoint(op.point));
}

absl::Status EditBatch::Add(const ManifestEdit::ColdIndexOp& op) {
  if (!live_.live().HasSegment(op.segment)) {
    return absl::InternalError(
        absl::StrFormat("no such live segment: segment %d", op.segment.value()));
  }
  RETURN_IF_ERROR(Put(MetaFamily::kCold, ColdKey(op.segment, ColdPart::kFooter), op.footer));
  RETURN_IF_ERROR(Put(MetaFamily::kCold, ColdKey(op.segment, ColdPart::kKeyFilter), op.key_filter));
  return Put(MetaFamily::kCold, ColdKey(op.segment, ColdPart::kFences), EncodeColdFences(op.fences));
}

absl::Status EditBatch::Add(const ManifestEdit::CounterOp& op) {
  const std::string key = CounterKey(op.name);
  if (!op.only_up) return PutNumber(key, op.value);
  ASSIGN_OR_RETURN(const std::optional<std::string> bytes, db_.Get(MetaFamily::kManifest, key));
  if (!bytes.has_value()) return PutNumber(key, op.value);
  ASSIGN_OR_RETURN(const uint64_t known, DecodeNumber(*bytes));
  return PutNumber(key, std::max(known, op.value));
}

absl::Status EditBatch::Add(const ManifestEdit::SequenceOp& op) { return AddSequence(db_, op.sequence, /*in_files=*/true, &batch_); }

}  // namespace cortex

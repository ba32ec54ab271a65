#include "storage/meta/manifest.h"

#include <algorithm>
#include <utility>

namespace cortex {

void ManifestEdit::PutTable(const TableDefinition& table) { ops_.emplace_back(PutTableOp{table}); }

void ManifestEdit::RemoveTable(TableId table) { ops_.emplace_back(RemoveTableOp{table}); }

void ManifestEdit::AddSegment(const SegmentRecord& segment) { ops_.emplace_back(AddSegmentOp{segment}); }

void ManifestEdit::RemoveSegment(TableId table, SegmentId segment) {
  ops_.emplace_back(RemoveSegmentOp{table, segment});
}

void ManifestEdit::PutEnds(TableId table, SegmentId segment, absl::Span<const VersionEnd> ends) {
  PutEndsOp op = {table, segment, {ends.begin(), ends.end()}};
  std::sort(op.ends.begin(), op.ends.end(), [](const VersionEnd& a, const VersionEnd& b) { return a.row < b.row; });
  ops_.emplace_back(std::move(op));
}

void ManifestEdit::SetSealPoint(TableId table, uint32_t shard, SealPoint point) {
  ops_.emplace_back(SealPointOp{table, shard, point});
}

void ManifestEdit::PutColdIndex(SegmentId segment, std::string footer, std::string key_filter,
                                absl::Span<const std::string> fences) {
  ops_.emplace_back(
      ColdIndexOp{segment, std::move(footer), std::move(key_filter), {fences.begin(), fences.end()}});
}

void ManifestEdit::SetCounter(std::string_view name, uint64_t value) {
  ops_.emplace_back(CounterOp{std::string(name), value, /*only_up=*/false});
}

void ManifestEdit::RaiseCounter(std::string_view name, uint64_t value) {
  ops_.emplace_back(CounterOp{std::string(name), value, /*only_up=*/true});
}

void ManifestEdit::PutSequence(ProducerSequence sequence) { ops_.emplace_back(SequenceOp{std::move(sequence)}); }

}  // namespace cortex

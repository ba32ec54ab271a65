#include "storage/segment_view.h"

#include "codecs/bytes/status_macros.h"

namespace cortex {

std::string_view TierName(Tier tier) {
  switch (tier) {
    case Tier::kHot:
      return "hot";
    case Tier::kWarm:
      return "warm";
    case Tier::kCold:
      return "cold";
  }
  return "unknown";
}

absl::Status AppendVersionIds(const SegmentView& segment, size_t row_group, absl::Span<const uint32_t> rows,
                              std::vector<VersionId>* ids) {
  if (rows.empty()) return absl::OkStatus();
  const RowGroupView& group = segment.row_group(row_group);
  const uint32_t first = rows.front();
  const uint32_t count = rows.back() - first + 1;
  std::vector<Commit> commits(count);
  std::vector<uint32_t> ordinals(count);
  RETURN_IF_ERROR(group.Commits(first, count, commits.data()));
  RETURN_IF_ERROR(group.Ordinals(first, count, ordinals.data()));
  for (const uint32_t row : rows) {
    ids->push_back({.shard = segment.shard(), .ordinal = ordinals[row - first], .commit = commits[row - first]});
  }
  return absl::OkStatus();
}

}  // namespace cortex

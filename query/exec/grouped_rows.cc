#include "query/exec/grouped_rows.h"

#include <utility>

namespace cortex::query {
namespace {

// Below this, a kernel's start costs more than it saves over adding row by row.
constexpr size_t kShortRun = 24;

}  // namespace

void GroupedRows::Assign(std::vector<uint32_t> groups, uint32_t group_count) {
  groups_ = std::move(groups);
  runs_.clear();
  if (groups_.size() < kShortRun * group_count) return;
  ends_.assign(group_count, 0);
  for (const uint32_t group : groups_) ++ends_[group];
  uint32_t begin = 0;
  for (uint32_t& end : ends_) begin += std::exchange(end, begin);
  ordered_.resize(groups_.size());
  for (uint32_t row = 0; row < groups_.size(); ++row) ordered_[ends_[groups_[row]]++] = row;
  begin = 0;
  for (uint32_t group = 0; group < group_count; ++group) {
    const uint32_t end = ends_[group];
    if (end > begin) runs_.push_back({group, absl::MakeConstSpan(ordered_).subspan(begin, end - begin)});
    begin = end;
  }
}

std::vector<uint32_t> GroupedRows::Release() {
  runs_.clear();
  groups_.clear();
  return std::move(groups_);
}

}  // namespace cortex::query

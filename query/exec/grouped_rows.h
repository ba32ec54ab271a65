// The rows of one batch by group. Where groups are few, the rows also stand in runs of one group each, so that aggregates
// work on whole spans instead of row by row.
#ifndef CORTEX_QUERY_EXEC_GROUPED_ROWS_H_
#define CORTEX_QUERY_EXEC_GROUPED_ROWS_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace cortex::query {

// Reused from batch to batch. One thread at a time.
class GroupedRows {
 public:
  struct Run {
    uint32_t group;
    absl::Span<const uint32_t> rows;  // ascending
  };

  // groups[row] < group_count. Borrows nothing.
  void Assign(std::vector<uint32_t> groups, uint32_t group_count);

  // The group of every row.
  const std::vector<uint32_t>& groups() const { return groups_; }
  // Every row once, in runs by ascending group; empty if runs would be too short to be worth it.
  const std::vector<Run>& runs() const { return runs_; }
  // Hands the group numbers back for the next batch to fill.
  std::vector<uint32_t> Release();

 private:
  std::vector<uint32_t> groups_;
  std::vector<uint32_t> ordered_, ends_;
  std::vector<Run> runs_;
};

}  // namespace cortex::query

#endif  // CORTEX_QUERY_EXEC_GROUPED_ROWS_H_

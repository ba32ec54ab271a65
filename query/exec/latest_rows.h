// LATEST BY: which of the rows a scan finds is the latest of its key. What follows sees only those: the scan runs twice
// over one snapshot, and row ordinals tell in the second run which rows won in the first.
#ifndef CORTEX_QUERY_EXEC_LATEST_ROWS_H_
#define CORTEX_QUERY_EXEC_LATEST_ROWS_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "query/exec/group_index.h"
#include "query/exec/query_context.h"
#include "query/exec/scan.h"
#include "query/plan/bound_plan.h"

namespace cortex::query {

class LatestRows {
 public:
  // Both must outlive it.
  LatestRows(const LatestByPlan& plan, QueryContext* context);

  // First run; `batch` has ordinals. Thread-safe for different workers.
  absl::Status Consume(size_t worker, const ScanBatch& batch);
  // Between the runs, once.
  absl::Status Finish();
  // Second run: leaves only the winners. Thread-safe.
  void Keep(ScanBatch* batch) const;

  uint64_t size() const { return winners_.size(); }

 private:
  struct Best {
    int64_t time = 0;
    Commit commit = 0;
    uint64_t ordinal = 0;
  };
  struct Worker {
    GroupIndex keys;
    std::vector<Best> best;  // by group
    uint64_t charged_bytes = 0;
  };

  bool IsLater(const Best& a, const Best& b) const;

  const LatestByPlan& plan_;
  QueryContext* const context_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<uint64_t> winners_;  // ascending
};

}  // namespace cortex::query

#endif  // CORTEX_QUERY_EXEC_LATEST_ROWS_H_

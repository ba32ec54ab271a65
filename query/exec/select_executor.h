// Runs a SelectPlan over a snapshot: wires scan, aggregate, distinct, sort and the result writer.
//
// Workers share the scan's morsels; what they find goes into per-worker state (aggregate, distinct, sort) or, for a
// plain stream, into one slot per morsel, so that rows leave in snapshot order while at most a window of morsels is
// held.
#ifndef CORTEX_QUERY_EXEC_SELECT_EXECUTOR_H_
#define CORTEX_QUERY_EXEC_SELECT_EXECUTOR_H_

#include <atomic>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "query/exec/latest_rows.h"
#include "query/exec/operator_trace.h"
#include "query/exec/query_context.h"
#include "query/exec/result_writer.h"
#include "query/exec/scan.h"
#include "query/plan/bound_plan.h"

namespace cortex::query {

class SelectExecutor {
 public:
  // `plan` and `context` must outlive it. `snapshot` is nullptr without FROM.
  SelectExecutor(const SelectPlan& plan, std::shared_ptr<const Snapshot> snapshot, QueryContext* context);

  // Call once. `limits` gives the batch size; offset and limit come from the plan.
  absl::Status Run(ResultLimits limits, const ColumnSink& sink);
  // Prunes only, so that EXPLAIN can tell what would be read. Instead of Run.
  absl::Status Estimate();

  const std::vector<OperatorTrace>& operators() const { return operators_; }
  ScanStatistics scan_statistics() const { return scan_ == nullptr ? ScanStatistics() : scan_->statistics(); }

 private:
  class StreamSlot;

  void DescribeOperators();
  OperatorTrace* Find(std::string_view name);
  absl::Status OpenScan(ScanOptions options);
  // LATEST BY: finds the rows that everything else is to see.
  absl::Status FindLatest();
  // Scan::Run of those rows.
  absl::Status RunScan(size_t first, size_t count, const ScanConsumer& consumer);
  absl::Status RunStream(uint32_t max_batch_rows, ResultWriter* writer);
  absl::Status RunAggregate(ResultWriter* writer);
  absl::Status RunDistinct(ResultWriter* writer);
  absl::Status RunSort(ResultWriter* writer);
  absl::Status RunWithoutTable(ResultWriter* writer);
  // Scans everything, on all workers.
  absl::Status ScanAll(const ScanConsumer& consumer);
  // The plan's projections over `rows`; the first `count` of them.
  absl::StatusOr<RowBatch> Project(const RowBatch& rows, size_t count) const;
  // What follows aggregation and DISTINCT: sort if asked for, write. `rows` are projections.
  absl::Status SortAndWrite(const RowBatch& rows, ResultWriter* writer);

  const SelectPlan& plan_;
  const std::shared_ptr<const Snapshot> snapshot_;
  QueryContext* const context_;
  std::unique_ptr<Scan> scan_;
  std::unique_ptr<LatestRows> latest_;  // with LATEST BY: after its first run over the snapshot
  std::vector<OperatorTrace> operators_;
  std::atomic<int64_t> consumer_ns_{0};  // time spent behind the scan, over all workers
  int64_t scan_wall_ns_ = 0;
};

}  // namespace cortex::query

#endif  // CORTEX_QUERY_EXEC_SELECT_EXECUTOR_H_

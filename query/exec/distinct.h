// SELECT DISTINCT: every worker keeps one row of each kind, the end merges them.
#ifndef CORTEX_QUERY_EXEC_DISTINCT_H_
#define CORTEX_QUERY_EXEC_DISTINCT_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "query/exec/group_index.h"
#include "query/exec/query_context.h"
#include "query/expr/batch_column.h"
#include "query/plan/bound_plan.h"

namespace cortex::query {

class Distinct {
 public:
  // Both must outlive it.
  Distinct(const SelectPlan& plan, QueryContext* context);

  // `rows` are projections; only the outputs count. Thread-safe for different workers.
  absl::Status Consume(size_t worker, const RowBatch& rows);

  // The distinct rows, ascending by their values. Once.
  absl::StatusOr<RowBatch> Finish();

 private:
  const SelectPlan& plan_;
  QueryContext* const context_;
  std::vector<std::unique_ptr<GroupIndex>> seen_;  // one per worker
  std::vector<uint64_t> charged_bytes_;
};

}  // namespace cortex::query

#endif  // CORTEX_QUERY_EXEC_DISTINCT_H_

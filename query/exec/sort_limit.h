// ORDER BY, with or without LIMIT. With a limit only the best rows are ever kept: every worker prunes to limit + offset
// rows and drops newcomers that come after its worst kept row before copying them.
#ifndef CORTEX_QUERY_EXEC_SORT_LIMIT_H_
#define CORTEX_QUERY_EXEC_SORT_LIMIT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "query/exec/query_context.h"
#include "query/exec/row_store.h"
#include "query/plan/bound_plan.h"

namespace cortex::query {

class SortLimit {
 public:
  // Both must outlive it.
  SortLimit(const SelectPlan& plan, QueryContext* context);

  // `rows` are projections; `ordinals` tell rows apart whose keys are equal. Thread-safe for different workers.
  absl::Status Consume(size_t worker, const RowBatch& rows, absl::Span<const uint64_t> ordinals);

  // Calls `emit` with all rows in order, at most kept_rows() of them, in batches of `batch_rows`. Once.
  absl::Status Finish(uint32_t batch_rows, const std::function<absl::StatusOr<bool>(const RowBatch&)>& emit);

 private:
  struct Heap {
    explicit Heap(const std::vector<ExprType>& types) : rows(types) {}
    RowStore rows;
    std::string worst;  // rows with a key at or after it cannot be among the first kept_rows_
    bool has_worst = false;
    uint64_t charged_bytes = 0;
  };
  void Prune(Heap* heap) const;

  const SelectPlan& plan_;
  QueryContext* const context_;
  const uint64_t kept_rows_;  // UINT64_MAX without LIMIT
  std::vector<std::unique_ptr<Heap>> heaps_;
};

}  // namespace cortex::query

#endif  // CORTEX_QUERY_EXEC_SORT_LIMIT_H_

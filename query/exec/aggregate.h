// GROUP BY and aggregates over a scan: every worker fills a table of its own, the tables are merged at the end.
#ifndef CORTEX_QUERY_EXEC_AGGREGATE_H_
#define CORTEX_QUERY_EXEC_AGGREGATE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "query/exec/aggregate_state.h"
#include "query/exec/group_index.h"
#include "query/exec/grouped_rows.h"
#include "query/exec/query_context.h"
#include "query/expr/batch_column.h"
#include "query/plan/bound_plan.h"
#include "storage/segment_view.h"

namespace cortex::query {

class Aggregate {
 public:
  // Both must outlive it.
  Aggregate(const SelectPlan& plan, QueryContext* context);

  // Thread-safe for different workers. Errors: those of expressions, RESOURCE_EXHAUSTED.
  absl::Status Consume(size_t worker, const RowBatch& rows);

  // True if row groups may be answered from zone maps: no groups, and every argument is a plain column.
  bool TakesZoneMaps() const;
  // Adds a whole row group from metadata (not thread-safe, before any Consume); false if it cannot tell exactly.
  bool TakeGroup(const RowGroupView& group);

  // Group keys, then aggregates, one row per group, in the order of the keys. Without GROUP BY exactly one row. Once.
  absl::StatusOr<RowBatch> Finish();

 private:
  struct Argument {
    BoundExpr expr;
    AggregateNeeds needs;
  };
  struct Table {
    GroupIndex index;
    std::vector<uint64_t> row_counts;
    std::vector<std::unique_ptr<AggregateState>> states;  // one per argument
    GroupedRows rows;                                     // scratch
    uint64_t charged_bytes = 0;
  };
  std::unique_ptr<Table> MakeTable() const;
  void Resize(Table* table, size_t groups) const;
  absl::Status Charge(Table* table);
  void MergeInto(Table* target, Table* source) const;

  const SelectPlan& plan_;
  QueryContext* const context_;
  std::vector<Argument> arguments_;
  std::vector<int> argument_of_call_;           // -1 for count(*)
  std::vector<std::unique_ptr<Table>> tables_;  // one per worker
};

}  // namespace cortex::query

#endif  // CORTEX_QUERY_EXEC_AGGREGATE_H_

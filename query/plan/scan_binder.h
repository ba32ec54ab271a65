// What SELECT, UPDATE and DELETE have in common: WHERE becomes what storage evaluates and what is left of it, and only the
// columns somebody uses are read.
#ifndef CORTEX_QUERY_PLAN_SCAN_BINDER_H_
#define CORTEX_QUERY_PLAN_SCAN_BINDER_H_

#include <cstdint>
#include <map>

#include "query/plan/bound_plan.h"

namespace cortex::query {

// Takes `condition`, over the table's ordinals, apart. `plan->table` is set.
void SetCondition(BoundExpr condition, ScanPlan* plan);

// The column with this index of a BindScope.
ScanColumn ScanColumnFor(const TableDefinition& table, uint32_t index);

// Adds to the scan what expressions use, and turns their column indexes into positions in the scan.
class ScanNarrower {
 public:
  explicit ScanNarrower(ScanPlan* plan) : plan_(*plan) {}
  void operator()(BoundExpr* expr) {
    ForEachColumnExpr(expr, [&](BoundExpr* column) { column->column = PositionOf(column->column); });
  }
  uint32_t PositionOf(uint32_t index);

 private:
  ScanPlan& plan_;
  std::map<uint32_t, uint32_t> position_;
};

}  // namespace cortex::query

#endif  // CORTEX_QUERY_PLAN_SCAN_BINDER_H_

// WHERE to column intervals and value sets, the only conditions storage understands.
#ifndef CORTEX_QUERY_PLAN_RANGE_EXTRACTION_H_
#define CORTEX_QUERY_PLAN_RANGE_EXTRACTION_H_

#include <optional>
#include <vector>

#include "query/plan/bound_plan.h"

namespace cortex::query {

struct ExtractedRanges {
  std::vector<PushedPredicate> predicates;  // each exact: true for exactly the rows its conditions are true for
  std::vector<BoundExpr> residual;          // conditions left over; all must hold
  bool is_empty = false;                    // no row can qualify
};

// Splits `condition` at its ANDs. Pushed: `column <op> constant`, BETWEEN, IN with constants, IS [NOT] NULL, LIKE
// 'prefix%', bool columns; intervals on one column are intersected. `condition` is over the ordinals of `table`.
ExtractedRanges ExtractRanges(BoundExpr condition, const TableDefinition& table);

}  // namespace cortex::query

#endif  // CORTEX_QUERY_PLAN_RANGE_EXTRACTION_H_

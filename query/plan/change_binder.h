// UPDATE and DELETE with every name resolved.
#ifndef CORTEX_QUERY_PLAN_CHANGE_BINDER_H_
#define CORTEX_QUERY_PLAN_CHANGE_BINDER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "query/cql/ast.h"
#include "query/plan/bind_context.h"
#include "query/plan/bound_plan.h"

namespace cortex::query {

// The rows of `scan` get new versions: key and time as they were, unless the time is assigned, and the values assigned.
struct UpdatePlan {
  struct Assignment {
    uint32_t ordinal = 0;  // of the table
    BoundExpr value;       // over the scan's columns, of the column's type
  };
  ScanPlan scan;
  uint32_t key = 0, time = 0;  // positions in the scan
  std::vector<Assignment> assignments;
};

struct DeletePlan {
  ScanPlan scan;
  bool purge = false;
};

// Errors: FAILED_PRECONDITION an EVENTS table; INVALID_ARGUMENT the key is assigned, a column twice, types; NOT_FOUND
// unknown columns, with the nearest; all with line and column.
absl::StatusOr<UpdatePlan> BindUpdate(const cql::Update& update, std::shared_ptr<const TableDefinition> table,
                                      const BindContext& context);
absl::StatusOr<DeletePlan> BindDelete(const cql::Delete& erase, std::shared_ptr<const TableDefinition> table,
                                      const BindContext& context);

}  // namespace cortex::query

#endif  // CORTEX_QUERY_PLAN_CHANGE_BINDER_H_

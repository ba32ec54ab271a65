// SELECT to SelectPlan.
#ifndef CORTEX_QUERY_PLAN_SELECT_BINDER_H_
#define CORTEX_QUERY_PLAN_SELECT_BINDER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "query/cql/ast.h"
#include "query/plan/bind_context.h"
#include "query/plan/bound_plan.h"

namespace cortex::query {

// `table` is what FROM names, nullptr without FROM. Errors: INVALID_ARGUMENT, UNIMPLEMENTED with line and column.
absl::StatusOr<SelectPlan> BindSelect(const cql::Select& select, std::shared_ptr<const TableDefinition> table,
                                      const BindContext& context);

}  // namespace cortex::query

#endif  // CORTEX_QUERY_PLAN_SELECT_BINDER_H_

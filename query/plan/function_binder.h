// Function names to functions: overloads, argument types, results.
#ifndef CORTEX_QUERY_PLAN_FUNCTION_BINDER_H_
#define CORTEX_QUERY_PLAN_FUNCTION_BINDER_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "query/plan/bind_context.h"
#include "query/plan/bound_plan.h"

namespace cortex::query {

// A scalar function call with bound arguments. Errors: INVALID_ARGUMENT for an unknown name (with the nearest), a wrong
// number or type of arguments; UNIMPLEMENTED for functions of the language this release lacks.
absl::StatusOr<BoundExpr> BindFunction(const std::string& name, std::vector<BoundExpr> arguments,
                                       const BindContext& context, cql::Position at);

// OK if a scalar function `name` exists, whatever its arguments; else the error BindFunction would give.
absl::Status CheckFunctionName(const std::string& name, cql::Position at);

// The aggregate called `name`; nullopt if it is none.
std::optional<AggregateFunction> FindAggregate(std::string_view name);
// Checks the argument and gives the result type.
absl::StatusOr<ExprType> AggregateResult(AggregateFunction function, std::string_view name, const BoundExpr& argument);

}  // namespace cortex::query

#endif  // CORTEX_QUERY_PLAN_FUNCTION_BINDER_H_

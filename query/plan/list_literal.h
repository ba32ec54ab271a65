// `[1, 2.5]`, `['a', 'b']`, `[complex(1, 0)]`: list literals, which become a list or a vector where one is expected.
#ifndef CORTEX_QUERY_PLAN_LIST_LITERAL_H_
#define CORTEX_QUERY_PLAN_LIST_LITERAL_H_

#include <vector>

#include "absl/status/statusor.h"
#include "query/expr/bound_expr.h"

namespace cortex::query {

// A constant of the literal's own type: vector<float64, n>, vector<complex128, n> or list<string>; an empty literal is
// an empty list<string>. Elements must be constants of one sort. Errors: INVALID_ARGUMENT.
absl::StatusOr<BoundExpr> MakeListLiteral(std::vector<BoundExpr> elements, cql::Position at);

// True for constants made by MakeListLiteral (and for vector and list parameters, which convert by the same rules).
bool IsListLiteral(const BoundExpr& expr);

// The literal as a vector or list of the given type. Numbers round to the element type; a real literal becomes complex
// with zero imaginary parts. Errors: INVALID_ARGUMENT naming both types if length or kind do not fit.
absl::StatusOr<BoundExpr> ConvertListLiteral(const BoundExpr& literal, const DataType& type);

}  // namespace cortex::query

#endif  // CORTEX_QUERY_PLAN_LIST_LITERAL_H_

// The type rules: which operands fit together, what comes out, where a conversion is put in. All functions fold
// constants.
#ifndef CORTEX_QUERY_PLAN_TYPING_H_
#define CORTEX_QUERY_PLAN_TYPING_H_

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "query/expr/bound_expr.h"

namespace cortex::query {

// `expr` computed now if it depends on no row; unchanged if it does, or if computing fails (it may never be reached).
BoundExpr Folded(BoundExpr expr);

// `expr` as a value of `type`; the expression itself if it is one already. `implicit` allows only what cannot surprise:
// numbers among themselves, text constants to timestamp or bytes, NULL to anything, list literals to vectors and lists.
// Errors: INVALID_ARGUMENT at the expression.
absl::StatusOr<BoundExpr> Implicitly(BoundExpr expr, const ExprType& type, std::string_view what);
absl::StatusOr<BoundExpr> Explicitly(BoundExpr expr, const ExprType& type, cql::Position at);

absl::StatusOr<BoundExpr> MakeComparison(ExprOp op, BoundExpr left, BoundExpr right, cql::Position at);
absl::StatusOr<BoundExpr> MakeArithmetic(ExprOp op, BoundExpr left, BoundExpr right, cql::Position at);
absl::StatusOr<BoundExpr> MakeNegation(BoundExpr operand, cql::Position at);
// AND, OR: flattens nested ones, drops neutral constants.
absl::StatusOr<BoundExpr> MakeJunction(ExprOp op, BoundExpr left, BoundExpr right, cql::Position at);
// A condition where one is needed: bool or NULL.
absl::StatusOr<BoundExpr> AsCondition(BoundExpr expr, std::string_view clause);

// Brings all expressions to one type (CASE results, coalesce arguments, IN lists).
absl::StatusOr<ExprType> Unify(std::vector<BoundExpr*> exprs, std::string_view what);

}  // namespace cortex::query

#endif  // CORTEX_QUERY_PLAN_TYPING_H_

// Runs bound expressions over batches of rows, one operator at a time over whole columns.
//
// Semantics (DESIGN 7.2). NULL as in SQL. NaN: = < <= > >= are false, <> is true. Integers are computed as int64:
// overflow is OUT_OF_RANGE, division truncates, by zero INVALID_ARGUMENT. Floats are computed as float64 by IEEE rules.
// Operands that may fail are computed only for the rows that need them: `CASE WHEN b <> 0 THEN a / b END` is safe, and
// so is `b <> 0 AND a / b > 1`.
#ifndef CORTEX_QUERY_EXPR_EVALUATOR_H_
#define CORTEX_QUERY_EXPR_EVALUATOR_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "query/expr/batch_column.h"
#include "query/expr/bound_expr.h"

namespace cortex::query {

// The value of `expr` for every row of `batch`; constant if nothing in it depends on the row. The result may view
// memory of the batch's columns. Errors: OUT_OF_RANGE, INVALID_ARGUMENT, with line and column. Thread-safe.
absl::StatusOr<BatchColumn> Evaluate(const BoundExpr& expr, const RowBatch& batch);

// The rows of `batch` for which the bool expression is true (neither false nor NULL), ascending.
absl::Status SelectTrue(const BoundExpr& condition, const RowBatch& batch, std::vector<uint32_t>* rows);

// The value of an expression without columns, as a constant of the same type and position.
absl::StatusOr<BoundExpr> EvaluateConstant(const BoundExpr& expr);

}  // namespace cortex::query

#endif  // CORTEX_QUERY_EXPR_EVALUATOR_H_

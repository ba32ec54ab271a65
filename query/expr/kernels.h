// Leaves of the evaluator: one operator over whole columns. Internal to query/expr.
#ifndef CORTEX_QUERY_EXPR_KERNELS_H_
#define CORTEX_QUERY_EXPR_KERNELS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "query/expr/batch_column.h"
#include "query/expr/bound_expr.h"

namespace cortex::query {

// A numeric column widened to int64 or float64: `values[i * stride]` is row i. Views the column where it can.
template <typename T>
struct Widened {
  const T* values = nullptr;
  size_t stride = 1;  // 0 for a constant
  std::vector<T> owned;
  T operator[](size_t i) const { return values[i * stride]; }
};
Widened<int64_t> WidenToInt(const BatchColumn& column);
Widened<double> WidenToFloat(const BatchColumn& column);

// out[i] = op(a[i], b[i]), with loops of their own for constants so that the compiler can vectorise each.
template <typename T, typename Out, typename Op>
void ForEachPair(const Widened<T>& a, const Widened<T>& b, uint32_t rows, Out* out, Op op) {
  const T* x = a.values;
  const T* y = b.values;
  if (a.stride == 1 && b.stride == 1) {
    for (uint32_t i = 0; i < rows; ++i) out[i] = op(x[i], y[i]);
  } else if (a.stride == 1) {
    const T constant = *y;
    for (uint32_t i = 0; i < rows; ++i) out[i] = op(x[i], constant);
  } else if (b.stride == 1) {
    const T constant = *x;
    for (uint32_t i = 0; i < rows; ++i) out[i] = op(constant, y[i]);
  } else {
    for (uint32_t i = 0; i < rows; ++i) out[i] = op(*x, *y);
  }
}

// Validity of a result that is NULL where any input is: empty = all present.
Bitmap MergedValidity(uint32_t rows, std::initializer_list<const BatchColumn*> inputs);

// Results with the given rows and validity.
BatchColumn MakeBools(std::vector<uint8_t> values, Bitmap validity);

// + - * / % on two columns; `type` is the result (int64, float64, timestamp, interval).
absl::StatusOr<BatchColumn> EvaluateArithmetic(const BoundExpr& expr, const BatchColumn& left,
                                               const BatchColumn& right);
absl::StatusOr<BatchColumn> EvaluateNegate(const BoundExpr& expr, const BatchColumn& value);

// = <> < <= > >= ; NULL where either side is.
BatchColumn EvaluateComparison(ExprOp op, const BatchColumn& left, const BatchColumn& right);

absl::StatusOr<BatchColumn> EvaluateCast(const BoundExpr& expr, const BatchColumn& value);

// Scalar and distance functions.
absl::StatusOr<BatchColumn> EvaluateFunction(const BoundExpr& expr, const std::vector<BatchColumn>& arguments,
                                             uint32_t rows);
absl::StatusOr<BatchColumn> EvaluateDistance(const BoundExpr& expr, const std::vector<BatchColumn>& arguments,
                                             uint32_t rows);

// SQL LIKE: % any run, _ one character (not byte), `escape` makes the next character plain. Case-sensitive.
bool MatchesLike(std::string_view text, std::string_view pattern, std::string_view escape);

}  // namespace cortex::query

#endif  // CORTEX_QUERY_EXPR_KERNELS_H_

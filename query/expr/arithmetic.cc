// + - * / % and unary minus.
#include <cmath>
#include <limits>
#include <utility>

#include "codecs/bytes/status_macros.h"
#include "query/expr/kernels.h"

namespace cortex::query {
namespace {

absl::Status Overflow(const BoundExpr& expr) {
  return cql::ErrorAt(expr.position, absl::StatusCode::kOutOfRange, "integer overflow");
}
absl::Status DivisionByZero(const BoundExpr& expr) { return cql::InvalidAt(expr.position, "integer division by zero"); }

BatchColumn Finish(Column out, Bitmap validity, bool constant, uint32_t rows) {
  if (!validity.empty()) out.SetValidity(std::move(validity));
  if (!constant) return BatchColumn::Of(std::move(out));
  return BatchColumn::Constant(std::make_shared<const Column>(std::move(out)), rows);
}

// One row of integers; false on overflow.
bool IntegerOp(ExprOp op, int64_t a, int64_t b, int64_t* out) {
  switch (op) {
    case ExprOp::kAdd:
      return !__builtin_add_overflow(a, b, out);
    case ExprOp::kSubtract:
      return !__builtin_sub_overflow(a, b, out);
    case ExprOp::kMultiply:
      return !__builtin_mul_overflow(a, b, out);
    case ExprOp::kDivide:
      if (b == -1) return !__builtin_sub_overflow(int64_t{0}, a, out);
      *out = a / b;
      return true;
    default:
      *out = b == -1 ? 0 : a % b;
      return true;
  }
}

absl::StatusOr<BatchColumn> Integers(const BoundExpr& expr, const BatchColumn& left, const BatchColumn& right) {
  const Widened<int64_t> a = WidenToInt(left), b = WidenToInt(right);
  const bool constant = left.constant && right.constant;
  const uint32_t rows = constant ? 1 : left.row_count;
  Bitmap validity = MergedValidity(rows, {&left, &right});
  Column out(expr.type.data);
  auto* values = reinterpret_cast<int64_t*>(out.ExtendFixed(rows));
  const bool divides = expr.op == ExprOp::kDivide || expr.op == ExprOp::kModulo;
  for (uint32_t i = 0; i < rows; ++i) {
    values[i] = 0;
    if (!validity.empty() && !validity.Get(i)) continue;
    if (divides && b[i] == 0) return DivisionByZero(expr);
    if (!IntegerOp(expr.op, a[i], b[i], &values[i])) return Overflow(expr);
  }
  return Finish(std::move(out), std::move(validity), constant, left.row_count);
}

BatchColumn Floats(const BoundExpr& expr, const BatchColumn& left, const BatchColumn& right) {
  const Widened<double> a = WidenToFloat(left), b = WidenToFloat(right);
  const bool constant = left.constant && right.constant;
  const uint32_t rows = constant ? 1 : left.row_count;
  Column out(expr.type.data);
  auto* values = reinterpret_cast<double*>(out.ExtendFixed(rows));
  switch (expr.op) {
    case ExprOp::kAdd:
      ForEachPair(a, b, rows, values, [](double x, double y) { return x + y; });
      break;
    case ExprOp::kSubtract:
      ForEachPair(a, b, rows, values, [](double x, double y) { return x - y; });
      break;
    case ExprOp::kMultiply:
      ForEachPair(a, b, rows, values, [](double x, double y) { return x * y; });
      break;
    case ExprOp::kDivide:
      ForEachPair(a, b, rows, values, [](double x, double y) { return x / y; });
      break;
    default:
      ForEachPair(a, b, rows, values, [](double x, double y) { return std::fmod(x, y); });
      break;
  }
  return Finish(std::move(out), MergedValidity(rows, {&left, &right}), constant, left.row_count);
}

}  // namespace

absl::StatusOr<BatchColumn> EvaluateArithmetic(const BoundExpr& expr, const BatchColumn& left,
                                               const BatchColumn& right) {
  if (expr.type.family() == Family::kFloat) return Floats(expr, left, right);
  return Integers(expr, left, right);
}

absl::StatusOr<BatchColumn> EvaluateNegate(const BoundExpr& expr, const BatchColumn& value) {
  const uint32_t rows = value.constant ? 1 : value.row_count;
  Column out(expr.type.data);
  if (expr.type.family() == Family::kFloat) {
    const Widened<double> in = WidenToFloat(value);
    auto* values = reinterpret_cast<double*>(out.ExtendFixed(rows));
    for (uint32_t i = 0; i < rows; ++i) values[i] = -in[i];
  } else {
    const Widened<int64_t> in = WidenToInt(value);
    auto* values = reinterpret_cast<int64_t*>(out.ExtendFixed(rows));
    for (uint32_t i = 0; i < rows; ++i) {
      if (__builtin_sub_overflow(int64_t{0}, in[i], &values[i])) return Overflow(expr);
    }
  }
  return Finish(std::move(out), MergedValidity(rows, {&value}), value.constant, value.row_count);
}

}  // namespace cortex::query

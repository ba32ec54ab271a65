#include "query/expr/bound_expr.h"

#include <utility>

#include "query/expr/batch_column.h"

namespace cortex::query {
namespace {

bool SameConstant(const Column& a, const Column& b) {
  if (!(a.type() == b.type()) || a.IsNull(0) != b.IsNull(0)) return false;
  if (a.type().is_string()) return a.StringAt(0) == b.StringAt(0);
  if (a.type().is_list()) return false;  // never worth comparing
  const auto left = a.FixedAt(0);
  const auto right = b.FixedAt(0);
  return left.size() == right.size() && std::memcmp(left.data(), right.data(), left.size()) == 0;
}

bool OpCanFail(const BoundExpr& expr) {
  switch (expr.op) {
    case ExprOp::kAdd:
    case ExprOp::kSubtract:
    case ExprOp::kMultiply:
    case ExprOp::kDivide:
    case ExprOp::kModulo:
    case ExprOp::kNegate:
      return expr.type.family() != Family::kFloat;
    case ExprOp::kCast:
      return true;
    case ExprOp::kFunction:
      return expr.function == FunctionId::kTimeBucket || expr.function == FunctionId::kAbs;
    default:
      return false;
  }
}

template <typename T>
Column OneRow(TypeKind kind, T value) {
  Column column(DataType::Scalar(kind));
  column.AppendScalar<T>(value);
  return column;
}

}  // namespace

bool BoundExpr::CanFail() const {
  if (OpCanFail(*this)) return true;
  for (const BoundExpr& child : children) {
    if (child.CanFail()) return true;
  }
  return false;
}

BoundExpr MakeConstant(ExprType type, Column one_row, cql::Position at) {
  BoundExpr expr;
  expr.op = ExprOp::kConstant;
  expr.type = type;
  expr.position = at;
  expr.constant = std::make_shared<const Column>(std::move(one_row));
  return expr;
}

BoundExpr MakeNull(ExprType type, cql::Position at) {
  Column column(type.data);
  column.AppendNull();
  return MakeConstant(type, std::move(column), at);
}

BoundExpr MakeBool(bool value, cql::Position at) {
  return MakeConstant(ExprType::Bool(), OneRow<uint8_t>(TypeKind::kBool, value ? 1 : 0), at);
}
BoundExpr MakeInt(int64_t value, cql::Position at) {
  return MakeConstant(ExprType::Int(), OneRow(TypeKind::kInt64, value), at);
}
BoundExpr MakeFloat(double value, cql::Position at) {
  return MakeConstant(ExprType::Float(), OneRow(TypeKind::kFloat64, value), at);
}

BoundExpr MakeColumn(uint32_t column, ExprType type, cql::Position at) {
  BoundExpr expr;
  expr.op = ExprOp::kColumn;
  expr.type = type;
  expr.position = at;
  expr.column = column;
  return expr;
}

BoundExpr MakeOp(ExprOp op, ExprType type, std::vector<BoundExpr> children, cql::Position at) {
  BoundExpr expr;
  expr.op = op;
  expr.type = type;
  expr.position = at;
  expr.children = std::move(children);
  return expr;
}

bool SameExpr(const BoundExpr& a, const BoundExpr& b) {
  if (a.op != b.op || !(a.type == b.type) || a.column != b.column || a.children.size() != b.children.size())
    return false;
  if (a.op == ExprOp::kFunction && (a.function != b.function || a.metric != b.metric)) return false;
  if (a.pattern != b.pattern || a.escape != b.escape) return false;
  if (a.op == ExprOp::kConstant && !SameConstant(*a.constant, *b.constant)) return false;
  for (size_t i = 0; i < a.children.size(); ++i) {
    if (!SameExpr(a.children[i], b.children[i])) return false;
  }
  return true;
}

}  // namespace cortex::query

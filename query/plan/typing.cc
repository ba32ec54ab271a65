#include "query/plan/typing.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "query/expr/evaluator.h"
#include "query/plan/list_literal.h"

namespace cortex::query {
namespace {

bool AllConstant(const BoundExpr& expr) {
  return std::all_of(expr.children.begin(), expr.children.end(), [](const BoundExpr& c) { return c.is_constant(); });
}

bool IsText(Family family) { return family == Family::kString || family == Family::kBytes; }

// What CAST converts. Everything scalar has a text form; vectors change the width of their elements.
bool CanCast(const ExprType& from, const ExprType& to) {
  const Family a = from.family(), b = to.family();
  if (a == Family::kNull || from == to) return true;
  if (a == Family::kVector && b == Family::kVector) {
    return from.data.length == to.data.length && from.data.is_complex() == to.data.is_complex();
  }
  const auto scalar = [](Family f) { return IsOrdered(f) && f != Family::kNull; };
  if (!scalar(a) || !scalar(b)) return false;
  if (IsText(a) || IsText(b)) return !(a == Family::kBytes && !IsText(b)) && !(b == Family::kBytes && !IsText(a));
  if (a == Family::kTimestamp || b == Family::kTimestamp) return a == Family::kInt || b == Family::kInt || a == b;
  return true;
}

BoundExpr CastTo(BoundExpr expr, const ExprType& type, cql::Position at) {
  if (expr.type.is_null) return MakeNull(type, at);
  std::vector<BoundExpr> children;
  children.push_back(std::move(expr));
  return Folded(MakeOp(ExprOp::kCast, type, std::move(children), at));
}

// int beside float is compared and computed as float by the evaluator itself; no conversion is put in.
bool Fits(const ExprType& a, const ExprType& b) {
  return a.family() == b.family() || (IsNumeric(a.family()) && IsNumeric(b.family()));
}

// A text constant beside a timestamp is read as one; beside bytes it is bytes. NULL takes the other side's type.
absl::Status Adapt(BoundExpr* expr, const ExprType& other) {
  if (expr->type.is_null) {
    *expr = MakeNull(other.is_null ? ExprType::Bool() : other, expr->position);
    return absl::OkStatus();
  }
  const bool text_constant = expr->is_constant() && expr->type.family() == Family::kString;
  if (text_constant && (other.family() == Family::kTimestamp || other.family() == Family::kBytes)) {
    const cql::Position at = expr->position;
    std::vector<BoundExpr> children;
    children.push_back(std::move(*expr));
    ASSIGN_OR_RETURN(*expr, EvaluateConstant(MakeOp(ExprOp::kCast, ExprType::Of(DataType::Scalar(other.data.kind)),
                                                    std::move(children), at)));
  }
  return absl::OkStatus();
}

std::string_view OpName(ExprOp op) {
  switch (op) {
    case ExprOp::kAdd:
      return "+";
    case ExprOp::kSubtract:
      return "-";
    case ExprOp::kMultiply:
      return "*";
    case ExprOp::kDivide:
      return "/";
    default:
      return "%";
  }
}

// The type of left <op> right, or NULL's type if they do not fit.
ExprType ArithmeticType(ExprOp op, Family a, Family b) {
  if (a == Family::kInt && b == Family::kInt) return ExprType::Int();
  if (IsNumeric(a) && IsNumeric(b)) return ExprType::Float();
  const bool additive = op == ExprOp::kAdd || op == ExprOp::kSubtract;
  if (a == Family::kTimestamp && b == Family::kInterval && additive) return ExprType::Timestamp();
  if (a == Family::kInterval && b == Family::kTimestamp && op == ExprOp::kAdd) return ExprType::Timestamp();
  if (a == Family::kTimestamp && b == Family::kTimestamp && op == ExprOp::kSubtract) return ExprType::Interval();
  if (a == Family::kInterval && b == Family::kInterval && additive) return ExprType::Interval();
  if (a == Family::kInterval && b == Family::kInt && (op == ExprOp::kMultiply || op == ExprOp::kDivide))
    return ExprType::Interval();
  if (a == Family::kInt && b == Family::kInterval && op == ExprOp::kMultiply) return ExprType::Interval();
  return ExprType::Null();
}

}  // namespace

BoundExpr Folded(BoundExpr expr) {
  if (expr.is_constant() || expr.op == ExprOp::kColumn || !AllConstant(expr)) return expr;
  absl::StatusOr<BoundExpr> folded = EvaluateConstant(expr);
  return folded.ok() ? std::move(folded).value() : std::move(expr);
}

absl::StatusOr<BoundExpr> Implicitly(BoundExpr expr, const ExprType& type, std::string_view what) {
  if (expr.type == type) return expr;
  const Family from = expr.type.family(), to = type.family();
  if (IsListLiteral(expr) && (to == Family::kVector || to == Family::kList)) return ConvertListLiteral(expr, type.data);
  const bool text_constant =
      expr.is_constant() && from == Family::kString && (to == Family::kTimestamp || to == Family::kBytes);
  const bool same_vector = from == Family::kVector && to == Family::kVector && CanCast(expr.type, type);
  if (expr.type.is_null || text_constant || same_vector || (IsNumeric(from) && IsNumeric(to)) ||
      (from == to && IsOrdered(from))) {
    const cql::Position at = expr.position;
    if (!expr.is_constant()) return CastTo(std::move(expr), type, at);
    if (expr.type.is_null) return MakeNull(type, at);
    std::vector<BoundExpr> children;
    children.push_back(std::move(expr));
    return EvaluateConstant(MakeOp(ExprOp::kCast, type, std::move(children), at));
  }
  return cql::InvalidAt(expr.position,
                        absl::StrFormat("%s: expected %s, got %s", what, type.ToString(), expr.type.ToString()));
}

absl::StatusOr<BoundExpr> Explicitly(BoundExpr expr, const ExprType& type, cql::Position at) {
  if (IsListLiteral(expr) && (type.family() == Family::kVector || type.family() == Family::kList)) {
    return ConvertListLiteral(expr, type.data);
  }
  if (!CanCast(expr.type, type)) {
    return cql::InvalidAt(at, absl::StrFormat("cannot cast %s to %s", expr.type.ToString(), type.ToString()));
  }
  return CastTo(std::move(expr), type, at);
}

absl::StatusOr<BoundExpr> MakeComparison(ExprOp op, BoundExpr left, BoundExpr right, cql::Position at) {
  RETURN_IF_ERROR(Adapt(&left, right.type));
  RETURN_IF_ERROR(Adapt(&right, left.type));
  if (!Fits(left.type, right.type)) {
    return cql::InvalidAt(at,
                          absl::StrFormat("cannot compare %s with %s", left.type.ToString(), right.type.ToString()));
  }
  if (!IsOrdered(left.type.family())) {
    return cql::InvalidAt(
        at, absl::StrFormat("%s values cannot be compared; use a distance function", left.type.ToString()));
  }
  std::vector<BoundExpr> children;
  children.push_back(std::move(left));
  children.push_back(std::move(right));
  return Folded(MakeOp(op, ExprType::Bool(), std::move(children), at));
}

absl::StatusOr<BoundExpr> MakeArithmetic(ExprOp op, BoundExpr left, BoundExpr right, cql::Position at) {
  if (left.type.is_null && right.type.is_null) return MakeNull(ExprType::Int(), at);
  if (left.type.is_null) left = MakeNull(right.type, left.position);
  if (right.type.is_null)
    right = MakeNull(left.type.family() == Family::kTimestamp ? ExprType::Interval() : left.type, right.position);
  const ExprType type = ArithmeticType(op, left.type.family(), right.type.family());
  if (type.is_null) {
    return cql::InvalidAt(
        at, absl::StrFormat("cannot compute %s %s %s", left.type.ToString(), OpName(op), right.type.ToString()));
  }
  std::vector<BoundExpr> children;
  children.push_back(std::move(left));
  children.push_back(std::move(right));
  return Folded(MakeOp(op, type, std::move(children), at));
}

absl::StatusOr<BoundExpr> MakeNegation(BoundExpr operand, cql::Position at) {
  if (operand.type.is_null) return MakeNull(ExprType::Int(), at);
  const Family family = operand.type.family();
  if (!IsNumeric(family) && family != Family::kInterval) {
    return cql::InvalidAt(at, absl::StrFormat("cannot negate %s", operand.type.ToString()));
  }
  const ExprType type = family == Family::kInt     ? ExprType::Int()
                        : family == Family::kFloat ? ExprType::Float()
                                                   : operand.type;
  std::vector<BoundExpr> children;
  children.push_back(std::move(operand));
  return Folded(MakeOp(ExprOp::kNegate, type, std::move(children), at));
}

absl::StatusOr<BoundExpr> AsCondition(BoundExpr expr, std::string_view clause) {
  if (expr.type.is_null) return MakeNull(ExprType::Bool(), expr.position);
  if (expr.type.family() == Family::kBool) return expr;
  return cql::InvalidAt(expr.position, absl::StrFormat("%s needs a condition, got %s", clause, expr.type.ToString()));
}

absl::StatusOr<BoundExpr> MakeJunction(ExprOp op, BoundExpr left, BoundExpr right, cql::Position at) {
  const std::string_view name = op == ExprOp::kAnd ? "AND" : "OR";
  ASSIGN_OR_RETURN(left, AsCondition(std::move(left), name));
  ASSIGN_OR_RETURN(right, AsCondition(std::move(right), name));
  std::vector<BoundExpr> children;
  for (BoundExpr* side : {&left, &right}) {
    if (side->op == op) {
      for (BoundExpr& child : side->children) children.push_back(std::move(child));
      continue;
    }
    const bool neutral = side->is_constant() && !side->constant->IsNull(0) &&
                         (side->constant->values_as<uint8_t>()[0] != 0) == (op == ExprOp::kAnd);
    if (!neutral) children.push_back(std::move(*side));
  }
  if (children.empty()) return MakeBool(op == ExprOp::kAnd, at);
  if (children.size() == 1) return std::move(children[0]);
  return Folded(MakeOp(op, ExprType::Bool(), std::move(children), at));
}

absl::StatusOr<ExprType> Unify(std::vector<BoundExpr*> exprs, std::string_view what) {
  ExprType common = ExprType::Null();
  for (const BoundExpr* expr : exprs) {
    if (expr->type.is_null) continue;
    const Family a = common.family(), b = expr->type.family();
    if (common.is_null || common == expr->type) {
      common = expr->type;
    } else if (IsNumeric(a) && IsNumeric(b)) {
      common = a == Family::kFloat || b == Family::kFloat ? ExprType::Float() : ExprType::Int();
    } else if (a == b && a == Family::kString) {
      common = ExprType::String();
    } else if (a == Family::kTimestamp && b == Family::kString && expr->is_constant()) {
      continue;
    } else {
      return cql::InvalidAt(expr->position, absl::StrFormat("%s: %s does not fit beside %s", what,
                                                            expr->type.ToString(), common.ToString()));
    }
  }
  if (common.is_null) common = ExprType::Bool();
  for (BoundExpr* expr : exprs) {
    const bool same_text = expr->type.family() == Family::kString && common.family() == Family::kString;
    if (expr->type == common || same_text) continue;
    ASSIGN_OR_RETURN(*expr, Implicitly(std::move(*expr), common, what));
  }
  return common;
}

}  // namespace cortex::query

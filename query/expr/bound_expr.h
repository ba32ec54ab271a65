// An expression with every name resolved and every type known: what the evaluator runs.
#ifndef CORTEX_QUERY_EXPR_BOUND_EXPR_H_
#define CORTEX_QUERY_EXPR_BOUND_EXPR_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "query/cql/position.h"
#include "query/expr/expr_type.h"
#include "storage/column/column.h"

namespace cortex::query {

enum class ExprOp : uint8_t {
  kConstant,  // constant: one row
  kColumn,    // column: index into the batch
  kAnd,       // children: any number
  kOr,
  kNot,
  kEqual,  // both children of one family (int beside float is allowed)
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,      // child 0 = any of children 1..; SQL nulls
  kLike,    // child 0 like pattern
  kIsNull,  // child 0; never NULL itself
  kCase,    // when, then, when, then, .., else
  kCast,    // child 0 to type
  kAdd,     // int, float, timestamp and interval
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kNegate,
  kFunction,
};

enum class FunctionId : uint8_t {
  kCssDistance,  // metric
  kL2Distance,
  kCosineDistance,
  kInnerProduct,
  kAbs,
  kSqrt,
  kFloor,
  kCeil,
  kRound,
  kLn,
  kExp,
  kLength,
  kLower,
  kUpper,
  kCoalesce,
  kTimeBucket,
  kComplex,
};

enum class DistanceMetric : uint8_t { kEuclidean, kPolar, kFidelity };

struct BoundExpr {
  ExprOp op = ExprOp::kConstant;
  ExprType type;
  cql::Position position;
  std::vector<BoundExpr> children;

  std::shared_ptr<const Column> constant;  // kConstant
  bool is_list_text = false;               // kConstant: `[1, 2]` in the text, which has no element type of its own
  uint32_t column = 0;                     // kColumn
  FunctionId function = FunctionId::kAbs;  // kFunction
  DistanceMetric metric = DistanceMetric::kEuclidean;
  std::string pattern;  // kLike
  std::string escape;   // kLike: empty or one character

  bool is_constant() const { return op == ExprOp::kConstant; }
  // True if evaluating may end in an error for some rows (division by zero, overflow, a bad cast): such an expression
  // is evaluated only for rows whose result is needed.
  bool CanFail() const;
};

// A constant of the given type from one row of a column.
BoundExpr MakeConstant(ExprType type, Column one_row, cql::Position at);
BoundExpr MakeNull(ExprType type, cql::Position at);
BoundExpr MakeBool(bool value, cql::Position at);
BoundExpr MakeInt(int64_t value, cql::Position at);
BoundExpr MakeFloat(double value, cql::Position at);
BoundExpr MakeColumn(uint32_t column, ExprType type, cql::Position at);
BoundExpr MakeOp(ExprOp op, ExprType type, std::vector<BoundExpr> children, cql::Position at);

// Same computation, positions aside. Constants compare by their bits.
bool SameExpr(const BoundExpr& a, const BoundExpr& b);

// Calls `visit` for every column index in the tree.
template <typename Visit>
void ForEachColumn(const BoundExpr& expr, const Visit& visit) {
  if (expr.op == ExprOp::kColumn) visit(expr.column);
  for (const BoundExpr& child : expr.children) ForEachColumn(child, visit);
}
// As above, for rewriting.
template <typename Visit>
void ForEachColumnExpr(BoundExpr* expr, const Visit& visit) {
  if (expr->op == ExprOp::kColumn) visit(expr);
  for (BoundExpr& child : expr->children) ForEachColumnExpr(&child, visit);
}

}  // namespace cortex::query

#endif  // CORTEX_QUERY_EXPR_BOUND_EXPR_H_

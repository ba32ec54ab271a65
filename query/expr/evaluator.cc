#include "query/expr/evaluator.h"

#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "query/expr/kernels.h"

namespace cortex::query {
namespace {

enum class Truth : uint8_t { kFalse, kTrue, kUnknown };

Truth TruthOf(const BatchColumn& column, uint32_t row) {
  if (column.IsNull(row)) return Truth::kUnknown;
  return column.data<uint8_t>()[column.Physical(row)] != 0 ? Truth::kTrue : Truth::kFalse;
}

BatchColumn MakeTruths(const std::vector<Truth>& truths) {
  std::vector<uint8_t> bits(truths.size());
  Bitmap validity;
  bool any_unknown = false;
  for (size_t i = 0; i < truths.size(); ++i) {
    bits[i] = truths[i] == Truth::kTrue;
    any_unknown |= truths[i] == Truth::kUnknown;
  }
  for (size_t i = 0; any_unknown && i < truths.size(); ++i) validity.PushBack(truths[i] != Truth::kUnknown);
  return MakeBools(std::move(bits), std::move(validity));
}

std::vector<uint32_t> RowsWhere(const std::vector<Truth>& truths, Truth wanted, bool equal) {
  std::vector<uint32_t> rows;
  for (uint32_t i = 0; i < truths.size(); ++i) {
    if ((truths[i] == wanted) == equal) rows.push_back(i);
  }
  return rows;
}

// AND (decided by the first false) and OR (decided by the first true). A child that can fail sees open rows only.
absl::StatusOr<BatchColumn> EvaluateJunction(const BoundExpr& expr, const RowBatch& batch) {
  const Truth decided = expr.op == ExprOp::kAnd ? Truth::kFalse : Truth::kTrue;
  const Truth neutral = expr.op == ExprOp::kAnd ? Truth::kTrue : Truth::kFalse;
  std::vector<Truth> truths(batch.row_count, neutral);
  const auto combine = [&](uint32_t row, Truth truth) {
    if (truths[row] == decided || truth == neutral) return;
    truths[row] = truth == decided ? decided : Truth::kUnknown;
  };
  for (const BoundExpr& child : expr.children) {
    if (!child.CanFail()) {
      ASSIGN_OR_RETURN(const BatchColumn value, Evaluate(child, batch));
      for (uint32_t row = 0; row < batch.row_count; ++row) combine(row, TruthOf(value, row));
      continue;
    }
    const std::vector<uint32_t> open = RowsWhere(truths, decided, /*equal=*/false);
    if (open.empty()) break;
    ASSIGN_OR_RETURN(const BatchColumn value,
                     Evaluate(child, open.size() == truths.size() ? batch : batch.Select(open)));
    for (uint32_t i = 0; i < open.size(); ++i) combine(open[i], TruthOf(value, i));
  }
  return MakeTruths(truths);
}

absl::StatusOr<BatchColumn> EvaluateNot(const BoundExpr& expr, const RowBatch& batch) {
  ASSIGN_OR_RETURN(const BatchColumn value, Evaluate(expr.children[0], batch));
  const uint32_t rows = value.constant ? 1 : batch.row_count;
  std::vector<uint8_t> bits(rows);
  for (uint32_t i = 0; i < rows; ++i) bits[i] = value.data<uint8_t>()[i] == 0;
  BatchColumn out = MakeBools(std::move(bits), MergedValidity(rows, {&value}));
  out.constant = value.constant;
  out.row_count = batch.row_count;
  return out;
}

// x IN (a, b): true if any equals, else NULL if x or any of the list is NULL, else false.
absl::StatusOr<BatchColumn> EvaluateIn(const BoundExpr& expr, const RowBatch& batch) {
  ASSIGN_OR_RETURN(const BatchColumn value, Evaluate(expr.children[0], batch));
  std::vector<Truth> truths(batch.row_count, Truth::kFalse);
  for (size_t i = 1; i < expr.children.size(); ++i) {
    ASSIGN_OR_RETURN(const BatchColumn candidate, Evaluate(expr.children[i], batch));
    const BatchColumn equal = EvaluateComparison(ExprOp::kEqual, value, candidate);
    for (uint32_t row = 0; row < batch.row_count; ++row) {
      const Truth truth = TruthOf(equal, row);
      if (truths[row] != Truth::kTrue && truth != Truth::kFalse) truths[row] = truth;
    }
  }
  return MakeTruths(truths);
}

absl::StatusOr<BatchColumn> EvaluateLike(const BoundExpr& expr, const RowBatch& batch) {
  ASSIGN_OR_RETURN(const BatchColumn value, Evaluate(expr.children[0], batch));
  const uint32_t rows = value.constant ? 1 : batch.row_count;
  std::vector<uint8_t> bits(rows);
  for (uint32_t i = 0; i < rows; ++i) {
    bits[i] = !value.IsNull(i) && MatchesLike(value.StringAt(i), expr.pattern, expr.escape);
  }
  BatchColumn out = MakeBools(std::move(bits), MergedValidity(rows, {&value}));
  out.constant = value.constant;
  out.row_count = batch.row_count;
  return out;
}

absl::StatusOr<BatchColumn> EvaluateIsNull(const BoundExpr& expr, const RowBatch& batch) {
  ASSIGN_OR_RETURN(const BatchColumn value, Evaluate(expr.children[0], batch));
  std::vector<uint8_t> bits(batch.row_count);
  for (uint32_t i = 0; i < batch.row_count; ++i) bits[i] = value.IsNull(i);
  return MakeBools(std::move(bits), {});
}

// Each row takes the first branch whose condition is true; a branch is computed only for the rows that take it.
absl::StatusOr<BatchColumn> EvaluateCase(const BoundExpr& expr, const RowBatch& batch) {
  std::vector<BatchColumn> values;
  std::vector<std::pair<uint32_t, uint32_t>> source(batch.row_count);  // (branch, row within the branch's result)
  std::vector<uint32_t> open(batch.row_count);
  for (uint32_t i = 0; i < batch.row_count; ++i) open[i] = i;
  const auto take = [&](const BoundExpr& result, const std::vector<uint32_t>& rows) -> absl::Status {
    ASSIGN_OR_RETURN(BatchColumn value, Evaluate(result, rows.size() == batch.row_count ? batch : batch.Select(rows)));
    for (uint32_t i = 0; i < rows.size(); ++i) source[rows[i]] = {static_cast<uint32_t>(values.size()), i};
    values.push_back(std::move(value));
    return absl::OkStatus();
  };
  for (size_t branch = 0; branch + 1 < expr.children.size() && !open.empty(); branch += 2) {
    ASSIGN_OR_RETURN(const BatchColumn condition,
                     Evaluate(expr.children[branch], open.size() == batch.row_count ? batch : batch.Select(open)));
    std::vector<uint32_t> taken, left;
    for (uint32_t i = 0; i < open.size(); ++i) {
      (TruthOf(condition, i) == Truth::kTrue ? taken : left).push_back(open[i]);
    }
    if (!taken.empty()) RETURN_IF_ERROR(take(expr.children[branch + 1], taken));
    open = std::move(left);
  }
  if (!open.empty()) RETURN_IF_ERROR(take(expr.children.back(), open));
  Column out(expr.type.data);
  for (const auto& [branch, row] : source) values[branch].AppendSelected({&row, 1}, &out);
  return BatchColumn::Of(std::move(out));
}

absl::StatusOr<BatchColumn> EvaluateFunctionCall(const BoundExpr& expr, const RowBatch& batch) {
  std::vector<BatchColumn> arguments;
  for (const BoundExpr& child : expr.children) {
    ASSIGN_OR_RETURN(BatchColumn argument, Evaluate(child, batch));
    arguments.push_back(std::move(argument));
  }
  return EvaluateFunction(expr, arguments, batch.row_count);
}

}  // namespace

absl::StatusOr<BatchColumn> Evaluate(const BoundExpr& expr, const RowBatch& batch) {
  switch (expr.op) {
    case ExprOp::kConstant:
      return BatchColumn::Constant(expr.constant, batch.row_count);
    case ExprOp::kColumn:
      return batch.columns[expr.column];
    case ExprOp::kAnd:
    case ExprOp::kOr:
      return EvaluateJunction(expr, batch);
    case ExprOp::kNot:
      return EvaluateNot(expr, batch);
    case ExprOp::kIn:
      return EvaluateIn(expr, batch);
    case ExprOp::kLike:
      return EvaluateLike(expr, batch);
    case ExprOp::kIsNull:
      return EvaluateIsNull(expr, batch);
    case ExprOp::kCase:
      return EvaluateCase(expr, batch);
    case ExprOp::kFunction:
      return EvaluateFunctionCall(expr, batch);
    case ExprOp::kCast: {
      ASSIGN_OR_RETURN(const BatchColumn value, Evaluate(expr.children[0], batch));
      return EvaluateCast(expr, value);
    }
    case ExprOp::kNegate: {
      ASSIGN_OR_RETURN(const BatchColumn value, Evaluate(expr.children[0], batch));
      return EvaluateNegate(expr, value);
    }
    default:
      break;
  }
  ASSIGN_OR_RETURN(const BatchColumn left, Evaluate(expr.children[0], batch));
  ASSIGN_OR_RETURN(const BatchColumn right, Evaluate(expr.children[1], batch));
  if (expr.op >= ExprOp::kEqual && expr.op <= ExprOp::kGreaterEqual) return EvaluateComparison(expr.op, left, right);
  return EvaluateArithmetic(expr, left, right);
}

absl::Status SelectTrue(const BoundExpr& condition, const RowBatch& batch, std::vector<uint32_t>* rows) {
  rows->clear();
  ASSIGN_OR_RETURN(const BatchColumn value, Evaluate(condition, batch));
  // Written branch-free: which rows qualify is what a processor cannot predict.
  rows->resize(batch.row_count);
  uint32_t kept = 0;
  for (uint32_t row = 0; row < batch.row_count; ++row) {
    (*rows)[kept] = row;
    kept += TruthOf(value, row) == Truth::kTrue ? 1 : 0;
  }
  rows->resize(kept);
  return absl::OkStatus();
}

absl::StatusOr<BoundExpr> EvaluateConstant(const BoundExpr& expr) {
  RowBatch one_row;
  one_row.row_count = 1;
  ASSIGN_OR_RETURN(const BatchColumn value, Evaluate(expr, one_row));
  Column column(expr.type.data);
  const uint32_t first = 0;
  value.AppendSelected({&first, 1}, &column);
  return MakeConstant(expr.type, std::move(column), expr.position);
}

}  // namespace cortex::query

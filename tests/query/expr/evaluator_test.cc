#include "query/expr/evaluator.h"

#include "query/expr/kernels.h"
#include "tests/support/status_assertions.h"

using namespace cortex;         // NOLINT
using namespace cortex::query;  // NOLINT: a test of this very namespace

namespace {

// Column 0: int32 4, NULL, 0, -3. Column 1: float32 0.5, 1.5, NULL, -2.
RowBatch TestRows() {
  Column integers(DataType::Scalar(TypeKind::kInt32)), floats(DataType::Scalar(TypeKind::kFloat32));
  integers.AppendScalar<int32_t>(4);
  integers.AppendNull();
  integers.AppendScalar<int32_t>(0);
  integers.AppendScalar<int32_t>(-3);
  floats.AppendScalar<float>(0.5f);
  floats.AppendScalar<float>(1.5f);
  floats.AppendNull();
  floats.AppendScalar<float>(-2.0f);
  RowBatch rows;
  rows.row_count = 4;
  rows.columns.push_back(BatchColumn::Of(std::move(integers)));
  rows.columns.push_back(BatchColumn::Of(std::move(floats)));
  return rows;
}

BoundExpr IntColumn() { return MakeColumn(0, ExprType::Of(DataType::Scalar(TypeKind::kInt32)), {1, 1}); }
BoundExpr FloatColumn() { return MakeColumn(1, ExprType::Of(DataType::Scalar(TypeKind::kFloat32)), {1, 1}); }

BoundExpr Op(ExprOp op, ExprType type, std::vector<BoundExpr> children) {
  return MakeOp(op, type, std::move(children), {1, 7});
}

std::string Bools(const BatchColumn& column) {
  std::string text;
  for (uint32_t row = 0; row < column.row_count; ++row) {
    text += column.IsNull(row) ? 'n' : column.data<uint8_t>()[column.Physical(row)] != 0 ? 't' : 'f';
  }
  return text;
}

std::string Evaluated(const BoundExpr& expr) { return Bools(REQUIRE_OK_AND_TAKE(Evaluate(expr, TestRows()))); }

}  // namespace

TEST_CASE("Evaluate widens integers and floats and keeps NULL", "[query][expr]") {
  const BatchColumn sum =
      REQUIRE_OK_AND_TAKE(Evaluate(Op(ExprOp::kAdd, ExprType::Float(), {IntColumn(), FloatColumn()}), TestRows()));
  CHECK(sum.data<double>()[0] == 4.5);
  CHECK(sum.IsNull(1));
  CHECK(sum.IsNull(2));
  CHECK(sum.data<double>()[3] == -5.0);
  const BatchColumn product =
      REQUIRE_OK_AND_TAKE(Evaluate(Op(ExprOp::kMultiply, ExprType::Int(), {IntColumn(), MakeInt(3, {})}), TestRows()));
  CHECK(product.data<int64_t>()[3] == -9);
}

TEST_CASE("Evaluate combines conditions by three-valued logic", "[query][expr]") {
  const BoundExpr positive = Op(ExprOp::kGreater, ExprType::Bool(), {IntColumn(), MakeInt(0, {})});   // t n f f
  const BoundExpr large = Op(ExprOp::kGreater, ExprType::Bool(), {FloatColumn(), MakeFloat(1, {})});  // f t n f
  CHECK(Evaluated(positive) == "tnff");
  CHECK(Evaluated(large) == "ftnf");
  CHECK(Evaluated(Op(ExprOp::kAnd, ExprType::Bool(), {positive, large})) == "fnff");
  CHECK(Evaluated(Op(ExprOp::kOr, ExprType::Bool(), {positive, large})) == "ttnf");
  CHECK(Evaluated(Op(ExprOp::kNot, ExprType::Bool(), {positive})) == "fntt");
  CHECK(Evaluated(Op(ExprOp::kIsNull, ExprType::Bool(), {positive})) == "ftff");
}

TEST_CASE("Evaluate computes failing operands only where they are needed", "[query][expr]") {
  const BoundExpr quotient = Op(ExprOp::kDivide, ExprType::Int(), {MakeInt(12, {}), IntColumn()});
  REQUIRE_STATUS(Evaluate(quotient, TestRows()), absl::StatusCode::kInvalidArgument,
                 "line 1:7: integer division by zero");
  const BoundExpr not_zero = Op(ExprOp::kNotEqual, ExprType::Bool(), {IntColumn(), MakeInt(0, {})});
  const BoundExpr above = Op(ExprOp::kGreater, ExprType::Bool(), {quotient, MakeInt(0, {})});
  CHECK(Evaluated(Op(ExprOp::kAnd, ExprType::Bool(), {not_zero, above})) == "tnff");
  const BatchColumn chosen = REQUIRE_OK_AND_TAKE(
      Evaluate(Op(ExprOp::kCase, ExprType::Int(), {not_zero, quotient, MakeInt(-1, {})}), TestRows()));
  CHECK(chosen.data<int64_t>()[0] == 3);
  CHECK(chosen.data<int64_t>()[1] == -1);
  CHECK(chosen.data<int64_t>()[2] == -1);
  CHECK(chosen.data<int64_t>()[3] == -4);
}

TEST_CASE("Evaluate refuses integer overflow and keeps the extremes", "[query][expr]") {
  const int64_t least = INT64_MIN;
  const auto run = [](ExprOp op, int64_t a, int64_t b) {
    return EvaluateConstant(Op(op, ExprType::Int(), {MakeInt(a, {}), MakeInt(b, {})}));
  };
  REQUIRE_STATUS(run(ExprOp::kAdd, INT64_MAX, 1), absl::StatusCode::kOutOfRange, "integer overflow");
  REQUIRE_STATUS(run(ExprOp::kDivide, least, -1), absl::StatusCode::kOutOfRange, "integer overflow");
  CHECK(run(ExprOp::kModulo, least, -1)->constant->values_as<int64_t>()[0] == 0);
  CHECK(run(ExprOp::kDivide, least, 1)->constant->values_as<int64_t>()[0] == least);
}

TEST_CASE("SelectTrue lists rows that are true, not unknown", "[query][expr]") {
  std::vector<uint32_t> rows;
  REQUIRE_OK(SelectTrue(Op(ExprOp::kLessEqual, ExprType::Bool(), {IntColumn(), MakeInt(0, {})}), TestRows(), &rows));
  CHECK(rows == std::vector<uint32_t>{2, 3});
}

TEST_CASE("MatchesLike follows SQL", "[query][expr]") {
  CHECK(MatchesLike("", "", ""));
  CHECK(MatchesLike("", "%", ""));
  CHECK_FALSE(MatchesLike("", "_", ""));
  CHECK(MatchesLike("abc", "a%c", ""));
  CHECK(MatchesLike("abcbc", "a%bc", ""));
  CHECK_FALSE(MatchesLike("abcd", "a%bc", ""));
  CHECK(MatchesLike("aXbXc", "%X_X%", ""));
  CHECK(MatchesLike("ä", "_", ""));
  CHECK_FALSE(MatchesLike("ä", "__", ""));
  CHECK(MatchesLike("100%", "100!%", "!"));
  CHECK_FALSE(MatchesLike("1000", "100!%", "!"));
  CHECK(MatchesLike("a!b", "a!!b", "!"));
  CHECK_FALSE(MatchesLike("ABC", "abc", ""));
  CHECK(MatchesLike(std::string(10'000, 'a') + "b", "%a%a%a%b", ""));
  CHECK_FALSE(MatchesLike(std::string(2'000, 'a'), "%a%a%a%a%b", ""));
}

#include "query/plan/select_binder.h"

#include "tests/query/plan/plan_text.h"

using cortex::query::SelectPlan;
using cortex::testing::BindText;

namespace {
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
}

TEST_CASE("Binder scans only the columns somebody uses", "[query][plan]") {
  const SelectPlan plan = REQUIRE_OK_AND_TAKE(BindText("SELECT x + 1 AS y FROM t WHERE n > 3 AND length(s) > 1"));
  REQUIRE(plan.scan.columns.size() == 2);  // n is filtered inside storage and never loaded
  CHECK(plan.scan.columns[0].name == "s");
  CHECK(plan.scan.columns[1].name == "x");
  REQUIRE(plan.outputs.size() == 1);
  CHECK(plan.outputs[0].name == "y");
}

TEST_CASE("Binder breaks ties of ORDER BY by time, key and commit", "[query][plan]") {
  const SelectPlan plan = REQUIRE_OK_AND_TAKE(BindText("SELECT n FROM t ORDER BY x DESC"));
  REQUIRE(plan.sort_keys.size() == 4);
  CHECK(plan.sort_keys[0].descending);
  CHECK(plan.outputs.size() == 1);
  CHECK(plan.projections.size() == 5);
  std::string columns;
  for (size_t i = 1; i < 4; ++i)
    columns += plan.scan.columns[plan.projections[plan.sort_keys[i].projection].column].name + " ";
  CHECK(columns == "time key _commit ");
}

TEST_CASE("Binder shares equal aggregates and reuses group keys", "[query][plan]") {
  const SelectPlan plan = REQUIRE_OK_AND_TAKE(
      BindText("SELECT n % 2, sum(x), sum(x) / count(*) FROM t GROUP BY n % 2 HAVING sum(x) > 1 ORDER BY count(*)"));
  CHECK(plan.is_aggregate);
  CHECK(plan.group_keys.size() == 1);
  CHECK(plan.aggregates.size() == 2);
  REQUIRE(plan.projections.size() >= 3);
  CHECK(plan.projections[0].op == cortex::query::ExprOp::kColumn);
  CHECK(plan.projections[0].column == 0);
  CHECK(plan.projections[1].column == 1);
}

TEST_CASE("Binder folds constants but leaves failing ones to their rows", "[query][plan]") {
  const SelectPlan plan = REQUIRE_OK_AND_TAKE(BindText("SELECT 1 + 2, CASE WHEN b THEN 1 / 0 END FROM t"));
  CHECK(plan.projections[0].is_constant());
  CHECK_FALSE(plan.projections[1].is_constant());
}

TEST_CASE("Binder looks names up in the order of SQL", "[query][plan]") {
  // In GROUP BY the column n wins over the alias n; in ORDER BY the alias wins.
  const SelectPlan grouped =
      REQUIRE_OK_AND_TAKE(BindText("SELECT n % 2 AS parity, count(*) AS n FROM t GROUP BY parity ORDER BY n"));
  CHECK(grouped.sort_keys[0].projection == 1);
  REQUIRE_OK(BindText("SELECT q.n FROM t AS q WHERE q.x > 1"));
  REQUIRE_OK(BindText("SELECT t.n FROM t"));
  REQUIRE_STATUS(BindText("SELECT u.n FROM t"), kInvalid, "line 1:8: unknown table \"u\"");
  REQUIRE_STATUS(BindText("SELECT n AS m FROM t WHERE m > 1"), absl::StatusCode::kNotFound,
                 "line 1:28: unknown column \"m\"");
  REQUIRE_STATUS(BindText("SELECT N FROM t"), absl::StatusCode::kNotFound, "did you mean \"n\"?");
}

TEST_CASE("Binder names the place of every type error", "[query][plan]") {
  REQUIRE_STATUS(BindText("SELECT s + 1 FROM t"), kInvalid, "line 1:10: cannot compute string + int64");
  REQUIRE_STATUS(BindText("SELECT n FROM t WHERE s > 1"), kInvalid, "line 1:25: cannot compare string with int64");
  REQUIRE_STATUS(BindText("SELECT n FROM t WHERE v = v"), kInvalid, "vector<float32, 3> values cannot be compared");
  REQUIRE_STATUS(BindText("SELECT n FROM t WHERE time > 5"), kInvalid, "cannot compare timestamp with int64");
  REQUIRE_STATUS(BindText("SELECT n FROM t WHERE time > 'yesterday'"), kInvalid, "bad timestamp");
  REQUIRE_STATUS(BindText("SELECT -s FROM t"), kInvalid, "line 1:8: cannot negate string");
  REQUIRE_STATUS(BindText("SELECT NOT n FROM t"), kInvalid, "NOT needs a condition, got int32");
  REQUIRE_STATUS(BindText("SELECT CASE WHEN b THEN 1 ELSE 'x' END FROM t"), kInvalid,
                 "string does not fit beside int64");
  REQUIRE_STATUS(BindText("SELECT sum(s) FROM t"), kInvalid, "line 1:12: sum needs a number, got string");
  REQUIRE_STATUS(BindText("SELECT min(v) FROM t"), kInvalid, "min needs values with an order");
  REQUIRE_STATUS(BindText("SELECT sum(sum(n)) FROM t"), kInvalid, "not allowed in an aggregate");
  REQUIRE_STATUS(BindText("SELECT CAST(v AS int8) FROM t"), kInvalid, "cannot cast vector<float32, 3> to int8");
  REQUIRE_STATUS(BindText("SELECT l2_distance(v, 'x') FROM t"), kInvalid, "argument 2 must be a vector");
  REQUIRE_STATUS(BindText("SELECT n FROM t ORDER BY v"), kInvalid, "cannot order by vector");
  REQUIRE_STATUS(BindText("SELECT DISTINCT v FROM t"), kInvalid, "DISTINCT cannot compare");
  REQUIRE_STATUS(BindText("SELECT n FROM t LIMIT 'x'"), kInvalid, "LIMIT needs a whole number");
  REQUIRE_STATUS(BindText("SELECT n FROM t LIMIT n"), kInvalid, "unknown column \"n\"");
  REQUIRE_STATUS(BindText("SELECT [1, 'a'] FROM t"), kInvalid, "of one sort");
  REQUIRE_STATUS(BindText("SELECT first(n) FROM t"), absl::StatusCode::kUnimplemented, "first");
}

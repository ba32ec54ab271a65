// Binds a SELECT over a test table: key, time, n int32, x float64, f float32, s string, b bool, v vector<float32, 3>.
#ifndef CORTEX_TESTS_QUERY_PLAN_PLAN_TEXT_H_
#define CORTEX_TESTS_QUERY_PLAN_PLAN_TEXT_H_

#include <string>

#include "query/cql/parser.h"
#include "query/plan/select_binder.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"

namespace cortex::testing {

inline absl::StatusOr<query::SelectPlan> BindText(const std::string& text) {
  const auto table = TestTable("t", {{"n", DataType::Scalar(TypeKind::kInt32)},
                                     {"x", DataType::Scalar(TypeKind::kFloat64)},
                                     {"f", DataType::Scalar(TypeKind::kFloat32)},
                                     {"s", DataType::String()},
                                     {"b", DataType::Scalar(TypeKind::kBool)},
                                     {"v", DataType::Vector(TypeKind::kFloat32, 3)}});
  const auto statement = cql::Parse(text);
  if (!statement.ok()) return statement.status();
  query::BindContext context;
  context.now_ns = 1'000'000'000;
  return query::BindSelect(std::get<cql::Select>(statement->node), table, context);
}

// `[predicate] [predicate] + residual`, `never`, keys after `key`.
inline std::string Pushed(const std::string& where) {
  const query::SelectPlan plan = REQUIRE_OK_AND_TAKE(BindText("SELECT key FROM t WHERE " + where));
  std::string text = plan.scan.is_empty ? "never " : "";
  for (const query::PushedPredicate& pushed : plan.scan.predicates) text += "[" + pushed.text + "] ";
  if (plan.scan.residual) text += "+ residual ";
  for (const std::string& key : plan.scan.keys) text += "key " + key + " ";
  if (!text.empty()) text.pop_back();
  return text;
}

}  // namespace cortex::testing

#endif  // CORTEX_TESTS_QUERY_PLAN_PLAN_TEXT_H_

#include "query/plan/system_time_binder.h"

#include <string_view>
#include <utility>

#include "codecs/bytes/status_macros.h"
#include "query/plan/expression_binder.h"
#include "query/plan/typing.h"

namespace cortex::query {
namespace {

absl::StatusOr<BoundExpr> BindConstant(const cql::Expr& expr, const BindContext& context, std::string_view clause) {
  BindScope scope;
  scope.context = &context;
  scope.clause = clause;
  ASSIGN_OR_RETURN(BoundExpr value, BindExpression(expr, scope));
  if (!value.is_constant() || value.type.is_null || value.constant->IsNull(0)) {
    return cql::InvalidAt(expr.position, "FOR SYSTEM_TIME needs a constant that is not NULL");
  }
  return value;
}

absl::StatusOr<BoundMoment> BindMoment(const cql::Moment& moment, const BindContext& context) {
  BoundMoment bound;
  bound.position = moment.at->position;
  ASSIGN_OR_RETURN(BoundExpr value, BindConstant(*moment.at, context, "FOR SYSTEM_TIME"));
  if (!moment.is_commit && value.type.family() != Family::kInt) {
    ASSIGN_OR_RETURN(value, Implicitly(std::move(value), ExprType::Timestamp(), "a moment in system time"));
    bound.time_ns = value.constant->values_as<int64_t>()[0];
    return bound;
  }
  if (value.type.family() != Family::kInt) return cql::InvalidAt(bound.position, "COMMIT needs a whole number");
  ASSIGN_OR_RETURN(value, Implicitly(std::move(value), ExprType::Int(), "a commit number"));
  const int64_t number = value.constant->values_as<int64_t>()[0];
  if (number < 0) return cql::InvalidAt(bound.position, "a commit number is not negative");
  bound.commit = static_cast<Commit>(number);
  return bound;
}

absl::StatusOr<bool> WantsHistory(const cql::Select& select, const BindContext& context) {
  for (const cql::Option& option : select.options) {
    if (option.name != "history") continue;
    BindScope scope;
    scope.context = &context;
    scope.clause = "WITH";
    ASSIGN_OR_RETURN(const BoundExpr value, BindExpression(*option.value, scope));
    if (!value.is_constant() || value.type.family() != Family::kBool || value.constant->IsNull(0)) {
      return cql::InvalidAt(option.position, "history is true or false");
    }
    return value.constant->values_as<uint8_t>()[0] != 0;
  }
  return false;
}

// `TO b` does not reach b itself.
absl::Status StepBack(BoundMoment* moment) {
  if (moment->commit == Commit{0} || moment->time_ns == INT64_MIN) {
    return cql::InvalidAt(moment->position, "nothing lies before the end of this range");
  }
  if (moment->commit) --*moment->commit;
  if (moment->time_ns) --*moment->time_ns;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SystemTimePlan> BindSystemTime(const cql::Select& select, const BindContext& context) {
  SystemTimePlan plan;
  ASSIGN_OR_RETURN(plan.history, WantsHistory(select, context));
  if (!select.system_time) return plan;
  const cql::SystemTime& time = *select.system_time;
  ASSIGN_OR_RETURN(plan.from, BindMoment(time.from, context));
  if (time.kind == cql::SystemTimeKind::kAsOf) {
    if (!plan.history) return plan;
    return cql::InvalidAt(time.position, "AS OF names one point, which has no history; write FROM .. TO ..");
  }
  plan.history = true;
  ASSIGN_OR_RETURN(plan.to, BindMoment(time.to, context));
  if (time.kind == cql::SystemTimeKind::kFromTo) RETURN_IF_ERROR(StepBack(&*plan.to));
  return plan;
}

}  // namespace cortex::query

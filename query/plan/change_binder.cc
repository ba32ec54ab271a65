#include "query/plan/change_binder.h"

#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "query/cql/nearest_name.h"
#include "query/plan/expression_binder.h"
#include "query/plan/scan_binder.h"
#include "query/plan/typing.h"

namespace cortex::query {
namespace {

BindScope ScopeOf(const TableDefinition& table, const BindContext& context, std::string_view clause) {
  BindScope scope;
  scope.table = &table;
  scope.context = &context;
  scope.clause = clause;
  return scope;
}

absl::Status BindWhere(const cql::Boxed<cql::Expr>& where, const BindContext& context, ScanPlan* scan) {
  if (!where) return absl::OkStatus();
  ASSIGN_OR_RETURN(BoundExpr condition, BindExpression(*where, ScopeOf(*scan->table, context, "WHERE")));
  ASSIGN_OR_RETURN(condition, AsCondition(std::move(condition), "WHERE"));
  SetCondition(std::move(condition), scan);
  return absl::OkStatus();
}

absl::StatusOr<uint32_t> FindAssigned(const cql::ColumnName& name, const TableDefinition& table) {
  if (const auto ordinal = table.FindColumn(name.name)) return *ordinal;
  std::vector<std::string> names;
  for (const ColumnDefinition& column : table.columns) names.push_back(column.name);
  return cql::ErrorAt(name.position, absl::StatusCode::kNotFound,
                      absl::StrFormat("unknown column \"%s\" in table \"%s\"%s", name.name, table.name,
                                      cql::DidYouMean(name.name, names)));
}

absl::StatusOr<UpdatePlan::Assignment> BindAssignment(const cql::Assignment& assignment, const TableDefinition& table,
                                                      const BindContext& context) {
  ASSIGN_OR_RETURN(const uint32_t ordinal, FindAssigned(assignment.column, table));
  const ColumnDefinition& column = table.columns[ordinal];
  if (ordinal == table.key_ordinal()) {
    return cql::InvalidAt(assignment.column.position,
                          absl::StrFormat("the key column \"%s\" cannot be assigned", column.name));
  }
  ASSIGN_OR_RETURN(BoundExpr value, BindExpression(*assignment.value, ScopeOf(table, context, "SET")));
  const std::string what = absl::StrFormat("column \"%s\"", column.name);
  ASSIGN_OR_RETURN(value, Implicitly(std::move(value), ExprType::Of(column.type), what));
  if (!column.nullable && value.is_constant() && value.constant->IsNull(0)) {
    return cql::InvalidAt(assignment.value->position, absl::StrFormat("%s must not be NULL", what));
  }
  return UpdatePlan::Assignment{ordinal, std::move(value)};
}

}  // namespace

absl::StatusOr<UpdatePlan> BindUpdate(const cql::Update& update, std::shared_ptr<const TableDefinition> table,
                                      const BindContext& context) {
  if (table->kind != TableKind::kEntities) {
    return cql::ErrorAt(update.table.position, absl::StatusCode::kFailedPrecondition,
                        absl::StrFormat("rows of an EVENTS table cannot be updated: table \"%s\"", table->name));
  }
  UpdatePlan plan;
  plan.scan.table = table;
  RETURN_IF_ERROR(BindWhere(update.where, context, &plan.scan));
  for (const cql::Assignment& assignment : update.assignments) {
    ASSIGN_OR_RETURN(UpdatePlan::Assignment bound, BindAssignment(assignment, *table, context));
    for (const UpdatePlan::Assignment& other : plan.assignments) {
      if (other.ordinal != bound.ordinal) continue;
      return cql::InvalidAt(assignment.column.position,
                            absl::StrFormat("column \"%s\" is assigned twice", assignment.column.name));
    }
    plan.assignments.push_back(std::move(bound));
  }
  ScanNarrower narrow(&plan.scan);
  if (plan.scan.residual) narrow(&*plan.scan.residual);
  for (UpdatePlan::Assignment& assignment : plan.assignments) narrow(&assignment.value);
  plan.key = narrow.PositionOf(table->key_ordinal());
  plan.time = narrow.PositionOf(table->time_ordinal());
  return plan;
}

absl::StatusOr<DeletePlan> BindDelete(const cql::Delete& erase, std::shared_ptr<const TableDefinition> table,
                                      const BindContext& context) {
  DeletePlan plan;
  plan.purge = erase.purge;
  plan.scan.table = std::move(table);
  RETURN_IF_ERROR(BindWhere(erase.where, context, &plan.scan));
  ScanNarrower narrow(&plan.scan);
  if (plan.scan.residual) narrow(&*plan.scan.residual);
  return plan;
}

}  // namespace cortex::query

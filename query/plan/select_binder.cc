#include "query/plan/select_binder.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "query/cql/printer.h"
#include "query/plan/expression_binder.h"
#include "query/plan/scan_binder.h"
#include "query/plan/typing.h"

namespace cortex::query {
namespace {

class SelectBinder {
 public:
  SelectBinder(const cql::Select& select, std::shared_ptr<const TableDefinition> table, const BindContext& context)
      : select_(select), table_(std::move(table)), context_(context) {}

  absl::StatusOr<SelectPlan> Bind() {
    plan_.scan.table = table_;
    CollectAliases();
    RETURN_IF_ERROR(BindWhere());
    RETURN_IF_ERROR(BindLatestBy());
    RETURN_IF_ERROR(BindGroupKeys());
    RETURN_IF_ERROR(BindItems());
    RETURN_IF_ERROR(BindHaving());
    RETURN_IF_ERROR(BindOrder());
    RETURN_IF_ERROR(BindLimits());
    RETURN_IF_ERROR(ResolveAggregation());
    if (!plan_.sort_keys.empty()) AddTieBreakers();
    NarrowScan();
    return std::move(plan_);
  }

 private:
  BindScope Scope(std::string_view clause) const {
    BindScope scope;
    scope.table = table_.get();
    if (select_.from) scope.table_alias = select_.from->alias;
    scope.context = &context_;
    scope.clause = clause;
    return scope;
  }

  void CollectAliases() {
    for (const cql::SelectItem& item : select_.items) {
      if (item.expr && !item.alias.empty()) aliases_.emplace(item.alias, &*item.expr);
    }
  }

  absl::Status BindWhere() {
    if (!select_.where) return absl::OkStatus();
    ASSIGN_OR_RETURN(BoundExpr condition, BindExpression(*select_.where, Scope("WHERE")));
    ASSIGN_OR_RETURN(condition, AsCondition(std::move(condition), "WHERE"));
    if (table_ == nullptr) {
      plan_.scan.residual = std::move(condition);
      return absl::OkStatus();
    }
    SetCondition(std::move(condition), &plan_.scan);
    return absl::OkStatus();
  }

  absl::Status BindLatestBy() {
    if (!select_.latest_by) return absl::OkStatus();
    plan_.latest_by.emplace();
    plan_.latest_by->by_time = table_->kind == TableKind::kEvents;
    for (const cql::Expr& key : select_.latest_by->keys) {
      ASSIGN_OR_RETURN(BoundExpr bound, BindExpression(key, Scope("LATEST BY")));
      if (!IsOrdered(bound.type.family())) {
        return cql::InvalidAt(key.position, absl::StrFormat("LATEST BY cannot compare %s", bound.type.ToString()));
      }
      plan_.latest_by->keys.push_back(std::move(bound));
    }
    return absl::OkStatus();
  }

  // The select item an integer literal in GROUP BY or ORDER BY stands for; nullptr if `expr` is none.
  absl::StatusOr<const cql::Expr*> Ordinal(const cql::Expr& expr, std::string_view clause) const {
    const auto* literal = std::get_if<cql::Literal>(&expr.node);
    const int64_t* number = literal == nullptr ? nullptr : std::get_if<int64_t>(&literal->value);
    if (number == nullptr) return nullptr;
    if (*number < 1 || *number > static_cast<int64_t>(select_.items.size())) {
      return cql::InvalidAt(
          expr.position, absl::StrFormat("%s %d: the select list has %d items", clause, *number, select_.items.size()));
    }
    const cql::SelectItem& item = select_.items[*number - 1];
    if (!item.expr) return cql::InvalidAt(expr.position, absl::StrFormat("%s %d names *", clause, *number));
    return &*item.expr;
  }

  absl::Status BindGroupKeys() {
    BindScope scope = Scope("GROUP BY");
    scope.aliases = &aliases_;
    for (const cql::Expr& key : select_.group_by) {
      ASSIGN_OR_RETURN(const cql::Expr* item, Ordinal(key, "GROUP BY"));
      ASSIGN_OR_RETURN(BoundExpr bound, BindExpression(item == nullptr ? key : *item, scope));
      if (!IsOrdered(bound.type.family())) {
        return cql::InvalidAt(key.position, absl::StrFormat("cannot group by %s", bound.type.ToString()));
      }
      if (bound.type.is_null) bound = MakeNull(ExprType::Bool(), bound.position);
      plan_.group_keys.push_back(std::move(bound));
    }
    plan_.is_aggregate = !plan_.group_keys.empty() || select_.having;
    return absl::OkStatus();
  }

  absl::Status AddOutput(std::string name, BoundExpr expr) {
    if (expr.type.is_null) expr = MakeNull(ExprType::Bool(), expr.position);
    if (select_.distinct && !IsOrdered(expr.type.family())) {
      return cql::InvalidAt(expr.position, absl::StrFormat("DISTINCT cannot compare %s", expr.type.ToString()));
    }
    plan_.outputs.push_back({std::move(name), expr.type});
    plan_.projections.push_back(std::move(expr));
    return absl::OkStatus();
  }

  absl::Status BindItems() {
    BindScope scope = Scope("the select list");
    scope.aggregates = &plan_.aggregates;
    for (const cql::SelectItem& item : select_.items) {
      if (item.expr) {
        ASSIGN_OR_RETURN(BoundExpr bound, BindExpression(*item.expr, scope));
        const auto* column = std::get_if<cql::ColumnRef>(&item.expr->node);
        const std::string name = !item.alias.empty() ? item.alias
                                 : column != nullptr ? column->name
                                                     : cql::Print(*item.expr);
        RETURN_IF_ERROR(AddOutput(name, std::move(bound)));
        continue;
      }
      if (table_ == nullptr) return cql::InvalidAt(item.position, "* needs a table: there is no FROM");
      for (uint32_t i = 0; i < table_->columns.size(); ++i) {
        const ColumnDefinition& column = table_->columns[i];
        RETURN_IF_ERROR(AddOutput(column.name, MakeColumn(i, ExprType::Of(column.type), item.position)));
      }
    }
    return absl::OkStatus();
  }

  absl::Status BindHaving() {
    if (!select_.having) return absl::OkStatus();
    BindScope scope = Scope("HAVING");
    scope.aggregates = &plan_.aggregates;
    scope.aliases = &aliases_;
    ASSIGN_OR_RETURN(BoundExpr condition, BindExpression(*select_.having, scope));
    ASSIGN_OR_RETURN(plan_.having, AsCondition(std::move(condition), "HAVING"));
    return absl::OkStatus();
  }

  absl::Status BindOrder() {
    BindScope scope = Scope("ORDER BY");
    scope.aggregates = &plan_.aggregates;
    scope.aliases = &aliases_;
    scope.alias_first = true;
    for (const cql::OrderItem& item : select_.order_by) {
      ASSIGN_OR_RETURN(const cql::Expr* ordinal, Ordinal(*item.expr, "ORDER BY"));
      ASSIGN_OR_RETURN(BoundExpr bound, BindExpression(ordinal == nullptr ? *item.expr : *ordinal, scope));
      if (!IsOrdered(bound.type.family())) {
        return cql::InvalidAt(item.expr->position, absl::StrFormat("cannot order by %s", bound.type.ToString()));
      }
      const uint32_t visible = static_cast<uint32_t>(plan_.outputs.size());
      const uint32_t projection = Project(std::move(bound));
      if (select_.distinct && projection >= visible) {
        return cql::InvalidAt(item.expr->position, "with DISTINCT, ORDER BY can only name what the select list has");
      }
      plan_.sort_keys.push_back({projection, item.descending});
    }
    plan_.distinct = select_.distinct;
    return absl::OkStatus();
  }

  // The index of `expr` among the projections, added if it is not there yet.
  uint32_t Project(BoundExpr expr) {
    if (expr.type.is_null) expr = MakeNull(ExprType::Bool(), expr.position);
    for (uint32_t i = 0; i < plan_.projections.size(); ++i) {
      if (SameExpr(plan_.projections[i], expr)) return i;
    }
    plan_.projections.push_back(std::move(expr));
    return static_cast<uint32_t>(plan_.projections.size() - 1);
  }

  absl::StatusOr<uint64_t> Count(const cql::Expr& expr, std::string_view clause) const {
    BindScope scope = Scope(clause);
    scope.table = nullptr;
    ASSIGN_OR_RETURN(const BoundExpr bound, BindExpression(expr, scope));
    const bool good = bound.is_constant() && bound.type.family() == Family::kInt && !bound.constant->IsNull(0);
    int64_t value = -1;
    if (good) {
      const absl::StatusOr<BoundExpr> wide = Implicitly(bound, ExprType::Int(), clause);
      if (wide.ok()) value = wide->constant->values_as<int64_t>()[0];
    }
    if (value < 0) return cql::InvalidAt(expr.position, absl::StrFormat("%s needs a whole number, 0 or more", clause));
    return static_cast<uint64_t>(value);
  }

  absl::Status BindLimits() {
    if (select_.limit) {
      ASSIGN_OR_RETURN(plan_.limit, Count(*select_.limit, "LIMIT"));
    }
    if (select_.offset) {
      ASSIGN_OR_RETURN(plan_.offset, Count(*select_.offset, "OFFSET"));
    }
    return absl::OkStatus();
  }

  // Rewrites what stands above the aggregation from table columns to its output: group keys, then aggregates.
  absl::Status ResolveAggregation() {
    plan_.is_aggregate |= !plan_.aggregates.empty();
    if (!plan_.is_aggregate) return absl::OkStatus();
    for (BoundExpr& projection : plan_.projections) RETURN_IF_ERROR(OverAggregation(&projection));
    return plan_.having ? OverAggregation(&*plan_.having) : absl::OkStatus();
  }

  absl::Status OverAggregation(BoundExpr* expr) {
    for (uint32_t i = 0; i < plan_.group_keys.size(); ++i) {
      if (SameExpr(*expr, plan_.group_keys[i])) {
        *expr = MakeColumn(i, expr->type, expr->position);
        return absl::OkStatus();
      }
    }
    if (expr->op == ExprOp::kColumn) {
      const uint32_t first = Scope("").first_aggregate_index();
      if (expr->column < first) {
        return cql::InvalidAt(expr->position,
                              absl::StrFormat("column \"%s\" must stand in GROUP BY or inside an aggregate",
                                              ScanColumnFor(*table_, expr->column).name));
      }
      expr->column = static_cast<uint32_t>(plan_.group_keys.size()) + expr->column - first;
      return absl::OkStatus();
    }
    for (BoundExpr& child : expr->children) RETURN_IF_ERROR(OverAggregation(&child));
    return absl::OkStatus();
  }

  // Rows that compare equal come out by (time, key, _commit); groups by their keys; distinct rows by all their values.
  // The last resort, the ordinal of the row, is added by the sort itself.
  void AddTieBreakers() {
    const auto add = [&](BoundExpr expr) {
      const uint32_t projection = Project(std::move(expr));
      const auto same = [&](const SortKey& key) { return key.projection == projection; };
      if (std::none_of(plan_.sort_keys.begin(), plan_.sort_keys.end(), same))
        plan_.sort_keys.push_back({projection, false});
    };
    if (plan_.is_aggregate) {
      for (uint32_t i = 0; i < plan_.group_keys.size(); ++i) add(MakeColumn(i, plan_.group_keys[i].type, {}));
    } else if (plan_.distinct) {
      for (uint32_t i = 0; i < plan_.outputs.size(); ++i) add(plan_.projections[i]);
    } else if (table_ != nullptr) {
      add(MakeColumn(table_->time_ordinal(), ExprType::Timestamp(), {}));
      add(MakeColumn(table_->key_ordinal(), ExprType::Of(table_->key().type), {}));
      add(MakeColumn(Scope("").commit_index(), ExprType::Int(), {}));
    }
  }

  // Only columns somebody uses are scanned; indexes change from table ordinals to positions in the scan.
  void NarrowScan() {
    if (table_ == nullptr) return;
    ScanNarrower narrow(&plan_.scan);
    if (plan_.scan.residual) narrow(&*plan_.scan.residual);
    if (plan_.latest_by) {
      for (BoundExpr& key : plan_.latest_by->keys) narrow(&key);
      plan_.latest_by->time = narrow.PositionOf(table_->time_ordinal());
      plan_.latest_by->commit = narrow.PositionOf(Scope("").commit_index());
    }
    for (BoundExpr& key : plan_.group_keys) narrow(&key);
    for (AggregateCall& call : plan_.aggregates) {
      if (call.argument) narrow(&*call.argument);
    }
    if (plan_.is_aggregate) return;
    for (BoundExpr& projection : plan_.projections) narrow(&projection);
  }

  const cql::Select& select_;
  const std::shared_ptr<const TableDefinition> table_;
  const BindContext& context_;
  std::map<std::string, const cql::Expr*> aliases_;
  SelectPlan plan_;
};

}  // namespace

absl::StatusOr<SelectPlan> BindSelect(const cql::Select& select, std::shared_ptr<const TableDefinition> table,
                                      const BindContext& context) {
  return SelectBinder(select, std::move(table), context).Bind();
}

}  // namespace cortex::query

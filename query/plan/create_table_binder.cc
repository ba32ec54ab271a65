// CREATE TABLE to a table definition, ALTER TABLE to a change of one.
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "query/cql/nearest_name.h"
#include "query/plan/compression_binder.h"
#include "query/plan/expression_binder.h"
#include "query/plan/table_binder.h"
#include "query/plan/typing.h"

namespace cortex::query {
namespace {

class CreateTableBinder {
 public:
  CreateTableBinder(const cql::CreateTable& create, const BindContext& context) : create_(create), context_(context) {}

  absl::StatusOr<TableDefinition> Bind() {
    definition_.name = create_.table.name;
    for (const cql::ColumnDefinition& column : create_.columns) {
      ASSIGN_OR_RETURN(ColumnDefinition bound, BindColumn(column));
      definition_.columns.push_back(std::move(bound));
    }
    RETURN_IF_ERROR(BindKind());
    ASSIGN_OR_RETURN(definition_.key_column, RoleColumn(create_.key, "KEY"));
    ASSIGN_OR_RETURN(definition_.time_column, RoleColumn(create_.time, "TIME"));
    RETURN_IF_ERROR(BindTiers());
    if (create_.history) definition_.history_ns = create_.history->age_ns.value_or(0);
    // What is left to check has no position of its own.
    const absl::Status valid = ValidateDefinition(definition_);
    if (!valid.ok()) return cql::ErrorAt(create_.table.position, valid.code(), std::string(valid.message()));
    return std::move(definition_);
  }

  absl::StatusOr<TierPolicy> BindPolicy() {
    RETURN_IF_ERROR(BindTiers());
    return definition_.policy;
  }

  absl::StatusOr<ColumnDefinition> BindColumn(const cql::ColumnDefinition& column) {
    ColumnDefinition bound;
    bound.name = column.name.name;
    ASSIGN_OR_RETURN(bound.type, BindType(column.type));
    bound.nullable = !column.not_null;
    if (column.compression) {
      ASSIGN_OR_RETURN(const BoundCompression compression, BindCompression(*column.compression, context_));
      bound.compression = compression.compression;
      bound.contract = compression.contract;
    }
    if (column.default_value) {
      ASSIGN_OR_RETURN(bound.default_value, BindDefault(*column.default_value, bound));
    }
    for (const cql::Option& option : column.metadata) {
      ASSIGN_OR_RETURN(const BoundExpr value, BindConstant(*option.value));
      if (value.type.family() != Family::kString || !value.is_constant()) {
        return cql::InvalidAt(option.position, "metadata values are strings");
      }
      bound.metadata.emplace(option.name, std::string(value.constant->StringAt(0)));
    }
    return bound;
  }

 private:
  // DEFAULT NULL is no default.
  absl::StatusOr<std::shared_ptr<const Column>> BindDefault(const cql::Expr& expr, const ColumnDefinition& column) {
    const std::string what = absl::StrFormat("default of column \"%s\"", column.name);
    ASSIGN_OR_RETURN(BoundExpr value, BindConstant(expr));
    ASSIGN_OR_RETURN(value, Implicitly(std::move(value), ExprType::Of(column.type), what));
    if (!value.is_constant()) return cql::InvalidAt(expr.position, absl::StrFormat("%s: not a constant", what));
    if (value.constant->IsNull(0)) return nullptr;
    auto one_row = std::make_shared<Column>(column.type);  // a literal's own type may lack the length
    one_row->AppendRows(*value.constant, 0, 1);
    return one_row;
  }

  absl::StatusOr<BoundExpr> BindConstant(const cql::Expr& expr) const {
    BindScope scope;
    scope.context = &context_;
    scope.clause = "CREATE TABLE";
    return BindExpression(expr, scope);
  }

  absl::Status BindKind() {
    if (create_.kind) {
      if (create_.kind->name != "events" && create_.kind->name != "entities") {
        return cql::InvalidAt(create_.kind->position,
                              absl::StrFormat("unknown kind \"%s\"; EVENTS and ENTITIES exist", create_.kind->name));
      }
      definition_.kind = create_.kind->name == "events" ? TableKind::kEvents : TableKind::kEntities;
    }
    if (create_.shard_by) {
      if (create_.shard_by->name != "hash" && create_.shard_by->name != "fmo") {
        return cql::InvalidAt(create_.shard_by->position,
                              absl::StrFormat("unknown sharding \"%s\"; hash and fmo exist", create_.shard_by->name));
      }
      definition_.sharding = create_.shard_by->name == "hash" ? ShardingKind::kHash : ShardingKind::kFmo;
    }
    return absl::OkStatus();
  }

  // The key or time column; never NULL, whether declared so or not.
  absl::StatusOr<std::string> RoleColumn(const std::optional<cql::ColumnName>& named, std::string_view role) {
    if (!named) {
      return cql::InvalidAt(create_.table.position,
                            absl::StrFormat("a table needs a %s column; write %s <column> after the "
                                            "columns",
                                            role == "KEY" ? "key" : "time", role));
    }
    std::vector<std::string> names;
    for (ColumnDefinition& column : definition_.columns) {
      names.push_back(column.name);
      if (column.name != named->name) continue;
      column.nullable = false;
      return column.name;
    }
    return cql::InvalidAt(named->position,
                          absl::StrFormat("unknown column \"%s\"%s", named->name, cql::DidYouMean(named->name, names)));
  }

  // A tier that is left out keeps its default; FOREVER lifts every limit. Zero means no limit.
  absl::Status BindTiers() {
    TierPolicy& policy = definition_.policy;
    std::vector<std::string> seen;
    for (const cql::TierClause& clause : create_.tiers) {
      for (const std::string& tier : seen) {
        if (tier == clause.tier)
          return cql::InvalidAt(clause.position, absl::StrFormat("tier %s is given twice", tier));
      }
      seen.push_back(clause.tier);
      if (clause.tier == "hot") {
        policy.hot_max_age_ns = clause.age_ns.value_or(0);
        policy.hot_max_rows = static_cast<uint64_t>(clause.rows.value_or(0));
        policy.hot_max_bytes = static_cast<uint64_t>(clause.bytes.value_or(0));
      } else if (clause.tier == "warm") {
        if (clause.rows) return cql::UnsupportedAt(clause.position, "a row limit of the warm tier");
        policy.warm_max_age_ns = clause.age_ns.value_or(0);
        policy.warm_max_bytes = static_cast<uint64_t>(clause.bytes.value_or(0));
      } else if (clause.tier == "cold") {
        if (clause.rows || clause.bytes)
          return cql::UnsupportedAt(clause.position, "a size limit of the cold tier", "COLD FOR <time> and FOREVER are");
        policy.ttl_ns = clause.age_ns.value_or(0);
      } else {
        return cql::InvalidAt(clause.position, absl::StrFormat("unknown tier \"%s\"%s", clause.tier,
                                                               cql::DidYouMean(clause.tier, {"hot", "warm", "cold"})));
      }
    }
    return absl::OkStatus();
  }

  const cql::CreateTable& create_;
  const BindContext& context_;
  TableDefinition definition_;
};

class AlterTableBinder {
 public:
  explicit AlterTableBinder(const BindContext& context) : context_(context) {}

  absl::StatusOr<TableChange> operator()(const cql::AddColumn& add) const {
    ASSIGN_OR_RETURN(ColumnDefinition column, Column(add.column));
    return AddColumn{std::move(column)};
  }
  absl::StatusOr<TableChange> operator()(const cql::DropColumn& drop) const { return DropColumn{drop.column.name}; }
  absl::StatusOr<TableChange> operator()(const cql::RenameColumn& rename) const {
    return RenameColumn{rename.from.name, rename.to.name};
  }
  absl::StatusOr<TableChange> operator()(const cql::SetCompression& set) const {
    // As a column of any type: whether codec and type fit is asked when the change is made.
    cql::ColumnDefinition any;
    any.name = set.column;
    any.type.name = "bool";
    any.compression = set.compression;
    ASSIGN_OR_RETURN(const ColumnDefinition bound, Column(any));
    return SetCompression{set.column.name, bound.compression, bound.contract};
  }
  // What a tier clause says of a tier replaces all that was said of it before; other tiers keep theirs.
  absl::StatusOr<TableChange> operator()(const cql::SetTiers& set) const {
    cql::CreateTable tiers;
    tiers.tiers = set.tiers;
    ASSIGN_OR_RETURN(const TierPolicy policy, CreateTableBinder(tiers, context_).BindPolicy());
    SetPolicy change;
    for (const cql::TierClause& clause : set.tiers) {
      if (clause.tier == "hot") {
        change.hot_max_age_ns = policy.hot_max_age_ns;
        change.hot_max_rows = policy.hot_max_rows;
        change.hot_max_bytes = policy.hot_max_bytes;
      } else if (clause.tier == "warm") {
        change.warm_max_age_ns = policy.warm_max_age_ns;
        change.warm_max_bytes = policy.warm_max_bytes;
      } else {
        change.ttl_ns = policy.ttl_ns;
      }
    }
    return change;
  }

  absl::StatusOr<TableChange> operator()(const cql::HistoryClause& history) const {
    return SetPolicy{.history_ns = history.age_ns.value_or(0)};
  }

 private:
  absl::StatusOr<ColumnDefinition> Column(const cql::ColumnDefinition& column) const {
    return CreateTableBinder(cql::CreateTable(), context_).BindColumn(column);
  }

  const BindContext& context_;
};

}  // namespace

absl::StatusOr<TableDefinition> BindCreateTable(const cql::CreateTable& create, const BindContext& context) {
  return CreateTableBinder(create, context).Bind();
}

absl::StatusOr<TableChange> BindAlterTable(const cql::AlterTable& alter, const BindContext& context) {
  return std::visit(AlterTableBinder(context), alter.action);
}

}  // namespace cortex::query

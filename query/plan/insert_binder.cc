// INSERT to a batch.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "query/cql/nearest_name.h"
#include "query/plan/expression_binder.h"
#include "query/plan/table_binder.h"
#include "query/plan/typing.h"
#include "storage/column/column_default.h"

namespace cortex::query {
namespace {

// For every column of the table: its place in a row of VALUES, or nullopt.
absl::StatusOr<std::vector<std::optional<size_t>>> Places(const cql::Insert& insert, const TableDefinition& table) {
  std::vector<std::optional<size_t>> places(table.columns.size());
  if (insert.columns.empty()) {
    for (size_t i = 0; i < places.size(); ++i) places[i] = i;
    return places;
  }
  std::vector<std::string> names;
  for (const ColumnDefinition& column : table.columns) names.push_back(column.name);
  for (size_t i = 0; i < insert.columns.size(); ++i) {
    const cql::ColumnName& named = insert.columns[i];
    const std::optional<uint32_t> ordinal = table.FindColumn(named.name);
    if (!ordinal) {
      return cql::ErrorAt(named.position, absl::StatusCode::kNotFound,
                          absl::StrFormat("unknown column \"%s\" in table \"%s\"%s", named.name, table.name,
                                          cql::DidYouMean(named.name, names)));
    }
    if (places[*ordinal])
      return cql::InvalidAt(named.position, absl::StrFormat("column \"%s\" is given twice", named.name));
    places[*ordinal] = i;
  }
  return places;
}

absl::Status AppendValue(const cql::Expr& expr, const ColumnDefinition& column, const BindContext& context,
                         Column* out) {
  BindScope scope;
  scope.context = &context;
  scope.clause = "VALUES";
  ASSIGN_OR_RETURN(BoundExpr value, BindExpression(expr, scope));
  const std::string what = absl::StrFormat("column \"%s\"", column.name);
  ASSIGN_OR_RETURN(value, Implicitly(std::move(value), ExprType::Of(column.type), what));
  if (!value.is_constant()) return cql::InvalidAt(expr.position, absl::StrFormat("%s: not a constant", what));
  if (!column.nullable && value.constant->IsNull(0)) {
    return cql::InvalidAt(expr.position, absl::StrFormat("%s must not be NULL", what));
  }
  out->AppendRows(*value.constant, 0, 1);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Batch> BindInsert(const cql::Insert& insert, std::shared_ptr<const TableDefinition> table,
                                 const BindContext& context) {
  ASSIGN_OR_RETURN(const auto places, Places(insert, *table));
  const size_t width = insert.columns.empty() ? table->columns.size() : insert.columns.size();
  for (size_t i = 0; i < places.size(); ++i) {
    if (!places[i] && !table->columns[i].nullable && table->columns[i].default_value == nullptr) {
      return cql::InvalidAt(insert.table.position,
                            absl::StrFormat("column \"%s\" has no value and must not be NULL", table->columns[i].name));
    }
  }
  Batch batch = Batch::For(table);
  for (const std::vector<cql::Expr>& row : insert.rows) {
    if (row.size() != width) {
      return cql::InvalidAt(row[0].position, absl::StrFormat("%d values for %d columns", row.size(), width));
    }
    for (size_t i = 0; i < places.size(); ++i) {
      if (!places[i]) {
        AppendDefaults(table->columns[i], 1, &batch.columns[i]);
        continue;
      }
      RETURN_IF_ERROR(AppendValue(row[*places[i]], table->columns[i], context, &batch.columns[i]));
    }
    ++batch.row_count;
  }
  return batch;
}

}  // namespace cortex::query

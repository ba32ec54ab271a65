// Names to columns, syntax trees to typed expressions.
#ifndef CORTEX_QUERY_PLAN_EXPRESSION_BINDER_H_
#define CORTEX_QUERY_PLAN_EXPRESSION_BINDER_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "query/cql/ast.h"
#include "query/plan/bind_context.h"
#include "query/plan/bound_plan.h"
#include "storage/column/schema.h"

namespace cortex::query {

// What names mean while an expression is bound. Column indexes of the result: 0 .. n - 1 are the table's ordinals, n is
// `_commit`, n + 1 is `_end`, n + 2 + i is aggregate i.
struct BindScope {
  const TableDefinition* table = nullptr;  // nullptr: no columns at all
  std::string_view table_alias;
  const BindContext* context = nullptr;
  std::string_view clause;                           // "WHERE", "GROUP BY", ..: for messages
  std::vector<AggregateCall>* aggregates = nullptr;  // collects them; nullptr where aggregates are not allowed
  // Aliases of the select list, looked up after columns (before them if alias_first).
  const std::map<std::string, const cql::Expr*>* aliases = nullptr;
  bool alias_first = false;

  uint32_t commit_index() const { return static_cast<uint32_t>(table == nullptr ? 0 : table->columns.size()); }
  uint32_t end_index() const { return commit_index() + 1; }
  uint32_t first_aggregate_index() const { return commit_index() + 2; }
};

// Errors: INVALID_ARGUMENT (types, unknown names, with the nearest), UNIMPLEMENTED; all with line and column.
absl::StatusOr<BoundExpr> BindExpression(const cql::Expr& expr, const BindScope& scope);

// `vector<complex128, 256>` and its like. Errors: INVALID_ARGUMENT with position and the nearest type name.
absl::StatusOr<DataType> BindType(const cql::TypeName& type);

}  // namespace cortex::query

#endif  // CORTEX_QUERY_PLAN_EXPRESSION_BINDER_H_

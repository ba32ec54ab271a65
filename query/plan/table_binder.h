// CREATE TABLE to a table definition, ALTER TABLE to a change of one, INSERT to a batch.
#ifndef CORTEX_QUERY_PLAN_TABLE_BINDER_H_
#define CORTEX_QUERY_PLAN_TABLE_BINDER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "query/cql/ast.h"
#include "query/plan/bind_context.h"
#include "storage/column/batch.h"
#include "storage/column/schema.h"
#include "storage/column/schema_change.h"

namespace cortex::query {

// Errors: INVALID_ARGUMENT with line and column.
absl::StatusOr<TableDefinition> BindCreateTable(const cql::CreateTable& create, const BindContext& context);

// Errors: INVALID_ARGUMENT with line and column. Whether the table has the column is asked when the change is made.
absl::StatusOr<TableChange> BindAlterTable(const cql::AlterTable& alter, const BindContext& context);

// Columns not listed hold their default, or NULL. Errors: INVALID_ARGUMENT with line and column, naming the column.
absl::StatusOr<Batch> BindInsert(const cql::Insert& insert, std::shared_ptr<const TableDefinition> table,
                                 const BindContext& context);

}  // namespace cortex::query

#endif  // CORTEX_QUERY_PLAN_TABLE_BINDER_H_

// Rows on their way in: ColumnBatch (packed columns) and RowBatch (JSON-like objects) -> Batch.
//
// What comes from a client is hostile until proven otherwise: every length, offset and code is checked before use, and
// the result passes ValidateBatch, the last gate before the log. Errors are INVALID_ARGUMENT, or NOT_FOUND for a column
// the table does not have (reason INVALID_BATCH), naming table, row and column; nothing is applied. Thread-safe. Cost:
// one pass over the bytes.
#ifndef CORTEX_SERVER_BATCH_PROTO_H_
#define CORTEX_SERVER_BATCH_PROTO_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cortex/datastore/v1/types.pb.h"
#include "server/definition_proto.h"
#include "storage/column/batch.h"

namespace cortex {

// `present`: nullptr, rows are whole and what they leave out is default or NULL; otherwise (MERGE) set to which columns
// the rows carry, one flag per column of the table, and only those are checked. All rows of a MERGE carry the same ones.
absl::StatusOr<Batch> BatchFromColumns(const wire::ColumnBatch& proto, std::shared_ptr<const TableDefinition> table,
                                       std::vector<bool>* present = nullptr);
absl::StatusOr<Batch> BatchFromRows(const wire::RowBatch& proto, std::shared_ptr<const TableDefinition> table,
                                    std::vector<bool>* present = nullptr);

// A typed parameter as a column of one row. A NULL comes as a null int64, which the binder takes for any type.
// Errors: INVALID_ARGUMENT naming `field`.
absl::StatusOr<Column> ColumnFromValue(const wire::Value& value, const std::string& field);

}  // namespace cortex

#endif  // CORTEX_SERVER_BATCH_PROTO_H_

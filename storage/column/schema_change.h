// Changes of a table that is in use. Each one gives a new definition with the next schema id; columns are tied to stored
// rows by their ids, which are never given twice, so that no stored row has to change.
#ifndef CORTEX_STORAGE_COLUMN_SCHEMA_CHANGE_H_
#define CORTEX_STORAGE_COLUMN_SCHEMA_CHANGE_H_

#include <optional>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "storage/column/schema.h"

namespace cortex {

// Comes last. Nullable or with a default: rows that exist already need a value.
struct AddColumn {
  ColumnDefinition column;  // its id is ignored and given
};
// Neither key nor time. The name is free again; a column added under it later is another one.
struct DropColumn {
  std::string name;
};
struct RenameColumn {
  std::string from, to;
};
// For segments written from now on.
struct SetCompression {
  std::string column;
  Compression compression = Compression::kAuto;
  ZptvContract contract;
};
// What is absent stays as it is.
struct SetPolicy {
  std::optional<int64_t> hot_max_age_ns, warm_max_age_ns, warm_min_age_ns, ttl_ns, history_ns;
  std::optional<uint64_t> hot_max_rows, hot_max_bytes, warm_max_bytes;
  std::optional<ColdPartition> cold_partition;
};
using TableChange = std::variant<AddColumn, DropColumn, RenameColumn, SetCompression, SetPolicy>;

// The definition after the change. Errors: NOT_FOUND unknown column, with the nearest name; ALREADY_EXISTS the new name
// is taken; FAILED_PRECONDITION key, time or what the sharding reads; those of ValidateDefinition.
absl::StatusOr<TableDefinition> ApplyChange(const TableDefinition& table, const TableChange& change);

}  // namespace cortex

#endif  // CORTEX_STORAGE_COLUMN_SCHEMA_CHANGE_H_

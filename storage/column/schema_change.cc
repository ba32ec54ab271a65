#include "storage/column/schema_change.h"

#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"

namespace cortex {
namespace {

absl::StatusOr<uint32_t> Find(const TableDefinition& table, const std::string& name) {
  if (const auto ordinal = table.FindColumn(name)) return *ordinal;
  std::vector<std::string> names;
  for (const ColumnDefinition& column : table.columns) names.push_back(column.name);
  const auto nearest = NearestName(name, names);
  return absl::NotFoundError(absl::StrFormat("unknown column \"%s\": table \"%s\"%s", name, table.name,
                                             nearest ? absl::StrFormat("; did you mean \"%s\"?", *nearest) : ""));
}

absl::Status CheckFree(const TableDefinition& table, const std::string& name) {
  if (!table.FindColumn(name)) return absl::OkStatus();
  return absl::AlreadyExistsError(absl::StrFormat("column \"%s\" exists already: table \"%s\"", name, table.name));
}

class Changer {
 public:
  explicit Changer(TableDefinition* table) : table_(*table) {}

  absl::Status operator()(const AddColumn& add) {
    RETURN_IF_ERROR(CheckFree(table_, add.column.name));
    if (!add.column.nullable && add.column.default_value == nullptr) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "a column added to a table must be nullable or have a default: table \"%s\", column \"%s\"", table_.name,
          add.column.name));
    }
    table_.columns.push_back(add.column);
    table_.columns.back().id = ColumnId(table_.next_column_id++);
    return absl::OkStatus();
  }

  absl::Status operator()(const DropColumn& drop) {
    ASSIGN_OR_RETURN(const uint32_t ordinal, Find(table_, drop.name));
    if (drop.name == table_.key_column || drop.name == table_.time_column) {
      return Refused(drop.name, drop.name == table_.key_column ? "is the key column" : "is the time column");
    }
    if (IsReadBySharding(drop.name)) return Refused(drop.name, "decides the shard of a row");
    table_.columns.erase(table_.columns.begin() + ordinal);
    return absl::OkStatus();
  }

  absl::Status operator()(const RenameColumn& rename) {
    ASSIGN_OR_RETURN(const uint32_t ordinal, Find(table_, rename.from));
    RETURN_IF_ERROR(CheckFree(table_, rename.to));
    if (IsReadBySharding(rename.from)) return Refused(rename.from, "decides the shard of a row, by its name");
    table_.columns[ordinal].name = rename.to;
    if (table_.key_column == rename.from) table_.key_column = rename.to;
    if (table_.time_column == rename.from) table_.time_column = rename.to;
    return absl::OkStatus();
  }

  absl::Status operator()(const SetCompression& set) {
    ASSIGN_OR_RETURN(const uint32_t ordinal, Find(table_, set.column));
    table_.columns[ordinal].compression = set.compression;
    table_.columns[ordinal].contract = set.contract;
    return absl::OkStatus();
  }

  absl::Status operator()(const SetPolicy& set) {
    TierPolicy& policy = table_.policy;
    policy.hot_max_age_ns = set.hot_max_age_ns.value_or(policy.hot_max_age_ns);
    policy.hot_max_rows = set.hot_max_rows.value_or(policy.hot_max_rows);
    policy.hot_max_bytes = set.hot_max_bytes.value_or(policy.hot_max_bytes);
    policy.warm_max_age_ns = set.warm_max_age_ns.value_or(policy.warm_max_age_ns);
    policy.warm_max_bytes = set.warm_max_bytes.value_or(policy.warm_max_bytes);
    policy.warm_min_age_ns = set.warm_min_age_ns.value_or(policy.warm_min_age_ns);
    policy.cold_partition = set.cold_partition.value_or(policy.cold_partition);
    policy.ttl_ns = set.ttl_ns.value_or(policy.ttl_ns);
    table_.history_ns = set.history_ns.value_or(table_.history_ns);
    return absl::OkStatus();
  }

 private:
  // Placements of keys stand, but new rows would be spread by another rule than old ones.
  bool IsReadBySharding(const std::string& name) const {
    return table_.sharding == ShardingKind::kFmo &&
           (name == "fractal_dimension" || name == "css_coupling_strength" || name == "css_field_state");
  }

  absl::Status Refused(const std::string& column, std::string_view why) const {
    return absl::FailedPreconditionError(
        absl::StrFormat("column \"%s\" %s: table \"%s\"", column, why, table_.name));
  }

  TableDefinition& table_;
};

}  // namespace

absl::StatusOr<TableDefinition> ApplyChange(const TableDefinition& table, const TableChange& change) {
  TableDefinition changed = table;
  RETURN_IF_ERROR(std::visit(Changer(&changed), change));
  changed.schema_id = table.schema_id + 1;
  RETURN_IF_ERROR(ValidateDefinition(changed));
  return changed;
}

}  // namespace cortex

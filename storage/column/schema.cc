#include "storage/column/schema.h"

#include <cmath>
#include <set>
#include <utility>

#include "absl/strings/str_format.h"
#include "storage/column/column.h"
#include "storage/column/utf8.h"

namespace cortex {
namespace {

constexpr size_t kMaxColumns = 1024;
constexpr size_t kMaxNameBytes = 128;

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

absl::Status TableError(const TableDefinition& table, std::string_view problem) {
  return absl::InvalidArgumentError(absl::StrFormat("%s: table \"%s\"", problem, table.name));
}

absl::Status ColumnError(const TableDefinition& table, const ColumnDefinition& column, std::string_view problem) {
  return absl::InvalidArgumentError(
      absl::StrFormat("%s: table \"%s\", column \"%s\"", problem, table.name, column.name));
}

absl::Status ValidateName(const TableDefinition& table, std::string_view name, std::string_view what) {
  if (!IsValidName(name)) {
    return TableError(table, absl::StrFormat("bad %s name \"%s\": a letter or '_', then letters, digits or '_', "
                                             "at most %d bytes",
                                             what, name, kMaxNameBytes));
  }
  if (name.front() == '_') {
    return TableError(table, absl::StrFormat("%s name \"%s\" is reserved: names beginning with '_' are the server's",
                                             what, name));
  }
  return absl::OkStatus();
}

// A default that no row could hold would be found out by the first row that needs it.
absl::Status ValidateDefault(const TableDefinition& table, const ColumnDefinition& column) {
  if (column.default_value == nullptr) return absl::OkStatus();
  const Column& value = *column.default_value;
  if (column.name == table.key_column || column.name == table.time_column) {
    return ColumnError(table, column, "key and time column take no default");
  }
  if (value.type() != column.type || value.row_count() != 1 || value.IsNull(0)) {
    return ColumnError(table, column, absl::StrFormat("default value is not one %s", column.type.ToString()));
  }
  if (!column.type.is_string()) return absl::OkStatus();
  if (column.type.length != 0 && value.StringAt(0).size() > column.type.length) {
    return ColumnError(table, column, absl::StrFormat("default value too long: %d bytes, at most %d",
                                                      value.StringAt(0).size(), column.type.length));
  }
  if (column.type.kind == TypeKind::kString && !IsValidUtf8(value.StringAt(0))) {
    return ColumnError(table, column, "default value is not valid UTF-8");
  }
  return absl::OkStatus();
}

absl::Status ValidateContract(const TableDefinition& table, const ColumnDefinition& column) {
  using Kind = ZptvContract::Kind;
  const ZptvContract& contract = column.contract;
  if (contract.kind == Kind::kLossless) {
    return contract.bound == 0 ? absl::OkStatus() : ColumnError(table, column, "lossless zptv takes no bound");
  }
  if (column.compression != Compression::kZptv) return ColumnError(table, column, "only compression zptv takes a bound");
  if (column.type.is_list() || !IsFloat(column.type.shape().type)) {
    return ColumnError(table, column, absl::StrFormat("a zptv bound needs floats, complex numbers or vectors of them, "
                                                      "got %s",
                                                      column.type.ToString()));
  }
  if (!(contract.bound > 0) || !std::isfinite(contract.bound)) {
    return ColumnError(table, column, absl::StrFormat("zptv bound must be positive and finite, got %g", contract.bound));
  }
  if (contract.kind == Kind::kRowL2 && !column.type.is_vector()) {
    return ColumnError(table, column, "zptv bound row_l2 is for vectors; point is the same for single numbers");
  }
  if (contract.kind == Kind::kPhase16 && !column.type.is_complex()) {
    return ColumnError(table, column, "zptv bound phase16 is for complex numbers");
  }
  return absl::OkStatus();
}

absl::Status ValidateColumn(const TableDefinition& table, const ColumnDefinition& column) {
  if (absl::Status name = ValidateName(table, column.name, "column"); !name.ok()) return name;
  if (absl::Status type = ValidateType(column.type); !type.ok()) {
    return ColumnError(table, column, std::string(type.message()));
  }
  if (absl::Status contract = ValidateContract(table, column); !contract.ok()) return contract;
  return ValidateDefault(table, column);
}

// The key and the time column: present, of their one type, never null.
absl::Status ValidateRole(const TableDefinition& table, std::string_view role, std::string_view name, TypeKind kind) {
  const std::optional<uint32_t> ordinal = table.FindColumn(name);
  if (!ordinal.has_value()) return TableError(table, absl::StrFormat("%s column \"%s\" is not a column", role, name));
  const ColumnDefinition& column = table.columns[*ordinal];
  if (column.type.kind != kind) {
    return ColumnError(table, column, absl::StrFormat("%s column must be %s, got %s", role, TypeKindName(kind),
                                                      column.type.ToString()));
  }
  if (column.nullable) return ColumnError(table, column, absl::StrFormat("%s column must not be nullable", role));
  return absl::OkStatus();
}

absl::Status ValidateSharding(const TableDefinition& table) {
  if (table.sharding != ShardingKind::kFmo) return absl::OkStatus();
  const std::optional<uint32_t> dimension = table.FindColumn("fractal_dimension");
  if (!dimension.has_value()) return TableError(table, "fmo sharding needs a column \"fractal_dimension\"");
  const ColumnDefinition& column = table.columns[*dimension];
  if (column.type.kind == TypeKind::kFloat64) return absl::OkStatus();
  return ColumnError(table, column, absl::StrFormat("fmo sharding reads a float64, got %s", column.type.ToString()));
}

// What the catalog would call damage at the next start.
absl::Status ValidateTimes(const TableDefinition& table) {
  const TierPolicy& policy = table.policy;
  const std::pair<std::string_view, int64_t> times[] = {{"longest stay in hot", policy.hot_max_age_ns},
                                                        {"longest stay in warm", policy.warm_max_age_ns},
                                                        {"shortest stay in warm", policy.warm_min_age_ns},
                                                        {"time to live", policy.ttl_ns},
                                                        {"history", table.history_ns}};
  for (const auto& [what, time_ns] : times) {
    if (time_ns < 0) return TableError(table, absl::StrFormat("negative %s: %d ns", what, time_ns));
  }
  return absl::OkStatus();
}

}  // namespace

std::optional<uint32_t> TableDefinition::FindColumn(std::string_view column_name) const {
  for (uint32_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name == column_name) return i;
  }
  return std::nullopt;
}

absl::Status ValidateDefinition(const TableDefinition& table) {
  if (absl::Status name = ValidateName(table, table.name, "table"); !name.ok()) return name;
  if (table.columns.size() > kMaxColumns) {
    return TableError(table, absl::StrFormat("too many columns: %d, at most %d", table.columns.size(), kMaxColumns));
  }
  std::set<std::string_view> names;
  for (const ColumnDefinition& column : table.columns) {
    if (absl::Status valid = ValidateColumn(table, column); !valid.ok()) return valid;
    if (!names.insert(column.name).second) return ColumnError(table, column, "column name used twice");
  }
  if (absl::Status key = ValidateRole(table, "key", table.key_column, TypeKind::kString); !key.ok()) return key;
  if (absl::Status time = ValidateRole(table, "time", table.time_column, TypeKind::kTimestamp); !time.ok()) return time;
  if (absl::Status times = ValidateTimes(table); !times.ok()) return times;
  return ValidateSharding(table);
}

bool IsValidName(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameBytes || IsDigit(name.front())) return false;
  for (const char c : name) {
    if (!IsLetter(c) && !IsDigit(c) && c != '_') return false;
  }
  return true;
}

}  // namespace cortex

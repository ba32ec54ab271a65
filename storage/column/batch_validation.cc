// ValidateBatch, the last gate before the log. First the structure of every column (so that nothing later reads out of
// bounds), then its values, then what concerns whole rows. Each check has a cheap form that settles the usual batch in
// one pass over contiguous memory, and an exact form that runs only to find the offending row.
#include <algorithm>
#include <cstring>
#include <optional>
#include <string>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "storage/column/batch.h"
#include "storage/column/utf8.h"

namespace cortex {
namespace {

absl::Status RowError(const Batch& batch, uint32_t row, std::string_view column, std::string_view problem) {
  return absl::InvalidArgumentError(
      absl::StrFormat("%s: table \"%s\", row %d, column \"%s\"", problem, batch.table->name, row, column));
}

absl::Status ColumnError(const Batch& batch, std::string_view column, std::string_view problem) {
  return absl::InvalidArgumentError(
      absl::StrFormat("%s: table \"%s\", column \"%s\"", problem, batch.table->name, column));
}

bool IsAscending(absl::Span<const uint32_t> offsets) {
  bool ascending = true;
  for (size_t i = 1; i < offsets.size(); ++i) ascending &= offsets[i - 1] <= offsets[i];
  return ascending;
}

// --- structure ----------------------------------------------------------------------------------------------------

absl::Status CheckCodes(const Batch& batch, const ColumnDefinition& definition, const Column& column) {
  const uint32_t entries = column.dictionary().size();
  for (uint32_t row = 0; row < batch.row_count; ++row) {
    if (column.codes()[row] >= entries && !column.IsNull(row)) {
      return RowError(batch, row, definition.name,
                      absl::StrFormat("dictionary code out of range: %d of %d entries", column.codes()[row], entries));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckStructure(const Batch& batch, const ColumnDefinition& definition, const Column& column) {
  if (column.type() != definition.type) {
    return ColumnError(batch, definition.name,
                       absl::StrFormat("wrong type: expected %s, got %s", definition.type.ToString(),
                                       column.type().ToString()));
  }
  if (column.row_count() != batch.row_count) {
    return ColumnError(batch, definition.name,
                       absl::StrFormat("wrong row count: expected %d, got %d", batch.row_count, column.row_count()));
  }
  const ValueSpan values = column.values();
  bool consistent = true;
  if (column.is_dictionary()) {
    consistent = column.codes().size() == batch.row_count;
  } else if (column.type().is_list()) {
    const absl::Span<const uint32_t> offsets = column.list_offsets();
    consistent = offsets.size() == size_t{batch.row_count} + 1 && offsets.front() == 0 &&
                 offsets.back() == values.row_count && IsAscending(offsets);
  } else {
    consistent = values.row_count == batch.row_count;
  }
  if (consistent && !column.is_dictionary() && values.shape.type == PhysicalType::kBytes) {
    consistent = IsAscending({values.offsets, size_t{values.row_count} + 1});
  }
  if (!consistent) return ColumnError(batch, definition.name, "values and offsets do not agree with the row count");
  return column.is_dictionary() ? CheckCodes(batch, definition, column) : absl::OkStatus();
}

// --- values -------------------------------------------------------------------------------------------------------

absl::Status CheckPresence(const Batch& batch, const ColumnDefinition& definition, const Column& column, bool is_key) {
  if (!definition.nullable && column.null_count() > 0) {
    for (uint32_t row = 0; row < batch.row_count; ++row) {
      if (column.IsNull(row)) return RowError(batch, row, definition.name, "NULL in a column that is not nullable");
    }
  }
  if (!is_key) return absl::OkStatus();
  for (uint32_t row = 0; row < batch.row_count; ++row) {
    if (column.StringAt(row).empty()) return RowError(batch, row, definition.name, "empty key");
  }
  return absl::OkStatus();
}

absl::Status CheckBools(const Batch& batch, const ColumnDefinition& definition, const Column& column) {
  const auto values = column.values_as<uint8_t>();
  uint8_t seen = 0;
  for (const uint8_t value : values) seen |= value;
  if (seen <= 1) return absl::OkStatus();
  const auto bad = std::find_if(values.begin(), values.end(), [](uint8_t value) { return value > 1; });
  return RowError(batch, static_cast<uint32_t>(bad - values.begin()), definition.name,
                  absl::StrFormat("bool must be 0 or 1, got %d", *bad));
}

// What is wrong with one string, if anything.
std::optional<std::string> StringProblem(std::string_view value, uint32_t max_bytes, bool check_utf8) {
  if (max_bytes != 0 && value.size() > max_bytes) {
    return absl::StrFormat("string too long: %d bytes, at most %d", value.size(), max_bytes);
  }
  if (check_utf8 && !IsValidUtf8(value)) return "string is not valid UTF-8";
  return std::nullopt;
}

uint32_t LongestString(const ValueSpan& strings) {
  uint32_t longest = 0;
  for (uint32_t i = 0; i < strings.row_count; ++i) {
    longest = std::max(longest, strings.offsets[i + 1] - strings.offsets[i]);
  }
  return longest;
}

// The first of `strings` with a problem. ASCII within the limit, the usual case, is settled without looking at single
// strings; anything else has to be, for a character may not straddle two of them.
std::optional<uint32_t> FindBadString(const ValueSpan& strings, uint32_t max_bytes, std::string* problem) {
  if (strings.row_count == 0) return std::nullopt;
  const uint32_t begin = strings.offsets[0];
  const bool ascii = IsAscii({strings.bytes + begin, size_t{strings.offsets[strings.row_count] - begin}});
  if (ascii && (max_bytes == 0 || LongestString(strings) <= max_bytes)) return std::nullopt;
  for (uint32_t i = 0; i < strings.row_count; ++i) {
    if (const auto found = StringProblem(strings.StringAt(i), max_bytes, !ascii); found.has_value()) {
      *problem = *found;
      return i;
    }
  }
  return std::nullopt;
}

// Every entry in use once, however many rows use it.
absl::Status CheckDictionaryStrings(const Batch& batch, const ColumnDefinition& definition, const Column& column) {
  std::vector<bool> good(column.dictionary().size(), false);
  for (uint32_t row = 0; row < batch.row_count; ++row) {
    if (column.IsNull(row) || good[column.codes()[row]]) continue;
    const auto problem = StringProblem(column.StringAt(row), definition.type.length, true);
    if (problem.has_value()) return RowError(batch, row, definition.name, *problem);
    good[column.codes()[row]] = true;
  }
  return absl::OkStatus();
}

absl::Status CheckStrings(const Batch& batch, const ColumnDefinition& definition, const Column& column) {
  if (column.is_dictionary()) return CheckDictionaryStrings(batch, definition, column);
  std::string problem;
  std::optional<uint32_t> bad = FindBadString(column.values(), definition.type.length, &problem);
  if (!bad.has_value()) return absl::OkStatus();
  if (column.type().is_list()) {  // from element to row
    const absl::Span<const uint32_t> offsets = column.list_offsets();
    bad = static_cast<uint32_t>(std::upper_bound(offsets.begin(), offsets.end(), *bad) - offsets.begin() - 1);
  }
  return RowError(batch, *bad, definition.name, problem);
}

absl::Status CheckValues(const Batch& batch, const ColumnDefinition& definition, const Column& column) {
  switch (definition.type.kind) {
    case TypeKind::kBool:
      return CheckBools(batch, definition, column);
    case TypeKind::kString:
    case TypeKind::kListString:
      return CheckStrings(batch, definition, column);
    default:
      return absl::OkStatus();
  }
}

// --- rows ---------------------------------------------------------------------------------------------------------

uint64_t VariableRowBytes(const Column& column, uint32_t row) {
  if (column.type().is_string()) return column.StringAt(row).size();
  if (!column.type().is_list()) return 0;
  const uint32_t begin = column.list_offsets()[row];
  const uint32_t end = column.list_offsets()[row + 1];
  const ValueSpan elements = column.elements();
  if (elements.shape.type != PhysicalType::kBytes) return uint64_t{end - begin} * elements.shape.row_bytes();
  return elements.offsets[end] - elements.offsets[begin];
}

// An upper bound for every row: all variable bytes of the column at once.
uint64_t MaxVariableBytes(const Column& column) {
  if (!column.type().is_string() && !column.type().is_list()) return 0;
  if (!column.is_dictionary()) return column.values().byte_size();
  uint64_t longest = 0;
  for (uint32_t row = 0; row < column.row_count(); ++row) {
    longest = std::max<uint64_t>(longest, column.StringAt(row).size());
  }
  return longest;
}

absl::Status CheckRowBytes(const Batch& batch) {
  uint64_t fixed_bytes = 0;
  uint64_t bound = 0;
  for (const Column& column : batch.columns) {
    if (!column.type().is_list()) fixed_bytes += column.type().shape().row_bytes();
    bound += MaxVariableBytes(column);
  }
  if (fixed_bytes + bound <= kMaxRowBytes) return absl::OkStatus();
  for (uint32_t row = 0; row < batch.row_count; ++row) {
    uint64_t bytes = 0;
    for (const Column& column : batch.columns) {
      if (column.IsNull(row)) continue;
      bytes += column.type().is_list() ? 0 : column.type().shape().row_bytes();
      bytes += VariableRowBytes(column, row);
    }
    if (bytes <= kMaxRowBytes) continue;
    return absl::InvalidArgumentError(absl::StrFormat("row larger than 1 MiB: table \"%s\", row %d, %d bytes",
                                                      batch.table->name, row, bytes));
  }
  return absl::OkStatus();
}

const Column* FindList(const Batch& batch, std::string_view name) {
  const std::optional<uint32_t> ordinal = batch.table->FindColumn(name);
  return ordinal.has_value() && batch.columns[*ordinal].type().is_list() ? &batch.columns[*ordinal] : nullptr;
}

uint32_t ListLength(const Column* list, uint32_t row) {
  return list == nullptr ? 0 : list->list_offsets()[row + 1] - list->list_offsets()[row];
}

// A relation row describes its parents, then its children: one entry each, or none at all.
absl::Status CheckRelations(const Batch& batch) {
  const Column* const parents = FindList(batch, "parent_entities");
  const Column* const children = FindList(batch, "child_entities");
  if (parents == nullptr && children == nullptr) return absl::OkStatus();
  for (const std::string_view name : {"relationship_types", "relationship_strengths"}) {
    const Column* const described = FindList(batch, name);
    if (described == nullptr) continue;
    for (uint32_t row = 0; row < batch.row_count; ++row) {
      const uint32_t length = ListLength(described, row);
      const uint32_t expected = ListLength(parents, row) + ListLength(children, row);
      if (length == 0 || length == expected) continue;
      return RowError(batch, row, name,
                      absl::StrFormat("list length must be 0 or parents + children: expected %d, got %d", expected,
                                      length));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckShape(const Batch& batch) {
  const TableDefinition& table = *batch.table;
  if (batch.row_count == 0) {
    return absl::InvalidArgumentError(absl::StrFormat("batch without rows: table \"%s\"", table.name));
  }
  if (batch.row_count > kMaxBatchRows) {
    return absl::InvalidArgumentError(absl::StrFormat("too many rows in one batch: table \"%s\", %d rows, at most %d",
                                                      table.name, batch.row_count, kMaxBatchRows));
  }
  if (batch.columns.size() != table.columns.size()) {
    return absl::InvalidArgumentError(absl::StrFormat("wrong column count: table \"%s\", expected %d, got %d",
                                                      table.name, table.columns.size(), batch.columns.size()));
  }
  return absl::OkStatus();
}

absl::Status CheckColumn(const Batch& batch, size_t ordinal) {
  const ColumnDefinition& definition = batch.table->columns[ordinal];
  const Column& column = batch.columns[ordinal];
  RETURN_IF_ERROR(CheckStructure(batch, definition, column));
  RETURN_IF_ERROR(CheckPresence(batch, definition, column, definition.name == batch.table->key_column));
  return CheckValues(batch, definition, column);
}

}  // namespace

absl::Status ValidateBatch(const Batch& batch) {
  RETURN_IF_ERROR(CheckShape(batch));
  for (size_t i = 0; i < batch.columns.size(); ++i) RETURN_IF_ERROR(CheckColumn(batch, i));
  RETURN_IF_ERROR(CheckRowBytes(batch));
  return CheckRelations(batch);
}

absl::Status ValidatePartialBatch(const Batch& batch, const std::vector<bool>& present) {
  RETURN_IF_ERROR(CheckShape(batch));
  for (size_t i = 0; i < batch.columns.size(); ++i) {
    if (present[i]) {
      RETURN_IF_ERROR(CheckColumn(batch, i));
    } else {
      RETURN_IF_ERROR(CheckStructure(batch, batch.table->columns[i], batch.columns[i]));
    }
  }
  return absl::OkStatus();
}

}  // namespace cortex

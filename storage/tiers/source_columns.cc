#include "storage/tiers/source_columns.h"

#include <map>
#include <utility>
#include <vector>

#include "codecs/bytes/status_macros.h"

namespace cortex {
namespace {

// What one row takes in memory that holds the column's default.
uint64_t DefaultRowBytes(const ColumnDefinition& column) {
  if (!column.type.is_string() && !column.type.is_list()) return column.type.shape().row_bytes();
  const uint64_t value_bytes = column.default_value == nullptr ? 0 : column.default_value->memory_bytes();
  return value_bytes + sizeof(uint32_t);
}

}  // namespace

absl::StatusOr<SourceColumns> SourceColumnsOf(std::shared_ptr<const TableDefinition> table,
                                              absl::Span<const LiveSegment> sources) {
  uint64_t rows = 0;
  SourceColumns found;
  std::map<ColumnId, uint64_t> rows_with;  // rows in files that have the column
  for (const LiveSegment& source : sources) {
    const SegmentRecord& record = source.file->record();
    ASSIGN_OR_RETURN(const std::vector<SegmentColumnStats> columns, source.file->reader()->ColumnStats());
    for (const SegmentColumnStats& column : columns) rows_with[column.column] += record.row_count;
    rows += record.row_count;
    found.raw_bytes += record.raw_bytes;
  }
  auto schema = std::make_shared<TableDefinition>(*table);
  std::erase_if(schema->columns, [&](const ColumnDefinition& column) { return rows_with.count(column.id) == 0; });
  for (const ColumnDefinition& column : schema->columns) {
    found.raw_bytes += (rows - rows_with[column.id]) * DefaultRowBytes(column);
  }
  const bool has_all = schema->columns.size() == table->columns.size();
  found.schema = has_all ? std::move(table) : std::move(schema);
  return found;
}

}  // namespace cortex

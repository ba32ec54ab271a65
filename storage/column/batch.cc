#include "storage/column/batch.h"

#include <utility>

namespace cortex {

Batch Batch::For(std::shared_ptr<const TableDefinition> table) {
  Batch batch;
  batch.columns.reserve(table->columns.size());
  for (const ColumnDefinition& column : table->columns) batch.columns.emplace_back(column.type);
  batch.table = std::move(table);
  return batch;
}

size_t Batch::memory_bytes() const {
  size_t bytes = 0;
  for (const Column& column : columns) bytes += column.memory_bytes();
  for (const Bitmap& rows : exact_rows) bytes += rows.memory_bytes();
  return bytes;
}

void Batch::SetExactRows(size_t ordinal, Bitmap rows) {
  if (rows.CountOnes() == 0) return;
  exact_rows.resize(columns.size());
  exact_rows[ordinal] = std::move(rows);
}

}  // namespace cortex

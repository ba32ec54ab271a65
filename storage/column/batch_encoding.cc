// A batch as it stands in the WAL; FORMAT.md shows the boxes. Columns are told apart by their ids, so that a batch of an
// older schema still fits: what was added since gets its default, what was dropped is passed over.
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_reader.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "storage/column/batch.h"
#include "storage/column/column_default.h"
#include "storage/column/column_encoding.h"

namespace cortex {
namespace {

absl::Status Malformed(std::string_view what) {
  return absl::DataLossError(absl::StrFormat("malformed batch: %s", what));
}

struct BatchHeader {
  uint32_t table_id = 0, schema_id = 0, row_count = 0, column_count = 0;
};

absl::Status ReadHeader(ByteReader* reader, const TableDefinition& table, BatchHeader* header) {
  RETURN_IF_ERROR(reader->Read(&header->table_id));
  RETURN_IF_ERROR(reader->Read(&header->schema_id));
  RETURN_IF_ERROR(reader->Read(&header->row_count));
  RETURN_IF_ERROR(reader->Read(&header->column_count));
  if (header->table_id != table.id.value()) {
    return Malformed(absl::StrFormat("table id %d where %d was expected", header->table_id, table.id.value()));
  }
  if (header->schema_id > table.schema_id) {
    return absl::FailedPreconditionError(absl::StrFormat("batch of a later schema: table \"%s\", schema %d, batch %d",
                                                         table.name, table.schema_id, header->schema_id));
  }
  if (header->schema_id == table.schema_id && header->column_count != table.columns.size()) {
    return Malformed("column count is not the schema's");
  }
  if (header->row_count > kMaxBatchRows) return Malformed(absl::StrFormat("%d rows", header->row_count));
  return absl::OkStatus();
}

std::optional<uint32_t> OrdinalOf(const TableDefinition& table, ColumnId id, uint32_t likely) {
  if (likely < table.columns.size() && table.columns[likely].id == id) return likely;
  for (uint32_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].id == id) return i;
  }
  return std::nullopt;
}

}  // namespace

void EncodeBatch(const Batch& batch, std::string* out) {
  out->reserve(out->size() + batch.memory_bytes() + 64 * (batch.columns.size() + 1));
  ByteWriter writer(out);
  writer.Put<uint32_t>(batch.table->id.value());
  writer.Put<uint32_t>(batch.table->schema_id);
  writer.Put<uint32_t>(batch.row_count);
  writer.Put<uint32_t>(static_cast<uint32_t>(batch.columns.size()));
  for (size_t i = 0; i < batch.columns.size(); ++i) {
    EncodeColumn(batch.columns[i], batch.table->columns[i].id, batch.ExactRows(i), out);
  }
}

absl::StatusOr<Batch> DecodeBatch(std::string_view bytes, std::shared_ptr<const TableDefinition> table) {
  ByteReader reader(bytes);
  BatchHeader header;
  RETURN_IF_ERROR(ReadHeader(&reader, *table, &header));
  Batch batch = Batch::For(std::move(table));
  batch.row_count = header.row_count;
  std::vector<bool> found(batch.columns.size(), false);
  for (uint32_t i = 0; i < header.column_count; ++i) {
    EncodedColumn column;
    RETURN_IF_ERROR(ReadEncodedColumn(&reader, &column));
    const std::optional<uint32_t> ordinal = OrdinalOf(*batch.table, column.id, i);
    if (!ordinal.has_value()) {
      if (header.schema_id != batch.table->schema_id) continue;  // dropped since
      return Malformed(absl::StrFormat("column id %d is not the schema's", column.id.value()));
    }
    if (found[*ordinal]) return Malformed(absl::StrFormat("column id %d twice", column.id.value()));
    Bitmap exact_rows;
    RETURN_IF_ERROR(DecodeColumn(column, header.row_count, &batch.columns[*ordinal], &exact_rows));
    batch.SetExactRows(*ordinal, std::move(exact_rows));
    found[*ordinal] = true;
  }
  if (reader.remaining() != 0) return Malformed(absl::StrFormat("%d bytes too many", reader.remaining()));
  for (size_t i = 0; i < found.size(); ++i) {
    if (!found[i]) AppendDefaults(batch.table->columns[i], batch.row_count, &batch.columns[i]);
  }
  return batch;
}

Batch AdaptBatch(const Batch& batch, std::shared_ptr<const TableDefinition> table) {
  Batch adapted = Batch::For(std::move(table));
  adapted.row_count = batch.row_count;
  for (size_t i = 0; i < adapted.columns.size(); ++i) {
    const ColumnDefinition& column = adapted.table->columns[i];
    if (const auto ordinal = OrdinalOf(*batch.table, column.id, static_cast<uint32_t>(i))) {
      adapted.columns[i].AppendRows(batch.columns[*ordinal], 0, batch.row_count);
      if (batch.ExactRows(*ordinal) != nullptr) adapted.SetExactRows(i, *batch.ExactRows(*ordinal));
    } else {
      AppendDefaults(column, batch.row_count, &adapted.columns[i]);
    }
  }
  return adapted;
}

}  // namespace cortex

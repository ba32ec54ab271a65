#include "storage/content_hash.h"

#include <string>

#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/checksum.h"

namespace cortex {
namespace {

void PutStrings(const Column& column, ByteWriter* writer) {
  for (uint32_t row = 0; row < column.row_count(); ++row) {
    const std::string_view value = column.StringAt(row);
    writer->Put(static_cast<uint32_t>(value.size()));
    writer->PutBytes(AsBytes(value));
  }
}

void PutElements(const ValueSpan& elements, ByteWriter* writer) {
  if (elements.shape.type != PhysicalType::kBytes) return writer->PutBytes({elements.fixed, elements.byte_size()});
  for (uint32_t i = 0; i < elements.row_count; ++i) {
    const uint32_t begin = elements.offsets[i];
    const uint32_t end = elements.offsets[i + 1];
    writer->Put(end - begin);
    writer->PutBytes(AsBytes(std::string_view(elements.bytes + begin, end - begin)));
  }
}

// Null rows hold zeros, so the values need no mask; the mask is there to tell NULL from zero.
uint64_t HashColumn(const Column& column) {
  const auto bytes_of = [](const auto* values, size_t count) {
    return absl::MakeConstSpan(reinterpret_cast<const std::byte*>(values), count * sizeof(*values));
  };
  uint64_t validity = 0;
  if (column.null_count() != 0) {
    validity = Checksum64(bytes_of(column.validity_words(), WordsForBits(column.row_count())));
  }
  std::string scratch;
  ByteWriter writer(&scratch);
  writer.Put(validity);
  if (column.type().is_string()) {
    PutStrings(column, &writer);
  } else if (column.type().is_list()) {
    writer.PutBytes(bytes_of(column.list_offsets().data(), column.list_offsets().size()));
    PutElements(column.elements(), &writer);
  } else {
    // Wide values are hashed where they are.
    writer.Put(Checksum64({column.values().fixed, column.values().byte_size()}));
  }
  return Checksum64(std::string_view(scratch));
}

// Whether rows of `column` hold `value`, a column of one row, each.
bool HoldsEverywhere(const Column& column, const Column& value) {
  if (column.null_count() != 0) return false;
  const uint64_t list_hash = column.type().is_list() ? HashColumn(value) : 0;
  for (uint32_t row = 0; row < column.row_count(); ++row) {
    bool same = false;
    if (column.type().is_string()) {
      same = column.StringAt(row) == value.StringAt(0);
    } else if (column.type().is_list()) {
      Column alone(column.type());
      alone.AppendRows(column, row, 1);
      same = HashColumn(alone) == list_hash;
    } else {
      same = column.FixedAt(row) == value.FixedAt(0);
    }
    if (!same) return false;
  }
  return true;
}

// Whether a column of whole rows says what it would say if it had been left out.
bool SaysNothing(const ColumnDefinition& definition, const Column& column) {
  if (definition.default_value == nullptr) return column.null_count() == column.row_count();
  return HoldsEverywhere(column, *definition.default_value);
}

}  // namespace

uint64_t ContentHash(const IngestRequest& request) {
  const Batch& batch = request.batch;
  std::string summary;
  ByteWriter writer(&summary);
  writer.Put(batch.table->id.value());
  writer.Put(static_cast<uint8_t>(request.mode));
  writer.Put(batch.row_count);
  for (size_t i = 0; i < batch.columns.size(); ++i) {
    const Column& column = batch.columns[i];
    // What is merged in replaces a value, whatever it is; in a whole row a default says what an absent column says.
    const bool absent = request.mode == IngestMode::kMerge ? !request.present.empty() && !request.present[i]
                                                           : SaysNothing(batch.table->columns[i], column);
    if (absent) continue;
    writer.Put(batch.table->columns[i].id.value());
    writer.Put(HashColumn(column));
  }
  return Checksum64(std::string_view(summary));
}

}  // namespace cortex

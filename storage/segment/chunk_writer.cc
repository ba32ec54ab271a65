#include "storage/segment/chunk_writer.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/codec_registry.h"
#include "storage/segment/sketch_rule.h"

namespace cortex {
namespace {

// A dense chunk needs a rank per row read: worth it only where null rows would cost many bytes.
bool StoreDense(const DataType& type, uint32_t null_count, uint32_t row_count) {
  if (null_count == 0 || type.is_list()) return false;
  if (type.is_string()) return uint64_t{null_count} * 2 >= row_count;
  return type.shape().row_bytes() > sizeof(uint64_t) && uint64_t{null_count} * 8 >= row_count;
}

// The rows as they are stored: null rows left out, or as zeros whatever the column holds there.
ValueBuffer StoredRows(const Column& column, bool dense) {
  ValueBuffer rows(column.type().shape());
  const bool is_string = column.type().is_string();
  for (uint32_t row = 0; row < column.row_count(); ++row) {
    if (column.IsNull(row)) {
      if (!dense) rows.AppendZeros(1);
    } else if (is_string) {
      rows.AppendString(column.StringAt(row));
    } else {
      const absl::Span<const std::byte> value = column.FixedAt(row);
      std::memcpy(rows.ExtendFixed(1), value.data(), value.size());
    }
  }
  return rows;
}

// The bits of the rows that are not null.
Bitmap OfPresentRows(const Column& column, const uint64_t* bits) {
  Bitmap present;
  for (uint32_t row = 0; row < column.row_count(); ++row) {
    if (!column.IsNull(row)) present.PushBack(GetBit(bits, row));
  }
  return present;
}

// The rows that are not null, of stored rows among which null ones stand as zeros.
ValueBuffer PresentRows(const Column& column, const ValueSpan& stored) {
  ValueBuffer rows(stored.shape);
  const size_t row_bytes = stored.shape.row_bytes();
  for (uint32_t row = 0; row < stored.row_count; ++row) {
    if (!column.IsNull(row)) std::memcpy(rows.ExtendFixed(1), stored.fixed + row * row_bytes, row_bytes);
  }
  return rows;
}

// What decides distances without reading the `stored` rows: sketches of the kinds that fit, and the range of all.
absl::Status WriteSketches(const Column& column, const ValueSpan& stored, const SketchChoice& choice, PieceWriter* out,
                           ChunkLayout* layout) {
  uint64_t taken = layout->values.bytes.length;
  for (const SketchKind kind : choice.kinds) {
    const bool is_base = kind == SketchKind::kEuclidean && layout->values.encoding == EncodingId::kSketched;
    const bool too_large = kind == SketchKind::kPolar && layout->statement.has_value();
    if (is_base || too_large || !IsSketched(column.type(), kind) || stored.row_count < kLeastSketchRows) continue;
    const uint64_t bytes = SketchSectionBytes(kind, stored.shape, stored.row_count);
    if (choice.within_raw && taken + bytes > stored.byte_size()) continue;
    taken += bytes;
    std::string section;
    AppendSketchSection(kind, stored, &section);
    SketchPiece piece{.kind = static_cast<uint32_t>(kind)};
    ASSIGN_OR_RETURN(piece.bytes, out->AppendPiece(AsBytes(section)));
    layout->sketches.push_back(piece);
  }
  if (layout->null_count == 0 || layout->dense) {
    layout->row_envelope = EncloseRows(stored);
  } else {
    layout->row_envelope = EncloseRows(PresentRows(column, stored).span());
  }
  return absl::OkStatus();
}

absl::StatusOr<EncodedPiece> AppendEncoded(const EncodedBytes& encoded, uint32_t row_count, PieceWriter* out) {
  EncodedPiece piece{.encoding = encoded.encoding, .row_count = row_count};
  ASSIGN_OR_RETURN(piece.bytes, out->AppendPiece(AsBytes(encoded.bytes)));
  return piece;
}

absl::StatusOr<EncodedPiece> WriteEncoded(const ValueSpan& rows, const EncodeOptions& options, PieceWriter* out) {
  if (rows.row_count == 0) return EncodedPiece{};
  ASSIGN_OR_RETURN(const EncodedBytes encoded, EncodeChunk(rows, options));
  return AppendEncoded(encoded, rows.row_count, out);
}

// The rows that a reader will decode, where a contract let them change.
absl::StatusOr<ValueBuffer> DecodeAsStored(const EncodedBytes& encoded, const ValueSpan& rows) {
  const MemorySource source(AsBytes(encoded.bytes));
  ASSIGN_OR_RETURN(const auto chunk, OpenChunk(encoded.encoding, &source, rows.shape, rows.row_count));
  ValueBuffer values(rows.shape);
  RETURN_IF_ERROR(chunk->Decode(0, rows.row_count, &values));
  return values;
}

// The zone map of `values`, which stand for those of `column`.
ZoneMap ZoneMapOf(const Column& column, const ValueSpan& values, bool dense) {
  Column stored(column.type());
  uint32_t next = 0;
  for (uint32_t row = 0; row < column.row_count(); ++row) {
    if (column.IsNull(row)) {
      stored.AppendNull();
      next += dense ? 0 : 1;
    } else {
      stored.AppendValues(values.Slice(next++, 1));
    }
  }
  return ComputeZoneMap(stored, 0, stored.row_count());
}

// Scalars, vectors and strings: encodes `rows`, which stand for those of `column`.
absl::Status WriteRows(const Column& column, const ValueSpan& rows, const EncodeOptions& options,
                       const SketchChoice& sketches, PieceWriter* out, ChunkLayout* layout) {
  if (rows.row_count == 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(const EncodedBytes encoded, EncodeChunk(rows, options));
  layout->statement = encoded.statement;
  ValueBuffer changed;
  ValueSpan stored = rows;
  const bool derived = layout->zone_map.has_value() || IsFloatVector(column.type());
  if (derived && options.contract.kind != ZptvContract::Kind::kLossless) {
    ASSIGN_OR_RETURN(changed, DecodeAsStored(encoded, rows));
    stored = changed.span();
    if (layout->zone_map.has_value()) layout->zone_map = ZoneMapOf(column, stored, layout->dense);
  }
  ASSIGN_OR_RETURN(layout->values, AppendEncoded(encoded, rows.row_count, out));
  return IsFloatVector(column.type()) ? WriteSketches(column, stored, sketches, out, layout) : absl::OkStatus();
}

uint64_t RawBytes(const Column& column) {
  if (!column.type().is_string()) {
    const uint64_t present = column.row_count() - column.null_count();
    return present * column.type().shape().row_bytes();
  }
  uint64_t bytes = 0;
  for (uint32_t row = 0; row < column.row_count(); ++row) {
    if (!column.IsNull(row)) bytes += column.StringAt(row).size() + sizeof(uint32_t);
  }
  return bytes;
}

// Lists: the elements of present rows one after the other, and where each row's elements end.
absl::Status WriteList(const Column& column, const EncodeOptions& options, PieceWriter* out, ChunkLayout* layout) {
  ValueBuffer elements(column.type().shape());
  std::vector<int32_t> ends;
  ends.reserve(column.row_count());
  const absl::Span<const uint32_t> offsets = column.list_offsets();
  for (uint32_t row = 0; row < column.row_count(); ++row) {
    if (!column.IsNull(row)) elements.Append(column.elements().Slice(offsets[row], offsets[row + 1] - offsets[row]));
    ends.push_back(static_cast<int32_t>(elements.row_count()));
  }
  if (elements.row_count() > INT32_MAX) {
    return absl::InvalidArgumentError("more than 2^31 list elements in a row group");
  }
  const ValueSpan end_rows{.shape = {PhysicalType::kInt32, 1},
                           .row_count = column.row_count(),
                           .fixed = reinterpret_cast<const std::byte*>(ends.data())};
  ASSIGN_OR_RETURN(layout->list_ends, WriteEncoded(end_rows, {.effort = options.effort}, out));
  ASSIGN_OR_RETURN(layout->values, WriteEncoded(elements.span(), options, out));
  const uint64_t present = column.row_count() - layout->null_count;
  layout->raw_bytes = elements.span().byte_size() + present * sizeof(uint32_t);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ChunkLayout> WriteChunk(const Column& column, EncodeOptions options,
                                       const SketchChoice& sketches, PieceWriter* out) {
  options.is_complex = column.type().is_complex();
  ChunkLayout layout{.null_count = column.null_count()};
  if (layout.null_count > 0 && layout.null_count < column.row_count()) {
    const size_t bytes = WordsForBits(column.row_count()) * sizeof(uint64_t);
    ASSIGN_OR_RETURN(layout.validity,
                     out->AppendPiece({reinterpret_cast<const std::byte*>(column.validity_words()), bytes}));
  }
  if (column.type().is_filterable()) layout.zone_map = ComputeZoneMap(column, 0, column.row_count());
  if (column.type().is_list()) {
    RETURN_IF_ERROR(WriteList(column, options, out, &layout));
    return layout;
  }
  layout.raw_bytes = RawBytes(column);
  layout.dense = StoreDense(column.type(), layout.null_count, column.row_count());
  if (layout.null_count == 0 && !column.is_dictionary()) {
    RETURN_IF_ERROR(WriteRows(column, column.values(), options, sketches, out, &layout));
    return layout;
  }
  const ValueBuffer rows = StoredRows(column, layout.dense);
  Bitmap exact_rows;
  if (layout.dense && options.exact_rows != nullptr) {
    exact_rows = OfPresentRows(column, options.exact_rows);
    options.exact_rows = exact_rows.words();
  }
  RETURN_IF_ERROR(WriteRows(column, rows.span(), options, sketches, out, &layout));
  return layout;
}

uint64_t SketchScratchBytes(const TableDefinition& table, uint32_t rows) {
  uint64_t largest = 0;
  for (const ColumnDefinition& column : table.columns) {
    if (!IsSketched(column.type, SketchKind::kEuclidean)) continue;
    const ValueShape shape = column.type.shape();
    const bool changes = column.contract.kind != ZptvContract::Kind::kLossless;
    const uint64_t decoded = changes ? uint64_t{rows} * shape.row_bytes() : 0;
    largest = std::max(largest, SketchSectionBytes(SketchKind::kEuclidean, shape, rows) + decoded);
  }
  return largest;
}

absl::StatusOr<EncodedPiece> WriteIntegers(absl::Span<const int64_t> values, EncodingEffort effort, PieceWriter* out) {
  const ValueSpan rows{.shape = {PhysicalType::kInt64, 1},
                       .row_count = static_cast<uint32_t>(values.size()),
                       .fixed = reinterpret_cast<const std::byte*>(values.data())};
  return WriteEncoded(rows, {.effort = effort}, out);
}

}  // namespace cortex

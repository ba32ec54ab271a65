#include "storage/segment/segment_footer.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <set>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "cortex/storage/v1/segment.pb.h"
#include "storage/segment/segment_format.h"

namespace cortex {
namespace {

namespace pb = ::cortex::storage::v1;

absl::Status Bad(std::string_view what) {
  return absl::DataLossError(absl::StrFormat("segment footer is inconsistent: %s", what));
}

// --- to messages --------------------------------------------------------------------------------------------------

void ToProto(const FilePiece& piece, pb::FilePiece* out) {
  out->set_offset(piece.offset);
  out->set_length(piece.length);
  out->set_checksum(piece.checksum);
}

void ToProto(const EncodedPiece& piece, pb::EncodedPiece* out) {
  out->set_encoding(static_cast<uint32_t>(piece.encoding));
  out->set_row_count(piece.row_count);
  if (piece.bytes.length > 0) ToProto(piece.bytes, out->mutable_bytes());
}

void ToProto(const FilterValue& value, pb::ZoneValue* out) {
  if (const auto* integer = std::get_if<int64_t>(&value)) out->set_integer(*integer);
  if (const auto* number = std::get_if<double>(&value)) out->set_number(*number);
  if (const auto* text = std::get_if<std::string>(&value)) out->set_text(*text);
}

void ToProto(const ZoneMap& zone, pb::ZoneMap* out) {
  if (zone.min.has_value()) ToProto(*zone.min, out->mutable_min());
  if (zone.max.has_value()) ToProto(*zone.max, out->mutable_max());
  out->set_has_nan(zone.has_nan);
  out->set_exact(zone.exact);
  out->set_max_unbounded(zone.max_unbounded);
}

void ToProto(const NormRange& range, pb::NormRange* out) {
  out->set_least(range.least);
  out->set_largest(range.largest);
}

void ToProto(const RowEnvelope& range, pb::RowEnvelope* out) {
  out->set_exponent(range.exponent);
  out->mutable_centre()->Assign(range.centre.begin(), range.centre.end());
  if (!range.centre.empty()) ToProto(range.from_centre, out->mutable_from_centre());
  ToProto(range.from_origin, out->mutable_from_origin());
}

void ToProto(const ZptvStatement& statement, pb::ErrorStatement* out) {
  out->set_contract(static_cast<pb::ContractKind>(static_cast<int>(statement.contract.kind) + 1));
  out->set_bound(statement.contract.bound);
  out->set_max_error(statement.error.max);
  out->set_rms_error(statement.error.rms);
}

void ToProto(const ChunkLayout& chunk, pb::ColumnChunk* out) {
  out->set_null_count(chunk.null_count);
  out->set_dense(chunk.dense);
  out->set_raw_bytes(chunk.raw_bytes);
  if (chunk.validity.length > 0) ToProto(chunk.validity, out->mutable_validity());
  if (chunk.list_ends.row_count > 0) ToProto(chunk.list_ends, out->mutable_list_ends());
  if (chunk.values.row_count > 0) ToProto(chunk.values, out->mutable_values());
  if (chunk.zone_map.has_value()) ToProto(*chunk.zone_map, out->mutable_zone_map());
  if (chunk.statement.has_value()) ToProto(*chunk.statement, out->mutable_error());
  if (chunk.row_envelope.has_value()) ToProto(*chunk.row_envelope, out->mutable_row_envelope());
  for (const SketchPiece& sketch : chunk.sketches) {
    pb::SketchPiece* const added = out->add_sketches();
    added->set_kind(sketch.kind);
    ToProto(sketch.bytes, added->mutable_bytes());
  }
}

void ToProto(const RowGroupLayout& group, pb::RowGroup* out) {
  out->set_row_count(group.row_count);
  out->set_min_commit(group.min_commit);
  out->set_max_commit(group.max_commit);
  ToProto(group.commits, out->mutable_commits());
  if (group.ends.row_count > 0) {
    out->set_min_end(group.min_end);
    ToProto(group.ends, out->mutable_ends());
  }
  out->set_first_ordinal(group.first_ordinal);
  if (group.ordinals.row_count > 0) ToProto(group.ordinals, out->mutable_ordinals());
  for (const ChunkLayout& chunk : group.columns) ToProto(chunk, out->add_columns());
}

// --- from messages, checked ---------------------------------------------------------------------------------------

// Turns messages into plain data; `pieces_end` is the first byte that belongs to no piece.
class FooterDecoder {
 public:
  explicit FooterDecoder(uint64_t pieces_end) : pieces_end_(pieces_end) {}

  absl::StatusOr<SegmentFooter> Decode(const pb::SegmentFooter& in) {
    SegmentFooter out;
    out.id = SegmentId(in.segment_id());
    out.table = TableId(in.table_id());
    out.schema_id = in.schema_id();
    out.shard = in.shard();
    out.row_count = in.row_count();
    out.min_time = in.min_time_ns();
    out.max_time = in.max_time_ns();
    out.sorted_by_key = in.sorted_by_key();
    out.key_column = ColumnId(in.key_column_id());
    RETURN_IF_ERROR(DecodeColumns(in, &out));
    uint64_t rows = 0;
    for (const pb::RowGroup& group : in.row_groups()) {
      RowGroupLayout layout;
      RETURN_IF_ERROR(DecodeGroup(group, out.columns, &layout));
      rows += layout.row_count;
      out.row_groups.push_back(std::move(layout));
    }
    if (rows != out.row_count || rows == 0) return Bad("row counts of the row groups");
    if (out.min_time > out.max_time) return Bad("time range");
    RETURN_IF_ERROR(DecodeKeys(in, &out));
    return out;
  }

 private:
  absl::Status DecodeColumns(const pb::SegmentFooter& in, SegmentFooter* out) {
    std::set<uint32_t> ids;
    for (const pb::SegmentColumn& column : in.columns()) {
      const pb::DataType& type = column.type();
      if (type.kind() > 255 || type.element() > 255) return Bad("type of a column");
      SegmentColumnLayout layout{.id = ColumnId(column.column_id())};
      layout.type = {.kind = static_cast<TypeKind>(type.kind()), .length = type.length()};
      if (layout.type.is_vector()) layout.type.element = static_cast<TypeKind>(type.element());
      if (!ValidateType(layout.type).ok()) return Bad("type of a column");
      if (!ids.insert(column.column_id()).second) return Bad("column id used twice");
      out->columns.push_back(layout);
    }
    const std::optional<size_t> key = out->FindColumn(out->key_column);
    if (!key.has_value() || out->columns[*key].type.kind != TypeKind::kString) return Bad("key column");
    return absl::OkStatus();
  }

  absl::Status DecodePiece(const pb::FilePiece& in, FilePiece* out) {
    *out = {.offset = in.offset(), .length = in.length(), .checksum = in.checksum()};
    if (out->length == 0) return Bad("empty piece");
    if (out->offset % kPieceAlignment != 0 || out->offset < kSegmentHeaderBytes || out->offset > pieces_end_ ||
        out->length > pieces_end_ || out->stored_bytes() > pieces_end_ - out->offset) {
      return Bad(absl::StrFormat("piece at %d with %d bytes does not fit the file", out->offset, out->length));
    }
    return absl::OkStatus();
  }

  absl::Status DecodeEncoded(const pb::EncodedPiece& in, EncodedPiece* out) {
    if (in.encoding() == 0 || in.encoding() > 255) return Bad("encoding number");
    out->encoding = static_cast<EncodingId>(in.encoding());
    out->row_count = in.row_count();
    if (out->row_count == 0) return Bad("encoded piece without rows");
    // Nothing but empty strings encodes to no bytes at all; whether that fits is for the codec to say.
    return in.has_bytes() ? DecodePiece(in.bytes(), &out->bytes) : absl::OkStatus();
  }

  absl::Status DecodeGroup(const pb::RowGroup& in, const std::vector<SegmentColumnLayout>& columns,
                           RowGroupLayout* out) {
    out->row_count = in.row_count();
    out->min_commit = in.min_commit();
    out->max_commit = in.max_commit();
    if (out->row_count == 0 || out->row_count > INT32_MAX) return Bad("rows of a row group");
    if (out->min_commit > out->max_commit) return Bad("commit range");
    RETURN_IF_ERROR(DecodeEncoded(in.commits(), &out->commits));
    if (out->commits.row_count != out->row_count) return Bad("rows of the commits");
    if (in.has_ends()) {
      RETURN_IF_ERROR(DecodeEncoded(in.ends(), &out->ends));
      out->min_end = in.min_end();
      if (out->ends.row_count != out->row_count) return Bad("rows of the ends");
    }
    out->first_ordinal = in.first_ordinal();
    if (in.has_ordinals()) {
      RETURN_IF_ERROR(DecodeEncoded(in.ordinals(), &out->ordinals));
      if (out->ordinals.row_count != out->row_count) return Bad("rows of the ordinals");
    }
    if (in.columns_size() != static_cast<int>(columns.size())) return Bad("columns of a row group");
    for (int i = 0; i < in.columns_size(); ++i) {
      ChunkLayout chunk;
      RETURN_IF_ERROR(DecodeChunk(in.columns(i), columns[i].type, out->row_count, &chunk));
      out->columns.push_back(std::move(chunk));
    }
    return absl::OkStatus();
  }

  absl::Status DecodeChunk(const pb::ColumnChunk& in, const DataType& type, uint32_t row_count, ChunkLayout* out) {
    out->null_count = in.null_count();
    out->dense = in.dense();
    out->raw_bytes = in.raw_bytes();
    if (out->null_count > row_count) return Bad("null count");
    const bool some_null = out->null_count > 0 && out->null_count < row_count;
    if (in.has_validity() != some_null) return Bad("validity does not agree with the null count");
    if (some_null) {
      RETURN_IF_ERROR(DecodePiece(in.validity(), &out->validity));
      if (out->validity.length != WordsForBits(row_count) * sizeof(uint64_t)) return Bad("validity length");
    }
    if (in.has_list_ends()) RETURN_IF_ERROR(DecodeEncoded(in.list_ends(), &out->list_ends));
    if (in.has_values()) RETURN_IF_ERROR(DecodeEncoded(in.values(), &out->values));
    if (type.is_list()) {
      if (out->dense || out->list_ends.row_count != row_count) return Bad("rows of a list");
    } else {
      const uint32_t stored = out->dense ? row_count - out->null_count : row_count;
      if (in.has_list_ends() || out->values.row_count != stored) return Bad("rows of a column");
    }
    for (const pb::SketchPiece& sketch : in.sketches()) {
      RETURN_IF_ERROR(DecodeSketch(sketch, type, out));
    }
    if (in.has_error()) RETURN_IF_ERROR(DecodeStatement(in.error(), out));
    if (in.has_row_envelope()) RETURN_IF_ERROR(DecodeRowEnvelope(in.row_envelope(), type, row_count, out));
    return in.has_zone_map() ? DecodeZoneMap(in.zone_map(), type, row_count, out) : absl::OkStatus();
  }

  absl::Status DecodeStatement(const pb::ErrorStatement& in, ChunkLayout* out) {
    const int kind = static_cast<int>(in.contract()) - 1;
    if (kind < 0 || kind > static_cast<int>(ZptvContract::Kind::kPhase16)) return Bad("contract of a column");
    out->statement = {{static_cast<ZptvContract::Kind>(kind), in.bound()}, {in.max_error(), in.rms_error()}};
    return absl::OkStatus();
  }

  absl::Status DecodeSketch(const pb::SketchPiece& in, const DataType& type, ChunkLayout* out) {
    if (!type.is_vector() && !type.is_complex()) return Bad("sketch of a column that has none");
    if (in.kind() == 0 || out->values.row_count == 0) return Bad("sketch without kind or rows");
    for (const SketchPiece& other : out->sketches) {
      if (other.kind == in.kind()) return Bad("two sketches of one kind");
    }
    SketchPiece sketch{.kind = in.kind()};
    RETURN_IF_ERROR(DecodePiece(in.bytes(), &sketch.bytes));
    out->sketches.push_back(sketch);
    return absl::OkStatus();
  }

  absl::Status DecodeRowEnvelope(const pb::RowEnvelope& in, const DataType& type, uint32_t row_count, ChunkLayout* out) {
    if (!type.is_vector() && !type.is_complex()) return Bad("row envelope of a column that has none");
    if (out->null_count == row_count) return Bad("row envelope without rows");
    RowEnvelope range{.exponent = in.exponent(),
                   .centre = {in.centre().begin(), in.centre().end()},
                   .from_centre = {in.from_centre().least(), in.from_centre().largest()},
                   .from_origin = {in.from_origin().least(), in.from_origin().largest()}};
    if (!IsSound(range, type.shape().values_per_row)) return Bad("row envelope");
    out->row_envelope = std::move(range);
    return absl::OkStatus();
  }

  absl::Status DecodeZoneMap(const pb::ZoneMap& in, const DataType& type, uint32_t row_count, ChunkLayout* out) {
    if (!type.is_filterable()) return Bad("zone map of a column that has none");
    ZoneMap zone{.row_count = row_count, .null_count = out->null_count};
    zone.has_nan = in.has_nan();
    zone.exact = in.exact();
    zone.max_unbounded = in.max_unbounded();
    if (in.has_min()) RETURN_IF_ERROR(DecodeZoneValue(in.min(), type, &zone.min));
    if (in.has_max()) RETURN_IF_ERROR(DecodeZoneValue(in.max(), type, &zone.max));
    if (zone.min.has_value() != (zone.max.has_value() || zone.max_unbounded)) return Bad("zone map with one bound");
    out->zone_map = std::move(zone);
    return absl::OkStatus();
  }

  absl::Status DecodeZoneValue(const pb::ZoneValue& in, const DataType& type, std::optional<FilterValue>* out) {
    const PhysicalType physical = type.shape().type;
    if (physical == PhysicalType::kBytes) {
      if (!in.has_text() || in.text().size() > kZoneMapPrefixBytes) return Bad("text bound");
      *out = in.text();
    } else if (IsFloat(physical)) {
      if (!in.has_number()) return Bad("number bound");
      *out = in.number();
    } else {
      if (!in.has_integer()) return Bad("integer bound");
      *out = in.integer();
    }
    return absl::OkStatus();
  }

  absl::Status DecodeKeys(const pb::SegmentFooter& in, SegmentFooter* out) {
    RETURN_IF_ERROR(DecodePiece(in.key_filter(), &out->key_filter));
    if (out->sorted_by_key) return DecodePiece(in.fences(), &out->fences);
    RETURN_IF_ERROR(DecodePiece(in.key_entries(), &out->key_entries));
    return out->key_entries.length == out->row_count * sizeof(uint64_t) ? absl::OkStatus() : Bad("key entries");
  }

  const uint64_t pieces_end_;
};

}  // namespace

uint64_t FilePiece::page_count() const { return (length + kPageBytes - 1) / kPageBytes; }

uint64_t FilePiece::stored_bytes() const {
  if (length <= kPageBytes) return length;
  return (length + 7) / 8 * 8 + page_count() * sizeof(uint64_t);
}

uint64_t ChunkLayout::stored_bytes() const {
  uint64_t bytes = validity.stored_bytes() + list_ends.bytes.stored_bytes() + values.bytes.stored_bytes();
  for (const SketchPiece& sketch : sketches) bytes += sketch.bytes.stored_bytes();
  return bytes;
}

std::optional<size_t> SegmentFooter::FindColumn(ColumnId column) const {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].id == column) return i;
  }
  return std::nullopt;
}

std::string EncodeSegmentFooter(const SegmentFooter& footer) {
  pb::SegmentFooter out;
  out.set_segment_id(footer.id.value());
  out.set_table_id(footer.table.value());
  out.set_schema_id(footer.schema_id);
  out.set_shard(footer.shard);
  out.set_row_count(footer.row_count);
  out.set_min_time_ns(footer.min_time);
  out.set_max_time_ns(footer.max_time);
  out.set_sorted_by_key(footer.sorted_by_key);
  out.set_key_column_id(footer.key_column.value());
  for (const SegmentColumnLayout& column : footer.columns) {
    pb::SegmentColumn* const added = out.add_columns();
    added->set_column_id(column.id.value());
    added->mutable_type()->set_kind(static_cast<uint32_t>(column.type.kind));
    if (column.type.is_vector()) added->mutable_type()->set_element(static_cast<uint32_t>(column.type.element));
    added->mutable_type()->set_length(column.type.length);
  }
  for (const RowGroupLayout& group : footer.row_groups) ToProto(group, out.add_row_groups());
  if (footer.key_entries.length > 0) ToProto(footer.key_entries, out.mutable_key_entries());
  ToProto(footer.key_filter, out.mutable_key_filter());
  if (footer.fences.length > 0) ToProto(footer.fences, out.mutable_fences());

  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  out.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

absl::StatusOr<SegmentFooter> DecodeSegmentFooter(std::string_view bytes, uint64_t pieces_end) {
  pb::SegmentFooter message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::DataLossError("segment footer cannot be parsed");
  }
  return FooterDecoder(pieces_end).Decode(message);
}

}  // namespace cortex

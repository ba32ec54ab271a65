#include "storage/segment/segment_file.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/checksum.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/zptv/statement_sum.h"
#include "codecs/bytes/string_view.h"
#include "storage/segment/paged_source.h"
#include "storage/segment/segment_format.h"

namespace cortex {
namespace {

ChunkLayout LayoutOf(const EncodedPiece& hidden) {
  ChunkLayout layout;
  layout.values = hidden;
  return layout;
}

}  // namespace

size_t LoadedFooter::RowGroupOf(uint64_t row) const {
  return std::upper_bound(first_rows.begin(), first_rows.end(), row) - first_rows.begin() - 1;
}

uint64_t LoadedFooter::memory_bytes() const {
  uint64_t bytes = sizeof(*this) + first_rows.capacity() * sizeof(uint64_t) +
                   hidden_layouts.capacity() * sizeof(ChunkLayout) +
                   chunks.capacity() * sizeof(LazyValue<SegmentChunk>);
  constexpr uint64_t kMapNodeBytes = 64;
  for (const std::string& name : column_names) {
    bytes += sizeof(DataType) + sizeof(SegmentColumnLayout) + sizeof(std::string) + name.capacity() + kMapNodeBytes;
  }
  for (const RowGroupLayout& group : footer.row_groups) {
    bytes += sizeof(RowGroupLayout) + group.columns.capacity() * sizeof(ChunkLayout);
    for (const ChunkLayout& column : group.columns) bytes += column.sketches.capacity() * sizeof(SketchPiece);
  }
  return bytes;
}

// --- file and footer ----------------------------------------------------------------------------------------------

absl::Status SegmentFile::Named(absl::Status status) const {
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      AbslView(absl::StrFormat("%s: segment file %s", StdView(status.message()), info().file_name)));
}

absl::StatusOr<const ByteSource*> SegmentFile::Bytes() const {
  ASSIGN_OR_RETURN(const Opened* const opened, opened_.Get([this] { return Open(); }));
  return opened->source.get();
}

absl::StatusOr<std::unique_ptr<SegmentFile::Opened>> SegmentFile::Open() const {
  auto file = std::make_unique<Opened>();
  ASSIGN_OR_RETURN(file->source, options_.open_file());
  RETURN_IF_ERROR(Named(CheckHeader(*file->source)));
  return file;
}

absl::Status SegmentFile::CheckHeader(const ByteSource& source) const {
  if (source.size() != info().file_bytes) {
    return absl::DataLossError(absl::StrFormat("wrong file size: expected %d bytes, got %d", info().file_bytes,
                                               source.size()));
  }
  if (source.size() < kSegmentHeaderBytes + kSegmentTrailerBytes) return absl::DataLossError("file too short");
  ASSIGN_OR_RETURN(const absl::Span<const std::byte> bytes, source.Read(0, kSegmentHeaderBytes));
  ASSIGN_OR_RETURN(const SegmentHeader header, DecodeSegmentHeader(bytes));
  if (header.id != info().id || header.shard != info().shard || header.table != options_.table->id) {
    return absl::DataLossError(absl::StrFormat("header of another segment: table %d, shard %d, segment %d",
                                               header.table.value(), header.shard, header.id.value()));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> SegmentFile::ReadFooterBytes() const {
  if (options_.load_footer != nullptr) {
    absl::StatusOr<std::string> kept = options_.load_footer();
    if (!absl::IsNotFound(kept.status())) return kept;
  }
  ASSIGN_OR_RETURN(const ByteSource* const file, Bytes());
  ASSIGN_OR_RETURN(const absl::Span<const std::byte> trailer_bytes,
                   file->Read(file->size() - kSegmentTrailerBytes, kSegmentTrailerBytes));
  ASSIGN_OR_RETURN(const SegmentTrailer trailer, DecodeSegmentTrailer(trailer_bytes, file->size()));
  ASSIGN_OR_RETURN(const absl::Span<const std::byte> bytes, file->Read(trailer.footer_offset, trailer.footer_bytes));
  std::string footer(AsStringView(bytes));
  RETURN_IF_ERROR(file->Read(0, 0).status());
  const uint64_t checksum = Checksum64(footer);
  if (checksum != trailer.footer_checksum) {
    return absl::DataLossError(absl::StrFormat("footer checksum mismatch: expected %016x, got %016x",
                                               trailer.footer_checksum, checksum));
  }
  return footer;
}

absl::StatusOr<std::unique_ptr<LoadedFooter>> SegmentFile::LoadFooter() const {
  RETURN_IF_ERROR(options_.load_footer == nullptr ? Bytes().status() : absl::OkStatus());  // names the file itself
  absl::StatusOr<std::unique_ptr<LoadedFooter>> loaded = BuildFooter();
  if (!loaded.ok()) return Named(loaded.status());
  return loaded;
}

absl::StatusOr<std::unique_ptr<LoadedFooter>> SegmentFile::BuildFooter() const {
  ASSIGN_OR_RETURN(const std::string bytes, ReadFooterBytes());
  const std::optional<uint64_t> named_hash = ContentHashOf(info().file_name);
  if (named_hash.has_value() && *named_hash != Checksum64(bytes)) {
    return absl::DataLossError(absl::StrFormat("footer is not the one of the file's name: expected %016x, got %016x",
                                               *named_hash, Checksum64(bytes)));
  }
  if (bytes.size() + kSegmentTrailerBytes + kSegmentHeaderBytes > info().file_bytes) {
    return absl::DataLossError("footer larger than the file");
  }
  auto loaded = std::make_unique<LoadedFooter>();
  ASSIGN_OR_RETURN(loaded->footer,
                   DecodeSegmentFooter(bytes, info().file_bytes - kSegmentTrailerBytes - bytes.size()));
  RETURN_IF_ERROR(CheckAgainstInfo(loaded->footer));
  RETURN_IF_ERROR(MatchColumns(loaded.get()));
  loaded->first_rows.push_back(0);
  for (const RowGroupLayout& group : loaded->footer.row_groups) {
    loaded->first_rows.push_back(loaded->first_rows.back() + group.row_count);
    loaded->hidden_layouts.push_back(LayoutOf(group.commits));
    loaded->hidden_layouts.push_back(LayoutOf(group.ends));
    loaded->hidden_layouts.push_back(LayoutOf(group.ordinals));
  }
  loaded->chunks = std::vector<LazyValue<SegmentChunk>>(info().row_group_count * loaded->slots_per_group());
  return loaded;
}

absl::Status SegmentFile::CheckAgainstInfo(const SegmentFooter& footer) const {
  const SegmentInfo& expected = info();
  if (footer.id == expected.id && footer.shard == expected.shard && footer.table == options_.table->id &&
      footer.row_count == expected.row_count && footer.row_groups.size() == expected.row_group_count &&
      footer.sorted_by_key == expected.sorted_by_key) {
    return absl::OkStatus();
  }
  return absl::DataLossError(absl::StrFormat("footer of another segment: table %d, shard %d, segment %d, %d rows",
                                             footer.table.value(), footer.shard, footer.id.value(), footer.row_count));
}

// The table's type where the table still has the column: a width limit may have been changed since; the shape may not.
absl::Status SegmentFile::MatchColumns(LoadedFooter* loaded) const {
  for (const SegmentColumnLayout& column : loaded->footer.columns) {
    loaded->types.push_back(column.type);
    loaded->column_names.push_back(absl::StrFormat("#%d", column.id.value()));
  }
  for (const ColumnDefinition& definition : options_.table->columns) {
    const std::optional<size_t> i = loaded->footer.FindColumn(definition.id);
    if (!i.has_value()) continue;
    const DataType& stored = loaded->types[*i];
    if (stored.kind != definition.type.kind || stored.shape() != definition.type.shape()) {
      return absl::DataLossError(absl::StrFormat("column \"%s\" is %s in the file, %s in the table", definition.name,
                                                 stored.ToString(), definition.type.ToString()));
    }
    loaded->types[*i] = definition.type;
    loaded->column_names[*i] = definition.name;
    loaded->column_by_id[definition.id.value()] = *i;
  }
  return absl::OkStatus();
}

absl::StatusOr<const LoadedFooter*> SegmentFile::Footer() const {
  return footer_.Get([this] { return LoadFooter(); },
                     [this](const LoadedFooter& loaded) { cached_.Add(loaded.memory_bytes()); });
}

absl::StatusOr<const SegmentChunk*> SegmentFile::Chunk(size_t group, size_t slot) const {
  ASSIGN_OR_RETURN(const LoadedFooter* const loaded, Footer());
  return loaded->chunks[group * loaded->slots_per_group() + slot].Get(
      [&] { return OpenChunk(*loaded, group, slot); },
      [&](const SegmentChunk& chunk) { cached_.Add(chunk.memory_bytes()); });
}

absl::StatusOr<std::unique_ptr<SegmentChunk>> SegmentFile::OpenChunk(const LoadedFooter& loaded, size_t group,
                                                                     size_t slot) const {
  SegmentChunk::Context context;
  ASSIGN_OR_RETURN(context.file, Bytes());
  const RowGroupLayout& layout = loaded.footer.row_groups[group];
  context.row_count = layout.row_count;
  context.keep_alive = weak_from_this();
  std::string name;
  if (slot < loaded.footer.columns.size()) {
    context.layout = &layout.columns[slot];
    context.type = loaded.types[slot];
    name = loaded.column_names[slot];
  } else {
    const size_t hidden = slot - loaded.footer.columns.size();
    context.layout = &loaded.hidden_layouts[group * kHiddenColumns + hidden];
    context.type = DataType::Scalar(TypeKind::kInt64);
    name = kHiddenColumnNames[hidden];
  }
  context.where = absl::StrFormat("segment file %s, row group %d, column \"%s\"", info().file_name, group, name);
  return SegmentChunk::Open(std::move(context));
}

// --- seeing inside ------------------------------------------------------------------------------------------------

absl::StatusOr<std::vector<SegmentColumnStats>> SegmentFile::ColumnStats() const {
  ASSIGN_OR_RETURN(const LoadedFooter* const loaded, Footer());
  std::vector<SegmentColumnStats> all;
  for (size_t i = 0; i < loaded->footer.columns.size(); ++i) {
    SegmentColumnStats stats{.column = loaded->footer.columns[i].id};
    std::map<EncodingId, uint64_t> chunks;
    StatementSum errors;
    for (const RowGroupLayout& group : loaded->footer.row_groups) {
      const ChunkLayout& chunk = group.columns[i];
      stats.raw_bytes += chunk.raw_bytes;
      stats.stored_bytes += chunk.stored_bytes();
      if (chunk.values.row_count > 0) ++chunks[chunk.values.encoding];
      errors.Add(chunk.statement, chunk.raw_bytes);
    }
    stats.statement = errors.Total();
    stats.chunks_by_encoding.assign(chunks.begin(), chunks.end());
    all.push_back(std::move(stats));
  }
  return all;
}

// With sources of its own: what was verified before is verified again.
absl::Status SegmentFile::Verify() const {
  ASSIGN_OR_RETURN(const LoadedFooter* const loaded, Footer());
  ASSIGN_OR_RETURN(const ByteSource* const file, Bytes());
  RETURN_IF_ERROR(Named(CheckHeader(*file)));
  RETURN_IF_ERROR(VerifyPiece(loaded->footer.key_entries, "key entries"));
  RETURN_IF_ERROR(VerifyPiece(loaded->footer.key_filter, "key filter"));
  RETURN_IF_ERROR(VerifyPiece(loaded->footer.fences, "fences"));
  for (size_t g = 0; g < loaded->footer.row_groups.size(); ++g) {
    const RowGroupLayout& group = loaded->footer.row_groups[g];
    RETURN_IF_ERROR(VerifyPiece(group.commits.bytes, absl::StrFormat("row group %d, column \"_commit\"", g)));
    RETURN_IF_ERROR(VerifyPiece(group.ends.bytes, absl::StrFormat("row group %d, column \"_end\"", g)));
    RETURN_IF_ERROR(VerifyPiece(group.ordinals.bytes, absl::StrFormat("row group %d, column \"_ordinal\"", g)));
    for (size_t c = 0; c < group.columns.size(); ++c) {
      const std::string what = absl::StrFormat("row group %d, column \"%s\"", g, loaded->column_names[c]);
      RETURN_IF_ERROR(VerifyPiece(group.columns[c].validity, what));
      RETURN_IF_ERROR(VerifyPiece(group.columns[c].list_ends.bytes, what));
      RETURN_IF_ERROR(VerifyPiece(group.columns[c].values.bytes, what));
      for (const SketchPiece& sketch : group.columns[c].sketches) {
        RETURN_IF_ERROR(VerifyPiece(sketch.bytes, what + ", sketch"));
      }
    }
  }
  return file->Read(0, 0).status();
}


absl::Status SegmentFile::VerifyPiece(const FilePiece& piece, std::string_view what) const {
  if (piece.length == 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(const ByteSource* const file, Bytes());
  const absl::Status status = PagedSource(file, piece).Read(0, piece.length).status();
  if (status.ok()) return status;
  return Named(absl::Status(status.code(), AbslView(absl::StrFormat("%s: %s", StdView(status.message()), what))));
}

}  // namespace cortex

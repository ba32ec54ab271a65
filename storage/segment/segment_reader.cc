#include "storage/segment/segment_reader.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/checksum.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/bytes/string_view.h"
#include "storage/segment/fences.h"
#include "storage/segment/key_entries.h"
#include "storage/segment/key_filter.h"
#include "storage/segment/lazy_value.h"
#include "storage/segment/paged_source.h"
#include "storage/segment/segment_chunk.h"
#include "storage/segment/segment_footer.h"
#include "storage/segment/segment_format.h"

namespace cortex {
namespace {

// Hidden columns have slots behind the columns of the file.
enum HiddenSlot : size_t { kCommitSlot = 0, kEndSlot = 1, kHiddenSlots = 2 };

// The footer, checked, and a slot for every chunk.
struct LoadedFooter {
  SegmentFooter footer;
  std::vector<uint64_t> first_rows;          // per row group, and one past the last
  std::map<uint32_t, size_t> column_by_id;   // of the columns the table still has
  std::vector<DataType> types;               // per column of the file: the table's, where it has one
  std::vector<std::string> column_names;     // likewise
  std::vector<ChunkLayout> hidden_layouts;   // per row group: commits, ends
  std::vector<LazyValue<SegmentChunk>> chunks;

  size_t slots_per_group() const { return footer.columns.size() + kHiddenSlots; }
};

struct OpenedFile {
  std::shared_ptr<const ByteSource> source;
};

struct KeyPieces {
  PagedSource entries;
  PagedSource filter;
};

ChunkLayout LayoutOf(const EncodedPiece& hidden) {
  ChunkLayout layout;
  layout.values = hidden;
  return layout;
}

std::optional<uint64_t> RowGroupOf(const std::vector<uint64_t>& first_rows, uint64_t row) {
  const auto above = std::upper_bound(first_rows.begin(), first_rows.end(), row);
  if (above == first_rows.begin() || above == first_rows.end()) return std::nullopt;
  return above - first_rows.begin() - 1;
}

}  // namespace

// Everything of the reader; kept by a shared_ptr of its own, which columns of codes share.
class SegmentReader::Impl : public std::enable_shared_from_this<Impl> {
 public:
  explicit Impl(SegmentReaderOptions options);

  const SegmentInfo& info() const { return options_.info; }
  const SegmentReaderOptions& options() const { return options_; }
  const RowGroupView& group(size_t i) const;

  absl::StatusOr<const LoadedFooter*> Footer() const {
    return footer_.Get([this] { return LoadFooter(); });
  }
  absl::StatusOr<const SegmentChunk*> Chunk(size_t group, size_t slot) const;
  bool MayContainKey(uint64_t hash) const;
  absl::Status FindKey(std::string_view key, uint64_t hash, std::vector<RowRef>* rows) const;
  absl::StatusOr<std::vector<SegmentColumnStats>> ColumnStats() const;
  absl::Status Verify() const;

 private:
  class Group;

  absl::StatusOr<const ByteSource*> File() const;
  absl::StatusOr<std::unique_ptr<OpenedFile>> OpenFile() const;
  absl::Status CheckHeader(const ByteSource& source) const;
  absl::StatusOr<std::string> ReadFooterBytes() const;
  absl::StatusOr<std::unique_ptr<LoadedFooter>> LoadFooter() const;
  absl::StatusOr<std::unique_ptr<LoadedFooter>> BuildFooter() const;
  absl::Status CheckAgainstInfo(const SegmentFooter& footer) const;
  absl::Status MatchColumns(LoadedFooter* loaded) const;
  absl::StatusOr<std::unique_ptr<SegmentChunk>> OpenColumnChunk(const LoadedFooter& loaded, size_t group,
                                                                size_t slot) const;
  absl::StatusOr<const KeyPieces*> Keys() const;
  absl::StatusOr<const std::string*> KeyFilter() const;
  absl::StatusOr<const std::vector<std::string>*> Fences() const;
  absl::StatusOr<std::vector<std::string>> ReadFences() const;
  absl::StatusOr<bool> FilterMayContain(uint64_t hash) const;
  absl::Status FindByEntries(std::string_view key, uint64_t hash, std::vector<RowRef>* rows) const;
  absl::Status FindByFences(std::string_view key, std::vector<RowRef>* rows) const;
  absl::Status KeepEqual(std::string_view key, size_t group, absl::Span<const uint32_t> candidates,
                         std::vector<RowRef>* rows) const;
  absl::Status Named(absl::Status status) const;

  const SegmentReaderOptions options_;
  std::vector<std::unique_ptr<Group>> groups_;
  LazyValue<OpenedFile> file_;
  LazyValue<LoadedFooter> footer_;
  LazyValue<KeyPieces> keys_;
  LazyValue<std::string> key_filter_;
  LazyValue<std::vector<std::string>> fences_;
};

// --- row groups ---------------------------------------------------------------------------------------------------

class SegmentReader::Impl::Group final : public RowGroupView {
 public:
  Group(const Impl* segment, size_t index) : segment_(segment), index_(index) {}

  uint32_t row_count() const override {
    const auto loaded = segment_->Footer();
    if (loaded.ok()) return layout(**loaded).row_count;
    // Unreadable: all rows stand here, so that whoever reads any of them meets the error.
    if (index_ > 0) return 0;
    return static_cast<uint32_t>(std::min<uint64_t>(segment_->info().row_count, INT32_MAX));
  }

  absl::StatusOr<const ColumnChunk*> column(ColumnId id) const override {
    ASSIGN_OR_RETURN(const LoadedFooter* const loaded, segment_->Footer());
    const auto found = loaded->column_by_id.find(id.value());
    if (found == loaded->column_by_id.end()) return nullptr;
    return segment_->Chunk(index_, found->second);
  }

  const ZoneMap* zone_map(ColumnId id) const override {
    const auto loaded = segment_->Footer();
    if (!loaded.ok()) return nullptr;
    const auto found = (*loaded)->column_by_id.find(id.value());
    if (found == (*loaded)->column_by_id.end()) return nullptr;
    const std::optional<ZoneMap>& zone = layout(**loaded).columns[found->second].zone_map;
    return zone.has_value() ? &*zone : nullptr;
  }

  bool AllVisible(Commit commit) const override {
    const auto loaded = segment_->Footer();
    if (!loaded.ok()) return false;
    const RowGroupLayout& group = layout(**loaded);
    return group.max_commit <= commit && group.min_end > commit && !has_overlay();
  }

  absl::Status SelectVisible(Commit commit, uint32_t first, uint32_t count, uint64_t* selection) const override {
    ASSIGN_OR_RETURN(const LoadedFooter* const loaded, segment_->Footer());
    const RowGroupLayout& group = layout(*loaded);
    const FilterBound bound{static_cast<int64_t>(std::min<Commit>(commit, INT64_MAX - 1)), true};
    if (group.max_commit > commit) {
      RETURN_IF_ERROR(FilterHidden(*loaded, kCommitSlot, {.upper = bound}, first, count, selection));
    }
    if (group.min_end <= commit) {
      ValueFilter ended_later{.lower = bound};
      ended_later.lower->inclusive = false;
      RETURN_IF_ERROR(FilterHidden(*loaded, kEndSlot, ended_later, first, count, selection));
    }
    if (has_overlay()) {
      segment_->options().overlay->ClearEnded(commit, loaded->first_rows[index_] + first, count, selection);
    }
    return absl::OkStatus();
  }

  absl::Status Commits(uint32_t first, uint32_t count, Commit* commits) const override {
    ASSIGN_OR_RETURN(const LoadedFooter* const loaded, segment_->Footer());
    return ReadHidden(*loaded, kCommitSlot, first, count, commits);
  }

  absl::Status Ends(uint32_t first, uint32_t count, Commit* ends) const override {
    ASSIGN_OR_RETURN(const LoadedFooter* const loaded, segment_->Footer());
    if (layout(*loaded).ends.row_count == 0) {
      std::fill_n(ends, count, kOpenEnd);
    } else {
      RETURN_IF_ERROR(ReadHidden(*loaded, kEndSlot, first, count, ends));
    }
    if (has_overlay()) segment_->options().overlay->ReadEnds(loaded->first_rows[index_] + first, count, ends);
    return absl::OkStatus();
  }

 private:
  const RowGroupLayout& layout(const LoadedFooter& loaded) const { return loaded.footer.row_groups[index_]; }
  bool has_overlay() const {
    return segment_->options().overlay != nullptr && !segment_->options().overlay->empty();
  }

  absl::StatusOr<const SegmentChunk*> Hidden(const LoadedFooter& loaded, HiddenSlot slot) const {
    return segment_->Chunk(index_, loaded.footer.columns.size() + slot);
  }
  absl::Status FilterHidden(const LoadedFooter& loaded, HiddenSlot slot, ValueFilter filter, uint32_t first,
                            uint32_t count, uint64_t* selection) const {
    ASSIGN_OR_RETURN(const SegmentChunk* const chunk, Hidden(loaded, slot));
    return chunk->Filter({.filter = std::move(filter)}, first, count, selection);
  }
  absl::Status ReadHidden(const LoadedFooter& loaded, HiddenSlot slot, uint32_t first, uint32_t count,
                          Commit* out) const {
    ASSIGN_OR_RETURN(const SegmentChunk* const chunk, Hidden(loaded, slot));
    Column column(DataType::Scalar(TypeKind::kInt64));
    RETURN_IF_ERROR(chunk->Decode(first, count, &column));
    const absl::Span<const int64_t> values = column.values_as<int64_t>();
    for (uint32_t i = 0; i < count; ++i) out[i] = values[i] == INT64_MAX ? kOpenEnd : static_cast<Commit>(values[i]);
    return absl::OkStatus();
  }

  const Impl* const segment_;
  const size_t index_;
};

SegmentReader::Impl::Impl(SegmentReaderOptions options) : options_(std::move(options)) {
  for (size_t i = 0; i < options_.info.row_group_count; ++i) groups_.push_back(std::make_unique<Group>(this, i));
}

const RowGroupView& SegmentReader::Impl::group(size_t i) const { return *groups_[i]; }

// --- file and footer ----------------------------------------------------------------------------------------------

absl::Status SegmentReader::Impl::Named(absl::Status status) const {
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      AbslView(absl::StrFormat("%s: segment file %s", StdView(status.message()), info().file_name)));
}

absl::StatusOr<const ByteSource*> SegmentReader::Impl::File() const {
  ASSIGN_OR_RETURN(const OpenedFile* const file, file_.Get([this] { return OpenFile(); }));
  return file->source.get();
}

absl::StatusOr<std::unique_ptr<OpenedFile>> SegmentReader::Impl::OpenFile() const {
  auto file = std::make_unique<OpenedFile>();
  ASSIGN_OR_RETURN(file->source, options_.open_file());
  RETURN_IF_ERROR(Named(CheckHeader(*file->source)));
  return file;
}

absl::Status SegmentReader::Impl::CheckHeader(const ByteSource& source) const {
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

absl::StatusOr<std::string> SegmentReader::Impl::ReadFooterBytes() const {
  if (options_.load_footer != nullptr) return options_.load_footer();
  ASSIGN_OR_RETURN(const ByteSource* const file, File());
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

absl::StatusOr<std::unique_ptr<LoadedFooter>> SegmentReader::Impl::LoadFooter() const {
  RETURN_IF_ERROR(options_.load_footer == nullptr ? File().status() : absl::OkStatus());  // names the file itself
  absl::StatusOr<std::unique_ptr<LoadedFooter>> loaded = BuildFooter();
  if (!loaded.ok()) return Named(loaded.status());
  return loaded;
}

absl::StatusOr<std::unique_ptr<LoadedFooter>> SegmentReader::Impl::BuildFooter() const {
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
  }
  loaded->chunks = std::vector<LazyValue<SegmentChunk>>(groups_.size() * loaded->slots_per_group());
  return loaded;
}

absl::Status SegmentReader::Impl::CheckAgainstInfo(const SegmentFooter& footer) const {
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
absl::Status SegmentReader::Impl::MatchColumns(LoadedFooter* loaded) const {
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

absl::StatusOr<const SegmentChunk*> SegmentReader::Impl::Chunk(size_t group, size_t slot) const {
  ASSIGN_OR_RETURN(const LoadedFooter* const loaded, Footer());
  return loaded->chunks[group * loaded->slots_per_group() + slot].Get(
      [&] { return OpenColumnChunk(*loaded, group, slot); });
}

absl::StatusOr<std::unique_ptr<SegmentChunk>> SegmentReader::Impl::OpenColumnChunk(const LoadedFooter& loaded,
                                                                                   size_t group, size_t slot) const {
  SegmentChunk::Context context;
  ASSIGN_OR_RETURN(context.file, File());
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
    context.layout = &loaded.hidden_layouts[group * kHiddenSlots + hidden];
    context.type = DataType::Scalar(TypeKind::kInt64);
    name = hidden == kCommitSlot ? kCommitColumnName : "_end";
  }
  context.where = absl::StrFormat("segment file %s, row group %d, column \"%s\"", info().file_name, group, name);
  return SegmentChunk::Open(std::move(context));
}

// --- keys ---------------------------------------------------------------------------------------------------------

absl::StatusOr<const KeyPieces*> SegmentReader::Impl::Keys() const {
  return keys_.Get([this]() -> absl::StatusOr<std::unique_ptr<KeyPieces>> {
    ASSIGN_OR_RETURN(const LoadedFooter* const loaded, Footer());
    ASSIGN_OR_RETURN(const ByteSource* const file, File());
    return std::unique_ptr<KeyPieces>(new KeyPieces{PagedSource(file, loaded->footer.key_entries),
                                                    PagedSource(file, loaded->footer.key_filter)});
  });
}

absl::StatusOr<const std::string*> SegmentReader::Impl::KeyFilter() const {
  return key_filter_.Get([this]() -> absl::StatusOr<std::unique_ptr<std::string>> {
    ASSIGN_OR_RETURN(std::string filter, options_.load_key_filter());
    return std::make_unique<std::string>(std::move(filter));
  });
}

absl::StatusOr<bool> SegmentReader::Impl::FilterMayContain(uint64_t hash) const {
  if (options_.load_key_filter != nullptr) {
    ASSIGN_OR_RETURN(const std::string* const filter, KeyFilter());
    return KeyFilterMayContain(*filter, hash);
  }
  ASSIGN_OR_RETURN(const KeyPieces* const keys, Keys());
  const uint64_t blocks = keys->filter.size() / kKeyFilterBlockBytes;
  if (blocks == 0) return true;
  ASSIGN_OR_RETURN(const absl::Span<const std::byte> block,
                   keys->filter.Read(KeyFilterBlockOffset(hash, blocks), kKeyFilterBlockBytes));
  const bool may_contain = KeyFilterBlockMayContain(block, hash);
  ASSIGN_OR_RETURN(const ByteSource* const file, File());
  RETURN_IF_ERROR(file->Read(0, 0).status());
  return may_contain;
}

bool SegmentReader::Impl::MayContainKey(uint64_t hash) const {
  return FilterMayContain(hash).value_or(true);  // FindKey meets and reports the error
}

absl::Status SegmentReader::Impl::FindKey(std::string_view key, uint64_t hash, std::vector<RowRef>* rows) const {
  return info().sorted_by_key ? FindByFences(key, rows) : FindByEntries(key, hash, rows);
}

// Candidates by hash, then the keys themselves.
absl::Status SegmentReader::Impl::FindByEntries(std::string_view key, uint64_t hash, std::vector<RowRef>* rows) const {
  ASSIGN_OR_RETURN(const LoadedFooter* const loaded, Footer());
  ASSIGN_OR_RETURN(const KeyPieces* const keys, Keys());
  std::vector<uint64_t> candidates;
  RETURN_IF_ERROR(Named(FindKeyEntries(keys->entries, info().row_count, hash, &candidates)));
  std::vector<uint32_t> in_group;
  for (size_t i = 0; i < candidates.size();) {
    const size_t group = *RowGroupOf(loaded->first_rows, candidates[i]);
    const uint64_t first_row = loaded->first_rows[group];
    in_group.clear();
    for (; i < candidates.size() && candidates[i] < loaded->first_rows[group + 1]; ++i) {
      in_group.push_back(static_cast<uint32_t>(candidates[i] - first_row));
    }
    RETURN_IF_ERROR(KeepEqual(key, group, in_group, rows));
  }
  ASSIGN_OR_RETURN(const ByteSource* const file, File());
  return file->Read(0, 0).status();
}

absl::Status SegmentReader::Impl::FindByFences(std::string_view key, std::vector<RowRef>* rows) const {
  ASSIGN_OR_RETURN(const std::vector<std::string>* const fences, Fences());
  const RowRange range = FenceRange(*fences, info().row_count, key);
  if (range.first == range.end) return absl::OkStatus();
  ASSIGN_OR_RETURN(const LoadedFooter* const loaded, Footer());
  std::vector<uint32_t> in_group;
  for (uint64_t row = range.first; row < range.end;) {
    const size_t group = *RowGroupOf(loaded->first_rows, row);
    const uint64_t first_row = loaded->first_rows[group];
    const uint64_t end = std::min(range.end, loaded->first_rows[group + 1]);
    in_group.clear();
    for (; row < end; ++row) in_group.push_back(static_cast<uint32_t>(row - first_row));
    RETURN_IF_ERROR(KeepEqual(key, group, in_group, rows));
  }
  return absl::OkStatus();
}

// Appends those of `candidates` (ascending rows of `group`) whose key is `key`.
absl::Status SegmentReader::Impl::KeepEqual(std::string_view key, size_t group, absl::Span<const uint32_t> candidates,
                                            std::vector<RowRef>* rows) const {
  ASSIGN_OR_RETURN(const LoadedFooter* const loaded, Footer());
  const size_t key_slot = *loaded->footer.FindColumn(loaded->footer.key_column);
  ASSIGN_OR_RETURN(const SegmentChunk* const chunk, Chunk(group, key_slot));
  Column found(loaded->types[key_slot]);
  RETURN_IF_ERROR(chunk->Gather(candidates, &found));
  for (uint32_t i = 0; i < candidates.size(); ++i) {
    if (found.StringAt(i) == key) rows->push_back({.row_group = static_cast<uint32_t>(group), .row = candidates[i]});
  }
  return absl::OkStatus();
}

absl::StatusOr<const std::vector<std::string>*> SegmentReader::Impl::Fences() const {
  return fences_.Get([this]() -> absl::StatusOr<std::unique_ptr<std::vector<std::string>>> {
    ASSIGN_OR_RETURN(std::vector<std::string> fences,
                     options_.load_fences != nullptr ? options_.load_fences() : ReadFences());
    RETURN_IF_ERROR(Named(CheckFences(fences, info().row_count)));
    return std::make_unique<std::vector<std::string>>(std::move(fences));
  });
}

absl::StatusOr<std::vector<std::string>> SegmentReader::Impl::ReadFences() const {
  ASSIGN_OR_RETURN(const LoadedFooter* const loaded, Footer());
  ASSIGN_OR_RETURN(const ByteSource* const file, File());
  const PagedSource source(file, loaded->footer.fences);
  const absl::StatusOr<absl::Span<const std::byte>> bytes = source.Read(0, source.size());
  if (!bytes.ok()) return Named(bytes.status());
  absl::StatusOr<std::vector<std::string>> fences = DecodeFences(AsStringView(*bytes));
  if (!fences.ok()) return Named(fences.status());
  RETURN_IF_ERROR(file->Read(0, 0).status());
  return fences;
}

// --- seeing inside ------------------------------------------------------------------------------------------------

absl::StatusOr<std::vector<SegmentColumnStats>> SegmentReader::Impl::ColumnStats() const {
  ASSIGN_OR_RETURN(const LoadedFooter* const loaded, Footer());
  std::vector<SegmentColumnStats> all;
  for (size_t i = 0; i < loaded->footer.columns.size(); ++i) {
    SegmentColumnStats stats{.column = loaded->footer.columns[i].id};
    std::map<EncodingId, uint64_t> chunks;
    for (const RowGroupLayout& group : loaded->footer.row_groups) {
      const ChunkLayout& chunk = group.columns[i];
      stats.raw_bytes += chunk.raw_bytes;
      stats.stored_bytes += chunk.stored_bytes();
      if (chunk.values.row_count > 0) ++chunks[chunk.values.encoding];
    }
    stats.chunks_by_encoding.assign(chunks.begin(), chunks.end());
    all.push_back(std::move(stats));
  }
  return all;
}

// With sources of its own: what was verified before is verified again.
absl::Status SegmentReader::Impl::Verify() const {
  ASSIGN_OR_RETURN(const LoadedFooter* const loaded, Footer());
  ASSIGN_OR_RETURN(const ByteSource* const file, File());
  RETURN_IF_ERROR(Named(CheckHeader(*file)));
  const auto check = [&](const FilePiece& piece, std::string_view what) -> absl::Status {
    if (piece.length == 0) return absl::OkStatus();
    const absl::Status status = PagedSource(file, piece).Read(0, piece.length).status();
    if (status.ok()) return status;
    return Named(absl::Status(status.code(), AbslView(absl::StrFormat("%s: %s", StdView(status.message()), what))));
  };
  RETURN_IF_ERROR(check(loaded->footer.key_entries, "key entries"));
  RETURN_IF_ERROR(check(loaded->footer.key_filter, "key filter"));
  RETURN_IF_ERROR(check(loaded->footer.fences, "fences"));
  for (size_t g = 0; g < loaded->footer.row_groups.size(); ++g) {
    const RowGroupLayout& group = loaded->footer.row_groups[g];
    RETURN_IF_ERROR(check(group.commits.bytes, absl::StrFormat("row group %d, column \"_commit\"", g)));
    RETURN_IF_ERROR(check(group.ends.bytes, absl::StrFormat("row group %d, column \"_end\"", g)));
    for (size_t c = 0; c < group.columns.size(); ++c) {
      const std::string what = absl::StrFormat("row group %d, column \"%s\"", g, loaded->column_names[c]);
      RETURN_IF_ERROR(check(group.columns[c].validity, what));
      RETURN_IF_ERROR(check(group.columns[c].list_ends.bytes, what));
      RETURN_IF_ERROR(check(group.columns[c].values.bytes, what));
    }
  }
  return file->Read(0, 0).status();
}

// --- SegmentReader ------------------------------------------------------------------------------------------------

absl::StatusOr<std::shared_ptr<SegmentReader>> SegmentReader::Open(SegmentReaderOptions options) {
  const SegmentInfo& info = options.info;
  if (options.table == nullptr || options.open_file == nullptr || info.row_count == 0 || info.row_group_count == 0 ||
      info.row_group_count > info.row_count) {
    return absl::InvalidArgumentError(absl::StrFormat("segment record is incomplete: \"%s\", %d rows, %d row groups",
                                                      info.file_name, info.row_count, info.row_group_count));
  }
  return std::shared_ptr<SegmentReader>(new SegmentReader(std::make_shared<Impl>(std::move(options))));
}

SegmentReader::SegmentReader(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
SegmentReader::~SegmentReader() = default;

SegmentId SegmentReader::id() const { return info().id; }
Tier SegmentReader::tier() const { return impl_->options().tier; }
uint32_t SegmentReader::shard() const { return info().shard; }
size_t SegmentReader::row_group_count() const { return info().row_group_count; }
const RowGroupView& SegmentReader::row_group(size_t i) const { return impl_->group(i); }
uint64_t SegmentReader::row_count() const { return info().row_count; }
int64_t SegmentReader::min_time() const { return info().min_time; }
int64_t SegmentReader::max_time() const { return info().max_time; }
bool SegmentReader::MayContainKey(std::string_view key, uint64_t hash) const { return impl_->MayContainKey(hash); }
absl::Status SegmentReader::FindKey(std::string_view key, uint64_t hash, std::vector<RowRef>* rows) const {
  return impl_->FindKey(key, hash, rows);
}
std::string SegmentReader::name() const { return info().file_name; }
uint64_t SegmentReader::stored_bytes() const { return info().file_bytes; }
uint64_t SegmentReader::raw_bytes() const { return info().raw_bytes; }
const SegmentInfo& SegmentReader::info() const { return impl_->info(); }

absl::StatusOr<uint64_t> SegmentReader::first_row(size_t i) const {
  ASSIGN_OR_RETURN(const LoadedFooter* const loaded, impl_->Footer());
  return loaded->first_rows[i];
}

absl::StatusOr<std::vector<SegmentColumnStats>> SegmentReader::ColumnStats() const { return impl_->ColumnStats(); }
absl::Status SegmentReader::Verify() const { return impl_->Verify(); }

}  // namespace cortex

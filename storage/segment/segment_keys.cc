#include "storage/segment/segment_keys.h"

#include <algorithm>
#include <utility>

#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "storage/segment/fences.h"
#include "storage/segment/key_entries.h"
#include "storage/segment/key_filter.h"

namespace cortex {

absl::StatusOr<const SegmentKeys::Pieces*> SegmentKeys::FilePieces() const {
  return pieces_.Get([this]() -> absl::StatusOr<std::unique_ptr<Pieces>> {
    ASSIGN_OR_RETURN(const LoadedFooter* const loaded, file_->Footer());
    ASSIGN_OR_RETURN(const ByteSource* const file, file_->Bytes());
    return std::unique_ptr<Pieces>(new Pieces{PagedSource(file, loaded->footer.key_entries),
                                              PagedSource(file, loaded->footer.key_filter)});
  }, [this](const Pieces& pieces) {
    file_->cached().Add(pieces.entries.memory_bytes() + pieces.filter.memory_bytes());
  });
}

absl::StatusOr<const std::string*> SegmentKeys::Filter() const {
  return filter_.Get([this]() -> absl::StatusOr<std::unique_ptr<std::string>> {
    ASSIGN_OR_RETURN(std::string filter, file_->options().load_key_filter());
    return std::make_unique<std::string>(std::move(filter));
  }, [this](const std::string& filter) { file_->cached().Add(filter.capacity()); });
}

absl::StatusOr<bool> SegmentKeys::FilterMayContain(uint64_t hash) const {
  if (file_->options().load_key_filter != nullptr) {
    const absl::StatusOr<const std::string*> filter = Filter();
    if (filter.ok()) return KeyFilterMayContain(**filter, hash);
    if (!absl::IsNotFound(filter.status())) return filter.status();
  }
  ASSIGN_OR_RETURN(const Pieces* const keys, FilePieces());
  const uint64_t blocks = keys->filter.size() / kKeyFilterBlockBytes;
  if (blocks == 0) return true;
  ASSIGN_OR_RETURN(const absl::Span<const std::byte> block,
                   keys->filter.Read(KeyFilterBlockOffset(hash, blocks), kKeyFilterBlockBytes));
  const bool may_contain = KeyFilterBlockMayContain(block, hash);
  ASSIGN_OR_RETURN(const ByteSource* const file, file_->Bytes());
  RETURN_IF_ERROR(file->Read(0, 0).status());
  return may_contain;
}

absl::Status SegmentKeys::Find(std::string_view key, uint64_t hash, std::vector<RowRef>* rows) const {
  return file_->info().sorted_by_key ? FindByFences(key, rows) : FindByEntries(key, hash, rows);
}

// Candidates by hash, then the keys themselves.
absl::Status SegmentKeys::FindByEntries(std::string_view key, uint64_t hash, std::vector<RowRef>* rows) const {
  ASSIGN_OR_RETURN(const LoadedFooter* const loaded, file_->Footer());
  ASSIGN_OR_RETURN(const Pieces* const keys, FilePieces());
  std::vector<uint64_t> candidates;
  RETURN_IF_ERROR(file_->Named(FindKeyEntries(keys->entries, file_->info().row_count, hash, &candidates)));
  std::vector<uint32_t> in_group;
  for (size_t i = 0; i < candidates.size();) {
    const size_t group = loaded->RowGroupOf(candidates[i]);
    const uint64_t first_row = loaded->first_rows[group];
    in_group.clear();
    for (; i < candidates.size() && candidates[i] < loaded->first_rows[group + 1]; ++i) {
      in_group.push_back(static_cast<uint32_t>(candidates[i] - first_row));
    }
    RETURN_IF_ERROR(KeepEqual(key, group, in_group, rows));
  }
  ASSIGN_OR_RETURN(const ByteSource* const file, file_->Bytes());
  return file->Read(0, 0).status();
}

absl::Status SegmentKeys::FindByFences(std::string_view key, std::vector<RowRef>* rows) const {
  ASSIGN_OR_RETURN(const std::vector<std::string>* const fences, Fences());
  const RowRange range = FenceRange(*fences, file_->info().row_count, key);
  if (range.first == range.end) return absl::OkStatus();
  ASSIGN_OR_RETURN(const LoadedFooter* const loaded, file_->Footer());
  std::vector<uint32_t> in_group;
  for (uint64_t row = range.first; row < range.end;) {
    const size_t group = loaded->RowGroupOf(row);
    const uint64_t first_row = loaded->first_rows[group];
    const uint64_t end = std::min(range.end, loaded->first_rows[group + 1]);
    in_group.clear();
    for (; row < end; ++row) in_group.push_back(static_cast<uint32_t>(row - first_row));
    RETURN_IF_ERROR(KeepEqual(key, group, in_group, rows));
  }
  return absl::OkStatus();
}

// Appends those of `candidates` (ascending rows of `group`) whose key is `key`.
absl::Status SegmentKeys::KeepEqual(std::string_view key, size_t group, absl::Span<const uint32_t> candidates,
                                            std::vector<RowRef>* rows) const {
  ASSIGN_OR_RETURN(const LoadedFooter* const loaded, file_->Footer());
  const size_t key_slot = *loaded->footer.FindColumn(loaded->footer.key_column);
  ASSIGN_OR_RETURN(const SegmentChunk* const chunk, file_->Chunk(group, key_slot));
  Column found(loaded->types[key_slot]);
  RETURN_IF_ERROR(chunk->Gather(candidates, &found));
  for (uint32_t i = 0; i < candidates.size(); ++i) {
    if (found.StringAt(i) == key) rows->push_back({.row_group = static_cast<uint32_t>(group), .row = candidates[i]});
  }
  return absl::OkStatus();
}

absl::StatusOr<const std::vector<std::string>*> SegmentKeys::Fences() const {
  return fences_.Get([this]() -> absl::StatusOr<std::unique_ptr<std::vector<std::string>>> {
    absl::StatusOr<std::vector<std::string>> fences = absl::NotFoundError("kept nowhere else");
    if (file_->options().load_fences != nullptr) fences = file_->options().load_fences();
    if (absl::IsNotFound(fences.status())) fences = ReadFences();
    RETURN_IF_ERROR(fences.status());
    RETURN_IF_ERROR(file_->Named(CheckFences(*fences, file_->info().row_count)));
    return std::make_unique<std::vector<std::string>>(*std::move(fences));
  }, [this](const std::vector<std::string>& fences) {
    uint64_t bytes = fences.capacity() * sizeof(std::string);
    for (const std::string& fence : fences) bytes += fence.capacity();
    file_->cached().Add(bytes);
  });
}

absl::StatusOr<std::vector<std::string>> SegmentKeys::ReadFences() const {
  ASSIGN_OR_RETURN(const LoadedFooter* const loaded, file_->Footer());
  ASSIGN_OR_RETURN(const ByteSource* const file, file_->Bytes());
  const PagedSource source(file, loaded->footer.fences);
  const absl::StatusOr<absl::Span<const std::byte>> bytes = source.Read(0, source.size());
  if (!bytes.ok()) return file_->Named(bytes.status());
  absl::StatusOr<std::vector<std::string>> fences = DecodeFences(AsStringView(*bytes));
  if (!fences.ok()) return file_->Named(fences.status());
  RETURN_IF_ERROR(file->Read(0, 0).status());
  return fences;
}

}  // namespace cortex

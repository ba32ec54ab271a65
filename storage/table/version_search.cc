#include "storage/table/version_search.h"

#include "codecs/bytes/checksum.h"
#include "codecs/bytes/status_macros.h"
#include "storage/column/bitmap.h"

namespace cortex {
namespace {

std::optional<FoundVersion> FindInMemory(const LiveSegment& segment, std::string_view key) {
  for (auto row = segment.group->FindNewest(key, segment.group->published_rows()); row.has_value();
       row = segment.group->FindBefore(*row)) {
    if (segment.versions->EndOf(*row) == kOpenEnd) return FoundVersion{segment.versions, segment.id(), *row};
  }
  return std::nullopt;
}

// True if the row has no end, neither in the file nor recorded since.
absl::StatusOr<bool> IsOpen(const RowGroupView& rows, uint32_t row) {
  uint64_t selection = ~uint64_t{0};
  const uint32_t first = row / 64 * 64;
  RETURN_IF_ERROR(rows.SelectVisible(kOpenEnd - 1, first, row - first + 1, &selection));
  return GetBit(&selection, row - first);
}

absl::StatusOr<std::optional<FoundVersion>> FindInFile(const LiveSegment& segment, std::string_view key,
                                                       uint64_t hash) {
  const SegmentReader& view = segment.file->reader();
  if (!view.MayContainKey(key, hash)) return std::optional<FoundVersion>();
  std::vector<RowRef> rows;
  RETURN_IF_ERROR(view.FindKey(key, hash, &rows));
  for (auto it = rows.rbegin(); it != rows.rend(); ++it) {
    ASSIGN_OR_RETURN(const bool open, IsOpen(view.row_group(it->row_group), it->row));
    if (!open) continue;
    ASSIGN_OR_RETURN(const uint64_t first_row, view.first_row(it->row_group));
    return std::optional<FoundVersion>({segment.versions, segment.id(), first_row + it->row});
  }
  return std::optional<FoundVersion>();
}

}  // namespace

absl::StatusOr<std::optional<FoundVersion>> FindOpenVersion(const std::vector<LiveSegment>& segments,
                                                            std::string_view key) {
  const uint64_t hash = HashKey(key);
  for (auto it = segments.rbegin(); it != segments.rend(); ++it) {
    if (it->group != nullptr) {
      if (auto found = FindInMemory(*it, key)) return found;
      continue;
    }
    ASSIGN_OR_RETURN(auto found, FindInFile(*it, key, hash));
    if (found.has_value()) return found;
  }
  return std::optional<FoundVersion>();
}

}  // namespace cortex

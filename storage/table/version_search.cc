#include "storage/table/version_search.h"

#include <algorithm>
#include <array>
#include <utility>

#include "codecs/bytes/checksum.h"
#include "codecs/bytes/status_macros.h"
#include "storage/column/bitmap.h"
#include "storage/table/hot_segment_view.h"

namespace cortex {
namespace {

std::optional<FoundVersion> FindInMemory(const LiveSegment& segment, std::string_view key) {
  for (auto row = segment.group->FindNewest(key, segment.group->published_rows()); row.has_value();
       row = segment.group->FindBefore(*row)) {
    if (segment.versions->EndOf(*row) == kOpenEnd) return FoundVersion{segment.versions, segment.id(), *row};
  }
  return std::nullopt;
}

// Which rows have no end: what FindLastOpen asks.
class OpenRows {
 public:
  explicit OpenRows(const SegmentView* segment) : segment_(segment) {}

  absl::StatusOr<bool> Has(const RowRef& at) {
    const uint32_t first = at.row / kWindowRows * kWindowRows;
    if (window_ != std::pair(at.row_group, first)) {
      const RowGroupView& rows = segment_->row_group(at.row_group);
      const uint32_t count = std::min(kWindowRows, rows.row_count() - first);
      FillOnes(open_.data(), count);
      window_.reset();
      RETURN_IF_ERROR(rows.SelectVisible(kOpenEnd - 1, first, count, open_.data()));
      window_ = {at.row_group, first};
    }
    return GetBit(open_.data(), at.row - first);
  }

 private:
  static constexpr uint32_t kWindowRows = 1024;

  const SegmentView* const segment_;
  std::optional<std::pair<decltype(RowRef::row_group), uint32_t>> window_;  // row group and first row
  std::array<uint64_t, kWindowRows / 64> open_{};
};

absl::StatusOr<std::optional<FoundVersion>> FindInFile(const LiveSegment& segment, std::string_view key,
                                                       uint64_t hash) {
  const std::shared_ptr<const SegmentReader> reader = segment.file->reader();
  const SegmentReader& view = *reader;
  const SegmentRecord& record = segment.file->record();
  if (record.ended_row_count == record.row_count) return std::optional<FoundVersion>();
  if (!view.MayContainKey(key, hash)) return std::optional<FoundVersion>();
  std::vector<RowRef> rows;
  RETURN_IF_ERROR(view.FindKey(key, hash, &rows));
  ASSIGN_OR_RETURN(const std::optional<RowRef> open, FindLastOpen(view, rows));
  if (!open.has_value()) return std::optional<FoundVersion>();
  ASSIGN_OR_RETURN(const uint64_t first_row, view.first_row(open->row_group));
  return std::optional<FoundVersion>({segment.versions, segment.id(), first_row + open->row});
}

// The ids whose commit lies in [first, last].
absl::Span<const VersionId> OfCommits(absl::Span<const VersionId> ids, Commit first, Commit last) {
  const auto begin = std::partition_point(ids.begin(), ids.end(),
                                          [&](const VersionId& id) { return id.commit < first; });
  const auto end = std::partition_point(begin, ids.end(), [&](const VersionId& id) { return id.commit <= last; });
  return ids.subspan(static_cast<size_t>(begin - ids.begin()), static_cast<size_t>(end - begin));
}

// Row numbers begin at `first_row` of the segment.
absl::Status FindInRowGroup(const RowGroupView& group, uint64_t first_row, const LiveSegment& segment,
                            absl::Span<const VersionId> ids, std::vector<FoundVersion>* found) {
  const uint32_t rows = group.row_count();
  std::vector<Commit> commits(rows);
  RETURN_IF_ERROR(group.Commits(0, rows, commits.data()));
  std::vector<uint32_t> candidates;
  for (uint32_t row = 0; row < rows; ++row) {
    const auto id = std::partition_point(ids.begin(), ids.end(),
                                         [&](const VersionId& other) { return other.commit < commits[row]; });
    if (id != ids.end() && id->commit == commits[row]) candidates.push_back(row);
  }
  if (candidates.empty()) return absl::OkStatus();
  const uint32_t first = candidates.front();
  std::vector<uint32_t> ordinals(candidates.back() - first + 1);
  std::vector<Commit> ends(ordinals.size());
  RETURN_IF_ERROR(group.Ordinals(first, static_cast<uint32_t>(ordinals.size()), ordinals.data()));
  RETURN_IF_ERROR(group.Ends(first, static_cast<uint32_t>(ends.size()), ends.data()));
  for (const uint32_t row : candidates) {
    const VersionId name{.shard = ids[0].shard, .ordinal = ordinals[row - first], .commit = commits[row]};
    if (!std::binary_search(ids.begin(), ids.end(), name)) continue;
    found->push_back({segment.versions, segment.id(), first_row + row, ends[row - first]});
  }
  return absl::OkStatus();
}

absl::Status FindVersionsInFile(const LiveSegment& segment, absl::Span<const VersionId> ids,
                                std::vector<FoundVersion>* found) {
  const std::shared_ptr<const SegmentReader> reader = segment.file->reader();
  absl::Status status;
  for (size_t g = 0; g < reader->row_group_count(); ++g) {
    const absl::StatusOr<uint64_t> first_row = reader->first_row(g);
    status.Update(first_row.ok() ? FindInRowGroup(reader->row_group(g), *first_row, segment, ids, found)
                                 : first_row.status());
  }
  if (absl::IsDataLoss(status)) segment.versions->MarkIncomplete();
  return status;
}

}  // namespace

absl::StatusOr<std::optional<RowRef>> FindLastOpen(const SegmentView& segment, absl::Span<const RowRef> rows) {
  OpenRows open_rows(&segment);
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    ASSIGN_OR_RETURN(const bool is_open, open_rows.Has(*row));
    if (is_open) return std::optional(*row);
  }
  return std::optional<RowRef>();
}

absl::Status FindVersions(const std::vector<LiveSegment>& segments, absl::Span<const VersionId> ids,
                          std::vector<FoundVersion>* found) {
  absl::Status status;
  for (const LiveSegment& segment : segments) {
    if (segment.group != nullptr) {
      const RowGroup& group = *segment.group;
      if (group.published_rows() == 0) continue;
      const auto wanted = OfCommits(ids, group.min_commit(), group.max_commit());
      if (wanted.empty()) continue;
      status.Update(FindInRowGroup(HotRowGroupView(segment.group), 0, segment, wanted, found));
    } else {
      const SegmentRecord& record = segment.file->record();
      const auto wanted = OfCommits(ids, record.min_commit, record.max_commit);
      if (!wanted.empty()) status.Update(FindVersionsInFile(segment, wanted, found));
    }
  }
  return status;
}

absl::StatusOr<std::optional<FoundVersion>> FindOpenVersion(const std::vector<LiveSegment>& segments,
                                                            std::string_view key,
                                                            std::vector<std::shared_ptr<RowVersions>>* damaged) {
  const uint64_t hash = HashKey(key);
  absl::Status damage;
  std::vector<std::shared_ptr<RowVersions>> unreadable;
  for (auto it = segments.rbegin(); it != segments.rend(); ++it) {
    if (it->group != nullptr) {
      if (auto found = FindInMemory(*it, key)) return found;
      continue;
    }
    auto found = FindInFile(*it, key, hash);
    // There is one open version: a damaged file matters only if no other segment has it.
    if (absl::IsDataLoss(found.status())) {
      damage.Update(found.status());
      unreadable.push_back(it->versions);
      continue;
    }
    RETURN_IF_ERROR(found.status());
    if (found->has_value()) return found;
  }
  if (damage.ok()) return std::optional<FoundVersion>();
  damaged->insert(damaged->end(), unreadable.begin(), unreadable.end());
  return damage;
}

}  // namespace cortex

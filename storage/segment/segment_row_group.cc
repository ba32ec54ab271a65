#include "storage/segment/segment_row_group.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "codecs/bytes/status_macros.h"
#include "storage/segment/ordinal_counter.h"

namespace cortex {

uint32_t SegmentRowGroup::row_count() const {
  const auto loaded = file_->Footer();
  if (loaded.ok()) return layout(**loaded).row_count;
  // Unreadable: all rows stand in group 0, so that whoever reads any of them meets the error.
  if (index_ > 0) return 0;
  return static_cast<uint32_t>(std::min<uint64_t>(file_->info().row_count, INT32_MAX));
}

absl::StatusOr<const ColumnChunk*> SegmentRowGroup::column(ColumnId id) const {
  ASSIGN_OR_RETURN(const LoadedFooter* const loaded, file_->Footer());
  const auto found = loaded->column_by_id.find(id.value());
  if (found == loaded->column_by_id.end()) return nullptr;
  return file_->Chunk(index_, found->second);
}

const ChunkLayout* SegmentRowGroup::FindChunk(ColumnId id) const {
  const auto loaded = file_->Footer();
  if (!loaded.ok()) return nullptr;
  const auto found = (*loaded)->column_by_id.find(id.value());
  return found == (*loaded)->column_by_id.end() ? nullptr : &layout(**loaded).columns[found->second];
}

const ZoneMap* SegmentRowGroup::zone_map(ColumnId id) const {
  const ChunkLayout* const chunk = FindChunk(id);
  return chunk != nullptr && chunk->zone_map.has_value() ? &*chunk->zone_map : nullptr;
}

const RowEnvelope* SegmentRowGroup::row_envelope(ColumnId id) const {
  const ChunkLayout* const chunk = FindChunk(id);
  return chunk != nullptr && chunk->row_envelope.has_value() ? &*chunk->row_envelope : nullptr;
}

bool SegmentRowGroup::AllVisible(VersionWindow window) const {
  const auto loaded = file_->Footer();
  if (!loaded.ok()) return false;
  if (file_->options().overlay != nullptr && !file_->options().overlay->status().ok()) return false;
  const RowGroupLayout& group = layout(**loaded);
  return group.max_commit <= window.to && group.min_end > window.from && !has_overlay();
}

absl::Status SegmentRowGroup::SelectVisible(VersionWindow window, uint32_t first, uint32_t count,
                                            uint64_t* selection) const {
  ASSIGN_OR_RETURN(const LoadedFooter* const loaded, file_->Footer());
  if (file_->options().overlay != nullptr) RETURN_IF_ERROR(file_->Named(file_->options().overlay->status()));
  const RowGroupLayout& group = layout(*loaded);
  // Open ends are stored as the largest int64: no commit reaches them.
  const auto stored = [](Commit commit) -> FilterValue {
    return static_cast<int64_t>(std::min<Commit>(commit, INT64_MAX - 1));
  };
  if (group.max_commit > window.to) {
    ValueFilter committed{.upper = FilterBound{stored(window.to), true}};
    RETURN_IF_ERROR(FilterHidden(loaded->commit_slot(), std::move(committed), first, count, selection));
  }
  if (group.min_end <= window.from) {
    ValueFilter ended_later{.lower = FilterBound{stored(window.from), false}};
    RETURN_IF_ERROR(FilterHidden(loaded->end_slot(), std::move(ended_later), first, count, selection));
  }
  if (has_overlay()) {
    file_->options().overlay->ClearEnded(window.from, loaded->first_rows[index_] + first, count, selection);
  }
  return absl::OkStatus();
}

absl::Status SegmentRowGroup::Commits(uint32_t first, uint32_t count, Commit* commits) const {
  ASSIGN_OR_RETURN(const LoadedFooter* const loaded, file_->Footer());
  return ReadHidden(loaded->commit_slot(), first, count, commits);
}

absl::Status SegmentRowGroup::Ends(uint32_t first, uint32_t count, Commit* ends) const {
  ASSIGN_OR_RETURN(const LoadedFooter* const loaded, file_->Footer());
  if (file_->options().overlay != nullptr) RETURN_IF_ERROR(file_->Named(file_->options().overlay->status()));
  if (layout(*loaded).ends.row_count == 0) {
    std::fill_n(ends, count, kOpenEnd);
  } else {
    RETURN_IF_ERROR(ReadHidden(loaded->end_slot(), first, count, ends));
  }
  if (has_overlay()) file_->options().overlay->ReadEnds(loaded->first_rows[index_] + first, count, ends);
  return absl::OkStatus();
}

absl::Status SegmentRowGroup::Ordinals(uint32_t first, uint32_t count, uint32_t* ordinals) const {
  ASSIGN_OR_RETURN(const LoadedFooter* const loaded, file_->Footer());
  const RowGroupLayout& group = layout(*loaded);
  if (group.ordinals.row_count == 0) {
    // Rows stand in commit order: each commit is counted from its first row in this group.
    std::vector<Commit> commits(first + count);
    RETURN_IF_ERROR(ReadHidden(loaded->commit_slot(), 0, first + count, commits.data()));
    OrdinalCounter counter(group.first_ordinal);
    for (uint32_t row = 0; row < first + count; ++row) {
      const uint32_t ordinal = counter.Next(commits[row]);
      if (row >= first) ordinals[row - first] = ordinal;
    }
    return absl::OkStatus();
  }
  std::vector<Commit> stored(count);
  RETURN_IF_ERROR(ReadHidden(loaded->ordinal_slot(), first, count, stored.data()));
  std::copy(stored.begin(), stored.end(), ordinals);
  return absl::OkStatus();
}

bool SegmentRowGroup::has_overlay() const {
  return file_->options().overlay != nullptr && !file_->options().overlay->empty();
}

absl::Status SegmentRowGroup::FilterHidden(size_t slot, ValueFilter filter, uint32_t first, uint32_t count,
                                           uint64_t* selection) const {
  ASSIGN_OR_RETURN(const SegmentChunk* const chunk, file_->Chunk(index_, slot));
  return chunk->Filter({.filter = std::move(filter)}, first, count, selection);
}

absl::Status SegmentRowGroup::ReadHidden(size_t slot, uint32_t first, uint32_t count, Commit* out) const {
  ASSIGN_OR_RETURN(const SegmentChunk* const chunk, file_->Chunk(index_, slot));
  Column column(DataType::Scalar(TypeKind::kInt64));
  RETURN_IF_ERROR(chunk->Decode(first, count, &column));
  const absl::Span<const int64_t> values = column.values_as<int64_t>();
  for (uint32_t i = 0; i < count; ++i) out[i] = values[i] == INT64_MAX ? kOpenEnd : static_cast<Commit>(values[i]);
  return absl::OkStatus();
}

}  // namespace cortex

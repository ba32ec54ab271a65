#include "storage/table/hot_segment_view.h"

#include <algorithm>

#include "codecs/bytes/status_macros.h"
#include "codecs/zptv/sketch/section.h"
#include "storage/column/bitmap.h"

namespace cortex {

const ZoneMap* HotRowGroupView::zone_map(ColumnId id) const {
  const HotColumn* column = group_->FindColumn(id);
  return column == nullptr ? nullptr : column->zone_map();
}

const RowGroupView* HotRowGroupView::FileGroup() const {
  if (file_ == nullptr || file_->row_group_count() != 1) return nullptr;
  const RowGroupView& group = file_->row_group(0);
  return group.row_count() == row_count_ ? &group : nullptr;
}

// Their own spare opening the file. Both are about the values that column() serves: where sealing changes values, the
// group that comes with the file is another one than before, and has sketches of its own.
absl::StatusOr<const ColumnChunk*> HotRowGroupView::sketched_column(ColumnId id, SketchKind kind) const {
  const HotColumn* const column = group_->FindColumn(id);
  const RowGroupView* const in_file = FileGroup();
  if (column == nullptr || in_file == nullptr) return column;
  const HotSketch* const own = column->own_sketch(kind);
  if (own != nullptr && own->Covers(row_count_)) return column;
  ASSIGN_OR_RETURN(const ColumnChunk* const stored, in_file->column(id));
  if (stored == nullptr) return column;
  ASSIGN_OR_RETURN(const RowSketches* const in_stored, stored->Sketch(kind));
  return in_stored == nullptr ? column : stored;
}

const RowEnvelope* HotRowGroupView::row_envelope(ColumnId id) const {
  const RowGroupView* const in_file = FileGroup();
  return in_file == nullptr ? nullptr : in_file->row_envelope(id);
}

bool HotRowGroupView::AllVisible(VersionWindow window) const {
  return group_->max_commit() <= window.to && group_->versions()->empty();
}

absl::Status HotRowGroupView::SelectVisible(VersionWindow window, uint32_t first, uint32_t count,
                                            uint64_t* selection) const {
  if (group_->max_commit() > window.to) {
    for (uint32_t i = 0; i < count; ++i) {
      if (group_->CommitAt(first + i) > window.to) ClearBit(selection, i);
    }
  }
  group_->versions()->ClearEnded(window.from, first, count, selection);
  return absl::OkStatus();
}

absl::Status HotRowGroupView::Commits(uint32_t first, uint32_t count, Commit* commits) const {
  for (uint32_t i = 0; i < count; ++i) commits[i] = group_->CommitAt(first + i);
  return absl::OkStatus();
}

absl::Status HotRowGroupView::Ends(uint32_t first, uint32_t count, Commit* ends) const {
  for (uint32_t i = 0; i < count; ++i) ends[i] = group_->versions()->EndOf(first + i);
  return absl::OkStatus();
}

absl::Status HotRowGroupView::Ordinals(uint32_t first, uint32_t count, uint32_t* ordinals) const {
  group_->ReadOrdinals(first, count, ordinals);
  return absl::OkStatus();
}

bool HotSegmentView::MayContainKey(std::string_view key, uint64_t hash) const {
  return rows_.group().FindNewest(key, rows_.row_count()).has_value();
}

absl::Status HotSegmentView::FindKey(std::string_view key, uint64_t hash, std::vector<RowRef>* rows) const {
  const size_t old_size = rows->size();
  auto row = rows_.group().FindNewest(key, rows_.row_count());
  while (row.has_value()) {
    rows->push_back({.row_group = 0, .row = *row});
    row = rows_.group().FindBefore(*row);
  }
  std::reverse(rows->begin() + static_cast<ptrdiff_t>(old_size), rows->end());
  return absl::OkStatus();
}

}  // namespace cortex

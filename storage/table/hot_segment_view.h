// A RowGroup as a scan sees it: one segment of one row group, cut at the rows that were published when it was taken.
#ifndef CORTEX_STORAGE_TABLE_HOT_SEGMENT_VIEW_H_
#define CORTEX_STORAGE_TABLE_HOT_SEGMENT_VIEW_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/segment_view.h"
#include "storage/table/row_group.h"

namespace cortex {

class HotRowGroupView final : public RowGroupView {
 public:
  // `file`: the same rows once they are sealed, else nullptr.
  explicit HotRowGroupView(std::shared_ptr<const RowGroup> group, std::shared_ptr<const SegmentView> file = nullptr)
      : group_(std::move(group)), row_count_(group_->published_rows()), file_(std::move(file)) {}

  const RowGroup& group() const { return *group_; }
  uint32_t row_count() const override { return row_count_; }
  absl::StatusOr<const ColumnChunk*> column(ColumnId id) const override { return group_->FindColumn(id); }
  const ZoneMap* zone_map(ColumnId id) const override;
  absl::StatusOr<const ColumnChunk*> sketched_column(ColumnId id, SketchKind kind) const override;
  const RowEnvelope* row_envelope(ColumnId id) const override;
  bool AllVisible(VersionWindow window) const override;
  absl::Status SelectVisible(VersionWindow window, uint32_t first, uint32_t count,
                             uint64_t* selection) const override;
  absl::Status Commits(uint32_t first, uint32_t count, Commit* commits) const override;
  absl::Status Ends(uint32_t first, uint32_t count, Commit* ends) const override;
  absl::Status Ordinals(uint32_t first, uint32_t count, uint32_t* ordinals) const override;

 private:
  const std::shared_ptr<const RowGroup> group_;
  // The row group of the file that holds these rows, in this order; nullptr if it has them in several.
  const RowGroupView* FileGroup() const;

  const uint32_t row_count_;
  const std::shared_ptr<const SegmentView> file_;
};

class HotSegmentView final : public SegmentView {
 public:
  // `id`: 0 while the group is not sealed; `file`: it, once it is.
  HotSegmentView(std::shared_ptr<const RowGroup> group, SegmentId id, std::shared_ptr<const SegmentView> file = nullptr)
      : rows_(std::move(group), std::move(file)), id_(id) {}

  SegmentId id() const override { return id_; }
  Tier tier() const override { return Tier::kHot; }
  uint32_t shard() const override { return rows_.group().shard(); }
  size_t row_group_count() const override { return 1; }
  const RowGroupView& row_group(size_t) const override { return rows_; }
  uint64_t row_count() const override { return rows_.row_count(); }
  int64_t min_time() const override { return rows_.group().min_time(); }
  int64_t max_time() const override { return rows_.group().max_time(); }
  Commit min_commit() const override { return rows_.group().min_commit(); }
  Commit max_commit() const override { return rows_.group().max_commit(); }
  bool MayContainKey(std::string_view key, uint64_t hash) const override;
  absl::Status FindKey(std::string_view key, uint64_t hash, std::vector<RowRef>* rows) const override;
  std::string name() const override { return "hot"; }
  uint64_t stored_bytes() const override { return rows_.group().memory_bytes(); }
  uint64_t raw_bytes() const override { return rows_.group().raw_bytes(); }

 private:
  const HotRowGroupView rows_;
  const SegmentId id_;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TABLE_HOT_SEGMENT_VIEW_H_

// One row group of a segment file as a scan sees it.
#ifndef CORTEX_STORAGE_SEGMENT_SEGMENT_ROW_GROUP_H_
#define CORTEX_STORAGE_SEGMENT_SEGMENT_ROW_GROUP_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/segment/segment_file.h"
#include "storage/segment_view.h"

namespace cortex {

// Thread-safe. `file` must outlive it.
class SegmentRowGroup final : public RowGroupView {
 public:
  SegmentRowGroup(const SegmentFile* file, size_t index) : file_(file), index_(index) {}

  uint32_t row_count() const override;
  absl::StatusOr<const ColumnChunk*> column(ColumnId id) const override;
  const ZoneMap* zone_map(ColumnId id) const override;
  const RowEnvelope* row_envelope(ColumnId id) const override;
  bool AllVisible(VersionWindow window) const override;
  absl::Status SelectVisible(VersionWindow window, uint32_t first, uint32_t count,
                             uint64_t* selection) const override;
  absl::Status Commits(uint32_t first, uint32_t count, Commit* commits) const override;
  absl::Status Ends(uint32_t first, uint32_t count, Commit* ends) const override;
  absl::Status Ordinals(uint32_t first, uint32_t count, uint32_t* ordinals) const override;

 private:
  // What the footer says of a column; nullptr if it cannot be read, or says nothing.
  const ChunkLayout* FindChunk(ColumnId id) const;
  const RowGroupLayout& layout(const LoadedFooter& loaded) const { return loaded.footer.row_groups[index_]; }
  bool has_overlay() const;
  absl::Status FilterHidden(size_t slot, ValueFilter filter, uint32_t first, uint32_t count, uint64_t* selection) const;
  absl::Status ReadHidden(size_t slot, uint32_t first, uint32_t count, Commit* out) const;

  const SegmentFile* const file_;
  const size_t index_;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_SEGMENT_SEGMENT_ROW_GROUP_H_

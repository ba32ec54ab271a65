// Scalars and vectors in memory: rows of one fixed width, 1,024 to a block.
#ifndef CORTEX_STORAGE_TABLE_HOT_FIXED_COLUMN_H_
#define CORTEX_STORAGE_TABLE_HOT_FIXED_COLUMN_H_

#include <array>
#include <memory>
#include <vector>

#include "codecs/zptv/sketch/section.h"
#include "storage/table/hot_column.h"
#include "storage/table/hot_sketch.h"
#include "storage/table/zeroed_block.h"

namespace cortex {

class HotFixedColumn final : public HotColumn {
 public:
  HotFixedColumn(const DataType& type, uint32_t capacity, MemoryBudget* budget);

  uint64_t memory_bytes() const override;
  absl::StatusOr<std::optional<ValueSpan>> TryView(uint32_t first, uint32_t count) const override;
  absl::StatusOr<const RowSketches*> Sketch(SketchKind kind) const override;
  uint32_t SketchRow(uint32_t row) const override;
  HotSketch* own_sketch(SketchKind kind) const override { return sketches_[static_cast<size_t>(kind)].get(); }
  uint64_t sketch_bytes() const override;

 protected:
  void AppendValues(const Column& source, absl::Span<const uint32_t> rows, uint32_t first_row) override;
  void ReadRange(uint32_t first, uint32_t count, Column* out) const override;
  void ReadRows(absl::Span<const uint32_t> rows, Column* out) const override;
  void FilterValues(const ValueFilter& filter, uint32_t first, uint32_t count, uint64_t* selection) const override;

 private:
  const std::byte* RowAt(uint32_t row) const {
    return blocks_[row / kHotBlockRows].data() + static_cast<size_t>(row % kHotBlockRows) * row_bytes_;
  }

  const ValueShape shape_;
  const uint32_t row_bytes_;
  std::vector<ZeroedBlock> blocks_;  // fixed length
  std::atomic<uint64_t> touched_bytes_{0};
  std::array<std::unique_ptr<HotSketch>, 3> sketches_;  // by SketchKind
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TABLE_HOT_FIXED_COLUMN_H_

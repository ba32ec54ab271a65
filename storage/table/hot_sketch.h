// Sketches of one column of a row group in memory, made behind the writer's back: each block of 1,024 rows that is full,
// and so never changes again, gets its block of sketches once. They live as long as the column, whose rows they are
// about; where values change (a bound, at sealing) a new group takes its place, which has none of these.
//
// Polar ones are made for rows of which somebody asked them: only one metric uses them.
//
// Null rows are left out: block b holds the present ones of rows [1,024 b, 1,024 b + 1,024), or nothing if they are too
// few to pay (sketch_rule.h).
//
// Threads: one makes blocks; any number read those below block_count(), which is the border between them.
#ifndef CORTEX_STORAGE_TABLE_HOT_SKETCH_H_
#define CORTEX_STORAGE_TABLE_HOT_SKETCH_H_

#include <atomic>
#include <cstdint>
#include <vector>

#include "codecs/bytes/buffer.h"
#include "codecs/zptv/sketch/section.h"
#include "storage/runtime/memory_budget.h"
#include "storage/segment_view.h"

namespace cortex {

// What columns in memory have.
inline constexpr SketchKind kHotSketchKinds[] = {SketchKind::kEuclidean, SketchKind::kPolar};

class HotSketch final : public RowSketches {
 public:
  // Of at most `capacity` rows. `budget`: charged as kSketches; may be nullptr.
  HotSketch(SketchKind kind, ValueShape shape, uint32_t capacity, MemoryBudget* budget);

  // --- who makes blocks -----------------------------------------------------------------------------------------
  // Full blocks among the first `rows` rows that are still to be made; 0 where nobody wants them.
  uint32_t MissingBlocks(uint32_t rows) const;
  // What a block takes at most.
  uint64_t block_bytes() const { return SketchBlockBytes(kind_, shape_, kSketchBlockRows); }
  // Makes the next block from `column`, in which it is full and published. Errors: RESOURCE_EXHAUSTED, and nothing
  // changes. About 4 µs per row of 512 components.
  absl::Status MakeBlock(const ColumnChunk& column);
  // The file of these rows has sketches: no more are to be made here.
  void LeaveToFile() { in_file_.store(true, std::memory_order_relaxed); }

  // --- anybody --------------------------------------------------------------------------------------------------
  // Somebody asks for them, and will again.
  void Want() {
    if (!wanted_.load(std::memory_order_relaxed)) wanted_.store(true, std::memory_order_relaxed);
  }
  // Every full block among the first `rows` rows is sketched, and there is one.
  bool Covers(uint32_t rows) const {
    return rows >= kSketchBlockRows && block_count() >= rows / kSketchBlockRows;
  }
  uint64_t memory_bytes() const { return memory_bytes_.load(std::memory_order_relaxed); }
  uint32_t block_count() const override { return block_count_.load(std::memory_order_acquire); }
  uint32_t RowsOf(uint32_t block) const override { return blocks_[block].rows; }

 private:
  struct Block {
    uint32_t rows = 0;
    Buffer bytes;
  };
  absl::StatusOr<absl::Span<const std::byte>> Read(uint32_t block, size_t size) const override {
    return blocks_[block].bytes.span().subspan(0, size);
  }

  const SketchKind kind_;
  const ValueShape shape_;
  const uint32_t capacity_;
  const bool is_charged_;
  MemoryReservation memory_;
  std::vector<Block> blocks_;  // made for the first block, then of fixed length
  std::atomic<uint32_t> block_count_{0};
  std::atomic<uint64_t> memory_bytes_{0};
  std::atomic<bool> wanted_;
  std::atomic<bool> in_file_{false};
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TABLE_HOT_SKETCH_H_

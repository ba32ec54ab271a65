#include "storage/table/hot_sketch.h"

#include <array>
#include <cstring>
#include <utility>

#include "codecs/bytes/status_macros.h"
#include "storage/column/bitmap.h"
#include "storage/segment/sketch_rule.h"
#include "storage/table/hot_column.h"

namespace cortex {
namespace {

static_assert(kSketchBlockRows == kHotBlockRows);  // a block of rows lies in one piece

using BlockBits = std::array<uint64_t, kSketchBlockRows / 64>;

ValueBuffer PresentRows(const ValueSpan& rows, const BlockBits& present) {
  ValueBuffer out(rows.shape);
  const size_t row_bytes = rows.shape.row_bytes();
  for (uint32_t row = 0; row < rows.row_count; ++row) {
    if (GetBit(present.data(), row)) std::memcpy(out.ExtendFixed(1), rows.fixed + row * row_bytes, row_bytes);
  }
  return out;
}

}  // namespace

HotSketch::HotSketch(SketchKind kind, ValueShape shape, uint32_t capacity, MemoryBudget* budget)
    : RowSketches(SketchComponents(kind, shape)),
      kind_(kind),
      shape_(shape),
      capacity_(capacity),
      is_charged_(budget != nullptr),
      memory_(budget, MemoryUse::kSketches),
      wanted_(kind == SketchKind::kEuclidean) {}

uint32_t HotSketch::MissingBlocks(uint32_t rows) const {
  if (!wanted_.load(std::memory_order_relaxed) || in_file_.load(std::memory_order_relaxed)) return 0;
  return rows / kSketchBlockRows - block_count();
}

absl::Status HotSketch::MakeBlock(const ColumnChunk& column) {
  const uint32_t number = block_count_.load(std::memory_order_relaxed);
  const uint32_t first_row = number * kSketchBlockRows;
  BlockBits present;
  RETURN_IF_ERROR(column.Validity(first_row, kSketchBlockRows, present.data()));
  Block block{.rows = static_cast<uint32_t>(CountOnes(present.data(), kSketchBlockRows)), .bytes = {}};
  if (block.rows < kLeastSketchRows) block.rows = 0;
  if (block.rows != 0) {
    ASSIGN_OR_RETURN(const auto rows, column.TryView(first_row, kSketchBlockRows));
    const uint64_t bytes = SketchBlockBytes(kind_, shape_, block.rows);
    if (is_charged_) RETURN_IF_ERROR(memory_.Grow(bytes));
    block.bytes = block.rows == kSketchBlockRows ? BuildBlock(kind_, *rows)
                                                 : BuildBlock(kind_, PresentRows(*rows, present).span());
    memory_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  }
  if (blocks_.empty()) blocks_.resize((capacity_ + kSketchBlockRows - 1) / kSketchBlockRows);
  blocks_[number] = std::move(block);
  block_count_.store(number + 1, std::memory_order_release);
  return absl::OkStatus();
}

}  // namespace cortex

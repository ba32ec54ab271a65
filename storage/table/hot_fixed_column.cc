#include "storage/table/hot_fixed_column.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "codecs/filter_values.h"
#include "storage/segment/sketch_rule.h"

namespace cortex {
namespace {

// Copies rows of a compile-time width: one load and one store each, which memcpy of a run-time width is not.
template <typename T>
void CopyRows(const std::byte* from, absl::Span<const uint32_t> rows, std::byte* to) {
  const T* source = reinterpret_cast<const T*>(from);
  T* target = reinterpret_cast<T*>(to);
  for (size_t i = 0; i < rows.size(); ++i) target[i] = source[rows[i]];
}

void CopyWideRows(const std::byte* from, uint32_t row_bytes, absl::Span<const uint32_t> rows, std::byte* to) {
  for (size_t i = 0; i < rows.size(); ++i) {
    std::memcpy(to + i * row_bytes, from + static_cast<size_t>(rows[i]) * row_bytes, row_bytes);
  }
}

void CopyRowsOf(const std::byte* from, uint32_t row_bytes, absl::Span<const uint32_t> rows, std::byte* to) {
  switch (row_bytes) {
    case 1:
      return CopyRows<uint8_t>(from, rows, to);
    case 2:
      return CopyRows<uint16_t>(from, rows, to);
    case 4:
      return CopyRows<uint32_t>(from, rows, to);
    case 8:
      return CopyRows<uint64_t>(from, rows, to);
    default:
      return CopyWideRows(from, row_bytes, rows, to);
  }
}

// Null rows are left as they are, zero; returns the bytes written.
uint64_t CopyPresentRows(const Column& source, absl::Span<const uint32_t> rows, uint32_t row_bytes, std::byte* to) {
  const std::byte* from = source.values().fixed;
  uint64_t written = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    if (source.IsNull(rows[i])) continue;
    std::memcpy(to + i * row_bytes, from + static_cast<size_t>(rows[i]) * row_bytes, row_bytes);
    written += row_bytes;
  }
  return written;
}

}  // namespace

HotFixedColumn::HotFixedColumn(const DataType& type, uint32_t capacity, MemoryBudget* budget)
    : HotColumn(type, capacity),
      shape_(type.shape()),
      row_bytes_(shape_.row_bytes()),
      blocks_((capacity + kHotBlockRows - 1) / kHotBlockRows) {
  for (const SketchKind kind : kHotSketchKinds) {
    if (!IsSketched(type, kind)) continue;
    sketches_[static_cast<size_t>(kind)] = std::make_unique<HotSketch>(kind, shape_, capacity, budget);
  }
}

uint64_t HotFixedColumn::memory_bytes() const { return touched_bytes_.load(std::memory_order_relaxed); }

void HotFixedColumn::AppendValues(const Column& source, absl::Span<const uint32_t> rows, uint32_t first_row) {
  const std::byte* from = source.values().fixed;
  uint64_t touched = 0;
  for (size_t i = 0; i < rows.size();) {
    const uint32_t row = first_row + static_cast<uint32_t>(i);
    const uint32_t offset = row % kHotBlockRows;
    const size_t step = std::min<size_t>(kHotBlockRows - offset, rows.size() - i);
    ZeroedBlock& block = blocks_[row / kHotBlockRows];
    if (block.empty()) block = ZeroedBlock(static_cast<size_t>(kHotBlockRows) * row_bytes_);
    std::byte* to = block.data() + static_cast<size_t>(offset) * row_bytes_;
    const absl::Span<const uint32_t> part = rows.subspan(i, step);
    if (source.has_validity()) {
      touched += CopyPresentRows(source, part, row_bytes_, to);
    } else {
      CopyRowsOf(from, row_bytes_, part, to);
      touched += step * row_bytes_;
    }
    i += step;
  }
  touched_bytes_.fetch_add(touched, std::memory_order_relaxed);
}

absl::StatusOr<std::optional<ValueSpan>> HotFixedColumn::TryView(uint32_t first, uint32_t count) const {
  if (count == 0 || first / kHotBlockRows != (first + count - 1) / kHotBlockRows) return std::optional<ValueSpan>();
  return std::optional<ValueSpan>(ValueSpan{.shape = shape_, .row_count = count, .fixed = RowAt(first)});
}

absl::StatusOr<const RowSketches*> HotFixedColumn::Sketch(SketchKind kind) const {
  HotSketch* const sketch = own_sketch(kind);
  if (sketch == nullptr) return nullptr;
  sketch->Want();
  return sketch->block_count() == 0 ? nullptr : sketch;
}

uint32_t HotFixedColumn::SketchRow(uint32_t row) const {
  if (!has_nulls()) return row;
  const uint32_t block_row = row / kHotBlockRows * kHotBlockRows;
  std::array<uint64_t, kHotBlockRows / 64> present;
  (void)Validity(block_row, row - block_row, present.data());  // always OK in memory
  return block_row + static_cast<uint32_t>(CountOnes(present.data(), row - block_row));
}

uint64_t HotFixedColumn::sketch_bytes() const {
  uint64_t bytes = 0;
  for (const auto& sketch : sketches_) bytes += sketch == nullptr ? 0 : sketch->memory_bytes();
  return bytes;
}

void HotFixedColumn::ReadRange(uint32_t first, uint32_t count, Column* out) const {
  std::byte* to = out->mutable_values()->ExtendFixed(count);
  for (uint32_t i = 0; i < count;) {
    const uint32_t step = std::min(count - i, kHotBlockRows - (first + i) % kHotBlockRows);
    std::memcpy(to + static_cast<size_t>(i) * row_bytes_, RowAt(first + i), static_cast<size_t>(step) * row_bytes_);
    i += step;
  }
}

void HotFixedColumn::ReadRows(absl::Span<const uint32_t> rows, Column* out) const {
  std::byte* to = out->mutable_values()->ExtendFixed(static_cast<uint32_t>(rows.size()));
  if (row_bytes_ == 8) {
    for (size_t i = 0; i < rows.size(); ++i) std::memcpy(to + i * 8, RowAt(rows[i]), 8);
    return;
  }
  for (size_t i = 0; i < rows.size(); ++i) std::memcpy(to + i * row_bytes_, RowAt(rows[i]), row_bytes_);
}

void HotFixedColumn::FilterValues(const ValueFilter& filter, uint32_t first, uint32_t count,
                                  uint64_t* selection) const {
  for (uint32_t i = 0; i < count;) {
    const uint32_t step = std::min(count - i, kHotBlockRows - (first + i) % kHotBlockRows);
    const ValueSpan block{.shape = shape_, .row_count = step, .fixed = RowAt(first + i)};
    FilterFixedValues(block, filter, selection + i / 64);
    i += step;
  }
}

}  // namespace cortex

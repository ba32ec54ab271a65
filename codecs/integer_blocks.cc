#include "codecs/integer_blocks.h"

#include <algorithm>

#include "codecs/bytes/status_macros.h"
#include "codecs/chunk_io.h"
#include "codecs/filter_values.h"
#include "codecs/simd/unpack_kernels.h"

namespace cortex {
namespace {

template <typename T>
void Widen(const ValueSpan& rows, uint32_t first, uint32_t count, int64_t* values) {
  for (uint32_t i = 0; i < count; ++i) values[i] = LoadAs<T>(rows.fixed + (size_t{first} + i) * sizeof(T));
}

// Scratch for one decoded block.
struct alignas(64) BlockScratch {
  std::byte rows[kIntegerBlockRows * sizeof(int64_t)];
};

}  // namespace

bool HoldsIntegers(ValueShape shape) {
  return shape.values_per_row == 1 && (IsInteger(shape.type) || shape.type == PhysicalType::kBool);
}

unsigned WordBits(PhysicalType type) { return type == PhysicalType::kInt64 ? 64 : 32; }

void WidenRows(const ValueSpan& rows, uint32_t first, uint32_t count, int64_t* values) {
  switch (WidthOf(rows.shape.type)) {
    case 1:
      return Widen<int8_t>(rows, first, count, values);
    case 2:
      return Widen<int16_t>(rows, first, count, values);
    case 4:
      return Widen<int32_t>(rows, first, count, values);
    default:
      return Widen<int64_t>(rows, first, count, values);
  }
}

void StoreNarrow(const uint32_t* words, uint32_t count, uint32_t width_bytes, std::byte* rows) {
  const absl::Span<const uint32_t> values(words, count);
  if (width_bytes == 1) {
    simd::Narrow(values, reinterpret_cast<uint8_t*>(rows));
  } else if (width_bytes == 2) {
    simd::Narrow(values, reinterpret_cast<uint16_t*>(rows));
  } else {
    std::memcpy(rows, words, count * sizeof(uint32_t));
  }
}

uint32_t IntegerBlockChunk::RowsIn(uint32_t block) const {
  return std::min(kIntegerBlockRows, row_count_ - block * kIntegerBlockRows);
}

absl::Status IntegerBlockChunk::Decode(uint32_t first, uint32_t count, ValueBuffer* out) const {
  RETURN_IF_ERROR(CheckRange(first, count, row_count_));
  if (count == 0) return absl::OkStatus();
  const uint32_t width = shape_.row_bytes();
  std::byte* to = out->ExtendFixed(count);
  BlockScratch scratch;
  for (uint32_t row = first; row < first + count;) {
    const uint32_t block = row / kIntegerBlockRows, skip = row % kIntegerBlockRows;
    RETURN_IF_ERROR(DecodeBlock(block, scratch.rows));
    const uint32_t rows = std::min(RowsIn(block) - skip, first + count - row);
    std::memcpy(to, scratch.rows + size_t{skip} * width, size_t{rows} * width);
    to += size_t{rows} * width;
    row += rows;
  }
  return absl::OkStatus();
}

absl::Status IntegerBlockChunk::Gather(absl::Span<const uint32_t> rows, ValueBuffer* out) const {
  RETURN_IF_ERROR(CheckRows(rows, row_count_));
  const uint32_t width = shape_.row_bytes();
  BlockScratch scratch;
  for (size_t i = 0; i < rows.size();) {
    const uint32_t block = rows[i] / kIntegerBlockRows;
    size_t end = i + 1;
    while (end < rows.size() && rows[end] / kIntegerBlockRows == block) ++end;
    std::byte* to = out->ExtendFixed(static_cast<uint32_t>(end - i));
    // A few rows of a block are picked out one by one where the encoding can.
    bool picked = end - i <= 16;
    for (size_t k = i; k < end && picked; ++k) {
      ASSIGN_OR_RETURN(picked, DecodeRow(rows[k], to + (k - i) * width));
    }
    if (!picked) {
      RETURN_IF_ERROR(DecodeBlock(block, scratch.rows));
      for (size_t k = i; k < end; ++k) {
        std::memcpy(to + (k - i) * width, scratch.rows + size_t{rows[k] % kIntegerBlockRows} * width, width);
      }
    }
    i = end;
  }
  return absl::OkStatus();
}

absl::Status IntegerBlockChunk::Filter(const ValueFilter& filter, uint32_t first, uint32_t count,
                                       uint64_t* selection) const {
  RETURN_IF_ERROR(CheckRange(first, count, row_count_));
  const uint32_t width = shape_.row_bytes();
  BlockScratch scratch;
  for (uint32_t row = first; row < first + count;) {
    const uint32_t block = row / kIntegerBlockRows, skip = row % kIntegerBlockRows;
    const uint32_t rows = std::min(RowsIn(block) - skip, first + count - row);
    uint64_t* bits = selection + (row - first) / 64;
    // `first` is a multiple of 64, so every block begins at a word; a block already ruled out is not decoded.
    if (std::any_of(bits, bits + (rows + 63) / 64, [](uint64_t word) { return word != 0; })) {
      RETURN_IF_ERROR(DecodeBlock(block, scratch.rows));
      FilterFixedValues({.shape = shape_, .row_count = rows, .fixed = scratch.rows + size_t{skip} * width}, filter,
                        bits);
    }
    row += rows;
  }
  return absl::OkStatus();
}

}  // namespace cortex

#include "codecs/block_chunk.h"

#include <cstring>
#include <vector>

#include "codecs/bytes/status_macros.h"
#include "codecs/chunk_io.h"
#include "codecs/filter_values.h"

namespace cortex {

absl::Status BlockChunk::Decode(uint32_t first, uint32_t count, ValueBuffer* out) const {
  RETURN_IF_ERROR(CheckRange(first, count, row_count_));
  const size_t row_bytes = shape_.row_bytes();
  Buffer workspace, scratch;
  for (uint32_t row = first, rows = 0; row < first + count; row += rows) {
    const uint32_t block = row / block_rows_, skip = row % block_rows_;
    rows = std::min(RowsIn(block) - skip, first + count - row);
    if (rows == RowsIn(block)) {
      RETURN_IF_ERROR(DecodeBlock(block, &workspace, out->ExtendFixed(rows)));
      continue;
    }
    scratch.Resize(RowsIn(block) * row_bytes);
    RETURN_IF_ERROR(DecodeBlock(block, &workspace, scratch.data()));
    std::memcpy(out->ExtendFixed(rows), scratch.data() + skip * row_bytes, rows * row_bytes);
  }
  return absl::OkStatus();
}

absl::Status BlockChunk::Gather(absl::Span<const uint32_t> rows, ValueBuffer* out) const {
  RETURN_IF_ERROR(CheckRows(rows, row_count_));
  Buffer workspace;
  std::vector<uint32_t> in_block;
  for (size_t i = 0; i < rows.size();) {
    const uint32_t block = rows[i] / block_rows_;
    in_block.clear();
    for (; i < rows.size() && rows[i] / block_rows_ == block; ++i) in_block.push_back(rows[i] % block_rows_);
    std::byte* const to = out->ExtendFixed(static_cast<uint32_t>(in_block.size()));
    RETURN_IF_ERROR(GatherBlock(block, in_block, &workspace, to));
  }
  return absl::OkStatus();
}

absl::Status BlockChunk::GatherBlock(uint32_t block, absl::Span<const uint32_t> rows, Buffer* workspace,
                                     std::byte* out) const {
  const size_t row_bytes = shape_.row_bytes();
  Buffer scratch;
  scratch.Resize(RowsIn(block) * row_bytes);
  RETURN_IF_ERROR(DecodeBlock(block, workspace, scratch.data()));
  for (const uint32_t row : rows) {
    std::memcpy(out, scratch.data() + row * row_bytes, row_bytes);
    out += row_bytes;
  }
  return absl::OkStatus();
}

absl::Status BlockChunk::Filter(const ValueFilter& filter, uint32_t first, uint32_t count, uint64_t* selection) const {
  RETURN_IF_ERROR(CheckRange(first, count, row_count_));
  Buffer workspace, scratch;
  for (uint32_t row = first, rows = 0; row < first + count; row += rows) {
    const uint32_t block = row / block_rows_, skip = row % block_rows_;
    rows = std::min(RowsIn(block) - skip, first + count - row);
    uint64_t* bits = selection + (row - first) / 64;
    if (!AnyBit(bits, rows)) continue;
    scratch.Resize(RowsIn(block) * size_t{shape_.row_bytes()});
    RETURN_IF_ERROR(DecodeBlock(block, &workspace, scratch.data()));
    const ValueSpan values{.shape = shape_, .row_count = RowsIn(block), .fixed = scratch.data()};
    FilterFixedValues(values.Slice(skip, rows), filter, bits);
  }
  return absl::OkStatus();
}

}  // namespace cortex

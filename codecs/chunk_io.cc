#include "codecs/chunk_io.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_format.h"

namespace cortex {

absl::Status CheckRange(uint32_t first, uint32_t count, uint32_t row_count) {
  if (first > row_count || count > row_count - first) {
    return absl::InvalidArgumentError(
        absl::StrFormat("rows [%d, %d) are outside a chunk of %d rows", first, uint64_t{first} + count, row_count));
  }
  return absl::OkStatus();
}

absl::Status CheckRows(absl::Span<const uint32_t> rows, uint32_t row_count) {
  uint32_t previous = 0;
  for (uint32_t row : rows) {
    if (row < previous || row >= row_count) {
      return absl::InvalidArgumentError(
          absl::StrFormat("row %d after row %d in a chunk of %d rows: rows must ascend", row, previous, row_count));
    }
    previous = row;
  }
  return absl::OkStatus();
}

void PadFrom(size_t start, size_t alignment, std::string* out) {
  out->resize(start + AlignUp(out->size() - start, alignment), '\0');
}

void ClearBits(uint64_t* bitmap, uint32_t first, uint32_t count) {
  for (uint32_t i = first; i < first + count;) {
    const uint32_t in_word = i % 64;
    const uint32_t bits = std::min(64 - in_word, first + count - i);
    const uint64_t ones = bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
    bitmap[i / 64] &= ~(ones << in_word);
    i += bits;
  }
}

void FillRows(const std::byte* row, uint32_t row_bytes, uint32_t count, std::byte* out) {
  const uint64_t total = uint64_t{row_bytes} * count;
  if (total == 0) return;
  std::memcpy(out, row, row_bytes);
  for (uint64_t done = row_bytes; done < total;) {  // doubling copies: few calls, whatever the width
    const uint64_t next = std::min(done, total - done);
    std::memcpy(out + done, out, next);
    done += next;
  }
}

absl::Status AppendChecked(std::string_view value, ValueBuffer* out) {
  const uint64_t end = out->span().offsets[out->row_count()] + uint64_t{value.size()};
  if (end > std::numeric_limits<uint32_t>::max()) {
    return absl::DataLossError(absl::StrFormat("decoded strings exceed 4 GiB at row %d", out->row_count()));
  }
  out->AppendString(value);
  return absl::OkStatus();
}

absl::StatusOr<absl::Span<const std::byte>> SliceSource::Read(uint64_t offset, uint64_t count) const {
  if (offset > size_ || count > size_ - offset) {
    return absl::DataLossError(absl::StrFormat("truncated: %d bytes wanted at offset %d of %d", count, offset, size_));
  }
  return source_->Read(offset_ + offset, count);
}

}  // namespace cortex

// What every encoding needs around its own bytes: range checks, padding, a window onto a ByteSource, and working
// through rows in blocks.
#ifndef CORTEX_CODECS_CHUNK_IO_H_
#define CORTEX_CODECS_CHUNK_IO_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "codecs/codec.h"

namespace cortex {

// Errors: INVALID_ARGUMENT if [first, first + count) is not within row_count rows (a bug of the caller).
absl::Status CheckRange(uint32_t first, uint32_t count, uint32_t row_count);
// Errors: INVALID_ARGUMENT if `rows` is not ascending or not within row_count rows.
absl::Status CheckRows(absl::Span<const uint32_t> rows, uint32_t row_count);

// Zero bytes until the encoding that begins at `start` is a multiple of `alignment` long.
void PadFrom(size_t start, size_t alignment, std::string* out);
constexpr uint64_t AlignUp(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

// Unaligned little-endian load.
template <typename T>
T LoadAs(const std::byte* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

inline bool IsAligned(const void* pointer, size_t alignment) {
  return reinterpret_cast<uintptr_t>(pointer) % alignment == 0;
}

// Clears bits [first, first + count).
void ClearBits(uint64_t* bitmap, uint32_t first, uint32_t count);
// True if one of the first `count` bits' words has a bit set.
inline bool AnyBit(const uint64_t* bitmap, uint32_t count) {
  return std::any_of(bitmap, bitmap + (count + 63) / 64, [](uint64_t word) { return word != 0; });
}
inline bool TestBit(const uint64_t* bitmap, uint32_t i) { return (bitmap[i / 64] >> (i % 64) & 1) != 0; }

// `count` copies of one row of `row_bytes` bytes.
void FillRows(const std::byte* row, uint32_t row_bytes, uint32_t count, std::byte* out);

// Appends one string. Errors: DATA_LOSS if the buffer's 32-bit offsets cannot reach its end (only damaged bytes ask for
// that: what was encoded fitted).
absl::Status AppendChecked(std::string_view value, ValueBuffer* out);

// Bytes [offset, offset + size) of another source, which must outlive it.
class SliceSource final : public ByteSource {
 public:
  SliceSource(const ByteSource* source, uint64_t offset, uint64_t size)
      : source_(source), offset_(offset), size_(size) {}
  uint64_t offset() const { return offset_; }
  uint64_t size() const override { return size_; }
  absl::StatusOr<absl::Span<const std::byte>> Read(uint64_t offset, uint64_t count) const override;

 private:
  const ByteSource* source_;
  uint64_t offset_;
  uint64_t size_;
};

}  // namespace cortex

#endif  // CORTEX_CODECS_CHUNK_IO_H_

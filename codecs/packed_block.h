// A block of up to 1,024 non-negative integers: most of them bit-packed, the few that would widen all others listed
// apart (patched frame of reference; Zukowski et al., "Super-scalar RAM-CPU cache compression", ICDE 2006). Shared by
// bitpack, delta, and the lengths of zstd strings. FORMAT.md, "packed block".
#ifndef CORTEX_CODECS_PACKED_BLOCK_H_
#define CORTEX_CODECS_PACKED_BLOCK_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "codecs/codec.h"
#include "codecs/simd/unpack_kernels.h"

namespace cortex {

struct PackedBlock {
  uint8_t width = 0;
  uint16_t exception_count = 0;
};

// The width that makes the block smallest.
PackedBlock PlanPackedBlock(absl::Span<const uint64_t> values, unsigned word_bits);

// Bytes of a block of `count` values: packed words, then the exceptions' values, then their positions, padded to 8.
uint64_t PackedBlockBytes(PackedBlock block, uint32_t count, unsigned word_bits);

// Appends the block PlanPackedBlock described. Values fit in word_bits (32 or 64).
void AppendPackedBlock(absl::Span<const uint64_t> values, PackedBlock block, unsigned word_bits, std::string* out);

// A block's bytes, checked to be as long as they must be and exceptions to point into the block.
class PackedBlockView {
 public:
  PackedBlockView() = default;  // of no values
  // Errors: DATA_LOSS.
  static absl::StatusOr<PackedBlockView> Read(const ByteSource* source, uint64_t offset, PackedBlock block,
                                              uint32_t count, unsigned word_bits);

  // values[i] = base + value i, modulo the word; `values` has room for 1,024.
  void Unpack(uint32_t base, uint32_t* values) const;
  void Unpack(uint64_t base, uint64_t* values) const;
  // One value, without base.
  uint64_t At(uint32_t i) const;

 private:
  PackedBlockView(const std::byte* bytes, PackedBlock block, uint32_t count, unsigned word_bits)
      : bytes_(bytes), block_(block), count_(count), word_bits_(word_bits) {}

  const std::byte* ExceptionValues() const { return bytes_ + simd::PackedBytes(count_, block_.width, word_bits_); }
  uint64_t ExceptionValue(uint32_t e) const;
  uint16_t ExceptionPosition(uint32_t e) const;

  const std::byte* bytes_ = nullptr;
  PackedBlock block_;
  uint32_t count_ = 0;
  unsigned word_bits_ = 64;
};

}  // namespace cortex

#endif  // CORTEX_CODECS_PACKED_BLOCK_H_

// One block of integers, less what is predicted from their neighbours, in groups of like magnitude, entropy-coded.
//
//   unit     every value is base + unit · y: stamps in nanoseconds of a clock that ticks in seconds need 30 bits less
//   predict  y less its neighbour in the row before (once, or twice: differences of differences), and less the one before
//            or two before in its row (two: the same component of the complex value before); the best of up to six
//   group    columns in strips of 16, strips of like magnitude share a table of frequencies; at most 8 groups
//   entropy  zptv/rans, one run per group
//
// Arithmetic is modulo 2^64, or 2^32 for narrower types: whatever the bytes say decodes to something. Internal to
// codecs.
#ifndef CORTEX_CODECS_RESIDUAL_BLOCK_H_
#define CORTEX_CODECS_RESIDUAL_BLOCK_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "codecs/bytes/buffer.h"

namespace cortex {

struct ResidualShape {
  uint32_t rows = 0;
  uint32_t columns = 1;

  size_t values() const { return size_t{rows} * columns; }
};

// Appends a block of `shape.values()` (at least one) values, row after row. `wide` says whether they need more than 32
// bits; narrower ones are decoded modulo 2^32.
absl::Status AppendResidualBlock(absl::Span<const int64_t> values, ResidualShape shape, bool wide, std::string* out);

// Fills `values`, uint64_t for wide blocks, uint32_t for others. `workspace` is scratch memory. Errors: DATA_LOSS.
template <typename Word>
absl::Status DecodeResidualBlock(absl::Span<const std::byte> bytes, ResidualShape shape, Buffer* workspace,
                                 Word* values);

}  // namespace cortex

#endif  // CORTEX_CODECS_RESIDUAL_BLOCK_H_

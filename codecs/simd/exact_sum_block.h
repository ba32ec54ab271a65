// What the SIMD half of ExactSum hands to the scalar half. Internal to codecs/simd.
#ifndef CORTEX_CODECS_SIMD_EXACT_SUM_BLOCK_H_
#define CORTEX_CODECS_SIMD_EXACT_SUM_BLOCK_H_

#include <cstddef>
#include <cstdint>

namespace cortex::simd {

inline constexpr size_t kExactBlock = 1024;

// Σ over the block = Σ parts[i] · 2^positions[i], exactly.
struct ExactBlock {
  size_t part_count = 0;
  int64_t parts[4];
  int positions[4];
};

// Sums up to kExactBlock values (their squares if asked). `selection` begins at the first value, or is nullptr. False,
// and nothing is said about `out`, if the block holds NaN or infinity or values so far apart or so extreme that the
// caller has to add them one by one.
bool SumBlock(const double* values, size_t count, const uint64_t* selection, bool squares, ExactBlock* out);
bool SumBlock(const float* values, size_t count, const uint64_t* selection, bool squares, ExactBlock* out);

}  // namespace cortex::simd

#endif  // CORTEX_CODECS_SIMD_EXACT_SUM_BLOCK_H_

// What one pass of the integer aggregate kernel hands back, shared by all targets. Internal to codecs/simd.
#ifndef CORTEX_CODECS_SIMD_AGGREGATE_PASS_H_
#define CORTEX_CODECS_SIMD_AGGREGATE_PASS_H_

#include <cstdint>

namespace cortex::simd {

// The sum travels as the two unsigned 32-bit halves of value + 2^63, summed apart: neither overflows for fewer than
// 2^32 values.
struct IntPass {
  uint64_t count = 0;
  uint64_t low_sum = 0;
  uint64_t high_sum = 0;
  int64_t min = 0;
  int64_t max = 0;
};

}  // namespace cortex::simd

#endif  // CORTEX_CODECS_SIMD_AGGREGATE_PASS_H_

// IEEE binary16 as it is stored: 16 bits, no arithmetic. Converted to float for every computation.
#ifndef CORTEX_CODECS_SIMD_HALF_H_
#define CORTEX_CODECS_SIMD_HALF_H_

#include <cstdint>

namespace cortex {

struct Half {
  uint16_t bits = 0;
};
static_assert(sizeof(Half) == 2);

// Exact, subnormals and infinities included; a NaN stays a NaN.
float ToFloat(Half half);

// Rounds to nearest, ties to even; beyond ±65,520 gives ±infinity; a NaN stays a NaN.
Half ToHalf(float value);

// Rounds once, from double (never through float, which would round twice).
Half ToHalf(double value);

}  // namespace cortex

#endif  // CORTEX_CODECS_SIMD_HALF_H_

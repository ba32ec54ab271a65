// Finds the integers inside floats: decimal readings (i / 10^e), counts (i · 2^k) and instrument steps (i · step).
//
// Decimals as in ALP (Afroozeh, Kuffó and Boncz, "ALP: Adaptive lossless floating-point compression", SIGMOD 2023),
// with one difference: values come back by division, which rounds exactly as parsing the decimal did, so that one
// exponent is searched instead of a pair and decimals of up to 15 digits never become exceptions. Internal to codecs.
#ifndef CORTEX_CODECS_SCALE_FINDER_H_
#define CORTEX_CODECS_SCALE_FINDER_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "codecs/simd/scale_kernels.h"

namespace cortex {

// Values of one block as integers.
struct ScaledValues {
  std::vector<int64_t> integers;     // one per value; an exception's is the one before it
  std::vector<uint32_t> exceptions;  // positions of values the scale does not give back bit for bit, ascending
  int64_t min = 0, max = 0;          // of `integers`
};

// The scale that makes `values` (at least one; float or double) smallest, judged on up to 64 of them. There always is
// one; whether it pays is seen when the values are converted. `previous`, the scale of the block before, is kept
// without search if it fits the sample and no coarser one could. Deterministic.
template <typename Float>
simd::Scale FindScale(absl::Span<const Float> values, const simd::Scale* previous);

// Converts all values. Cost: about 4 ns a value.
template <typename Float>
void ToIntegers(absl::Span<const Float> values, simd::Scale scale, ScaledValues* out);

}  // namespace cortex

#endif  // CORTEX_CODECS_SCALE_FINDER_H_

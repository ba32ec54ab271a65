// Integers times a scale, as floats, and floats as wider floats: what turns packed integers back into decimal readings
// and instrument counts.
//
//   widen     out[i] = in[i]; halves must be finite (without F16C Highway widens ±infinity and NaN to numbers)
//   multiply  out[i] = value of type Float nearest to (double) in[i] · factor
//   divide    out[i] = value of type Float nearest to (double) in[i] / factor
//
// Computed in double and, for float, rounded once more to float. Division is what parsing a decimal does: i / 10^e is
// the double nearest to the decimal for |i| < 2^53 and e <= 22, which multiplying with the inexact 10^-e is not. Every
// operation is a single IEEE rounding, so all targets give the same bits. An int64 beyond ±2^53 rounds to nearest
// first.
//
// Thread-safe, no allocation.
#ifndef CORTEX_CODECS_SIMD_SCALE_KERNELS_H_
#define CORTEX_CODECS_SIMD_SCALE_KERNELS_H_

#include <cstddef>
#include <cstdint>

#include "codecs/simd/half.h"

namespace cortex::simd {

struct Scale {
  double factor = 1;
  bool divide = false;
  bool operator==(const Scale&) const = default;
};

// Int is int8_t, int16_t, int32_t or int64_t, Float float or double. The arrays do not overlap.
template <typename Int, typename Float>
void ScaleIntegers(const Int* in, size_t count, Scale scale, Float* out);

// The arrays do not overlap.
void WidenFloats(const Half* in, size_t count, float* out);
void WidenFloats(const Half* in, size_t count, double* out);
void WidenFloats(const float* in, size_t count, double* out);

// The specification, one value.
template <typename Float>
Float ScaleOne(int64_t value, Scale scale) {
  const double wide = static_cast<double>(value);
  return static_cast<Float>(scale.divide ? wide / scale.factor : wide * scale.factor);
}

}  // namespace cortex::simd

#endif  // CORTEX_CODECS_SIMD_SCALE_KERNELS_H_

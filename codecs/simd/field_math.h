// The scalar ends of the field distances: what is done once per row after the sums, and the constants of the angle
// polynomial. One copy for the kernels and the reference, so they cannot drift apart. Internal to codecs/simd.
#ifndef CORTEX_CODECS_SIMD_FIELD_MATH_H_
#define CORTEX_CODECS_SIMD_FIELD_MATH_H_

#include <cstddef>

namespace cortex::simd {

// atan(t) ≈ t + t·s·(k[0] + k[1]·s + … + k[10]·s^10), s = t², |t| <= tan(π/8). Interpolated at Chebyshev nodes of s in
// exact rational arithmetic, then rounded; the polynomial is off by at most 0.07 · 2^-53.
inline constexpr double kAtanCoefficients[11] = {
    -0x1.5555555555555p-2, 0x1.999999999934ap-3, -0x1.24924924360cbp-3, 0x1.c71c7185314cbp-4,
    -0x1.745d0b26b83e7p-4, 0x1.3b1262d95579ep-4, -0x1.10fa75382537fp-4, 0x1.dfe61e80903d2p-5,
    -0x1.a098bb6ba4941p-5, 0x1.41603647c7a7cp-5, -0x1.3a2b7a07caea8p-6,
};
inline constexpr double kTanPi8 = 0x1.a827999fcef32p-2;
// π/4 in two doubles: high + low is good to 107 bits.
inline constexpr double kQuarterPi = 0x1.921fb54442d18p-1;
inline constexpr double kQuarterPiLow = 0x1.1a62633145c07p-55;
inline constexpr double kPi = 0x1.921fb54442d18p+1;
inline constexpr double kTwoPi = 0x1.921fb54442d18p+2;

// ⟨a, b⟩ and ‖b‖² from one pass over both rows.
struct HermitianSums {
  double re = 0;
  double im = 0;
  double squared_norm_b = 0;
};

// Any NaN becomes the canonical quiet NaN: which operand's payload survives differs between targets.
double CanonicalNan(double value);

// a[0..15] added as the fixed tree; a is overwritten.
template <typename T>
inline T AddTree(T* a) {
  for (size_t half = 8; half != 0; half /= 2) {
    for (size_t i = 0; i < half; ++i) a[i] += a[i + half];
  }
  return a[0];
}

double CosineFrom(double product, double squared_norm_a, double squared_norm_b);
double FidelityFrom(double re, double im, double squared_norm_a, double squared_norm_b);
// From ΣΔφ² and ΣΔr² over n components.
double PolarFrom(double phase_sum, double amplitude_sum, size_t n);

}  // namespace cortex::simd

#endif  // CORTEX_CODECS_SIMD_FIELD_MATH_H_

// Integers back to values: the last stage of decoding a column whose values were quantised, and the transform in front
// of quantising. A line is `columns` values; the integers of many lines lie column after column, ints[c * lines + l], so
// that every kernel works on many lines at once and never across the values of one.
//
// Meaning (the same on every target, bit for bit; no fused multiplications):
//   ScaleLines           out[l][c] = round(double(ints[c * lines + l]) * steps[l]), one rounding to double, one to T
//   InverseFourierLines  z[l][t] = sum over k of Z[l][k] * e^(2πi·k·t/n), Z from ScaleLines' products, re and im in
//                        turns, n = columns / 2; passes and their order as in reference::FourierLine
#ifndef CORTEX_CODECS_SIMD_LINE_KERNELS_H_
#define CORTEX_CODECS_SIMD_LINE_KERNELS_H_

#include <cstddef>
#include <cstdint>

#include "codecs/simd/fourier_plan.h"
#include "codecs/simd/half.h"

namespace cortex::simd {

void ScaleLines(const int32_t* ints, size_t columns, size_t lines, const double* steps, double* const* out);
void ScaleLines(const int32_t* ints, size_t columns, size_t lines, const double* steps, float* const* out);
void ScaleLines(const int32_t* ints, size_t columns, size_t lines, const double* steps, Half* const* out);

// plan.size = columns / 2.
void InverseFourierLines(const FourierPlan& plan, const int32_t* ints, size_t lines, const double* steps,
                         double* const* out);
void InverseFourierLines(const FourierPlan& plan, const int32_t* ints, size_t lines, const double* steps,
                         float* const* out);

// coefficients[l][k] = (1/n) · sum over t of z[l][t] * e^(-2πi·k·t/n): what InverseFourierLines undoes.
void ForwardFourierLines(const FourierPlan& plan, const double* const* values, size_t lines, double* const* out);

// Rounds once, ties to even, like ToHalf(double); `value` is not NaN.
Half RoundToHalf(double value);

namespace reference {
// One line, in place; the specification of the transforms above. `inverse` gives the sign of the exponent; neither
// direction divides by n.
void FourierLine(const FourierPlan& plan, bool inverse, double* re, double* im);
}  // namespace reference

}  // namespace cortex::simd

#endif  // CORTEX_CODECS_SIMD_LINE_KERNELS_H_

// Integers back to values: the last stage of decoding a column whose values were quantised. A line is `columns` values;
// the integers of many lines lie column after column, ints[c * lines + l], so that every kernel works on many lines at
// once and never across the values of one. (Lines of Fourier coefficients: fourier_kernels.h.)
//
// Meaning (the same on every target, bit for bit; no fused multiplications):
//   ScaleLines         out[l][c] = round(double(ints[c * lines + l]) * steps[l]), one rounding to double, one to T
//   TransposeIntegers  out[c * rows + r] = in[r * columns + c]
#ifndef CORTEX_CODECS_SIMD_LINE_KERNELS_H_
#define CORTEX_CODECS_SIMD_LINE_KERNELS_H_

#include <cstddef>
#include <cstdint>

#include "codecs/simd/half.h"

namespace cortex::simd {

void ScaleLines(const int32_t* ints, size_t columns, size_t lines, const double* steps, double* const* out);
void ScaleLines(const int32_t* ints, size_t columns, size_t lines, const double* steps, float* const* out);
void ScaleLines(const int32_t* ints, size_t columns, size_t lines, const double* steps, Half* const* out);

// The arrays do not overlap.
void TransposeIntegers(const int32_t* in, size_t rows, size_t columns, int32_t* out);

// What prediction leaves of one column of integers, modulo 2^32: each less its left neighbour (the same line of another
// column; nullptr: 0), less the value of the line before (up; the first line has none), or both. Rescaled: less
// round(ratios[l] * value of the line before), ties to even, held within ±2^30.
void Differences(const int32_t* column, const int32_t* left, size_t lines, int32_t* out);
void DifferencesUp(const int32_t* column, const int32_t* left, size_t lines, int32_t* out);
void RescaledDifferencesUp(const int32_t* column, const double* ratios, size_t lines, int32_t* out);

// Rounds once, ties to even, like ToHalf(double); `value` is not NaN.
Half RoundToHalf(double value);

namespace reference {
void Differences(const int32_t* column, const int32_t* left, size_t lines, int32_t* out);
void DifferencesUp(const int32_t* column, const int32_t* left, size_t lines, int32_t* out);
void RescaledDifferencesUp(const int32_t* column, const double* ratios, size_t lines, int32_t* out);
}  // namespace reference

}  // namespace cortex::simd

#endif  // CORTEX_CODECS_SIMD_LINE_KERNELS_H_

// Fourier transforms of many lines at once: of integers back to values, of values to coefficients, and what an encoder
// asks while it looks for steps. A line is n = columns / 2 complex numbers, re and im in turns.
//
// Meaning (the same on every target, bit for bit; no fused multiplications):
//   InverseFourierLines  z[l][t] = sum over k of Z[l][k] * e^(2πi·k·t/n), Z the products ints[c * lines + l] * steps[l]
//                        rounded to double (integers column after column, as in line_kernels.h); passes and their order
//                        as in reference::FourierLine; rounded to T at the end
//   ForwardFourierLines  Z[l][k] = (1/n) · sum over t of z[l][t] * e^(-2πi·k·t/n): what InverseFourierLines undoes
#ifndef CORTEX_CODECS_SIMD_FOURIER_KERNELS_H_
#define CORTEX_CODECS_SIMD_FOURIER_KERNELS_H_

#include <cstddef>
#include <cstdint>

#include "codecs/simd/fourier_plan.h"

namespace cortex::simd {

// plan.size = columns / 2.
void InverseFourierLines(const FourierPlan& plan, const int32_t* ints, size_t lines, const double* steps,
                         double* const* out);
void InverseFourierLines(const FourierPlan& plan, const int32_t* ints, size_t lines, const double* steps,
                         float* const* out);

void ForwardFourierLines(const FourierPlan& plan, const double* const* values, size_t lines, double* const* out);

// Lines as the passes want them, kept from one question to the next. The layout is the target's own: only these
// functions know it. Buffers hold FourierStripDoubles doubles. The integer of a coefficient x is the one nearest to
// x · (1 / step), ties to even, 0 beyond ±(2^30 - 1). Lines whose step is 0 are nobody's business: what is said of them is void.
size_t FourierStripDoubles(const FourierPlan& plan, size_t lines);
void LoadFourierStrips(const FourierPlan& plan, const double* const* values, size_t lines, double* strips);
void ForwardFourierStrips(const FourierPlan& plan, const double* strips, size_t lines, double* coefficients);

// sums[l] = sum over the coefficients' parts of (x - step · nearest(x · (1 / step)))².
void FourierRoundingSquares(const FourierPlan& plan, const double* coefficients, const double* steps, size_t lines,
                            double* sums);

// What would come back of each line if its coefficients were stored as integers times steps[l]: the values that
// InverseFourierLines gives (of float if to_float), and their errors.
struct FourierTrials {
  const double* values = nullptr;        // strips
  const double* coefficients = nullptr;  // strips
  bool to_float = false;
  double* largest = nullptr;  // one per line: the largest |z - ẑ|²
  double* sums = nullptr;     // one per line: the sum of |z - ẑ|², in the order of the numbers
  double* decoded = nullptr;  // strips of ẑ, if wanted
};
void TryFourierSteps(const FourierPlan& plan, const FourierTrials& trials, const double* steps, size_t lines);

// The integers, column after column.
void RoundFourierStrips(const FourierPlan& plan, const double* coefficients, const double* steps, size_t lines,
                        int32_t* ints);

// How well the integers of `rounded` are found again in `coefficients`, which are those of `values`.
struct FourierFits {
  const double* values = nullptr;        // strips
  const double* coefficients = nullptr;  // strips
  const double* rounded = nullptr;       // strips
  double smallest_normal = 0;            // of the type of the values
  double* largest = nullptr;             // one per line: the largest part of a coefficient, without its sign
  double* squares = nullptr;             // one per line: the sum of the parts' squares
  double* distance = nullptr;            // one per line: the largest |x · (1 / step) - integer|
  double* special = nullptr;             // one per line: not 0 if a value is NaN, infinite, −0 or subnormal
};
void FitFourierStrips(const FourierPlan& plan, const FourierFits& fits, const double* steps, size_t lines);

namespace reference {
// One line, in place; the specification of the transforms above. `inverse` gives the sign of the exponent; neither
// direction divides by n.
void FourierLine(const FourierPlan& plan, bool inverse, double* re, double* im);
}  // namespace reference

}  // namespace cortex::simd

#endif  // CORTEX_CODECS_SIMD_FOURIER_KERNELS_H_

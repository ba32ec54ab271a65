// Lines of doubles to integers times a step, and the errors that leaves: what an encoder asks many times over before it
// settles for a step.
//
// Meaning (the same on every target, bit for bit; no fused multiplications). `type` says which float the products are
// rounded to before they are compared: 64, 32 or 16 bits. nearest() is to even on ties.
//   q(x)      nearest(x · (1 / step)) where that is within ±(2^30 - 1), else 0 (NaN too)
//   error(x)  x - (q(x) · step, rounded to double, then to the type) for finite x, 0 for others
// Sums are eight partial sums, element i in sum i mod 8, added up as ((0+1)+(2+3)) + ((4+5)+(6+7)).
//
// Thread-safe, no allocation.
#ifndef CORTEX_CODECS_SIMD_QUANTISE_KERNELS_H_
#define CORTEX_CODECS_SIMD_QUANTISE_KERNELS_H_

#include <cstddef>
#include <cstdint>

#include "codecs/simd/half.h"

namespace cortex::simd {

enum class RoundedType : uint8_t { kDouble, kFloat, kHalf };

inline constexpr int32_t kLargestRounded = (1 << 30) - 1;

// Of a line rounded to a lattice.
struct LineError {
  double largest = 0;  // of error(re)² + error(im)² of each number; of error² if components is 1
  double sum = 0;      // of error²
};

// q of each value into `integers` (nullptr: nobody wants them), and their error. `components`: 1 or 2, divides count.
LineError RoundLine(const double* values, size_t count, uint32_t components, double step, RoundedType type,
                    int32_t* integers);

// Sum of (x - step · nearest(x · inverse))²: what rounding does before any type is in the way.
double RoundingSquares(const double* values, size_t count, double step, double inverse);

// Sum of (x · scale)² over the finite values.
double FiniteSquares(const double* values, size_t count, double scale);
size_t CountFinite(const double* values, size_t count);
// The largest |x| of the finite values, 0 if there is none.
double LargestFinite(const double* values, size_t count);

// Sums of (x · scale)² and of (x · scale - x̂ · scale)² over the finite x.
struct RowSquares {
  double values = 0;
  double errors = 0;
};
RowSquares SumRowSquares(const double* was, const double* is, size_t count, double scale);

// |z - ẑ|² of `numbers` numbers (re, im in turns if components is 2) into `squares`.
struct SquareRange {
  double smallest = 0;  // of those above 0; infinite if there is none
  double largest = 0;
  double sum = 0;     // of whole groups of eight numbers, plus that of the rest
  bool sound = true;  // all are finite, and 0 only where z = ẑ
};
SquareRange SquaredErrors(const double* was, const double* is, size_t numbers, uint32_t components, double* squares);

// Whether one of them is NaN, infinite, −0 or subnormal.
bool AnySpecial(const double* values, size_t count);
bool AnySpecial(const float* values, size_t count);
bool AnySpecial(const Half* values, size_t count);

// The specification, in plain loops.
namespace reference {
LineError RoundLine(const double* values, size_t count, uint32_t components, double step, RoundedType type,
                    int32_t* integers);
double RoundingSquares(const double* values, size_t count, double step, double inverse);
double FiniteSquares(const double* values, size_t count, double scale);
size_t CountFinite(const double* values, size_t count);
double LargestFinite(const double* values, size_t count);
RowSquares SumRowSquares(const double* was, const double* is, size_t count, double scale);
SquareRange SquaredErrors(const double* was, const double* is, size_t numbers, uint32_t components, double* squares);
bool AnySpecial(const double* values, size_t count);
bool AnySpecial(const float* values, size_t count);
bool AnySpecial(const Half* values, size_t count);
}  // namespace reference

}  // namespace cortex::simd

#endif  // CORTEX_CODECS_SIMD_QUANTISE_KERNELS_H_

// The exact sum of floats: every value is added to one wide fixed-point number without rounding, and the result is
// rounded once, to nearest even. So the sum is the same bits for every order, split, thread count and target, and it is
// also the best possible answer.
//
// Idea of the scalar part: small superaccumulator, R. M. Neal, "Fast exact summation using small and large
// superaccumulators", 2015. Spans go through SIMD: per block of 1,024 values, error-free extraction against powers of
// two (Rump, Ogita, Oishi, "Accurate floating-point summation", 2008), so that only a few integers per block reach the
// superaccumulator.
//
//   added                        Round()
//   nothing, or the sum is zero  +0
//   any NaN                      NaN (the canonical quiet one)
//   +infinity, not -infinity     +infinity; mirrored for -infinity
//   both infinities              NaN
//   finite, beyond the largest   ±infinity, only if the final sum is (no intermediate overflow)
//
// Squares are exact as well: x² never overflows or underflows inside.
#ifndef CORTEX_CODECS_SIMD_EXACT_SUM_H_
#define CORTEX_CODECS_SIMD_EXACT_SUM_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"

namespace cortex::simd {

// Copyable; about 100 bytes (more only if the values span hundreds of binades), so a hash aggregate may hold one per
// group. Not thread-safe; give each thread its own and Merge.
class ExactSum {
 public:
  void Add(double value);
  void AddSquare(double value);

  // All values, or those whose bit is set in `selection` (LSB first, at least values.size() bits).
  // Cost: see codecs/simd/README.md.
  void AddSpan(absl::Span<const double> values, const uint64_t* selection = nullptr);
  void AddSpan(absl::Span<const float> values, const uint64_t* selection = nullptr);
  void AddSquares(absl::Span<const double> values, const uint64_t* selection = nullptr);
  void AddSquares(absl::Span<const float> values, const uint64_t* selection = nullptr);

  void Merge(const ExactSum& other);

  // The exact sum rounded to nearest, ties to even.
  double Round() const;

  // sign · magnitude · 2^position added exactly; position >= kLowestPosition. What the kernels hand over.
  void AddScaled(bool negative, uint64_t magnitude, int position);

  // The lowest bit an exact square can have (twice the lowest bit of a subnormal), a multiple of 32.
  static constexpr int kLowestPosition = -2176;

 private:
  friend double ExactVariance(const ExactSum&, const ExactSum&, uint64_t count, uint64_t divisor);

  // Digits in base 2^32, signed, not normalised; digit 0 of `digits` has weight 2^(32·i + kLowestPosition) with
  // i = first_digit_. Each addition changes a digit by less than 2^32, so 2^30 additions fit before Normalize.
  void CoverDigits(int first, int last);
  void Normalize();
  void AddNonFinite(double value);

  absl::InlinedVector<int64_t, 6> digits_;
  int first_digit_ = 0;
  uint32_t pending_additions_ = 0;
  bool nan_ = false;
  bool positive_infinity_ = false;
  bool negative_infinity_ = false;
};

// (count · Σx² − (Σx)²) / (count · divisor), the numerator exact, so nothing cancels: the variance of a sample with
// divisor = count − 1, of a population with divisor = count. NaN if a value was NaN or infinite. count, divisor > 0.
// The result is within 2 ulp of the true value.
double ExactVariance(const ExactSum& sum, const ExactSum& sum_of_squares, uint64_t count, uint64_t divisor);

}  // namespace cortex::simd

#endif  // CORTEX_CODECS_SIMD_EXACT_SUM_H_

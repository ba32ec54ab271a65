// Count, minimum, maximum and integer sum over one column. Float sums are exact_sum.h's business.
//
// `selection` is a bitmap (predicate_kernels.h) of at least values.size() bits, or nullptr for all rows. NULL rows must
// be masked out by it.
//
//   value     min, max                                               count
//   NaN       skipped; NaN only if every counted value is NaN        counted, and in nan_count
//   -0, +0    equal; a zero result is +0, so that the order of rows cannot show
//   none      min and max hold the identity (largest, smallest)      0
//
// Results do not depend on the order of rows, on the target or on how the rows were split. Thread-safe.
#ifndef CORTEX_CODECS_SIMD_AGGREGATE_KERNELS_H_
#define CORTEX_CODECS_SIMD_AGGREGATE_KERNELS_H_

#include <cstdint>
#include <limits>

#include "absl/types/span.h"
#include "codecs/simd/half.h"

namespace cortex::simd {

// Two's complement, 128 bits: sums of up to 2^64 int64 values cannot overflow it.
__extension__ typedef __int128 Int128;

struct IntSummary {
  uint64_t count = 0;
  int64_t min = std::numeric_limits<int64_t>::max();
  int64_t max = std::numeric_limits<int64_t>::min();
  Int128 sum = 0;

  void Merge(const IntSummary& other);
};

IntSummary Summarize(absl::Span<const int64_t> values, const uint64_t* selection = nullptr);
IntSummary Summarize(absl::Span<const int32_t> values, const uint64_t* selection = nullptr);
IntSummary Summarize(absl::Span<const int16_t> values, const uint64_t* selection = nullptr);
IntSummary Summarize(absl::Span<const int8_t> values, const uint64_t* selection = nullptr);

// float16 and float32 widen exactly.
struct FloatSummary {
  uint64_t count = 0;  // NaN included
  uint64_t nan_count = 0;
  // Over the values that are not NaN. Read through Min() and Max(), which apply the rule of the table.
  double min_number = std::numeric_limits<double>::infinity();
  double max_number = -std::numeric_limits<double>::infinity();

  double Min() const;
  double Max() const;
  void Add(double value) {
    ++count;
    nan_count += value != value ? 1 : 0;
    min_number = value < min_number ? value : min_number;
    max_number = value > max_number ? value : max_number;
  }
  void Merge(const FloatSummary& other);
};

FloatSummary Summarize(absl::Span<const double> values, const uint64_t* selection = nullptr);
FloatSummary Summarize(absl::Span<const float> values, const uint64_t* selection = nullptr);
FloatSummary Summarize(absl::Span<const Half> values, const uint64_t* selection = nullptr);

}  // namespace cortex::simd

#endif  // CORTEX_CODECS_SIMD_AGGREGATE_KERNELS_H_

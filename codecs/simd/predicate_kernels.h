// Predicates over one column's values: each clears the bits of a selection bitmap whose rows do not qualify.
//
// A selection bitmap is an array of uint64_t words, bit i of the bitmap = bit (i % 64) of word i / 64, with at least
// (count + 63) / 64 words. Kernels AND into bits [0, count); bits that are already clear stay clear, bits at and after
// `count` are left as they are. NULL is the caller's business: AND the validity bitmap as well.
//
//   value      interval, set, = < <= > >=    <>
//   NaN        never qualifies               always qualifies (either side)
//   -0, +0     equal                         equal
//   ±infinity  ordinary, largest and smallest
//
// All functions are thread-safe and allocate nothing. Pointers need only their type's alignment.
#ifndef CORTEX_CODECS_SIMD_PREDICATE_KERNELS_H_
#define CORTEX_CODECS_SIMD_PREDICATE_KERNELS_H_

#include <cstdint>

#include "absl/types/span.h"
#include "codecs/simd/half.h"

namespace cortex::simd {

// Keeps rows with lower <= value <= upper. An exclusive bound is the neighbouring value; unbounded is the type's
// extreme (±infinity). lower > upper keeps nothing, and so does a NaN bound.
void AndInterval(absl::Span<const int8_t> values, int8_t lower, int8_t upper, uint64_t* selection);
void AndInterval(absl::Span<const int16_t> values, int16_t lower, int16_t upper, uint64_t* selection);
void AndInterval(absl::Span<const int32_t> values, int32_t lower, int32_t upper, uint64_t* selection);
void AndInterval(absl::Span<const int64_t> values, int64_t lower, int64_t upper, uint64_t* selection);
void AndInterval(absl::Span<const uint32_t> values, uint32_t lower, uint32_t upper, uint64_t* selection);
void AndInterval(absl::Span<const uint64_t> values, uint64_t lower, uint64_t upper, uint64_t* selection);
void AndInterval(absl::Span<const Half> values, Half lower, Half upper, uint64_t* selection);
void AndInterval(absl::Span<const float> values, float lower, float upper, uint64_t* selection);
void AndInterval(absl::Span<const double> values, double lower, double upper, uint64_t* selection);

// Keeps rows whose value equals one of `set`. Cost: O(set) per row; meant for sets of at most a few dozen.
void AndInSet(absl::Span<const int8_t> values, absl::Span<const int8_t> set, uint64_t* selection);
void AndInSet(absl::Span<const int16_t> values, absl::Span<const int16_t> set, uint64_t* selection);
void AndInSet(absl::Span<const int32_t> values, absl::Span<const int32_t> set, uint64_t* selection);
void AndInSet(absl::Span<const int64_t> values, absl::Span<const int64_t> set, uint64_t* selection);
void AndInSet(absl::Span<const Half> values, absl::Span<const Half> set, uint64_t* selection);
void AndInSet(absl::Span<const float> values, absl::Span<const float> set, uint64_t* selection);
void AndInSet(absl::Span<const double> values, absl::Span<const double> set, uint64_t* selection);

// Keeps rows whose code is set in the bitmap `codes_kept` of `code_count` bits (dictionary predicates: evaluate on the
// dictionary first, then on the codes). A code >= code_count never qualifies.
void AndCodesIn(absl::Span<const uint32_t> codes, const uint64_t* codes_kept, uint32_t code_count, uint64_t* selection);

enum class Comparison : uint8_t { kLess, kLessEqual, kEqual, kNotEqual, kGreaterEqual, kGreater };

// Keeps rows i with left[i] <comparison> right[i]; both have the same length. For the query evaluator.
void AndCompare(Comparison comparison, absl::Span<const int64_t> left, absl::Span<const int64_t> right,
                uint64_t* selection);
void AndCompare(Comparison comparison, absl::Span<const double> left, absl::Span<const double> right,
                uint64_t* selection);
// The right side is one value.
void AndCompare(Comparison comparison, absl::Span<const int64_t> left, int64_t right, uint64_t* selection);
void AndCompare(Comparison comparison, absl::Span<const double> left, double right, uint64_t* selection);

}  // namespace cortex::simd

#endif  // CORTEX_CODECS_SIMD_PREDICATE_KERNELS_H_

// The specification of every kernel, one value at a time. Tests compare each target with it bit for bit; kernels fall
// back on it where a target has no better way. Not for use elsewhere: it is slow.
#ifndef CORTEX_CODECS_SIMD_SCALAR_REFERENCE_H_
#define CORTEX_CODECS_SIMD_SCALAR_REFERENCE_H_

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"
#include "codecs/simd/aggregate_kernels.h"
#include "codecs/simd/distance_kernels.h"
#include "codecs/simd/field_math.h"
#include "codecs/simd/half.h"
#include "codecs/simd/predicate_kernels.h"
#include "codecs/simd/rans_kernels.h"
#include "codecs/simd/sketch_kernels.h"

namespace cortex::simd::reference {

// Comparison happens on numbers: float16 as float.
template <typename T>
T Number(T value) {
  return value;
}
inline float Number(Half value) { return ToFloat(value); }

inline void KeepIf(bool keep, size_t row, uint64_t* selection) {
  if (!keep) selection[row / 64] &= ~(uint64_t{1} << (row % 64));
}

template <typename T>
void AndInterval(absl::Span<const T> values, T lower, T upper, uint64_t* selection) {
  for (size_t i = 0; i < values.size(); ++i) {
    KeepIf(Number(values[i]) >= Number(lower) && Number(values[i]) <= Number(upper), i, selection);
  }
}

template <typename T>
void AndInSet(absl::Span<const T> values, absl::Span<const T> set, uint64_t* selection) {
  for (size_t i = 0; i < values.size(); ++i) {
    bool found = false;
    for (const T& member : set) found |= Number(values[i]) == Number(member);
    KeepIf(found, i, selection);
  }
}

void AndCodesIn(absl::Span<const uint32_t> codes, const uint64_t* codes_kept, uint32_t code_count, uint64_t* selection);

template <typename T>
bool Compare(Comparison comparison, T left, T right) {
  switch (comparison) {
    case Comparison::kLess:
      return left < right;
    case Comparison::kLessEqual:
      return left <= right;
    case Comparison::kEqual:
      return left == right;
    case Comparison::kNotEqual:
      return left != right;
    case Comparison::kGreaterEqual:
      return left >= right;
    case Comparison::kGreater:
      return left > right;
  }
  return false;
}

IntSummary Summarize(absl::Span<const int64_t> values, const uint64_t* selection);
FloatSummary Summarize(absl::Span<const double> values, const uint64_t* selection);

double SquaredL2(absl::Span<const Half> a, absl::Span<const Half> b);
double SquaredL2(absl::Span<const float> a, absl::Span<const float> b);
double SquaredL2(absl::Span<const double> a, absl::Span<const double> b);
double InnerProduct(absl::Span<const Half> a, absl::Span<const Half> b);
double InnerProduct(absl::Span<const float> a, absl::Span<const float> b);
double InnerProduct(absl::Span<const double> a, absl::Span<const double> b);
HermitianSums Hermitian(absl::Span<const float> a, absl::Span<const float> b);
HermitianSums Hermitian(absl::Span<const double> a, absl::Span<const double> b);
void ToPolar(absl::Span<const double> row, double* amplitudes, double* phases);
double PolarToQuery(absl::Span<const double> amplitudes, absl::Span<const double> phases, absl::Span<const double> row);
double FieldDistance(FieldMetric metric, absl::Span<const double> a, absl::Span<const double> b);

void UnpackBits(const std::byte* packed, unsigned width, size_t count, uint32_t base, uint32_t* values);
void UnpackBits(const std::byte* packed, unsigned width, size_t count, uint64_t base, uint64_t* values);

// The same groups as the kernels; and one group of `lanes` (1..32) symbols, for which kRansGroupBytes may be read.
size_t RansDecodeSymbols(const uint32_t* slots, size_t groups, RansCursor* cursor, uint8_t* out);
size_t RansDecodeValues(const uint32_t* slots, size_t groups, RansCursor* cursor, int32_t* out);
void RansDecodeGroup(const uint32_t* slots, size_t lanes, RansCursor* cursor, uint8_t* out);
void RansDecodeGroup(const uint32_t* slots, size_t lanes, RansCursor* cursor, int32_t* out);

void CoarseProducts(const uint8_t* high, size_t rows, size_t plane_bytes, const int8_t* query, double* products);
void FineProducts(const uint8_t* high, const uint8_t* low, const uint32_t* indices, size_t count, size_t plane_bytes,
                  const int16_t* query, double* products);
void SquaredTurns(const uint8_t* plane, size_t rows, size_t plane_bytes, const uint16_t* query, double* squares);
void SketchIntervals(const SketchInterval& q, const SketchNorms& norms, const double* products, size_t rows,
                     double* lower, double* upper);

}  // namespace cortex::simd::reference

#endif  // CORTEX_CODECS_SIMD_SCALAR_REFERENCE_H_

// Where many rows lie, in a few numbers: how far they are from a point in their middle, and from the origin. Decides
// about a whole row group without touching it; from these alone distances of all its rows are enclosed.
//
// The bound. In the unit 2^e let y = x − μ for the centre μ and z = q − μ. By the triangle inequality ‖z − y‖ lies in
// [max(‖z‖ − max‖y‖, min‖y‖ − ‖z‖, 0), ‖z‖ + max‖y‖], and the same holds about the origin; both are used. A complex
// row has the norm of its amplitudes, so the norms about the origin enclose the amplitude part of polar distances too;
// the phases add at most π² to their mean. Rounding: bounds.h, with ranges rounded outwards by 2^−30, which covers the
// n·2^−53 of sums and the one rounding of each difference (2^e scales exactly).
#ifndef CORTEX_CODECS_ZPTV_SKETCH_ROW_ENVELOPE_H_
#define CORTEX_CODECS_ZPTV_SKETCH_ROW_ENVELOPE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "codecs/values.h"
#include "codecs/zptv/sketch/bounds.h"

namespace cortex {

// A range of norms, in the unit of the RowEnvelope.
struct NormRange {
  double least = 0;
  double largest = 0;

  friend bool operator==(const NormRange&, const NormRange&) = default;
};

struct RowEnvelope {
  int32_t exponent = 0;       // the unit is 2^exponent
  std::vector<float> centre;  // in the unit; empty: nothing is known but the norms
  NormRange from_centre;      // 0 and 0 without a centre
  NormRange from_origin;

  friend bool operator==(const RowEnvelope&, const RowEnvelope&) = default;
};

// With fewer rows than this a centre is larger than what it saves: 4 bytes per component and range.
inline constexpr uint32_t kLeastRowsForCentre = 256;

// The range of all of `rows`, of a float type. nullopt if there is none, or one that no bound can describe (NaN,
// infinite, squares out of range): then every row has to be looked at. Takes about 1 ns per component.
std::optional<RowEnvelope> EncloseRows(const ValueSpan& rows);

// Whether the numbers are some that EncloseRows could have made for rows of `components` components.
bool IsSound(const RowEnvelope& range, uint32_t components);

// Encloses the squared canonical distance of `query` (as many components as the rows have) to every row. (−∞, +∞) for
// queries that are not finite.
SquaredInterval SquaredDistances(const RowEnvelope& range, absl::Span<const double> query, CanonicalPrecision precision);
// The same for the square of the polar distance; `query` is interleaved complex.
SquaredInterval SquaredPolarDistances(const RowEnvelope& range, absl::Span<const double> query);

}  // namespace cortex

#endif  // CORTEX_CODECS_ZPTV_SKETCH_ROW_ENVELOPE_H_

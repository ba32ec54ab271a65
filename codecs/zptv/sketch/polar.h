// Polar sketches: intervals around css_distance(…, 'polar'), the root of the mean of squared phase turns and squared
// amplitude changes. A block keeps per component the phase in sixteenths of a turn and the amplitude as a euclidean
// block of its own (planes.h: 4 bits coarsely, 8 finely), and per row the certified residual of its phases.
//
// The bound. With P = ΣΔφ² and A = ΣΔr² over m components the distance is √(P/m + A/m).
//   A  is the squared euclidean distance of the amplitude vectors the canonical kernel itself computes: bounds.h.
//   P  is the square of a distance D(q, x) = ‖Δφ‖ on a product of circles, where the triangle inequality holds:
//      |D(q, x) − D(q̂, x̂)| <= D(q, q̂) + D(x, x̂) <= η + ρ, with x̂ the sixteenths and q̂ multiples of 2^−14 turn.
//      D(q̂, x̂) is the root of an exact integer. No phase is further than half a turn: P <= m π².
// Canonical phases lie within 2^−50 of (−π, π], their differences are rounded to 2^−51, wrapped by a 2π that is
// rounded, and P and A are sums of m squares rounded as in bounds.h: all of it is in a slack of 2^−30 on distances of
// phases and 2^−30 relative on P, and in a relative 2^−50 on the mean.
//
// Undecidable are rows whose amplitudes are (NaN, infinite, out of the block's range): (−∞, +∞).
#ifndef CORTEX_CODECS_ZPTV_SKETCH_POLAR_H_
#define CORTEX_CODECS_ZPTV_SKETCH_POLAR_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "codecs/bytes/buffer.h"
#include "codecs/values.h"
#include "codecs/zptv/sketch/bounds.h"
#include "codecs/zptv/sketch/planes.h"

namespace cortex {

// Where the parts of a polar block of `rows` rows of `components` complex components begin.
struct PolarBlockLayout {
  PolarBlockLayout(uint32_t rows, uint32_t components);

  uint32_t plane_bytes;  // per row; a multiple of 64
  size_t plane_begin;    // residuals, float × rows padded to 16, stand before it
  size_t amplitudes_begin;
  size_t bytes;  // of the whole block; a multiple of 64
};

// Sketches `rows`, 1..1,024 rows of interleaved complex values (2 values per component, float32 or float64).
Buffer BuildPolarBlock(const ValueSpan& rows);

// A polar block in place. Borrows the bytes; immutable, thread-safe, cheap to copy.
class PolarBlock {
 public:
  // `bytes` is a polar block of `rows` rows of `components` complex components, 4-byte aligned. Errors: DATA_LOSS.
  static absl::StatusOr<PolarBlock> Open(absl::Span<const std::byte> bytes, uint32_t rows, uint32_t components);

  uint32_t rows() const { return amplitudes_.rows(); }
  uint32_t components() const { return amplitudes_.components(); }
  uint32_t plane_bytes() const { return layout_.plane_bytes; }
  const uint8_t* phases() const { return reinterpret_cast<const uint8_t*>(bytes_) + layout_.plane_begin; }
  const float* phase_residuals() const { return reinterpret_cast<const float*>(bytes_); }
  const SketchBlock& amplitudes() const { return amplitudes_; }

 private:
  PolarBlock(const std::byte* bytes, const PolarBlockLayout& layout, const SketchBlock& amplitudes)
      : bytes_(bytes), layout_(layout), amplitudes_(amplitudes) {}

  const std::byte* bytes_;
  PolarBlockLayout layout_;
  SketchBlock amplitudes_;
};

// One query against one polar block, like BlockQuery: intervals are around the square of the polar distance, for
// SquaredBelow to decide.
class PolarBlockQuery {
 public:
  // `query` is interleaved complex, exact in double.
  PolarBlockQuery(const PolarBlock& block, absl::Span<const double> query);

  SquaredInterval WholeBlock() const;
  void Coarse(uint32_t first, uint32_t count, double* lower, double* upper) const;
  void Fine(absl::Span<const uint32_t> rows, double* lower, double* upper) const;

 private:
  // Adds the phases of block row `row` to the interval of its amplitudes.
  void AddPhases(uint32_t row, double squared_turns, double* lower, double* upper) const;

  PolarBlock block_;
  BlockQuery amplitude_query_;
  std::vector<uint16_t> phases_;
  double phase_error_ = 0;
};

}  // namespace cortex

#endif  // CORTEX_CODECS_ZPTV_SKETCH_POLAR_H_

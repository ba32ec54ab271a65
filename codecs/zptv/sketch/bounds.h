// Intervals around the distance of a query to every row of a sketched block, certain in spite of all rounding: what the
// canonical kernel (codecs/simd/distance_kernels.h) would answer for the stored row lies inside. So a row whose upper
// end is below a threshold qualifies, one whose lower end is not below it does not, and only the rest must be read.
//
// The bound. In the block's unit, with y = x − μ and z = q − μ, ‖q − x‖² = ‖z − y‖² = ‖z‖² + ‖y‖² − 2⟨z, y⟩. Let c be a
// level's codes, β = ⟨y, c⟩ / ‖c‖² and r = y − βc, which is orthogonal to c. Split z = αc + z⊥ likewise: then
// ⟨z, y⟩ = β⟨z, c⟩ + ⟨z⊥, r⟩, and by Cauchy and Schwarz
//     |⟨z, y⟩ − β⟨z, c⟩| <= ‖z⊥‖ ‖r‖,   ‖z⊥‖² = ‖z‖² − ⟨z, c⟩² / ‖c‖²,   ‖r‖ <= ‖y − sc‖ <= ρ for every s.
// The query is quantised too, ẑ = step · k with integers k and ‖z − ẑ‖ <= η, so ⟨z, c⟩ is step · ⟨k, c⟩, an exact
// integer, up to η‖c‖. With g = step · ⟨k, c⟩ / ‖c‖ and a = s‖c‖:
//     ‖z⊥‖² <= ‖z‖² − max(0, |g| − η)²,   |⟨z, y⟩ − a·g| <= a·η + ‖z⊥‖ρ + |β − s| |⟨z, c⟩|.
//
// What rounding adds, with Q = ‖z‖, Y = ‖y‖, n <= 2^19 components, all computed in double (u = 2^−53) from float32
// norms:
//   - y and z are computed with an error of u per component: in ρ (planes.h), and n·u·(Q² + Y²) <= 2^−33 (Q² + Y²)
//   - |β − s| |⟨z, c⟩|: s is β rounded to float32, and β has an error of n·u‖y‖/‖c‖: below 2^−23 · QY (s‖c‖ <= 2Y)
//   - a, 1/‖c‖ and Y² are float32: 3 · 2^−24 · |a·g| with |a·g| <= 2.6 · QY, and 2^−24 · Y²; floats that underflow to
//     2^−149 and below: an absolute 2^−140
//   Doubled where they stand in 2⟨z, y⟩ these are below 2^−20 · QY + 2^−23 · Y² <= 2^−20 (Q² + Y²) = slack (Q² + Y²).
//   - under the root: 1/‖c‖ moves g² by 2^−21 · Q² at most (|g| <= 1.3 Q): wide_squared = (1 + 2^−20) Q²
//   - factors a and η in a·η + ‖z⊥‖ρ: 2^−22 relative, in the factor 2 + slack instead of 2
// The canonical distance of precision ε (2^−24 or 2^−53) sums n squares in 16 chains: each square is rounded at most
// ⌈n/16⌉ + 6 times, so it is off by θ = 1.01 (⌈n/16⌉ + 8) ε relative, by n · 2^−148 (2^−1073) where squares underflow;
// it is infinite at most where the sum passes the largest number of the precision. The root is rounded correctly, hence
// monotone: comparing squares with SquaredBelow(t) decides exactly as the distance would.
//
// Undecidable are rows that are not finite or out of the block's range, and all rows if the query is: (−∞, +∞), which
// decides no predicate.
#ifndef CORTEX_CODECS_ZPTV_SKETCH_BOUNDS_H_
#define CORTEX_CODECS_ZPTV_SKETCH_BOUNDS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "codecs/simd/sketch_kernels.h"
#include "codecs/zptv/sketch/planes.h"

namespace cortex {

// What the canonical distance of the column is computed in: float32 for l2_distance over float16 and float32 vectors,
// float64 for float64 vectors and for css_distance over both complex types.
enum class CanonicalPrecision : uint8_t { kFloat32, kFloat64 };

// Ends of an interval around a squared distance.
struct SquaredInterval {
  double lower;
  double upper;
};

// What the canonical kernel may answer for squared distances within `squares`, which are in the unit 2^exponent.
SquaredInterval CanonicalSquares(SquaredInterval squares, int exponent, size_t components,
                                 CanonicalPrecision precision);

// The squared canonical distances s with √s < distance are exactly those with s <= SquaredBelow(distance); −1 if none
// are (distance <= 0 or NaN).
double SquaredBelow(double distance);

// One query against one block. Immutable, thread-safe; borrows the block's bytes. Preparing costs about 3 ns per
// component, once per block.
class BlockQuery {
 public:
  // `query` has the block's components, exact in double whatever the column's type.
  BlockQuery(const SketchBlock& block, absl::Span<const double> query, CanonicalPrecision precision);

  // Encloses every row of the block; (−∞, +∞) if one is undecidable. From centroid and range of norms alone.
  SquaredInterval WholeBlock() const;

  // Rows [first, first + count) from the high planes.
  void Coarse(uint32_t first, uint32_t count, double* lower, double* upper) const;

  // The rows listed from both planes: intervals about 15 times as narrow.
  void Fine(absl::Span<const uint32_t> rows, double* lower, double* upper) const;

 private:
  SketchBlock block_;
  bool decidable_ = true;
  simd::SketchInterval coarse_;  // what they share, and step and error of the coarse query
  simd::SketchInterval fine_;
  std::vector<int8_t> coarse_query_;
  std::vector<int16_t> fine_query_;
};

}  // namespace cortex

#endif  // CORTEX_CODECS_ZPTV_SKETCH_BOUNDS_H_

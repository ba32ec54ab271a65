// The arithmetic of euclidean sketches (codecs/zptv/sketch/bounds.h says what it means and proves it): products of a
// quantised query with rows of nibbles, and intervals around squared distances.
//
// A row has two planes of `plane_bytes` (a multiple of 64) each. Byte j of a plane holds the nibble of component j in
// its low half and that of component plane_bytes + j in its high half. With h and l the nibbles of the high and the low
// plane, a component is h − 8 coarsely and 16 h + l − 136 = 16 (h − 8) + (l − 8) finely. Queries have 2 · plane_bytes
// entries, component by component.
//
// Products are exact integers (doubles only carry them); intervals use +, −, ·, √ alone, one rounding each: every
// target gives the same bits. Thread-safe, no allocation.
#ifndef CORTEX_CODECS_SIMD_SKETCH_KERNELS_H_
#define CORTEX_CODECS_SIMD_SKETCH_KERNELS_H_

#include <cstddef>
#include <cstdint>

namespace cortex::simd {

inline constexpr size_t kPlaneAlignment = 64;
inline constexpr int kCoarseQueryLimit = 127;  // |query entry|; with nibbles up to 15, eight pairs fit 16 bits
inline constexpr int kFineQueryLimit = 16383;

// products[i] = Σ query[j] · (h of row i, component j − 8); row i begins at high + i · plane_bytes.
void CoarseProducts(const uint8_t* high, size_t rows, size_t plane_bytes, const int8_t* query, double* products);

// products[i] = Σ query[j] · (fine component j of row indices[i]).
void FineProducts(const uint8_t* high, const uint8_t* low, const uint32_t* indices, size_t count, size_t plane_bytes,
                  const int16_t* query, double* products);

// squares[i] = Σ t², t the difference of query[j] and nibble j of row i (of one plane) on the circle, in units of 2^−14
// turn: nibbles are sixteenths of a turn, query entries 2^−16 turns and multiples of 4. |t| <= 2^13.
void SquaredTurns(const uint8_t* plane, size_t rows, size_t plane_bytes, const uint16_t* query, double* squares);

// What is the same for all rows of one block and one query.
struct SketchInterval {
  double step = 0;           // of the quantised query
  double query_error = 0;    // η >= ‖q − q̂‖
  double query_squared = 0;  // Q²
  double wide_squared = 0;   // Q² and what rounding may add
  double slack = 0;          // relative slack of Q² + Y²
  double shrink = 0;         // 1 − θ and 1 + θ: rounding of the canonical distance
  double grow = 0;
  double unit_squared = 0;  // block unit squared: from the block's numbers to the column's
  double underflow = 0;     // absolute slack
  double overflow = 0;      // an upper end at or above this is infinite
};
// Per row, as the block stores them.
struct SketchNorms {
  const float* squared = nullptr;   // Y²
  const float* length = nullptr;    // a
  const float* inverse = nullptr;   // v
  const float* residual = nullptr;  // ρ; infinite if the row is undecidable
};

// lower[i] and upper[i] enclose the canonical squared distance of row i; −∞ and +∞ for an undecidable row.
//   g = step · v · product, p = a · g
//   w = √max(0, wide − max(0, |g| − η)²)
//   half = (a · η + w · ρ) · (2 + slack), middle = Q² + Y² − 2p, e = slack · (Q² + Y²)
//   lower = max(0, (middle − half − e) · shrink · unit² − underflow)
//   upper = (middle + half + e) · grow · unit² + underflow, +∞ from `overflow` on
void SketchIntervals(const SketchInterval& q, const SketchNorms& norms, const double* products, size_t rows,
                     double* lower, double* upper);

}  // namespace cortex::simd

#endif  // CORTEX_CODECS_SIMD_SKETCH_KERNELS_H_

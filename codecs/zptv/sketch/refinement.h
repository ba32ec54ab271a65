// The fine sketch as base of a lossless column: what is missing between its reconstruction and the exact values, as
// integers of the values' width, small where the sketch is good. So a column that stores its refinement carries its own
// search sketch for little more than the exact values alone would take (README.md: measured).
//
//   base       T(2^e · (μ + a·v·c₂)), in double, rounded once to the column's type T
//   refinement order(value) − order(base) modulo 2^width, zig-zag; order maps the bits of T to integers that ascend
//              with the numbers, so that near numbers are near integers whatever their sign and exponent
// It is a bijection for every base: NaN payloads, −0, infinities and undecidable rows come back bit by bit.
//
// Bases are computed with one rounding per step and no fused operation: the same bits on every machine.
#ifndef CORTEX_CODECS_ZPTV_SKETCH_REFINEMENT_H_
#define CORTEX_CODECS_ZPTV_SKETCH_REFINEMENT_H_

#include <cstddef>
#include <cstdint>

#include "codecs/values.h"
#include "codecs/zptv/sketch/planes.h"

namespace cortex {

// Writes the refinement of `rows`, rows [first, first + rows.row_count) of the block, to `out`: as many bytes as
// `rows`.
void RefineSketch(const SketchBlock& block, uint32_t first, const ValueSpan& rows, std::byte* out);

// The values of rows [first, first + count) of the block from their refinement, bit by bit; `type` is that of the rows.
// `refinement` and `values` have count rows and may be the same memory.
void RestoreFromSketch(const SketchBlock& block, uint32_t first, uint32_t count, PhysicalType type,
                       const std::byte* refinement, std::byte* values);

}  // namespace cortex

#endif  // CORTEX_CODECS_ZPTV_SKETCH_REFINEMENT_H_

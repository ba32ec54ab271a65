// A block of euclidean sketches: up to 1,024 rows of a vector or complex column, each as two planes of 4-bit codes and
// a few norms from which bounds.h encloses the distance to any query without reading the rows. About 8 bits per
// component, 28 bytes per row and a centroid per block; the high planes alone (4 bits) decide most rows.
//
// Numbers of a block are in its unit, 2^e with e chosen so that the rows' norms are near 1: float32 then holds them
// whatever the column's magnitude. A row is described relative to the block's centroid μ: y = x / 2^e − μ.
//   codes    c₂ in [−120, 119] per component, coarse c₁ = ⌊(c₂ + 8) / 16⌋ in [−7, 7]; the high plane holds c₁ + 8, the
//            low plane c₂ − 16 c₁ + 8
//   levels   k = 1 (high plane), 2 (both): least-squares scale β = ⟨y, c⟩ / ‖c‖² rounded to the float s
//   norms    Y² = ‖y‖²; per level a = s‖c‖, v = 1 / ‖c‖, and ρ >= ‖y − s·c‖ + 2^−52 ‖y‖ rounded up
//   range    of ‖y‖ over the block, rounded outwards
// A row with NaN or ±infinity, or too large for the block's unit, is undecidable: its residuals ρ are infinite.
//
// A block is one run of bytes (FORMAT.md), the same in memory and in files: built once, immutable, viewed in place.
#ifndef CORTEX_CODECS_ZPTV_SKETCH_PLANES_H_
#define CORTEX_CODECS_ZPTV_SKETCH_PLANES_H_

#include <cassert>
#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "codecs/bytes/buffer.h"
#include "codecs/simd/sketch_kernels.h"
#include "codecs/values.h"

namespace cortex {

inline constexpr uint32_t kSketchBlockRows = 1024;
// Units of blocks that can be described: squares of double values must neither overflow nor vanish.
inline constexpr int kMaxSketchExponent = 480;

// Where the parts of a block of `rows` (1..1,024) rows of `components` float components begin.
struct SketchBlockLayout {
  SketchBlockLayout(uint32_t rows, uint32_t components);

  uint32_t rows;
  uint32_t components;
  uint32_t plane_bytes;   // per row and plane; a multiple of 64
  uint32_t padded_rows;   // of the norm arrays; a multiple of 16
  size_t centroid_begin;  // float × components
  size_t norms_begin;     // 7 arrays of float × padded_rows
  size_t high_begin;
  size_t low_begin;
  size_t bytes;  // of the whole block; a multiple of 64
};

// First bytes of a block.
struct SketchBlockHead {
  int32_t exponent;
  uint32_t undecidable_rows;
  float min_norm;  // of decidable rows; 0 and 0 if there is none
  float max_norm;
};

// Sketches `rows`, 1..1,024 rows of a float type with at least one value each. Takes about 7 ns per component.
Buffer BuildSketchBlock(const ValueSpan& rows);

// A block in place. Borrows the bytes; immutable, thread-safe, cheap to copy.
class SketchBlock {
 public:
  enum class Level { kCoarse, kFine };

  // `bytes` is a block of `rows` rows of `components` components and is 4-byte aligned; up to level kCoarse it ends
  // where the low planes begin, and low() must not be called. Errors: DATA_LOSS if its size is wrong or a number is one
  // no builder writes (this reads the norms, not the planes).
  static absl::StatusOr<SketchBlock> Open(absl::Span<const std::byte> bytes, uint32_t rows, uint32_t components,
                                          Level up_to = Level::kFine);

  uint32_t rows() const { return layout_.rows; }
  uint32_t components() const { return layout_.components; }
  uint32_t plane_bytes() const { return layout_.plane_bytes; }
  const SketchBlockHead& head() const { return head_; }
  absl::Span<const float> centroid() const { return {floats(layout_.centroid_begin), layout_.components}; }
  simd::SketchNorms norms(Level level) const;
  const uint8_t* high() const { return reinterpret_cast<const uint8_t*>(bytes_) + layout_.high_begin; }
  const uint8_t* low() const {
    assert(level_ == Level::kFine);
    return reinterpret_cast<const uint8_t*>(bytes_) + layout_.low_begin;
  }

 private:
  SketchBlock(const std::byte* bytes, const SketchBlockLayout& layout, const SketchBlockHead& head, Level level)
      : bytes_(bytes), layout_(layout), head_(head), level_(level) {}
  const float* floats(size_t begin) const { return reinterpret_cast<const float*>(bytes_ + begin); }
  const float* norm_array(size_t index) const { return floats(layout_.norms_begin) + index * layout_.padded_rows; }
  absl::Status Check() const;

  const std::byte* bytes_;
  SketchBlockLayout layout_;
  SketchBlockHead head_;
  Level level_;
};

}  // namespace cortex

#endif  // CORTEX_CODECS_ZPTV_SKETCH_PLANES_H_

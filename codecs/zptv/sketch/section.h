// The sketches of many rows as one run of bytes: what a file keeps beside a column (FORMAT.md), and what a growing
// table keeps while it grows.
#ifndef CORTEX_CODECS_ZPTV_SKETCH_SECTION_H_
#define CORTEX_CODECS_ZPTV_SKETCH_SECTION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "codecs/bytes/buffer.h"
#include "codecs/codec.h"
#include "codecs/values.h"
#include "codecs/zptv/sketch/planes.h"
#include "codecs/zptv/sketch/polar.h"

namespace cortex {

// Numbers are part of the file format.
enum class SketchKind : uint8_t {
  kEuclidean = 1,  // components are the values of a row, two per complex value
  kPolar = 2,      // components are complex values
};

// Components of a row of this shape. Shapes must be a float type, for kPolar an even number of float32 or float64.
constexpr uint32_t SketchComponents(SketchKind kind, ValueShape shape) {
  return kind == SketchKind::kPolar ? shape.values_per_row / 2 : shape.values_per_row;
}

// Bytes of the section of so many rows of this shape.
uint64_t SketchSectionBytes(SketchKind kind, ValueShape shape, uint32_t rows);

// Blocks of rows as they arrive: every 1,024 rows become a block, once. Not thread-safe; blocks are immutable and may
// be read by others while it grows.
class SketchBuilder {
 public:
  SketchBuilder(SketchKind kind, ValueShape shape) : kind_(kind), shape_(shape) {}

  // `rows` are all rows so far; sketches the whole blocks among those not sketched yet. Takes about 4 µs per row of 512
  // components.
  void Extend(const ValueSpan& rows);

  uint32_t sketched_rows() const { return static_cast<uint32_t>(blocks_.size()) * kSketchBlockRows; }
  const std::vector<std::shared_ptr<const Buffer>>& blocks() const { return blocks_; }

  // Appends the section of `rows`, all rows there are: known blocks as they are, the others sketched now. Its first
  // byte belongs at a multiple of 64.
  void AppendSection(const ValueSpan& rows, std::string* out) const;

 private:
  Buffer Build(const ValueSpan& rows, uint32_t block) const;

  SketchKind kind_;
  ValueShape shape_;
  std::vector<std::shared_ptr<const Buffer>> blocks_;
};

// A section in place. Borrows its source, whose bytes are 4-byte aligned; immutable, thread-safe.
class SketchSection {
 public:
  // Opens the section of `rows` rows of `shape`, reading the header alone. Errors: UNIMPLEMENTED for a newer version or
  // kind, by number; DATA_LOSS for everything else that does not fit.
  static absl::StatusOr<SketchSection> Open(const ByteSource* source, SketchKind kind, ValueShape shape, uint32_t rows);

  uint32_t block_count() const { return (rows_ + kSketchBlockRows - 1) / kSketchBlockRows; }
  // Rows [1,024 · block, …), read from the source now. The section's kind decides which of the two to call. Up to level
  // kCoarse low planes are neither read nor checked. Errors: DATA_LOSS.
  absl::StatusOr<SketchBlock> Euclidean(uint32_t block, SketchBlock::Level up_to = SketchBlock::Level::kFine) const;
  absl::StatusOr<PolarBlock> Polar(uint32_t block) const;

 private:
  SketchSection() = default;
  uint32_t RowsOf(uint32_t block) const;
  uint64_t BeginOf(uint32_t block) const;

  const ByteSource* source_ = nullptr;
  SketchKind kind_ = SketchKind::kEuclidean;
  uint32_t components_ = 0;
  uint32_t rows_ = 0;
};

}  // namespace cortex

#endif  // CORTEX_CODECS_ZPTV_SKETCH_SECTION_H_

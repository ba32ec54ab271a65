// The sketches of many rows, block by block: in memory where rows grow, in a file as one run of bytes beside the column
// (FORMAT.md).
#ifndef CORTEX_CODECS_ZPTV_SKETCH_SECTION_H_
#define CORTEX_CODECS_ZPTV_SKETCH_SECTION_H_

#include <cstddef>
#include <cstdint>
#include <string>

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

// Bytes of a block of 1..1,024 rows.
size_t SketchBlockBytes(SketchKind kind, ValueShape shape, uint32_t rows);

// The block of `rows`, 1..1,024 rows of a shape that fits `kind`. Takes about 4 µs per row of 512 components.
Buffer BuildBlock(SketchKind kind, const ValueSpan& rows);

// Appends the section of `rows`, made now. Its first byte belongs at a multiple of 64.
void AppendSketchSection(SketchKind kind, const ValueSpan& rows, std::string* out);

// The sketches of one kind of a column's rows, wherever they lie. Row r of the sketches is row r % 1,024 of block
// r / 1,024. Immutable but that blocks may be added while it is used, thread-safe.
class RowSketches {
 public:
  virtual ~RowSketches() = default;

  // How many blocks there are by now.
  virtual uint32_t block_count() const = 0;
  // Rows of a block below block_count(); 0: it was left out, its rows are to be read.
  virtual uint32_t RowsOf(uint32_t block) const = 0;

  // A block that has rows. The kind decides which of the two to call. Up to level kCoarse low planes are neither read
  // nor checked. Errors: DATA_LOSS.
  absl::StatusOr<SketchBlock> Euclidean(uint32_t block, SketchBlock::Level up_to = SketchBlock::Level::kFine) const;
  absl::StatusOr<PolarBlock> Polar(uint32_t block) const;

 protected:
  explicit RowSketches(uint32_t components) : components_(components) {}
  RowSketches(const RowSketches&) = default;
  RowSketches& operator=(const RowSketches&) = default;

  // The first `size` bytes of a block.
  virtual absl::StatusOr<absl::Span<const std::byte>> Read(uint32_t block, size_t size) const = 0;

  uint32_t components_;
};

// A section in place. Borrows its source, whose bytes are 4-byte aligned; immutable, thread-safe.
class SketchSection final : public RowSketches {
 public:
  // Opens the section of `rows` rows of `shape`, reading the header alone; blocks are read when asked for. Errors: UNIMPLEMENTED for a newer version or
  // kind, by number; DATA_LOSS for everything else that does not fit.
  static absl::StatusOr<SketchSection> Open(const ByteSource* source, SketchKind kind, ValueShape shape, uint32_t rows);

  uint32_t block_count() const override { return (rows_ + kSketchBlockRows - 1) / kSketchBlockRows; }
  uint32_t RowsOf(uint32_t block) const override;

 private:
  SketchSection(const ByteSource* source, SketchKind kind, ValueShape shape, uint32_t rows)
      : RowSketches(SketchComponents(kind, shape)), source_(source), kind_(kind), rows_(rows) {}
  absl::StatusOr<absl::Span<const std::byte>> Read(uint32_t block, size_t size) const override;

  const ByteSource* source_;
  SketchKind kind_;
  uint32_t rows_;
};

}  // namespace cortex

#endif  // CORTEX_CODECS_ZPTV_SKETCH_SECTION_H_

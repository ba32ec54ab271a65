// How the rows of a chunk are cut into lines and blocks.
//
// A line is what shares a step and may be transformed: one row of a wide column, or 1,024 values of a narrow one (rows
// one after the other). A block is what is decoded at once: 64 rows of a wide column (fewer if it would pass 512 KiB),
// 16 lines of a narrow one. The last line of a narrow chunk is filled up with zeros.
#ifndef CORTEX_CODECS_ZPTV_LINE_SHAPE_H_
#define CORTEX_CODECS_ZPTV_LINE_SHAPE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "codecs/values.h"

namespace cortex::zptv {

struct LineShape {
  PhysicalType type = PhysicalType::kFloat64;
  uint32_t components = 1;   // 2: values are re, im in turns
  uint32_t columns = 1;      // values per line
  uint32_t stride = 1;       // distance of a value to the one that predicts it from the left
  uint32_t line_rows = 1;    // rows per line
  uint32_t block_lines = 1;  // lines per block, but the last

  uint32_t width() const { return WidthOf(type); }
  size_t line_bytes() const { return size_t{columns} * width(); }
  uint32_t block_rows() const { return line_rows * block_lines; }
  bool wide() const { return line_rows == 1; }
};

inline constexpr uint32_t kWideValues = 32;
inline constexpr uint32_t kNarrowLineValues = 1024;
inline constexpr uint32_t kNarrowBlockLines = 16;
inline constexpr uint32_t kWideBlockLines = 64;
inline constexpr uint32_t kWideBlockBytes = 512 << 10;

inline LineShape LineShapeOf(ValueShape shape, uint32_t components) {
  LineShape lines{.type = shape.type, .components = components};
  if (shape.values_per_row >= kWideValues) {
    lines.columns = shape.values_per_row;
    lines.stride = components;
    lines.block_lines = std::clamp(kWideBlockBytes / shape.row_bytes(), 1u, kWideBlockLines);
  } else {
    lines.line_rows = kNarrowLineValues / shape.values_per_row;
    lines.columns = lines.line_rows * shape.values_per_row;
    lines.stride = shape.values_per_row;
    lines.block_lines = kNarrowBlockLines;
  }
  return lines;
}

}  // namespace cortex::zptv

#endif  // CORTEX_CODECS_ZPTV_LINE_SHAPE_H_

// The values of a block as doubles, line after line: in place where they are doubles.
#ifndef CORTEX_CODECS_ZPTV_WIDE_LINES_H_
#define CORTEX_CODECS_ZPTV_WIDE_LINES_H_

#include "codecs/bytes/buffer.h"
#include "codecs/zptv/quantise.h"
#include "codecs/zptv/typed_values.h"

namespace cortex::zptv {

// Borrows the block's values.
class WideLines {
 public:
  explicit WideLines(const Block& block) : columns_(block.shape.columns) {
    const size_t count = size_t{block.lines} * columns_;
    if (block.shape.type != PhysicalType::kFloat64) widened_.Resize(count * sizeof(double));
    values_ = AsDoubles(block.values, block.shape.type, count, widened_.as<double>());
  }
  const double* line(size_t l) const { return values_ + l * columns_; }

 private:
  size_t columns_;
  Buffer widened_;
  const double* values_;
};

}  // namespace cortex::zptv

#endif  // CORTEX_CODECS_ZPTV_WIDE_LINES_H_

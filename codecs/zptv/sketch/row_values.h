// One row of a float column as doubles, exactly.
#ifndef CORTEX_CODECS_ZPTV_SKETCH_ROW_VALUES_H_
#define CORTEX_CODECS_ZPTV_SKETCH_ROW_VALUES_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "codecs/simd/half.h"
#include "codecs/values.h"

namespace cortex {

template <typename T>
void WidenRow(const std::byte* row, uint32_t count, double* out) {
  for (uint32_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, row + i * sizeof(T), sizeof(T));
    if constexpr (std::is_same_v<T, Half>) {
      out[i] = ToFloat(value);
    } else {
      out[i] = value;
    }
  }
}

// Row `row` of `rows`, whose type is a float; `out` has values_per_row entries.
inline void WidenRow(const ValueSpan& rows, uint32_t row, double* out) {
  const std::byte* from = rows.fixed + static_cast<size_t>(row) * rows.shape.row_bytes();
  switch (rows.shape.type) {
    case PhysicalType::kFloat16:
      return WidenRow<Half>(from, rows.shape.values_per_row, out);
    case PhysicalType::kFloat32:
      return WidenRow<float>(from, rows.shape.values_per_row, out);
    default:
      return WidenRow<double>(from, rows.shape.values_per_row, out);
  }
}

}  // namespace cortex

#endif  // CORTEX_CODECS_ZPTV_SKETCH_ROW_VALUES_H_

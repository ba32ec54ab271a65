#include "codecs/values.h"

#include <cstring>

namespace cortex {

void ValueBuffer::Append(const ValueSpan& rows) {
  if (rows.row_count == 0) return;
  if (shape_.type != PhysicalType::kBytes) {
    std::memcpy(ExtendFixed(rows.row_count), rows.fixed, static_cast<size_t>(rows.row_count) * shape_.row_bytes());
    return;
  }
  const uint32_t begin = rows.offsets[0];
  const auto base = static_cast<uint32_t>(bytes_.size());
  bytes_.Append(rows.bytes + begin, rows.offsets[rows.row_count] - begin);
  auto* out = reinterpret_cast<uint32_t*>(offsets_.Extend(sizeof(uint32_t) * rows.row_count));
  for (uint32_t i = 0; i < rows.row_count; ++i) out[i] = base + (rows.offsets[i + 1] - begin);
  row_count_ += rows.row_count;
}

void ValueBuffer::AppendZeros(uint32_t rows) {
  if (shape_.type != PhysicalType::kBytes) {
    const size_t bytes = static_cast<size_t>(rows) * shape_.row_bytes();
    if (bytes != 0) std::memset(ExtendFixed(rows), 0, bytes);
    return;
  }
  const auto end = static_cast<uint32_t>(bytes_.size());
  for (uint32_t i = 0; i < rows; ++i) offsets_.AppendValue(end);
  row_count_ += rows;
}

}  // namespace cortex

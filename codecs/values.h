// What a codec sees of a column: rows of physical values, no names, no nulls, no schema.
//
// A row holds `values_per_row` values of one physical type: 1 for scalars, n for a vector, 2 or 2n for complex values
// (re, im interleaved). Variable-length bytes (strings) are always 1 per row. Null rows and lists are the caller's
// business: it stores a validity bitmap beside the values, and a list as one chunk of lengths and one of elements.
#ifndef CORTEX_CODECS_VALUES_H_
#define CORTEX_CODECS_VALUES_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/types/span.h"
#include "codecs/bytes/buffer.h"

namespace cortex {

// Numbers are part of the file format.
enum class PhysicalType : uint8_t {
  kBool = 1,  // one byte, 0 or 1
  kInt8 = 2,
  kInt16 = 3,
  kInt32 = 4,
  kInt64 = 5,
  kFloat16 = 6,  // IEEE binary16 bits
  kFloat32 = 7,
  kFloat64 = 8,
  kBytes = 9,  // variable length
};

// Bytes of one value; 0 for kBytes.
constexpr uint32_t WidthOf(PhysicalType type) {
  switch (type) {
    case PhysicalType::kBool:
    case PhysicalType::kInt8:
      return 1;
    case PhysicalType::kInt16:
    case PhysicalType::kFloat16:
      return 2;
    case PhysicalType::kInt32:
    case PhysicalType::kFloat32:
      return 4;
    case PhysicalType::kInt64:
    case PhysicalType::kFloat64:
      return 8;
    case PhysicalType::kBytes:
      return 0;
  }
  return 0;
}
constexpr bool IsInteger(PhysicalType type) { return type >= PhysicalType::kInt8 && type <= PhysicalType::kInt64; }
constexpr bool IsFloat(PhysicalType type) { return type >= PhysicalType::kFloat16 && type <= PhysicalType::kFloat64; }

// The shape every operation on a chunk must agree on.
struct ValueShape {
  PhysicalType type = PhysicalType::kInt64;
  uint32_t values_per_row = 1;

  uint32_t row_bytes() const { return WidthOf(type) * values_per_row; }  // 0 for kBytes
  bool operator==(const ValueShape&) const = default;
};

// Borrowed rows. Fixed-width: `fixed` holds row_count * row_bytes() bytes. kBytes: row i is
// bytes[offsets[i], offsets[i + 1]); offsets has row_count + 1 entries and need not begin at 0.
struct ValueSpan {
  ValueShape shape;
  uint32_t row_count = 0;
  const std::byte* fixed = nullptr;
  const uint32_t* offsets = nullptr;
  const char* bytes = nullptr;

  std::string_view StringAt(uint32_t row) const {
    return {bytes + offsets[row], static_cast<size_t>(offsets[row + 1] - offsets[row])};
  }
  // Rows [first, first + count) of this span.
  ValueSpan Slice(uint32_t first, uint32_t count) const {
    ValueSpan out = *this;
    out.row_count = count;
    if (fixed != nullptr) out.fixed = fixed + static_cast<size_t>(first) * shape.row_bytes();
    if (offsets != nullptr) out.offsets = offsets + first;
    return out;
  }
  size_t byte_size() const {
    return shape.type == PhysicalType::kBytes
               ? (row_count == 0 ? 0 : offsets[row_count] - offsets[0]) + sizeof(uint32_t) * row_count
               : static_cast<size_t>(row_count) * shape.row_bytes();
  }
};

// Owned rows; decoding appends to it. Not thread-safe.
class ValueBuffer {
 public:
  ValueBuffer() = default;
  explicit ValueBuffer(ValueShape shape) { Reset(shape); }

  void Reset(ValueShape shape) {
    shape_ = shape;
    Clear();
  }
  void Clear() {
    row_count_ = 0;
    fixed_.Clear();
    bytes_.Clear();
    offsets_.Clear();
    if (shape_.type == PhysicalType::kBytes) offsets_.AppendValue<uint32_t>(0);
  }

  const ValueShape& shape() const { return shape_; }
  uint32_t row_count() const { return row_count_; }

  // Fixed-width: room for `rows` more rows, uninitialised; the caller fills all of it.
  std::byte* ExtendFixed(uint32_t rows) {
    row_count_ += rows;
    return fixed_.Extend(static_cast<size_t>(rows) * shape_.row_bytes());
  }
  // kBytes: one more row.
  void AppendString(std::string_view value) {
    bytes_.Append(value.data(), value.size());
    offsets_.AppendValue(static_cast<uint32_t>(bytes_.size()));
    ++row_count_;
  }
  // Any shape: copies the rows of `rows`, which must have this shape.
  void Append(const ValueSpan& rows);
  // `rows` zero values (empty strings), what null rows hold.
  void AppendZeros(uint32_t rows);

  ValueSpan span() const {
    return {.shape = shape_,
            .row_count = row_count_,
            .fixed = fixed_.data(),
            .offsets = offsets_.as<uint32_t>(),
            .bytes = bytes_.as<char>()};
  }
  // The fixed-width values, row after row.
  template <typename T>
  absl::Span<const T> values() const {
    return fixed_.view<T>();
  }
  std::byte* mutable_fixed() { return fixed_.data(); }
  std::string_view StringAt(uint32_t row) const { return span().StringAt(row); }
  // Bytes held, for memory accounting.
  size_t memory_bytes() const { return fixed_.capacity() + offsets_.capacity() + bytes_.capacity(); }

 private:
  ValueShape shape_;
  uint32_t row_count_ = 0;
  Buffer fixed_;
  Buffer offsets_;  // uint32, kBytes only: row_count_ + 1 entries
  Buffer bytes_;
};

}  // namespace cortex

#endif  // CORTEX_CODECS_VALUES_H_

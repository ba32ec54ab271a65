// Appends little-endian values to a growing byte buffer. The machine must be little-endian (checked at compile time).
#ifndef CORTEX_CODECS_BYTES_BYTE_WRITER_H_
#define CORTEX_CODECS_BYTES_BYTE_WRITER_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "absl/types/span.h"

namespace cortex {

static_assert(std::endian::native == std::endian::little, "file formats and kernels assume little-endian");

inline absl::Span<const std::byte> AsBytes(std::string_view s) {
  return {reinterpret_cast<const std::byte*>(s.data()), s.size()};
}
inline std::string_view AsStringView(absl::Span<const std::byte> b) {
  return {reinterpret_cast<const char*>(b.data()), b.size()};
}

class ByteWriter {
 public:
  // Appends to `*out`, which must outlive the writer.
  explicit ByteWriter(std::string* out) : out_(out) {}

  template <typename T>
  void Put(T value) {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
    out_->append(reinterpret_cast<const char*>(&value), sizeof(T));
  }
  void PutVarint(uint64_t value) {
    while (value >= 0x80) {
      out_->push_back(static_cast<char>(value | 0x80));
      value >>= 7;
    }
    out_->push_back(static_cast<char>(value));
  }
  // Varint length, then the bytes.
  void PutString(std::string_view s) {
    PutVarint(s.size());
    out_->append(s);
  }
  void PutBytes(absl::Span<const std::byte> bytes) { out_->append(AsStringView(bytes)); }
  // Zero bytes until the buffer's size is a multiple of `alignment` (a power of two).
  void Align(size_t alignment) { out_->resize((out_->size() + alignment - 1) & ~(alignment - 1), '\0'); }

  // Overwrites a value put earlier at `offset`.
  template <typename T>
  void PatchAt(size_t offset, T value) {
    std::memcpy(out_->data() + offset, &value, sizeof(T));
  }
  size_t size() const { return out_->size(); }

 private:
  std::string* out_;
};

}  // namespace cortex

#endif  // CORTEX_CODECS_BYTES_BYTE_WRITER_H_

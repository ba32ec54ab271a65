// Reads little-endian values from untrusted bytes. Every read is bounds-checked: nothing is touched past the end, and
// a short buffer gives DATA_LOSS saying at which offset how many bytes were missing. Borrows the bytes.
#ifndef CORTEX_CODECS_BYTES_BYTE_READER_H_
#define CORTEX_CODECS_BYTES_BYTE_READER_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/types/span.h"

namespace cortex {

class ByteReader {
 public:
  explicit ByteReader(absl::Span<const std::byte> bytes) : bytes_(bytes) {}
  explicit ByteReader(std::string_view bytes)
      : bytes_(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()) {}

  size_t offset() const { return offset_; }
  size_t remaining() const { return bytes_.size() - offset_; }

  template <typename T>
  absl::Status Read(T* value) {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
    if (remaining() < sizeof(T)) return Short(sizeof(T));
    std::memcpy(value, bytes_.data() + offset_, sizeof(T));
    offset_ += sizeof(T);
    return absl::OkStatus();
  }
  absl::Status ReadVarint(uint64_t* value) {
    uint64_t result = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (remaining() == 0) return Short(1);
      const auto byte = static_cast<uint8_t>(bytes_[offset_++]);
      result |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) {
        *value = result;
        return absl::OkStatus();
      }
    }
    return absl::DataLossError(absl::StrFormat("varint longer than 10 bytes at offset %d", offset_));
  }
  absl::Status ReadBytes(uint64_t size, absl::Span<const std::byte>* out) {
    if (remaining() < size) return Short(size);
    *out = bytes_.subspan(offset_, size);
    offset_ += size;
    return absl::OkStatus();
  }
  absl::Status ReadString(std::string_view* out) {
    uint64_t size = 0;
    if (absl::Status s = ReadVarint(&size); !s.ok()) return s;
    absl::Span<const std::byte> bytes;
    if (absl::Status s = ReadBytes(size, &bytes); !s.ok()) return s;
    *out = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    return absl::OkStatus();
  }
  // Moves to the next multiple of `alignment` (a power of two), counted from the start of the buffer.
  absl::Status Align(size_t alignment) {
    const size_t aligned = (offset_ + alignment - 1) & ~(alignment - 1);
    if (aligned > bytes_.size()) return Short(aligned - offset_);
    offset_ = aligned;
    return absl::OkStatus();
  }

 private:
  absl::Status Short(uint64_t wanted) const {
    return absl::DataLossError(
        absl::StrFormat("truncated: %d bytes wanted at offset %d, %d left", wanted, offset_, remaining()));
  }

  absl::Span<const std::byte> bytes_;
  size_t offset_ = 0;
};

}  // namespace cortex

#endif  // CORTEX_CODECS_BYTES_BYTE_READER_H_

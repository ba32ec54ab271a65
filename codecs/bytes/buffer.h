// Growable raw memory: 64-byte aligned, growth left uninitialised, contents kept on growth. Move-only.
//
// std::vector<std::byte> is not enough: its zero-fill costs as much as the decode that follows (one extra pass over
// memory), and kernels want whole cache lines. kPaddingBytes past size() may be read (never relied on) by kernels.
#ifndef CORTEX_CODECS_BYTES_BUFFER_H_
#define CORTEX_CODECS_BYTES_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include "absl/types/span.h"

namespace cortex {

class Buffer {
 public:
  static constexpr size_t kAlignment = 64;
  static constexpr size_t kPaddingBytes = 64;

  Buffer() = default;
  Buffer(Buffer&& other) noexcept { *this = std::move(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    data_ = std::move(other.data_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }

  std::byte* data() { return data_.get(); }
  const std::byte* data() const { return data_.get(); }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }
  absl::Span<const std::byte> span() const { return {data_.get(), size_}; }

  template <typename T>
  T* as() {
    return reinterpret_cast<T*>(data_.get());
  }
  template <typename T>
  const T* as() const {
    return reinterpret_cast<const T*>(data_.get());
  }
  // The contents as values of T; size() must be a multiple of sizeof(T).
  template <typename T>
  absl::Span<const T> view() const {
    return {as<T>(), size_ / sizeof(T)};
  }

  void Clear() { size_ = 0; }
  void Reserve(size_t bytes) {
    if (bytes > capacity_) Reallocate(bytes);
  }
  // New bytes are uninitialised.
  void Resize(size_t bytes) {
    if (bytes > capacity_) Reallocate(bytes < 2 * capacity_ ? 2 * capacity_ : bytes);
    size_ = bytes;
  }
  // Grows by `bytes` and returns where they begin (uninitialised).
  std::byte* Extend(size_t bytes) {
    const size_t old_size = size_;
    Resize(size_ + bytes);
    return data_.get() + old_size;
  }
  void Append(const void* bytes, size_t count) {
    if (count != 0) std::memcpy(Extend(count), bytes, count);
  }
  template <typename T>
  void AppendValue(T value) {
    std::memcpy(Extend(sizeof(T)), &value, sizeof(T));
  }

 private:
  struct Free {
    void operator()(std::byte* p) const { ::operator delete(p, std::align_val_t{kAlignment}); }
  };
  void Reallocate(size_t bytes) {
    const size_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
    std::unique_ptr<std::byte, Free> grown(
        static_cast<std::byte*>(::operator new(rounded + kPaddingBytes, std::align_val_t{kAlignment})));
    if (size_ != 0) std::memcpy(grown.get(), data_.get(), size_);
    data_ = std::move(grown);
    capacity_ = rounded;
  }

  std::unique_ptr<std::byte, Free> data_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace cortex

#endif  // CORTEX_CODECS_BYTES_BUFFER_H_

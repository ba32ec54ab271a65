// Memory that reads as zero until written, and of which the kernel backs only the pages that were. A block of 1,024
// complex128[256] vectors reserves 4 MiB of addresses but costs what its rows touch; null rows cost nothing.
#ifndef CORTEX_STORAGE_TABLE_ZEROED_BLOCK_H_
#define CORTEX_STORAGE_TABLE_ZEROED_BLOCK_H_

#include <cstddef>
#include <utility>

namespace cortex {

// 64-byte aligned. Move-only. Throws std::bad_alloc like operator new if the kernel has no memory.
class ZeroedBlock {
 public:
  ZeroedBlock() = default;
  explicit ZeroedBlock(size_t bytes);
  ~ZeroedBlock();
  ZeroedBlock(ZeroedBlock&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  ZeroedBlock& operator=(ZeroedBlock&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }

  bool empty() const { return data_ == nullptr; }
  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }

 private:
  std::byte* data_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TABLE_ZEROED_BLOCK_H_

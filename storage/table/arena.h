// Bytes that never move: strings of the hot tier are copied in once and stay until the row group dies.
#ifndef CORTEX_STORAGE_TABLE_ARENA_H_
#define CORTEX_STORAGE_TABLE_ARENA_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace cortex {

// One writer; what it returned may be read by anybody who learned of it through a release/acquire pair.
class Arena {
 public:
  std::string_view Copy(std::string_view bytes) {
    char* to = Allocate(bytes.size());
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
    return {to, bytes.size()};
  }
  // Room for `size` bytes, unaligned.
  char* Allocate(size_t size) {
    if (size > left_) Grow(size);
    char* out = next_;
    next_ += size;
    left_ -= size;
    return out;
  }
  uint64_t memory_bytes() const { return memory_bytes_; }

 private:
  static constexpr size_t kFirstBlockBytes = 4 << 10;

  void Grow(size_t size) {
    size_t block = kFirstBlockBytes << (blocks_.size() < 6 ? blocks_.size() : 6);
    if (block < size) block = size;
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(block));
    next_ = blocks_.back().get();
    left_ = block;
    memory_bytes_ += block;
  }

  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  size_t left_ = 0;
  uint64_t memory_bytes_ = 0;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TABLE_ARENA_H_

#include "storage/table/zeroed_block.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstring>
#include <new>

namespace cortex {
namespace {

// Below this a mapping of its own wastes more of its last page than zeroing costs.
constexpr size_t kMapFromBytes = 64 << 10;
constexpr std::align_val_t kAlignment{64};

}  // namespace

ZeroedBlock::ZeroedBlock(size_t bytes) : bytes_(bytes) {
  if (bytes < kMapFromBytes) {
    data_ = static_cast<std::byte*>(::operator new(bytes, kAlignment));
    std::memset(data_, 0, bytes);
    return;
  }
  void* mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  data_ = static_cast<std::byte*>(mapped);
}

ZeroedBlock::~ZeroedBlock() {
  if (data_ == nullptr) return;
  if (bytes_ < kMapFromBytes) {
    ::operator delete(data_, kAlignment);
  } else {
    munmap(data_, bytes_);
  }
}

}  // namespace cortex

// Key -> rows of one row group in memory. The key column's dictionary gives a code; `head` holds the newest row of each
// code, `previous` chains a row to the one before it with the same key.
//
// One writer. Readers are lock-free: a head is stored (release) after the row it names was written, and a reader skips
// rows past the count it may see by following the chain.
#ifndef CORTEX_STORAGE_TABLE_KEY_INDEX_H_
#define CORTEX_STORAGE_TABLE_KEY_INDEX_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace cortex {

class KeyIndex {
 public:
  static constexpr uint32_t kNoRow = UINT32_MAX;

  explicit KeyIndex(uint32_t capacity) : head_(BlocksFor(capacity)), previous_(BlocksFor(capacity)) {}

  // Writer only; rows in rising order.
  void Add(uint32_t code, uint32_t row) {
    std::atomic<uint32_t>& head = *SlotFor(&head_, code);
    SlotFor(&previous_, row)->store(head.load(std::memory_order_relaxed), std::memory_order_relaxed);
    head.store(row, std::memory_order_release);
  }
  // The newest row below `row_limit` with this code, or kNoRow. `code` is one the dictionary gave.
  uint32_t Newest(uint32_t code, uint32_t row_limit) const {
    const auto* block = head_[code / kBlock].load(std::memory_order_acquire);
    uint32_t row = block == nullptr ? kNoRow : (*block)[code % kBlock].load(std::memory_order_acquire);
    while (row != kNoRow && row >= row_limit) row = Before(row);
    return row;
  }
  // The row before `row` with the same key, or kNoRow.
  uint32_t Before(uint32_t row) const {
    return (*previous_[row / kBlock].load(std::memory_order_acquire))[row % kBlock].load(std::memory_order_relaxed);
  }
  uint64_t memory_bytes() const { return memory_bytes_; }  // writer only

  ~KeyIndex() {
    for (auto& block : head_) delete block.load(std::memory_order_relaxed);
    for (auto& block : previous_) delete block.load(std::memory_order_relaxed);
  }

 private:
  static constexpr uint32_t kBlock = 1024;
  using Block = std::array<std::atomic<uint32_t>, kBlock>;
  using Blocks = std::vector<std::atomic<Block*>>;

  static size_t BlocksFor(uint32_t capacity) { return (capacity + kBlock - 1) / kBlock; }
  std::atomic<uint32_t>* SlotFor(Blocks* blocks, uint32_t i) {
    std::atomic<Block*>& slot = (*blocks)[i / kBlock];
    Block* block = slot.load(std::memory_order_relaxed);
    if (block == nullptr) {
      block = new Block;  // owned by the vector, freed in the destructor
      for (auto& value : *block) value.store(kNoRow, std::memory_order_relaxed);
      memory_bytes_ += sizeof(Block);
      slot.store(block, std::memory_order_release);
    }
    return &(*block)[i % kBlock];
  }

  Blocks head_;      // by code
  Blocks previous_;  // by row
  uint64_t memory_bytes_ = 0;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TABLE_KEY_INDEX_H_

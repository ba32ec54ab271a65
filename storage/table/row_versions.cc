#include "storage/table/row_versions.h"

#include <algorithm>
#include <array>

#include "storage/column/bitmap.h"
#include "storage/runtime/memory_budget.h"

namespace cortex {

struct RowVersions::Block {
  std::array<std::atomic<Commit>, kBlockRows> ends;
};

RowVersions::RowVersions(uint64_t row_count, MemoryBudget* budget)
    : row_count_(row_count), budget_(budget), blocks_((row_count + kBlockRows - 1) / kBlockRows) {}

RowVersions::~RowVersions() {
  uint64_t bytes = 0;
  for (auto& slot : blocks_) {
    Block* block = slot.load(std::memory_order_relaxed);
    if (block != nullptr) bytes += sizeof(Block);
    delete block;
  }
  if (budget_ != nullptr) budget_->Release(MemoryUse::kVersions, bytes);
}

void RowVersions::ClearEnded(Commit commit, uint64_t first_row, uint32_t count, uint64_t* selection) const {
  if (empty()) return;
  for (uint32_t i = 0; i < count;) {
    const uint64_t row = first_row + i;
    const auto step =
        static_cast<uint32_t>(std::min<uint64_t>(count - i, kBlockRows - row % kBlockRows));
    const Block* block = blocks_[row / kBlockRows].load(std::memory_order_acquire);
    if (block != nullptr) {
      for (uint32_t k = 0; k < step; ++k) {
        if (block->ends[row % kBlockRows + k].load(std::memory_order_relaxed) <= commit) ClearBit(selection, i + k);
      }
    }
    i += step;
  }
}

void RowVersions::ReadEnds(uint64_t first_row, uint32_t count, Commit* ends) const {
  if (empty()) return;
  for (uint32_t i = 0; i < count; ++i) {
    const Commit end = EndOf(first_row + i);
    if (end != kOpenEnd) ends[i] = end;
  }
}

absl::Status RowVersions::status() const {
  if (!incomplete()) return absl::OkStatus();
  return absl::DataLossError("rows of it have ended that could not be found in damaged bytes; which ones is not known");
}

Commit RowVersions::EndOf(uint64_t row) const {
  const Block* block = blocks_[row / kBlockRows].load(std::memory_order_acquire);
  return block == nullptr ? kOpenEnd : block->ends[row % kBlockRows].load(std::memory_order_relaxed);
}

bool RowVersions::SetEnd(uint64_t row, Commit end) {
  auto& slot = blocks_[row / kBlockRows];
  Block* block = slot.load(std::memory_order_relaxed);
  if (block == nullptr) {
    if (budget_ != nullptr) budget_->ForceReserve(MemoryUse::kVersions, sizeof(Block));
    block = new Block;  // owned by blocks_, freed in the destructor
    for (auto& value : block->ends) value.store(kOpenEnd, std::memory_order_relaxed);
    slot.store(block, std::memory_order_release);
  }
  auto& value = block->ends[row % kBlockRows];
  const Commit before = value.load(std::memory_order_relaxed);
  if (before == kErased || (before != kOpenEnd && end != kErased)) return false;
  value.store(end, std::memory_order_relaxed);
  if (end == kErased) erased_count_.fetch_add(1, std::memory_order_relaxed);
  if (before == kOpenEnd) ended_count_.fetch_add(1, std::memory_order_release);
  change_count_.fetch_add(1, std::memory_order_release);
  return true;
}

std::vector<VersionEnd> RowVersions::List() const {
  std::vector<VersionEnd> list;
  if (empty()) return list;
  for (uint64_t row = 0; row < row_count_; ++row) {
    const Block* block = blocks_[row / kBlockRows].load(std::memory_order_acquire);
    if (block == nullptr) {
      row += kBlockRows - 1;  // rows of an untouched block are all open
      continue;
    }
    const Commit end = block->ends[row % kBlockRows].load(std::memory_order_relaxed);
    if (end != kOpenEnd) list.push_back({.row = row, .end = end});
  }
  return list;
}

}  // namespace cortex

// What a reader keeps in memory beside the file it reads, charged to the budget as it is loaded and given back with it.
#ifndef CORTEX_STORAGE_SEGMENT_CACHE_CHARGE_H_
#define CORTEX_STORAGE_SEGMENT_CACHE_CHARGE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <utility>

#include "storage/runtime/memory_budget.h"

namespace cortex {

// Thread-safe. Charged even above the limit: a read is under way, and whoever is refused next asks caches to give way.
class CacheCharge {
 public:
  // `budget` may be nullptr; `on_growth`, which may be empty, runs after each Add.
  CacheCharge(MemoryBudget* budget, std::function<void()> on_growth)
      : budget_(budget), on_growth_(std::move(on_growth)) {}
  ~CacheCharge() {
    if (budget_ != nullptr) budget_->Release(MemoryUse::kCaches, bytes());
  }
  CacheCharge(const CacheCharge&) = delete;
  CacheCharge& operator=(const CacheCharge&) = delete;

  void Add(uint64_t bytes) const {
    if (budget_ != nullptr) budget_->ForceReserve(MemoryUse::kCaches, bytes);
    bytes_.fetch_add(bytes, std::memory_order_relaxed);
    if (on_growth_ != nullptr) on_growth_();
  }
  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  MemoryBudget* const budget_;
  const std::function<void()> on_growth_;
  mutable std::atomic<uint64_t> bytes_{0};
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_SEGMENT_CACHE_CHARGE_H_

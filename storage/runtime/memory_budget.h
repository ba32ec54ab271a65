// The one memory budget of the process: everything anonymous that grows with data or load is charged here by use, so
// that the server refuses work with RESOURCE_EXHAUSTED instead of dying. Mapped files are not counted.
//
//   ASSIGN_OR_RETURN(MemoryReservation memory, MemoryReservation::Make(budget, MemoryUse::kQuery, 1 << 20));
//   RETURN_IF_ERROR(memory.Grow(more_bytes));      // given back when `memory` dies
#ifndef CORTEX_STORAGE_RUNTIME_MEMORY_BUDGET_H_
#define CORTEX_STORAGE_RUNTIME_MEMORY_BUDGET_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace cortex {

enum class MemoryUse : uint8_t { kHotRows, kVersions, kCaches, kSketches, kQuery, kRpc, kMeta, kWal };
inline constexpr size_t kMemoryUseCount = 8;

// "hot rows", "versions", ... as messages and stats show it.
std::string_view MemoryUseName(MemoryUse use);

// Thread-safe, lock-free. Must outlive its reservations.
class MemoryBudget {
 public:
  explicit MemoryBudget(uint64_t limit_bytes) : limit_(limit_bytes) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  // Charges `bytes` if the total stays within the limit; otherwise charges nothing and returns false.
  [[nodiscard]] bool TryReserve(MemoryUse use, uint64_t bytes);
  // Charges even above the limit: for recovery, and for growth that has already happened. Later TryReserve calls fail
  // until enough is released.
  void ForceReserve(MemoryUse use, uint64_t bytes);
  // Gives back what was reserved for the same use.
  void Release(MemoryUse use, uint64_t bytes);

  uint64_t used() const { return used_.load(std::memory_order_relaxed); }
  uint64_t used(MemoryUse use) const { return by_use_[static_cast<size_t>(use)].load(std::memory_order_relaxed); }
  uint64_t limit() const { return limit_; }

  // RESOURCE_EXHAUSTED saying that `wanted_bytes` more for `use` do not fit, with the numbers and what to do.
  absl::Status Exhausted(MemoryUse use, uint64_t wanted_bytes) const;

 private:
  const uint64_t limit_;
  std::atomic<uint64_t> used_{0};
  std::array<std::atomic<uint64_t>, kMemoryUseCount> by_use_{};
};

// Bytes held from a budget; given back when it dies. Movable; one thread at a time.
class MemoryReservation {
 public:
  // Holds nothing and belongs to no budget; Grow and Resize to more than 0 need a budget.
  MemoryReservation() = default;
  MemoryReservation(MemoryBudget* budget, MemoryUse use) : budget_(budget), use_(use) {}
  static absl::StatusOr<MemoryReservation> Make(MemoryBudget* budget, MemoryUse use, uint64_t bytes);
  ~MemoryReservation() { Shrink(bytes_); }
  MemoryReservation(MemoryReservation&& other) noexcept;
  MemoryReservation& operator=(MemoryReservation&& other) noexcept;

  // RESOURCE_EXHAUSTED (and nothing changes) if the budget is full.
  absl::Status Grow(uint64_t bytes);
  absl::Status Resize(uint64_t bytes);
  // See MemoryBudget::ForceReserve.
  void ForceGrow(uint64_t bytes);
  // At most bytes() may be given back.
  void Shrink(uint64_t bytes);

  uint64_t bytes() const { return bytes_; }

 private:
  MemoryBudget* budget_ = nullptr;
  MemoryUse use_ = MemoryUse::kQuery;
  uint64_t bytes_ = 0;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_RUNTIME_MEMORY_BUDGET_H_

// The one memory budget of the process: everything anonymous that grows with data or load is charged here by use, so
// that the server refuses work with RESOURCE_EXHAUSTED instead of dying. Mapped files are not counted.
//
// Work that can be refused (TryReserve) may fill the budget up to its headroom; the headroom is for growth that cannot be
// refused any more (ForceReserve): rows that the log has accepted, the copies that sealing makes to free memory. Before
// TryReserve refuses, caches are asked to give way.
//
//   ASSIGN_OR_RETURN(MemoryReservation memory, MemoryReservation::Make(budget, MemoryUse::kQuery, 1 << 20));
//   RETURN_IF_ERROR(memory.Grow(more_bytes));      // given back when `memory` dies
#ifndef CORTEX_STORAGE_RUNTIME_MEMORY_BUDGET_H_
#define CORTEX_STORAGE_RUNTIME_MEMORY_BUDGET_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/runtime/mutex.h"

namespace cortex {

enum class MemoryUse : uint8_t {
  kHotRows,
  kVersions,
  kCaches,    // what readers of files keep; gives way to everything else
  kSketches,
  kMoves,     // what sealing, moving and loading hold meanwhile
  kQuery,
  kRpc,
  kMeta,
  kWal,
  kFiles,     // what is known of each segment file, opened or not
  kProcess,   // what the kernel counts beyond all others: stacks, libraries, free memory the allocator keeps
};
inline constexpr size_t kMemoryUseCount = 11;

// "hot rows", "versions", ... as messages and stats show it.
std::string_view MemoryUseName(MemoryUse use);

// Thread-safe; lock-free while there is room. Must outlive its reservations.
class MemoryBudget {
 public:
  // Gives back, or has given back, about so many bytes of kCaches.
  using Reclaim = std::function<void(uint64_t bytes)>;

  explicit MemoryBudget(uint64_t limit_bytes, uint64_t headroom_bytes = 0)
      : limit_(limit_bytes), refusable_limit_(limit_bytes - headroom_bytes) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  // Charges `bytes` if the total stays within the limit less its headroom, after caches have given way if need be;
  // otherwise charges nothing and returns false.
  [[nodiscard]] bool TryReserve(MemoryUse use, uint64_t bytes);
  // Charges even above the limit: for recovery, and for growth that has already happened. Later TryReserve calls fail
  // until enough is released.
  void ForceReserve(MemoryUse use, uint64_t bytes);
  // Gives back what was reserved for the same use.
  void Release(MemoryUse use, uint64_t bytes);

  // Who makes caches give way; nullptr: nobody, and nobody runs it any more on return. Called by whoever asks for memory
  // and finds none, one at a time; must not reserve.
  void SetReclaim(Reclaim reclaim);
  // Asks caches to give way now.
  void ShrinkCaches(uint64_t bytes);

  uint64_t used() const { return used_.load(std::memory_order_relaxed); }
  uint64_t used(MemoryUse use) const { return by_use_[static_cast<size_t>(use)].load(std::memory_order_relaxed); }
  uint64_t limit() const { return limit_; }
  // What TryReserve can fill.
  uint64_t refusable_limit() const { return refusable_limit_; }
  // The most that was ever in use at once.
  uint64_t peak() const { return peak_.load(std::memory_order_relaxed); }

  // RESOURCE_EXHAUSTED saying that `wanted_bytes` more for `use` do not fit, with the numbers and what to do.
  absl::Status Exhausted(MemoryUse use, uint64_t wanted_bytes) const;

 private:
  bool TryAdd(MemoryUse use, uint64_t bytes);
  void NotePeak(uint64_t used);
  bool MakeRoom(uint64_t bytes);

  const uint64_t limit_;
  const uint64_t refusable_limit_;
  std::atomic<uint64_t> used_{0};
  std::atomic<uint64_t> peak_{0};
  std::array<std::atomic<uint64_t>, kMemoryUseCount> by_use_{};
  Mutex reclaim_mutex_;  // held while caches give way; taken before the locks of those who keep them
  Reclaim reclaim_ ABSL_GUARDED_BY(reclaim_mutex_);
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

// The door that rows come in by: memory for them, and room behind the sealer. What does not fit now waits a bounded time
// while memory is being made, then is refused: a short burst is delayed, a long overload is told to come back.
#ifndef CORTEX_STORAGE_INGEST_GATE_H_
#define CORTEX_STORAGE_INGEST_GATE_H_

#include <atomic>
#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/runtime/memory_budget.h"
#include "storage/runtime/mutex.h"

namespace cortex {

struct IngestGateOptions {
  MemoryBudget* budget = nullptr;  // borrowed
  int64_t wait_ns = 0;             // longest delay before a refusal; 0: none
  // Rows closed but in no file yet: beyond this the sealer is not keeping up.
  uint64_t unsealed_limit_bytes = UINT64_MAX;
  std::function<uint64_t()> unsealed_bytes;
  // Files that wait to be merged with others: each costs memory that no cache gives back. Batches that become files of
  // their own are slowed down from half of the limit on, and held back above it; all others above twice the limit.
  uint64_t waiting_files_limit = UINT64_MAX / 2;
  std::function<uint64_t()> waiting_files;
  // Called once per delayed batch, with the bytes it wants; must not block.
  std::function<void(uint64_t bytes)> make_room;
};

// Thread-safe.
class IngestGate {
 public:
  explicit IngestGate(IngestGateOptions options) : options_(std::move(options)) {}

  // Memory for a batch; `makes_files`: it is written straight into files. Blocks at most twice wait_ns. Errors:
  // RESOURCE_EXHAUSTED, at once if it can never fit.
  absl::StatusOr<MemoryReservation> Enter(uint64_t bytes, bool makes_files = false);
  // Whoever waits is refused now, and so is whoever would.
  void Close();

  uint64_t delayed() const { return delayed_.load(std::memory_order_relaxed); }
  uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  // Polled: the budget is lock-free, and waking waiters would make every release pay for the rare wait.
  static constexpr int64_t kPollNs = 10'000'000;

  absl::StatusOr<MemoryReservation> TryEnter(uint64_t bytes, bool makes_files) const;
  // The nearer the limit, the slower: so merging catches up before anybody is refused.
  void SlowDown();
  uint64_t waiting_files() const { return options_.waiting_files == nullptr ? 0 : options_.waiting_files(); }

  const IngestGateOptions options_;
  Mutex mutex_;  // guards closed_; a leaf
  CondVar closing_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::atomic<uint64_t> delayed_{0}, refused_{0};
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_INGEST_GATE_H_

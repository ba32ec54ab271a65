// Spreads background writes over time: bytes are spent after they were written, and the spender waits while it is ahead
// of the allowed rate. Stopping wakes everybody.
#ifndef CORTEX_STORAGE_TIERS_PACER_H_
#define CORTEX_STORAGE_TIERS_PACER_H_

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "storage/runtime/clock.h"
#include "storage/runtime/mutex.h"

namespace cortex {

// Thread-safe.
class Pacer {
 public:
  // `bytes_per_second` 0: never waits.
  Pacer(const Clock* clock, uint64_t bytes_per_second) : clock_(clock), bytes_per_second_(bytes_per_second) {}

  void Spend(uint64_t bytes) {
    if (bytes_per_second_ == 0) return;
    MutexLock lock(&mutex_);
    const int64_t now = clock_->MonotonicNanos();
    if (free_at_ns_ < now) free_at_ns_ = now;
    free_at_ns_ += static_cast<int64_t>(static_cast<double>(bytes) * 1e9 / static_cast<double>(bytes_per_second_));
    while (!stopped_) {
      // One second of work may be ahead: short bursts do not wait.
      const int64_t wait_ns = free_at_ns_ - clock_->MonotonicNanos() - 1'000'000'000;
      if (wait_ns <= 0) return;
      changed_.WaitFor(&mutex_, wait_ns);
    }
  }
  // In pieces of a quarter of a second, `after_each(bytes)` behind each; an error it returns ends it. For work that is to
  // stop soon when nobody wants it any more.
  template <typename AfterEach>
  absl::Status SpendInPieces(uint64_t bytes, const AfterEach& after_each) {
    const uint64_t piece = bytes_per_second_ == 0 ? bytes : std::max<uint64_t>(1, bytes_per_second_ / 4);
    do {
      const uint64_t now = std::min(bytes, piece);
      Spend(now);
      const absl::Status status = after_each(now);
      if (!status.ok()) return status;
      bytes -= now;
    } while (bytes > 0);
    return absl::OkStatus();
  }
  void Stop() {
    MutexLock lock(&mutex_);
    stopped_ = true;
    changed_.NotifyAll();
  }

 private:
  const Clock* const clock_;
  const uint64_t bytes_per_second_;
  Mutex mutex_;  // guards what follows; a leaf
  CondVar changed_;
  int64_t free_at_ns_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TIERS_PACER_H_

// A clock that stands still until the test moves it.
#ifndef CORTEX_TESTS_SUPPORT_FAKE_CLOCK_H_
#define CORTEX_TESTS_SUPPORT_FAKE_CLOCK_H_

#include <atomic>
#include <cstdint>

#include "storage/runtime/clock.h"

namespace cortex::testing {

// Thread-safe.
class FakeClock final : public Clock {
 public:
  // Wall time starts at `now_nanos` (by default in November 2023), monotonic time at 0.
  explicit FakeClock(int64_t now_nanos = 1'700'000'000'000'000'000) : now_nanos_(now_nanos) {}

  int64_t NowNanos() const override { return now_nanos_.load(); }
  int64_t MonotonicNanos() const override { return monotonic_nanos_.load(); }

  // Moves both times on.
  void Advance(int64_t nanos) {
    now_nanos_ += nanos;
    monotonic_nanos_ += nanos;
  }
  // Sets the wall clock, forward or back, as an operator or NTP would; monotonic time stays.
  void JumpTo(int64_t now_nanos) { now_nanos_ = now_nanos; }

 private:
  std::atomic<int64_t> now_nanos_;
  std::atomic<int64_t> monotonic_nanos_{0};
};

}  // namespace cortex::testing

#endif  // CORTEX_TESTS_SUPPORT_FAKE_CLOCK_H_

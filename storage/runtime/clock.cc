#include "storage/runtime/clock.h"

#include <ctime>

namespace cortex {
namespace {

int64_t ReadNanos(clockid_t id) {
  timespec now;
  clock_gettime(id, &now);  // cannot fail: both ids exist on every Linux
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

class MachineClock final : public Clock {
 public:
  int64_t NowNanos() const override { return ReadNanos(CLOCK_REALTIME); }
  int64_t MonotonicNanos() const override { return ReadNanos(CLOCK_MONOTONIC); }
};

}  // namespace

Clock* SystemClock() {
  static MachineClock* const clock = new MachineClock;  // never destroyed: threads may outlive main's statics
  return clock;
}

}  // namespace cortex

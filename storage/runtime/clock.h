// Time as a seam: everything that asks for the time asks a Clock, so that a test can move it by hand.
#ifndef CORTEX_STORAGE_RUNTIME_CLOCK_H_
#define CORTEX_STORAGE_RUNTIME_CLOCK_H_

#include <cstdint>

namespace cortex {

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time: nanoseconds since 1970-01-01 UTC. May jump either way; order is by commit, never by this.
  virtual int64_t NowNanos() const = 0;
  // Nanoseconds since some fixed moment; never goes back. For deadlines, ages and rates.
  virtual int64_t MonotonicNanos() const = 0;
};

// The clock of the machine. Lives forever.
Clock* SystemClock();

}  // namespace cortex

#endif  // CORTEX_STORAGE_RUNTIME_CLOCK_H_

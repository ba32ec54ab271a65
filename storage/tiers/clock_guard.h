// How far the wall clock can be trusted with destroying rows: a clock that jumps ahead must not make data expire.
//
// Trusted time follows the wall clock while that agrees with the monotonic one. After a jump, and after a start that
// cannot be told from one, it goes on from what was trusted before at the pace of the monotonic clock, and never past
// the wall clock, until the two have agreed for a day. Reclaim waits a day after expiry anyway, so small steps are free.
#ifndef CORTEX_STORAGE_TIERS_CLOCK_GUARD_H_
#define CORTEX_STORAGE_TIERS_CLOCK_GUARD_H_

#include <cstdint>

#include "storage/runtime/clock.h"

namespace cortex {

// One thread at a time.
class ClockGuard {
 public:
  static constexpr int64_t kUnknown = INT64_MIN;

  // `seen_ns`: trusted time of the process before, as it was last written down; kUnknown: never.
  ClockGuard(const Clock* clock, int64_t seen_ns);
  // To be asked every few seconds or minutes; kUnknown as long as there is nothing to go by.
  int64_t TrustedNow();

 private:
  static constexpr int64_t kAgreeNs = 86'400'000'000'000;
  static constexpr int64_t kShortRestartNs = 43'200'000'000'000;

  const Clock* const clock_;
  bool agreed_ = false;
  int64_t agreed_since_ns_ = 0;   // monotonic
  int64_t last_offset_ns_ = 0;    // wall - monotonic
  int64_t last_monotonic_ns_ = 0;
  int64_t anchor_ns_ = kUnknown;  // what was trusted ...
  int64_t anchor_monotonic_ns_ = 0;  // ... at this monotonic time
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TIERS_CLOCK_GUARD_H_

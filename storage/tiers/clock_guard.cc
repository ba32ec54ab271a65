#include "storage/tiers/clock_guard.h"

#include <algorithm>
#include <cstdlib>

namespace cortex {

ClockGuard::ClockGuard(const Clock* clock, int64_t seen_ns)
    : clock_(clock),
      agreed_since_ns_(clock->MonotonicNanos()),
      last_offset_ns_(clock->NowNanos() - clock->MonotonicNanos()),
      last_monotonic_ns_(agreed_since_ns_),
      anchor_ns_(seen_ns),
      anchor_monotonic_ns_(agreed_since_ns_) {
  const int64_t now_ns = clock->NowNanos();
  agreed_ = seen_ns != kUnknown && now_ns >= seen_ns && now_ns - seen_ns <= kShortRestartNs;
}

int64_t ClockGuard::TrustedNow() {
  const int64_t monotonic_ns = clock_->MonotonicNanos();
  const int64_t now_ns = clock_->NowNanos();
  const int64_t offset_ns = now_ns - monotonic_ns;
  // Slewing changes the offset slowly: 500 ppm is what the kernel allows.
  const int64_t allowed_ns = 1'000'000'000 + (monotonic_ns - last_monotonic_ns_) / 1'000;
  if (std::abs(offset_ns - last_offset_ns_) > allowed_ns) {
    if (agreed_) {
      anchor_ns_ = last_monotonic_ns_ + last_offset_ns_;
      anchor_monotonic_ns_ = last_monotonic_ns_;
    }
    agreed_ = false;
    agreed_since_ns_ = monotonic_ns;
  } else if (!agreed_ && monotonic_ns - agreed_since_ns_ >= kAgreeNs) {
    agreed_ = true;
  }
  last_offset_ns_ = offset_ns;
  last_monotonic_ns_ = monotonic_ns;
  if (agreed_) return now_ns;
  if (anchor_ns_ == kUnknown) return kUnknown;
  return std::min(now_ns, anchor_ns_ + (monotonic_ns - anchor_monotonic_ns_));
}

}  // namespace cortex

// When and how often a segment was read: what promotion and dormancy go by. Counted in memory alone; a start knows
// nothing of the reads before it.
#ifndef CORTEX_STORAGE_SEGMENT_ACCESS_H_
#define CORTEX_STORAGE_SEGMENT_ACCESS_H_

#include <atomic>
#include <cstdint>

namespace cortex {

// Thread-safe, lock-free; a query touches each segment it reads once, so the counters cost nothing per row. Two touches
// that race may count as one.
class SegmentAccess {
 public:
  static constexpr int64_t kNever = INT64_MIN;
  // Touches further apart than this have nothing to do with each other.
  static constexpr int64_t kWindowNs = 3'600'000'000'000;

  void Touch(int64_t monotonic_ns) const {
    const int64_t last_ns = last_touch_ns_.load(std::memory_order_relaxed);
    if (last_ns == kNever || monotonic_ns - last_ns > kWindowNs) {
      recent_touches_.store(1, std::memory_order_relaxed);
    } else {
      recent_touches_.fetch_add(1, std::memory_order_relaxed);
    }
    SetAtLeast(&last_touch_ns_, monotonic_ns);
  }
  // Counts as read at that time, but not as a touch: rows that were merged from others keep their age of access.
  void Remember(int64_t monotonic_ns) const { SetAtLeast(&last_touch_ns_, monotonic_ns); }
  // The rows came to or left memory; touches are counted from here.
  void MarkMoved(int64_t monotonic_ns, bool promoted) const {
    recent_touches_.store(0, std::memory_order_relaxed);
    moved_ns_.store(monotonic_ns, std::memory_order_relaxed);
    promoted_.store(promoted, std::memory_order_relaxed);
  }

  int64_t last_touch_ns() const { return last_touch_ns_.load(std::memory_order_relaxed); }
  uint32_t recent_touches() const { return recent_touches_.load(std::memory_order_relaxed); }
  int64_t moved_ns() const { return moved_ns_.load(std::memory_order_relaxed); }  // kNever: not since the start
  bool promoted() const { return promoted_.load(std::memory_order_relaxed); }     // is in memory because it was read

 private:
  static void SetAtLeast(std::atomic<int64_t>* value, int64_t at_least) {
    int64_t seen = value->load(std::memory_order_relaxed);
    while (seen < at_least && !value->compare_exchange_weak(seen, at_least, std::memory_order_relaxed)) {
    }
  }

  mutable std::atomic<int64_t> last_touch_ns_{kNever};
  mutable std::atomic<int64_t> moved_ns_{kNever};
  mutable std::atomic<uint32_t> recent_touches_{0};
  mutable std::atomic<bool> promoted_{false};
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_SEGMENT_ACCESS_H_

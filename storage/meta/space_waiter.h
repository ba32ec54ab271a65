// What writers of the meta store do when the disk is full: try again once RocksDB goes on, now or when there is space.
//
// RocksDB refuses every write after one that found no space, until it is resumed: it then puts what it holds in memory
// into table files and begins a new log, so nothing of a failed write stays behind. It looks for space itself, every five
// seconds; until then Resume says RESOURCE_EXHAUSTED.
#ifndef CORTEX_STORAGE_META_SPACE_WAITER_H_
#define CORTEX_STORAGE_META_SPACE_WAITER_H_

#include <atomic>
#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "storage/runtime/mutex.h"

namespace cortex {

// Thread-safe; a write may be repeated, so it must be one that can be.
class SpaceWaiter {
 public:
  explicit SpaceWaiter(std::function<absl::Status()> resume) : resume_(std::move(resume)) {}

  // OK if writes may be tried. Errors: RESOURCE_EXHAUSTED still no space.
  absl::Status GoOn();
  // Resumes first if the disk was full. Errors: RESOURCE_EXHAUSTED, those of `write`.
  absl::Status Write(const std::function<absl::Status()>& write);
  // The same, again and again until there is space, as long as SetWaiting(true) holds.
  absl::Status WriteWaiting(const std::function<absl::Status()>& write);

  void SetWaiting(bool allowed);
  bool IsWaiting() const { return waiting_.load(std::memory_order_relaxed) != 0; }

 private:
  static constexpr int64_t kRetryNs = 200'000'000;

  const std::function<absl::Status()> resume_;
  std::atomic<bool> disk_was_full_{false};
  std::atomic<uint32_t> waiting_{0};

  Mutex mutex_;  // guards what follows; a leaf
  CondVar changed_;
  bool may_wait_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_META_SPACE_WAITER_H_

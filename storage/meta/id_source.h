// Gives out ids, each once. What was reserved on disk is given from memory; a restart skips what was left of it.
#ifndef CORTEX_STORAGE_META_ID_SOURCE_H_
#define CORTEX_STORAGE_META_ID_SOURCE_H_

#include <algorithm>
#include <cstdint>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "storage/runtime/mutex.h"

namespace cortex {

// Thread-safe; Reserve is called by one thread at a time, after the new limit is on disk.
class IdSource {
 public:
  explicit IdSource(uint64_t first) : next_(first), limit_(first) {}

  // nullopt: nothing left, reserve first.
  std::optional<uint64_t> Next() {
    MutexLock lock(&mutex_);
    if (next_ == limit_) return std::nullopt;
    return next_++;
  }
  // Ids below this are reserved on disk.
  uint64_t limit() const {
    MutexLock lock(&mutex_);
    return limit_;
  }
  void Reserve(uint64_t new_limit) {
    MutexLock lock(&mutex_);
    limit_ = std::max(limit_, new_limit);
  }
  // Somebody brought ids of their own: those below `end` are used.
  void SkipTo(uint64_t end) {
    MutexLock lock(&mutex_);
    next_ = std::max(next_, end);
    limit_ = std::max(limit_, end);
  }

 private:
  mutable Mutex mutex_;  // guards both; a leaf
  uint64_t next_ ABSL_GUARDED_BY(mutex_);
  uint64_t limit_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_META_ID_SOURCE_H_

// Lets one thread at a time through a slow section without holding a mutex across the disk: waiters sleep on a
// condition, the thread inside holds nothing but its turn. To the thread-safety analysis a turn is a lock.
#ifndef CORTEX_STORAGE_META_TURNSTILE_H_
#define CORTEX_STORAGE_META_TURNSTILE_H_

#include "absl/base/thread_annotations.h"
#include "storage/runtime/mutex.h"

namespace cortex {

class ABSL_LOCKABLE Turnstile {
 public:
  // What the analysis is told a turn does cannot be seen from taken_.
  void Enter() ABSL_EXCLUSIVE_LOCK_FUNCTION() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    MutexLock lock(&mutex_);
    while (taken_) left_.Wait(&mutex_);
    taken_ = true;
  }
  void Leave() ABSL_UNLOCK_FUNCTION() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    MutexLock lock(&mutex_);
    taken_ = false;
    left_.NotifyOne();
  }

 private:
  Mutex mutex_;  // guards taken_; a leaf
  CondVar left_;
  bool taken_ ABSL_GUARDED_BY(mutex_) = false;
};

class ABSL_SCOPED_LOCKABLE Turn {
 public:
  explicit Turn(Turnstile* turnstile) ABSL_EXCLUSIVE_LOCK_FUNCTION(turnstile) : turnstile_(turnstile) {
    turnstile_->Enter();
  }
  ~Turn() ABSL_UNLOCK_FUNCTION() { turnstile_->Leave(); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  Turnstile* const turnstile_;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_META_TURNSTILE_H_

// One at a time, and whoever was asked goes before whoever only works in the background.
//
// A mutex alone is not fair: a thread that takes it again right after giving it back keeps those who wait out for as long
// as it likes. So the background steps aside before each piece of work while a request waits.
#ifndef CORTEX_STORAGE_TIERS_TURNS_H_
#define CORTEX_STORAGE_TIERS_TURNS_H_

#include "storage/runtime/mutex.h"

namespace cortex {

// Thread-safe.
class Turns {
 public:
  // Held by a request while it works; it waits for the work under way.
  class ABSL_SCOPED_LOCKABLE Request {
   public:
    explicit Request(Turns* turns) ABSL_EXCLUSIVE_LOCK_FUNCTION(turns->work_) : turns_(turns) {
      turns_->CountWaiting(+1);
      turns_->work_.Lock();
      turns_->CountWaiting(-1);
    }
    ~Request() ABSL_UNLOCK_FUNCTION() { turns_->work_.Unlock(); }
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;

   private:
    Turns* const turns_;
  };

  // Held by the background for one piece of work; it waits until no request does.
  class ABSL_SCOPED_LOCKABLE Background {
   public:
    explicit Background(Turns* turns) ABSL_EXCLUSIVE_LOCK_FUNCTION(turns->work_) : turns_(turns) {
      turns_->LetRequestsPass();
      turns_->work_.Lock();
    }
    ~Background() ABSL_UNLOCK_FUNCTION() { turns_->work_.Unlock(); }
    Background(const Background&) = delete;
    Background& operator=(const Background&) = delete;

   private:
    Turns* const turns_;
  };

  // Requests that wait now.
  int waiting() const {
    MutexLock lock(&mutex_);
    return waiting_;
  }

 private:
  void CountWaiting(int change) {
    MutexLock lock(&mutex_);
    waiting_ += change;
    changed_.NotifyAll();
  }
  void LetRequestsPass() {
    MutexLock lock(&mutex_);
    while (waiting_ > 0) changed_.Wait(&mutex_);
  }

  Mutex work_;           // held while somebody works
  mutable Mutex mutex_;  // guards what follows; a leaf
  CondVar changed_;
  int waiting_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TIERS_TURNS_H_

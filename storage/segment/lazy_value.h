// A value made on first need by whichever thread comes first.
#ifndef CORTEX_STORAGE_SEGMENT_LAZY_VALUE_H_
#define CORTEX_STORAGE_SEGMENT_LAZY_VALUE_H_

#include <atomic>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "storage/runtime/mutex.h"

namespace cortex {

// Once made, Get is one atomic load. No lock is held while the value is made: threads that race make it twice and one
// value is dropped. Damage (DATA_LOSS) is remembered; other errors may pass, so the next caller tries again.
template <typename T>
class LazyValue {
 public:
  LazyValue() = default;
  LazyValue(const LazyValue&) = delete;
  LazyValue& operator=(const LazyValue&) = delete;
  ~LazyValue() { delete value_.load(std::memory_order_relaxed); }

  // `make` is called without arguments and returns absl::StatusOr<std::unique_ptr<T>>.
  template <typename Make>
  absl::StatusOr<const T*> Get(Make make) const {
    return Get(make, [](const T&) {});
  }
  // `kept` is called once, with the value that stays.
  template <typename Make, typename Kept>
  absl::StatusOr<const T*> Get(Make make, Kept kept) const {
    if (const T* value = value_.load(std::memory_order_acquire); value != nullptr) return value;
    {
      MutexLock lock(&mutex_);
      if (!damage_.ok()) return damage_;
    }
    absl::StatusOr<std::unique_ptr<T>> made = make();
    if (!made.ok()) {
      if (made.status().code() == absl::StatusCode::kDataLoss) {
        MutexLock lock(&mutex_);
        damage_ = made.status();
      }
      return made.status();
    }
    const T* first = nullptr;
    if (!value_.compare_exchange_strong(first, made->get(), std::memory_order_acq_rel)) return first;
    const T* const value = made->release();
    kept(*value);
    return value;
  }

 private:
  mutable std::atomic<const T*> value_ = nullptr;
  mutable Mutex mutex_;
  mutable absl::Status damage_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_SEGMENT_LAZY_VALUE_H_

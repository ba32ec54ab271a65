// All subscriptions of the server: wakes those that wait for commits or whose heartbeat is due, ends those whose reader
// takes nothing. A waiting subscription holds no thread; steps run on a small pool of the hub.
#ifndef CORTEX_SERVER_SUBSCRIPTION_HUB_H_
#define CORTEX_SERVER_SUBSCRIPTION_HUB_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <thread>

#include "storage/database.h"
#include "storage/runtime/mutex.h"
#include "storage/runtime/thread_pool.h"

namespace cortex {

class Clock;

// What the hub sees of a subscription.
class Subscriber {
 public:
  enum class Wish : uint8_t { kNothing, kStep, kEnd };
  virtual ~Subscriber() = default;
  // Asked by the hub, which holds its own lock: what is due at `now_ns` (monotonic)? Whoever answers kStep or kEnd then
  // waits for that call, and for no other.
  virtual Wish Ask(int64_t now_ns) = 0;
  // On a thread of the pool: read and send, or wait again.
  virtual void Step() = 0;
  // On the hub's thread: end at once, though the reader has not taken the last message.
  virtual void EndUnread() = 0;
};

struct SubscriptionHubOptions {
  Database* database = nullptr;  // borrowed, as the clock
  const Clock* clock = nullptr;
  size_t threads = 2;
  size_t max_subscriptions = 1'024;
  int64_t tick_ns = 100'000'000;  // how exact heartbeats and stalls are
};

// Thread-safe.
class SubscriptionHub {
 public:
  explicit SubscriptionHub(const SubscriptionHubOptions& options);
  ~SubscriptionHub();

  // False if there are too many, or the server drains.
  bool Add(Subscriber* subscriber);
  // To be called by whoever ends it, who is then called no more.
  void Remove(Subscriber* subscriber);
  // Runs subscriber->Step() on the pool.
  void Schedule(Subscriber* subscriber);

  Commit visible() const { return visible_.load(std::memory_order_acquire); }
  bool draining() const { return draining_.load(std::memory_order_acquire); }
  // Every subscription ends with UNAVAILABLE; waits until the last is gone. Later ones are refused.
  void Drain();

 private:
  void Run();
  void RaiseVisible(Commit commit);

  const SubscriptionHubOptions options_;
  std::atomic<Commit> visible_{0};
  std::atomic<bool> draining_{false};
  Mutex mutex_;  // guards what follows; taken before a subscription's own
  CondVar changed_;
  std::set<Subscriber*> subscribers_ ABSL_GUARDED_BY(mutex_);
  bool news_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<ThreadPool> pool_;
  uint64_t listener_ = 0;
  std::thread thread_;
};

}  // namespace cortex

#endif  // CORTEX_SERVER_SUBSCRIPTION_HUB_H_

#include "server/subscription_hub.h"

#include <pthread.h>

#include <utility>
#include <vector>

#include "storage/runtime/clock.h"

namespace cortex {

SubscriptionHub::SubscriptionHub(const SubscriptionHubOptions& options)
    : options_(options),
      // One place per subscription and one to spare: each has at most one step under way, so none is ever refused.
      pool_(std::make_unique<ThreadPool>("subscribe", options.threads, options.max_subscriptions + 1)) {
  listener_ = options_.database->AddCommitListener([this](Commit commit) {
    RaiseVisible(commit);
    MutexLock lock(&mutex_);
    if (std::exchange(news_, true) || subscribers_.empty()) return;
    changed_.NotifyAll();
  });
  RaiseVisible(options_.database->GetStats().visible_commit);  // what came before the listener
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "subscribe-hub");
}

void SubscriptionHub::RaiseVisible(Commit commit) {
  Commit seen = visible_.load(std::memory_order_relaxed);
  while (seen < commit && !visible_.compare_exchange_weak(seen, commit, std::memory_order_release)) {
  }
}

SubscriptionHub::~SubscriptionHub() {
  Drain();
  options_.database->RemoveCommitListener(listener_);
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

bool SubscriptionHub::Add(Subscriber* subscriber) {
  MutexLock lock(&mutex_);
  if (draining() || subscribers_.size() >= options_.max_subscriptions) return false;
  subscribers_.insert(subscriber);
  changed_.NotifyAll();
  return true;
}

void SubscriptionHub::Remove(Subscriber* subscriber) {
  MutexLock lock(&mutex_);
  subscribers_.erase(subscriber);
  changed_.NotifyAll();
}

void SubscriptionHub::Schedule(Subscriber* subscriber) {
  pool_->Submit([subscriber] { subscriber->Step(); });
}

void SubscriptionHub::Drain() {
  MutexLock lock(&mutex_);
  draining_.store(true, std::memory_order_release);
  news_ = true;
  changed_.NotifyAll();
  while (!subscribers_.empty()) changed_.Wait(&mutex_);
}

void SubscriptionHub::Run() {
  for (;;) {
    std::vector<std::pair<Subscriber*, Subscriber::Wish>> wishes;
    {
      MutexLock lock(&mutex_);
      if (subscribers_.empty() && !stopping_) {
        changed_.Wait(&mutex_);
      } else if (!news_ && !stopping_) {
        changed_.WaitFor(&mutex_, options_.tick_ns);
      }
      if (stopping_) return;
      news_ = false;
      const int64_t now_ns = options_.clock->MonotonicNanos();
      for (Subscriber* subscriber : subscribers_) {
        const Subscriber::Wish wish = subscriber->Ask(now_ns);
        if (wish != Subscriber::Wish::kNothing) wishes.emplace_back(subscriber, wish);
      }
    }
    // Without the lock: ending one makes it call Remove.
    for (const auto& [subscriber, wish] : wishes) {
      if (wish == Subscriber::Wish::kStep) {
        Schedule(subscriber);
      } else {
        subscriber->EndUnread();
      }
    }
  }
}

}  // namespace cortex

#include "storage/runtime/thread_pool.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>

namespace cortex {
namespace {

// One ParallelFor call. Shared by the caller and the helpers it queued; a helper that starts after the caller left
// finds the loop closed and touches nothing but this object.
class MorselLoop {
 public:
  MorselLoop(size_t count, const std::function<void(size_t, size_t)>* body) : count_(count), body_(body) {}

  void RunHelper(size_t worker) {
    {
      MutexLock lock(&mutex_);
      if (closed_) return;
      ++running_helpers_;
    }
    RunIndexes(worker);
    MutexLock lock(&mutex_);
    if (--running_helpers_ == 0) helpers_left_.NotifyAll();
  }

  void RunCaller() {
    RunIndexes(0);
    MutexLock lock(&mutex_);
    closed_ = true;
    while (running_helpers_ > 0) helpers_left_.Wait(&mutex_);
  }

 private:
  void RunIndexes(size_t worker) {
    for (;;) {
      const size_t index = next_.fetch_add(1, std::memory_order_relaxed);
      if (index >= count_) return;
      (*body_)(index, worker);
    }
  }

  const size_t count_;
  const std::function<void(size_t, size_t)>* const body_;  // the caller's; valid until closed_
  std::atomic<size_t> next_{0};
  Mutex mutex_;  // guards the two below; also hands the helpers' writes to the caller
  CondVar helpers_left_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  size_t running_helpers_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace

ThreadPool::ThreadPool(const std::string& name, size_t thread_count, size_t queue_bound)
    : queue_bound_(std::max<size_t>(queue_bound, 1)) {
  threads_.reserve(thread_count);
  for (size_t i = 0; i < thread_count; ++i) {
    threads_.emplace_back([this, thread_name = name + "-" + std::to_string(i)] { RunThread(thread_name); });
  }
}

ThreadPool::~ThreadPool() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
  }
  not_empty_.NotifyAll();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::Submit(std::function<void()> task) {
  if (threads_.empty()) return task();
  {
    MutexLock lock(&mutex_);
    while (queue_.size() >= queue_bound_) not_full_.Wait(&mutex_);
    queue_.push_back(std::move(task));
  }
  not_empty_.NotifyOne();
}

bool ThreadPool::TrySubmit(std::function<void()> task) {
  if (threads_.empty()) {
    task();
    return true;
  }
  {
    MutexLock lock(&mutex_);
    if (queue_.size() >= queue_bound_) return false;
    queue_.push_back(std::move(task));
  }
  not_empty_.NotifyOne();
  return true;
}

void ThreadPool::ParallelFor(size_t count, const std::function<void(size_t, size_t)>& body) {
  if (count == 0) return;
  const auto loop = std::make_shared<MorselLoop>(count, &body);
  const size_t helper_count = std::min(thread_count(), count - 1);
  for (size_t worker = 1; worker <= helper_count; ++worker) {
    if (!TrySubmit([loop, worker] { loop->RunHelper(worker); })) break;  // a full queue: nobody is idle anyway
  }
  loop->RunCaller();
}

void ThreadPool::RunThread(const std::string& thread_name) {
  pthread_setname_np(pthread_self(), thread_name.substr(0, 15).c_str());
  for (;;) {
    std::function<void()> task;
    {
      MutexLock lock(&mutex_);
      while (queue_.empty() && !stopping_) not_empty_.Wait(&mutex_);
      if (queue_.empty()) return;
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    not_full_.NotifyOne();
    task();
  }
}

}  // namespace cortex

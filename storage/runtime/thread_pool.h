// A small pool of named threads: a bounded queue of tasks, and morsel-style loops in which the caller takes part.
#ifndef CORTEX_STORAGE_RUNTIME_THREAD_POOL_H_
#define CORTEX_STORAGE_RUNTIME_THREAD_POOL_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "storage/runtime/mutex.h"

namespace cortex {

// Thread-safe. The destructor runs what is queued, then joins.
class ThreadPool {
 public:
  // Threads are called `<name>-<number>` (the kernel keeps 15 characters). `thread_count` may be 0: then Submit runs
  // the task at once and ParallelFor is a plain loop.
  ThreadPool(const std::string& name, size_t thread_count, size_t queue_bound = 1024);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  // Queues `task`, waiting while the queue is full. Not to be called from a task of the same pool: with every thread
  // waiting for room nobody would make any. Tasks use TrySubmit.
  void Submit(std::function<void()> task);
  // False if the queue is full; the task is then not taken.
  [[nodiscard]] bool TrySubmit(std::function<void()> task);

  // Calls body(index, worker) once for each index in [0, count) and returns when all calls have returned. The caller
  // is worker 0; idle pool threads join as workers 1 .. thread_count(), so per-worker state needs worker_count()
  // slots. Indexes are handed out in rising order by one fetch_add each: make each of them worth some microseconds.
  // May be called from many threads and from inside a task: it never waits for a thread that has not started on it.
  void ParallelFor(size_t count, const std::function<void(size_t index, size_t worker)>& body);

  size_t thread_count() const { return threads_.size(); }
  size_t worker_count() const { return threads_.size() + 1; }

 private:
  void RunThread(const std::string& thread_name);

  const size_t queue_bound_;
  Mutex mutex_;  // guards the queue; a leaf: nothing else is locked under it
  CondVar not_empty_;
  CondVar not_full_;
  std::deque<std::function<void()>> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;  // filled by the constructor, constant until the destructor
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_RUNTIME_THREAD_POOL_H_

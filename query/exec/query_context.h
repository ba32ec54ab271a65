// What every operator of one running query shares: when to stop, how much memory it holds, who helps.
#ifndef CORTEX_QUERY_EXEC_QUERY_CONTEXT_H_
#define CORTEX_QUERY_EXEC_QUERY_CONTEXT_H_

#include <atomic>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "storage/runtime/clock.h"
#include "storage/runtime/memory_budget.h"
#include "storage/runtime/thread_pool.h"

namespace cortex::query {

// Memory of one query, charged to the budget as MemoryUse::kQuery and given back when the query ends. Thread-safe.
class QueryMemory {
 public:
  explicit QueryMemory(MemoryBudget* budget) : budget_(budget) {}
  ~QueryMemory() { Release(held_.load()); }
  QueryMemory(const QueryMemory&) = delete;
  QueryMemory& operator=(const QueryMemory&) = delete;

  // RESOURCE_EXHAUSTED if the budget is full. Without a budget everything is granted.
  absl::Status Grow(uint64_t bytes);
  void Release(uint64_t bytes);
  uint64_t peak_bytes() const { return peak_.load(); }

 private:
  MemoryBudget* const budget_;
  std::atomic<uint64_t> held_{0};
  std::atomic<uint64_t> peak_{0};
};

// Thread-safe; everything borrowed.
class QueryContext {
 public:
  QueryContext(MemoryBudget* budget, ThreadPool* workers, const Clock* clock, std::optional<int64_t> deadline_ns,
               const std::atomic<bool>* cancelled)
      : memory_(budget), workers_(workers), clock_(clock), deadline_ns_(deadline_ns), cancelled_(cancelled) {}

  // CANCELLED or DEADLINE_EXCEEDED. Called before every vector of at most 1,024 rows.
  absl::Status CheckStop() const;

  QueryMemory& memory() { return memory_; }
  ThreadPool* workers() const { return workers_; }
  size_t worker_count() const { return workers_ == nullptr ? 1 : workers_->worker_count(); }
  int64_t MonotonicNanos() const { return clock_->MonotonicNanos(); }

 private:
  QueryMemory memory_;
  ThreadPool* const workers_;
  const Clock* const clock_;
  const std::optional<int64_t> deadline_ns_;
  const std::atomic<bool>* const cancelled_;
};

}  // namespace cortex::query

#endif  // CORTEX_QUERY_EXEC_QUERY_CONTEXT_H_

#include "query/exec/query_context.h"

namespace cortex::query {

absl::Status QueryMemory::Grow(uint64_t bytes) {
  if (budget_ != nullptr && !budget_->TryReserve(MemoryUse::kQuery, bytes))
    return budget_->Exhausted(MemoryUse::kQuery, bytes);
  const uint64_t held = held_.fetch_add(bytes) + bytes;
  uint64_t peak = peak_.load();
  while (held > peak && !peak_.compare_exchange_weak(peak, held)) {
  }
  return absl::OkStatus();
}

void QueryMemory::Release(uint64_t bytes) {
  held_.fetch_sub(bytes);
  if (budget_ != nullptr && bytes > 0) budget_->Release(MemoryUse::kQuery, bytes);
}

absl::Status QueryContext::CheckStop() const {
  if (cancelled_ != nullptr && cancelled_->load(std::memory_order_relaxed))
    return absl::CancelledError("query cancelled");
  if (deadline_ns_ && clock_->MonotonicNanos() > *deadline_ns_) {
    return absl::DeadlineExceededError("query ran past its deadline");
  }
  return absl::OkStatus();
}

}  // namespace cortex::query

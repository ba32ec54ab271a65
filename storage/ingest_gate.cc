#include "storage/ingest_gate.h"

#include <utility>

#include "absl/strings/str_format.h"

namespace cortex {

absl::StatusOr<MemoryReservation> IngestGate::TryEnter(uint64_t bytes) const {
  const uint64_t unsealed = options_.unsealed_bytes == nullptr ? 0 : options_.unsealed_bytes();
  if (unsealed > options_.unsealed_limit_bytes) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "rows arrive faster than they can be sealed: %d bytes wait to be written, at most %d may; retry later", unsealed,
        options_.unsealed_limit_bytes));
  }
  return MemoryReservation::Make(options_.budget, MemoryUse::kHotRows, bytes);
}

absl::StatusOr<MemoryReservation> IngestGate::Enter(uint64_t bytes) {
  absl::StatusOr<MemoryReservation> memory = TryEnter(bytes);
  if (memory.ok()) return memory;
  const bool may_fit_later = bytes <= options_.budget->refusable_limit();
  if (may_fit_later && options_.wait_ns > 0) {
    delayed_.fetch_add(1, std::memory_order_relaxed);
    if (options_.make_room != nullptr) options_.make_room();
    for (int64_t waited_ns = 0; !memory.ok() && waited_ns < options_.wait_ns; waited_ns += kPollNs) {
      {
        MutexLock lock(&mutex_);
        if (closed_) break;
        closing_.WaitFor(&mutex_, kPollNs);
      }
      memory = TryEnter(bytes);
    }
  }
  if (!memory.ok()) refused_.fetch_add(1, std::memory_order_relaxed);
  return memory;
}

void IngestGate::Close() {
  MutexLock lock(&mutex_);
  closed_ = true;
  closing_.NotifyAll();
}

}  // namespace cortex

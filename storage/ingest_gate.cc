#include "storage/ingest_gate.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"

namespace cortex {

absl::StatusOr<MemoryReservation> IngestGate::TryEnter(uint64_t bytes, bool makes_files) const {
  const uint64_t files = waiting_files();
  if (files > options_.waiting_files_limit * (makes_files ? 1 : 2)) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "files arrive faster than they can be merged: %d wait, batches written to files are accepted up to %d; retry "
        "later, send larger batches or write to tier hot",
        files, options_.waiting_files_limit));
  }
  const uint64_t unsealed = options_.unsealed_bytes == nullptr ? 0 : options_.unsealed_bytes();
  if (unsealed > options_.unsealed_limit_bytes) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "rows arrive faster than they can be sealed: %d bytes wait to be written, at most %d may; retry later", unsealed,
        options_.unsealed_limit_bytes));
  }
  return MemoryReservation::Make(options_.budget, MemoryUse::kHotRows, bytes);
}

void IngestGate::SlowDown() {
  const uint64_t limit = options_.waiting_files_limit, files = std::min(waiting_files(), limit);
  if (files <= limit / 2 || options_.wait_ns == 0) return;
  delayed_.fetch_add(1, std::memory_order_relaxed);
  const double part = static_cast<double>(files - limit / 2) / static_cast<double>(limit - limit / 2);
  MutexLock lock(&mutex_);
  if (!closed_) closing_.WaitFor(&mutex_, static_cast<int64_t>(part * static_cast<double>(options_.wait_ns)));
}

absl::StatusOr<MemoryReservation> IngestGate::Enter(uint64_t bytes, bool makes_files) {
  if (makes_files) SlowDown();
  absl::StatusOr<MemoryReservation> memory = TryEnter(bytes, makes_files);
  if (memory.ok()) return memory;
  const bool may_fit_later = bytes <= options_.budget->refusable_limit();
  if (may_fit_later && options_.wait_ns > 0) {
    delayed_.fetch_add(1, std::memory_order_relaxed);
    if (options_.make_room != nullptr) options_.make_room(bytes);
    for (int64_t waited_ns = 0; !memory.ok() && waited_ns < options_.wait_ns; waited_ns += kPollNs) {
      {
        MutexLock lock(&mutex_);
        if (closed_) break;
        closing_.WaitFor(&mutex_, kPollNs);
      }
      memory = TryEnter(bytes, makes_files);
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

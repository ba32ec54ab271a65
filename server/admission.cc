#include "server/admission.h"

#include <chrono>

#include "absl/strings/str_format.h"
#include "server/status_mapping.h"

namespace cortex {
namespace {

constexpr int64_t kRetryFullMs = 200;        // a class empties within a few calls
constexpr int64_t kRetryDrainingMs = 2'000;  // a restart takes about that long

int64_t SteadyNanos() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

}  // namespace

absl::Status ReserveBatch(MemoryBudget* budget, uint64_t bytes, MemoryReservation* memory) {
  const absl::Status fits = memory->Grow(bytes);
  const uint64_t used = budget->used();
  if (fits.ok() || used > budget->limit() || bytes > budget->limit() - used) return fits;
  memory->ForceGrow(bytes);
  return absl::OkStatus();
}

std::string_view CallClassName(CallClass call_class) {
  switch (call_class) {
    case CallClass::kLookup:
      return "lookup";
    case CallClass::kQuery:
      return "query";
    case CallClass::kIngest:
      return "ingest";
    case CallClass::kAdmin:
      return "admin";
    case CallClass::kMaintenance:
      return "maintenance";
  }
  return "unknown";
}

AdmissionTicket& AdmissionTicket::operator=(AdmissionTicket&& other) noexcept {
  if (this == &other) return *this;
  Leave();
  admission_ = std::exchange(other.admission_, nullptr);
  call_class_ = other.call_class_;
  memory_ = std::move(other.memory_);
  return *this;
}

void AdmissionTicket::Leave() {
  memory_ = MemoryReservation();
  if (admission_ != nullptr) std::exchange(admission_, nullptr)->Leave(call_class_);
}

absl::StatusOr<AdmissionTicket> Admission::Enter(CallClass call_class, uint64_t request_bytes) {
  const size_t i = static_cast<size_t>(call_class);
  AdmissionTicket ticket;
  {
    // Counted under the lock, so that WaitUntilEmpty sees every caller that passed the draining check.
    MutexLock lock(&mutex_);
    if (draining()) {
      return WithRetryAfter(
          WithReason(absl::UnavailableError("the server is shutting down; retry on its successor"), kReasonDraining),
          kRetryDrainingMs);
    }
    if (inside_[i].load(std::memory_order_relaxed) >= options_.max_calls[i]) {
      refused_[i].fetch_add(1, std::memory_order_relaxed);
      return WithRetryAfter(
          WithReason(absl::ResourceExhaustedError(absl::StrFormat("too many %s calls at once, limit %d; retry later",
                                                                  CallClassName(call_class), options_.max_calls[i])),
                     kReasonTooManyCalls),
          kRetryFullMs);
    }
    inside_[i].fetch_add(1, std::memory_order_relaxed);
    ++total_;
  }
  ticket.admission_ = this;
  ticket.call_class_ = call_class;
  if (options_.budget != nullptr && request_bytes > 0) {
    ticket.memory_ = MemoryReservation(options_.budget, MemoryUse::kRpc);
    // Batches then wait for memory before they are refused (storage/ingest_gate.h); a few may hold theirs meanwhile.
    const absl::Status fits = call_class == CallClass::kIngest
                                  ? ReserveBatch(options_.budget, request_bytes, &ticket.memory_)
                                  : ticket.memory_.Grow(request_bytes);
    if (!fits.ok()) {
      refused_[i].fetch_add(1, std::memory_order_relaxed);
      return WithRetryAfter(WithReason(fits, kReasonMemoryBudget), kRetryFullMs);
    }
  }
  return ticket;
}

void Admission::Leave(CallClass call_class) {
  inside_[static_cast<size_t>(call_class)].fetch_sub(1, std::memory_order_relaxed);
  MutexLock lock(&mutex_);
  if (--total_ == 0) empty_.NotifyAll();
}

bool Admission::WaitUntilEmpty(int64_t timeout_ns) {
  const int64_t deadline = SteadyNanos() + timeout_ns;
  MutexLock lock(&mutex_);
  while (total_ > 0) {
    const int64_t left = deadline - SteadyNanos();
    if (left <= 0) return false;
    empty_.WaitFor(&mutex_, left);
  }
  return true;
}

}  // namespace cortex

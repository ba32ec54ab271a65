// Who may come in: per class of calls a bound on calls inside (running + queued), and for all of them one memory
// budget. Beyond either the caller gets RESOURCE_EXHAUSTED with RetryInfo at once; nothing waits here. While draining
// everybody new gets UNAVAILABLE.
//
//   ASSIGN_OR_RETURN(AdmissionTicket ticket, admission->Enter(CallClass::kQuery, request.ByteSizeLong()));
#ifndef CORTEX_SERVER_ADMISSION_H_
#define CORTEX_SERVER_ADMISSION_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/runtime/memory_budget.h"
#include "storage/runtime/mutex.h"

namespace cortex {

// Lookups are reads by key and metadata: they have threads of their own and never wait behind scans. Maintenance is what
// reads or writes whole disks; administration never waits behind it.
enum class CallClass : uint8_t { kLookup, kQuery, kIngest, kAdmin, kMaintenance };
inline constexpr size_t kCallClassCount = 5;
std::string_view CallClassName(CallClass call_class);

// Charges a batch that a call has brought into memory: into the budget's headroom if need be, for it waits there for
// memory for its rows. Errors: RESOURCE_EXHAUSTED.
absl::Status ReserveBatch(MemoryBudget* budget, uint64_t bytes, MemoryReservation* memory);

class Admission;

// A place inside and the memory of the request; both given back when it dies. Movable.
class AdmissionTicket {
 public:
  AdmissionTicket() = default;
  AdmissionTicket(AdmissionTicket&& other) noexcept { *this = std::move(other); }
  AdmissionTicket& operator=(AdmissionTicket&& other) noexcept;
  ~AdmissionTicket() { Leave(); }

 private:
  friend class Admission;
  void Leave();

  Admission* admission_ = nullptr;
  CallClass call_class_ = CallClass::kLookup;
  MemoryReservation memory_;
};

struct AdmissionOptions {
  // Most calls inside per class, running and queued, indexed by CallClass.
  std::array<uint64_t, kCallClassCount> max_calls = {1'024, 96, 256, 18, 2};
  MemoryBudget* budget = nullptr;  // borrowed
};

// Thread-safe.
class Admission {
 public:
  explicit Admission(AdmissionOptions options) : options_(options) {}

  // `request_bytes` are charged to the budget while the ticket lives.
  // Errors: RESOURCE_EXHAUSTED class or memory full, UNAVAILABLE draining.
  absl::StatusOr<AdmissionTicket> Enter(CallClass call_class, uint64_t request_bytes);

  // From now on Enter answers UNAVAILABLE.
  void StartDraining() { draining_.store(true, std::memory_order_release); }
  bool draining() const { return draining_.load(std::memory_order_acquire); }
  // Waits until nobody is inside, at most `timeout_ns`. True if so.
  bool WaitUntilEmpty(int64_t timeout_ns);

  uint64_t inside(CallClass call_class) const {
    return inside_[static_cast<size_t>(call_class)].load(std::memory_order_relaxed);
  }
  // Calls refused since start.
  uint64_t refused(CallClass call_class) const {
    return refused_[static_cast<size_t>(call_class)].load(std::memory_order_relaxed);
  }

 private:
  friend class AdmissionTicket;
  void Leave(CallClass call_class);

  const AdmissionOptions options_;
  std::atomic<bool> draining_{false};
  std::array<std::atomic<uint64_t>, kCallClassCount> inside_{};
  std::array<std::atomic<uint64_t>, kCallClassCount> refused_{};
  Mutex mutex_;  // guards `total_`; a leaf
  CondVar empty_;
  uint64_t total_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace cortex

#endif  // CORTEX_SERVER_ADMISSION_H_

#include "storage/io/fault_guard.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "storage/runtime/mutex.h"

namespace cortex {
namespace {

constexpr size_t kNoSlot = SIZE_MAX;

// One guarded mapping. `size` is written last when a slot is taken and cleared first when it is given back, so the
// handler, which only loads, never sees half of one. 0 = free.
struct Slot {
  std::atomic<uintptr_t> begin{0};
  std::atomic<size_t> size{0};
  std::atomic<bool> damaged{false};
};
static_assert(std::atomic<uintptr_t>::is_always_lock_free && std::atomic<bool>::is_always_lock_free,
              "only lock-free atomics may be used in a signal handler");

// Constant-initialised and trivially destroyed: usable in the handler at any time of the process's life.
std::array<Slot, kMaxGuardedMappings> slots;
struct sigaction previous_action;
uintptr_t page_bytes = 0;  // set before the handler is installed

Slot* FindSlot(uintptr_t address) {
  for (Slot& slot : slots) {
    const size_t size = slot.size.load(std::memory_order_acquire);
    if (size != 0 && address - slot.begin.load(std::memory_order_relaxed) < size) return &slot;
  }
  return nullptr;
}

// Async-signal-safe: atomics and mmap (a bare system call on Linux).
bool CoverWithZeros(uintptr_t address) {
  Slot* const slot = FindSlot(address);
  if (slot == nullptr) return false;
  slot->damaged.store(true, std::memory_order_release);
  void* const page = reinterpret_cast<void*>(address & ~(page_bytes - 1));
  return mmap(page, page_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == page;
}

void HandleSigbus(int signal_number, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  const bool covered = CoverWithZeros(reinterpret_cast<uintptr_t>(info->si_addr));
  errno = saved_errno;
  if (covered) return;
  if ((previous_action.sa_flags & SA_SIGINFO) != 0) {
    previous_action.sa_sigaction(signal_number, info, context);
  } else if (previous_action.sa_handler != SIG_DFL && previous_action.sa_handler != SIG_IGN) {
    previous_action.sa_handler(signal_number);
  } else {
    signal(SIGBUS, SIG_DFL);  // returning runs the load again, which now ends the process with a core at that place
  }
}

// Which slots are free. The handler does not look here.
class SlotAllocator {
 public:
  SlotAllocator() {
    page_bytes = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    struct sigaction action = {};
    action.sa_sigaction = HandleSigbus;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, &previous_action);  // fails only for a bad signal number or pointer
    free_.reserve(kMaxGuardedMappings);
    for (size_t i = kMaxGuardedMappings; i > 0; --i) free_.push_back(i - 1);
  }

  size_t Take() {
    MutexLock lock(&mutex_);
    if (free_.empty()) return kNoSlot;
    const size_t slot = free_.back();
    free_.pop_back();
    return slot;
  }
  void Give(size_t slot) {
    MutexLock lock(&mutex_);
    free_.push_back(slot);
  }

 private:
  Mutex mutex_;  // guards free_; a leaf
  std::vector<size_t> free_ ABSL_GUARDED_BY(mutex_);
};

SlotAllocator& Allocator() {
  static SlotAllocator* const allocator = new SlotAllocator;  // never destroyed: mappings may outlive main's statics
  return *allocator;
}

}  // namespace

absl::StatusOr<FaultGuard> FaultGuard::Register(absl::Span<const std::byte> bytes) {
  const size_t slot = Allocator().Take();
  if (slot == kNoSlot) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("too many mapped files: %d are open; close some or merge segments", kMaxGuardedMappings));
  }
  slots[slot].damaged.store(false, std::memory_order_relaxed);
  slots[slot].begin.store(reinterpret_cast<uintptr_t>(bytes.data()), std::memory_order_relaxed);
  slots[slot].size.store(bytes.size(), std::memory_order_release);
  return FaultGuard(slot);
}

FaultGuard::~FaultGuard() {
  if (slot_ == kNoSlot) return;
  slots[slot_].size.store(0, std::memory_order_release);
  Allocator().Give(slot_);
}

FaultGuard::FaultGuard(FaultGuard&& other) noexcept : slot_(std::exchange(other.slot_, kNoSlot)) {}

bool FaultGuard::damaged() const { return slots[slot_].damaged.load(std::memory_order_acquire); }

}  // namespace cortex

#include "storage/meta/space_waiter.h"

#include "codecs/bytes/status_macros.h"

namespace cortex {

absl::Status SpaceWaiter::GoOn() {
  if (!disk_was_full_.load(std::memory_order_acquire)) return absl::OkStatus();
  RETURN_IF_ERROR(resume_());
  disk_was_full_.store(false, std::memory_order_release);
  return absl::OkStatus();
}

absl::Status SpaceWaiter::Write(const std::function<absl::Status()>& write) {
  RETURN_IF_ERROR(GoOn());
  const absl::Status written = write();
  if (absl::IsResourceExhausted(written)) disk_was_full_.store(true, std::memory_order_release);
  return written;
}

absl::Status SpaceWaiter::WriteWaiting(const std::function<absl::Status()>& write) {
  absl::Status written = Write(write);
  if (!absl::IsResourceExhausted(written)) return written;
  ++waiting_;
  for (bool waits = true; waits && absl::IsResourceExhausted(written);) {
    {
      MutexLock lock(&mutex_);
      if (may_wait_) changed_.WaitFor(&mutex_, kRetryNs);
      waits = may_wait_;
    }
    if (waits) written = Write(write);
  }
  --waiting_;
  return written;
}

void SpaceWaiter::SetWaiting(bool allowed) {
  MutexLock lock(&mutex_);
  may_wait_ = allowed;
  changed_.NotifyAll();
}

}  // namespace cortex

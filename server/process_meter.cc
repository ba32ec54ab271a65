#include "server/process_meter.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace cortex {

uint64_t AnonymousMemoryBytes() {
  std::FILE* const file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  unsigned long long size = 0, resident = 0, shared = 0;  // pages; shared are those of files and shared memory
  const int read = std::fscanf(file, "%llu %llu %llu", &size, &resident, &shared);
  std::fclose(file);
  if (read != 3 || resident < shared) return 0;
  return (resident - shared) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

ProcessMeter::ProcessMeter(ProcessMeterOptions options)
    : options_(std::move(options)), excess_(options_.budget, MemoryUse::kProcess) {}

ProcessMeter::~ProcessMeter() { Stop(); }

void ProcessMeter::Start() {
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "meter");
}

void ProcessMeter::Stop() {
  {
    MutexLock lock(&mutex_);
    stopping_ = true;
    stop_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

void ProcessMeter::Run() {
  for (int64_t since_ns = kSecondNs;; since_ns += kIntervalNs) {
    Measure();
    if (since_ns >= kSecondNs) {
      since_ns = 0;
      if (options_.every_second != nullptr) options_.every_second();
    }
    MutexLock lock(&mutex_);
    if (!stopping_) stop_.WaitFor(&mutex_, kIntervalNs);
    if (stopping_) return;
  }
}

void ProcessMeter::Measure() {
  const MemoryBudget& budget = *options_.budget;
  const auto excess = [&]() -> uint64_t {
    const uint64_t charged = budget.used() - excess_.bytes();
    const uint64_t anonymous = options_.anonymous_bytes();
    return anonymous > charged ? std::min(anonymous - charged, budget.limit() / kMostPart) : 0;
  };
  uint64_t now = excess();
  ++since_release_;
  if (now > budget.limit() / kReleasePart && since_release_ >= kReleaseEvery &&
      options_.release_free_memory != nullptr) {
    options_.release_free_memory();
    since_release_ = 0;
    now = excess();
  }
  if (now > excess_.bytes()) excess_.ForceGrow(now - excess_.bytes());
  excess_.Shrink(excess_.bytes() - now);
}

}  // namespace cortex

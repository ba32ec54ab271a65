// Charges to the budget what the process holds beyond what anybody in it has charged: stacks, buffers of libraries, small
// things nobody counts, and above all free memory that the allocator keeps. So the budget's sum is never less than what
// the kernel counts, and hot rows leave and calls are refused before it does.
#ifndef CORTEX_SERVER_PROCESS_METER_H_
#define CORTEX_SERVER_PROCESS_METER_H_

#include <cstdint>
#include <functional>
#include <thread>

#include "storage/runtime/memory_budget.h"
#include "storage/runtime/mutex.h"

namespace cortex {

// Anonymous memory of this process in bytes, as the kernel counts it; 0 if it does not say.
uint64_t AnonymousMemoryBytes();

struct ProcessMeterOptions {
  MemoryBudget* budget = nullptr;  // borrowed
  std::function<uint64_t()> anonymous_bytes = AnonymousMemoryBytes;
  // Has the allocator give its free memory back to the kernel; may take milliseconds.
  std::function<void()> release_free_memory;
  // Runs once a second on the meter's thread, after a measurement. May be empty.
  std::function<void()> every_second;
};

class ProcessMeter {
 public:
  explicit ProcessMeter(ProcessMeterOptions options);
  ~ProcessMeter();

  // `meter` measures every 50 ms until Stop or the end: at 1 GB/s the kernel is ahead by 50 MB.
  void Start();
  void Stop();
  // Measures once. Not while started.
  void Measure();

 private:
  static constexpr int64_t kIntervalNs = 50'000'000;
  // Free memory is worth calling back from this part of the budget on, once in so many measurements.
  static constexpr uint64_t kReleasePart = 32;
  static constexpr uint64_t kReleaseEvery = 20;
  // At most this part of the budget is charged: what nobody can give back must not lock everybody out until a restart,
  // those who merge files and so make it less above all.
  static constexpr uint64_t kMostPart = 2;

  static constexpr int64_t kSecondNs = 1'000'000'000;

  void Run();

  const ProcessMeterOptions options_;
  MemoryReservation excess_;
  uint64_t since_release_ = kReleaseEvery;
  Mutex mutex_;  // guards what follows; a leaf
  CondVar stop_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace cortex

#endif  // CORTEX_SERVER_PROCESS_METER_H_

// What the machine can do at all: the numbers every other one is read against.
#ifndef CORTEX_TOOLS_BENCHMARK_MACHINE_LIMITS_H_
#define CORTEX_TOOLS_BENCHMARK_MACHINE_LIMITS_H_

#include <string>

#include "absl/status/statusor.h"
#include "tools/benchmark/report.h"

namespace cortex::benchmark {

struct MachineLimits {
  double memory_read_gb_per_s = 0;   // every core reading its own 256 MiB
  double disk_write_mb_per_s = 0;    // 1 GiB in 1 MiB writes, fdatasync at the end
  double fdatasync_ms = 0;           // median of 4 KiB write + fdatasync
  double echo_ms = 0;                // median of a unary gRPC call over loopback, 64 bytes each way
  double stream_mb_per_s = 0;        // 32 MB from server to client in 1 MiB messages
};

// Measures all; `directory` is where the disk is written. Takes about five seconds.
absl::StatusOr<MachineLimits> MeasureLimits(const std::string& directory, Report* report);

}  // namespace cortex::benchmark

#endif  // CORTEX_TOOLS_BENCHMARK_MACHINE_LIMITS_H_

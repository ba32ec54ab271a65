// Times rounded down: partitions of archives, windows of commits.
#ifndef CORTEX_STORAGE_RUNTIME_TIME_FLOOR_H_
#define CORTEX_STORAGE_RUNTIME_TIME_FLOOR_H_

#include <cstdint>

namespace cortex {

// The multiple of `step_ns` (above 0) at or before `time_ns`; INT64_MIN if it does not fit.
constexpr int64_t FloorTo(int64_t time_ns, int64_t step_ns) {
  const int64_t remainder = time_ns % step_ns;
  int64_t floor = 0;
  return __builtin_sub_overflow(time_ns, remainder < 0 ? remainder + step_ns : remainder, &floor) ? INT64_MIN : floor;
}

}  // namespace cortex

#endif  // CORTEX_STORAGE_RUNTIME_TIME_FLOOR_H_

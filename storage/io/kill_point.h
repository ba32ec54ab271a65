// Places where a test may end the process, as a crash would: between any two steps that a crash may come between.
//
//   KillPoint("wal-appended");                     // one relaxed load unless the variable is set
//   CORTEX_KILLPOINT=wal-appended:3 cortexd ...    // SIGKILL when that line is reached for the third time
//
// The names stand in one table (kill_point.cc): tools walk it, and a test compares it with the lines in the code.
#ifndef CORTEX_STORAGE_IO_KILL_POINT_H_
#define CORTEX_STORAGE_IO_KILL_POINT_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace cortex {

inline constexpr char kKillPointVariable[] = "CORTEX_KILLPOINT";

// All names, in the order in which a batch meets them on its way down.
absl::Span<const std::string_view> KillPointNames();

// What the variable orders: a name of the table and the hit that kills.
struct KillOrder {
  std::string_view name;  // of the table
  uint64_t hit = 1;
};
// "name" or "name:n" with n >= 1; INVALID_ARGUMENT otherwise.
absl::StatusOr<KillOrder> ParseKillOrder(std::string_view text);

// Tests of this very process: called instead, with the name, on the thread that hits the point. nullptr: none. The one
// before is not called any more once this has returned; not to be called from within it.
void SetKillPointHook(std::function<void(std::string_view)> hook);

namespace internal {
// True once the variable was looked for and not found.
extern std::atomic<bool> kill_points_off;
void HitKillPoint(std::string_view name);
}  // namespace internal

// Thread-safe. A malformed order aborts the process: a test that kills nothing proves nothing.
inline void KillPoint(std::string_view name) {
  if (!internal::kill_points_off.load(std::memory_order_relaxed)) internal::HitKillPoint(name);
}

}  // namespace cortex

#endif  // CORTEX_STORAGE_IO_KILL_POINT_H_

// What everything in this folder works with, wired once by the database.
#ifndef CORTEX_STORAGE_TIERS_TIER_CONTEXT_H_
#define CORTEX_STORAGE_TIERS_TIER_CONTEXT_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>

#include "absl/status/statusor.h"
#include "storage/runtime/strong_id.h"

namespace cortex {

class Clock;
class FileTier;
class MemoryBudget;
class MetaStore;
class Table;

// The manifest's name for the highest commit that was given out when files were last removed with their rows: no file
// may remember it any more.
inline constexpr char kReclaimedCommitCounter[] = "reclaimed_commit";

// And for the time that clock_guard.h goes by after a start.
inline constexpr char kTrustedTimeCounter[] = "trusted_time_ns";

// What background writing is measured against.
struct TierCounters {
  std::atomic<uint64_t> ingested_bytes{0};  // rows as plain values that were written to a file for the first time
  std::atomic<uint64_t> sealed_bytes{0};    // the same as written
  std::atomic<uint64_t> new_files{0};       // that rows were written to for the first time
};

// All borrowed; they outlive the tiers' threads.
struct TierContext {
  MetaStore* meta = nullptr;
  FileTier* warm = nullptr;
  FileTier* cold = nullptr;
  MemoryBudget* budget = nullptr;
  const Clock* clock = nullptr;
  // The oldest commit that a read of the table may still go back to: versions that ended at or before it may be
  // dropped. 0: everything is kept. Empty: likewise.
  std::function<absl::StatusOr<Commit>(const Table&)> oldest_readable = {};
  TierCounters* counters = nullptr;
  std::function<Commit()> visible_commit;
  // Thread-safe; may be empty.
  std::function<void(std::string_view event, std::string_view detail)> on_event;

  absl::StatusOr<Commit> OldestReadable(const Table& table) const {
    return oldest_readable == nullptr ? absl::StatusOr<Commit>(Commit{0}) : oldest_readable(table);
  }
  void Event(std::string_view event, std::string_view detail) const {
    if (on_event != nullptr) on_event(event, detail);
  }
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TIERS_TIER_CONTEXT_H_

// What everything in this folder works with, wired once by the database.
#ifndef CORTEX_STORAGE_TIERS_TIER_CONTEXT_H_
#define CORTEX_STORAGE_TIERS_TIER_CONTEXT_H_

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

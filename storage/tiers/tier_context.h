// What everything in this folder works with, wired once by the database.
#ifndef CORTEX_STORAGE_TIERS_TIER_CONTEXT_H_
#define CORTEX_STORAGE_TIERS_TIER_CONTEXT_H_

#include <functional>
#include <string_view>

namespace cortex {

class Clock;
class FileTier;
class MemoryBudget;
class MetaStore;

// All borrowed; they outlive the tiers' threads.
struct TierContext {
  MetaStore* meta = nullptr;
  FileTier* warm = nullptr;
  FileTier* cold = nullptr;
  MemoryBudget* budget = nullptr;
  const Clock* clock = nullptr;
  // Thread-safe; may be empty.
  std::function<void(std::string_view event, std::string_view detail)> on_event;

  void Event(std::string_view event, std::string_view detail) const {
    if (on_event != nullptr) on_event(event, detail);
  }
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TIERS_TIER_CONTEXT_H_

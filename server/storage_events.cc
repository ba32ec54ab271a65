#include "server/storage_events.h"

#include <algorithm>
#include <iterator>

namespace cortex {

LogLevel StorageEventLevel(std::string_view event) {
  constexpr std::string_view kRoutine[] = {"sealed", "evicted", "loaded", "rewritten", "reclaimed", "orphan removed"};
  const bool is_routine = std::find(std::begin(kRoutine), std::end(kRoutine), event) != std::end(kRoutine);
  return is_routine ? LogLevel::kInfo : LogLevel::kWarn;
}

}  // namespace cortex

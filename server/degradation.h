// Why the server does less than it could at the moment: what probes and operators are told while rows are refused.
#ifndef CORTEX_SERVER_DEGRADATION_H_
#define CORTEX_SERVER_DEGRADATION_H_

#include <string>
#include <vector>

#include "storage/database.h"
#include "storage/runtime/memory_budget.h"

namespace cortex {

struct Degradation {
  std::string reason;    // "disk_low", "disk_full", "memory_pressure": a label
  std::string sentence;  // with the numbers and what to do

  bool operator==(const Degradation& other) const { return reason == other.reason; }
};

// All that degrade the server now; empty: nothing.
std::vector<Degradation> FindDegradations(const DatabaseStats& stats, const MemoryBudget& budget);

// Memory is called short from this share of what can be refused on; batches then wait, or will soon.
inline constexpr double kMemoryPressureShare = 0.97;

}  // namespace cortex

#endif  // CORTEX_SERVER_DEGRADATION_H_

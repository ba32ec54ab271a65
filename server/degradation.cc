#include "server/degradation.h"

#include "absl/strings/str_format.h"

namespace cortex {

std::vector<Degradation> FindDegradations(const DatabaseStats& stats, const MemoryBudget& budget) {
  std::vector<Degradation> found;
  std::string low;
  for (const DiskStats& disk : stats.disks) {
    if (!disk.low) continue;
    low += absl::StrFormat("%s%s directory %s has %d bytes free, %d are kept in reserve", low.empty() ? "" : "; ",
                           disk.name, disk.directory, disk.free_bytes, disk.reserve_bytes);
  }
  if (!low.empty()) {
    found.push_back({.reason = "disk_low", .sentence = "disk almost full, rows are refused: " + low + "; free space"});
  }
  if (stats.waits_for_space) {
    found.push_back({.reason = "disk_full",
                     .sentence = "the disk of the data directory is full, commits wait and all others are refused; free "
                                 "space, and it goes on by itself within seconds"});
  }
  const uint64_t used = budget.used();
  if (static_cast<double>(used) > kMemoryPressureShare * static_cast<double>(budget.refusable_limit())) {
    found.push_back(
        {.reason = "memory_pressure",
         .sentence = absl::StrFormat("memory budget almost full, batches wait or are refused: %d of %d bytes in use, %d "
                                     "of them hot rows; raise the budget or slow down",
                                     used, budget.limit(), budget.used(MemoryUse::kHotRows))});
  }
  return found;
}

}  // namespace cortex

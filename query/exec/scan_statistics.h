// What a scan met, per tier.
#ifndef CORTEX_QUERY_EXEC_SCAN_STATISTICS_H_
#define CORTEX_QUERY_EXEC_SCAN_STATISTICS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "storage/segment_view.h"

namespace cortex::query {

struct TierScan {
  uint64_t segments = 0;
  uint64_t segments_pruned = 0;
  uint64_t row_groups = 0;
  uint64_t row_groups_pruned_time = 0;
  uint64_t row_groups_pruned_zone = 0;
  uint64_t row_groups_pruned_key = 0;
  uint64_t row_groups_shortcut = 0;  // answered from zone maps
  uint64_t rows_candidate = 0;       // left after pruning
  uint64_t rows_scanned = 0;
  uint64_t rows_selected = 0;
  uint64_t bytes_decoded = 0;
};

struct ScanStatistics {
  std::array<TierScan, 3> tiers;  // hot, warm, cold

  TierScan& of(Tier tier) { return tiers[static_cast<size_t>(tier) - 1]; }
};

}  // namespace cortex::query

#endif  // CORTEX_QUERY_EXEC_SCAN_STATISTICS_H_

// What the tiers did, do and owe, as the door reports it.
#ifndef CORTEX_STORAGE_TIERING_STATS_H_
#define CORTEX_STORAGE_TIERING_STATS_H_

#include "storage/database.h"
#include "storage/tiers/tier_context.h"

namespace cortex {

class MappingCache;
class TierManager;

// Thread-safe.
TieringStats CollectTieringStats(const TierManager& tier_manager, const TierCounters& counters,
                                 const MappingCache& mappings);

}  // namespace cortex

#endif  // CORTEX_STORAGE_TIERING_STATS_H_

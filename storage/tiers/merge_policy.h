// Which segments of a tier should become one: the part of tiering_policy.h that is about sizes. Pure, as it is.
#ifndef CORTEX_STORAGE_TIERS_MERGE_POLICY_H_
#define CORTEX_STORAGE_TIERS_MERGE_POLICY_H_

#include <vector>

#include "storage/tiers/tiering_policy.h"

namespace cortex {

// At most one merge per shard and time partition of `tier`, among the segments that are not `taken` (one flag each) and
// not in memory. `on_request`: two files suffice and sizes need not match.
std::vector<TieringMove> PlanMerges(const TieringInput& input, const std::vector<bool>& taken, Tier tier,
                                    bool on_request);

}  // namespace cortex

#endif  // CORTEX_STORAGE_TIERS_MERGE_POLICY_H_

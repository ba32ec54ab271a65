// What should move, decided by a pure function: statistics and policy in, moves out. No clock, no I/O, no state.
#ifndef CORTEX_STORAGE_TIERS_TIERING_POLICY_H_
#define CORTEX_STORAGE_TIERS_TIERING_POLICY_H_

#include <cstdint>
#include <vector>

#include "storage/column/schema.h"
#include "storage/segment_view.h"

namespace cortex {

// What the policy sees of one segment.
struct SegmentSummary {
  uint32_t shard = 0;
  SegmentId id;           // 0: open
  Tier tier = Tier::kHot;
  bool sealed = false;    // a committed file exists
  uint64_t row_count = 0;
  uint64_t bytes = 0;     // memory if hot, file bytes otherwise
  int64_t max_time = 0;   // ns UTC, of its newest row
};

struct TieringInput {
  TierPolicy policy;
  std::vector<SegmentSummary> segments;
  int64_t now_ns = 0;
  // More of the hot tier than this is to go, oldest first, whatever the policy says (memory pressure).
  uint64_t hot_bytes_to_free = 0;
};

struct TieringMove {
  enum class Kind : uint8_t {
    kSeal,   // close and seal the shard's open group, so that it can be evicted next time
    kEvict,  // drop the memory copy of a sealed segment: hot -> warm
    kFreeze, // rewrite warm segments of one shard as archives: warm -> cold
  };
  Kind kind = Kind::kSeal;
  uint32_t shard = 0;
  std::vector<SegmentId> segments;
};

// Oldest rows first. Evictions come before freezes, so that memory is freed before disks are busy.
std::vector<TieringMove> PlanMoves(const TieringInput& input);

// The policy as the built-in defaults read it: 0 means no limit. True if `age_ns` has reached the limit.
constexpr bool IsOldEnough(int64_t age_ns, int64_t limit_ns) { return limit_ns != 0 && age_ns >= limit_ns; }

}  // namespace cortex

#endif  // CORTEX_STORAGE_TIERS_TIERING_POLICY_H_

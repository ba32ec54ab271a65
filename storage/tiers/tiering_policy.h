// What should move, decided by a pure function: statistics and policy in, moves out. No clock, no I/O, no state.
//
// A segment leaves memory by age, by the table's limits or under pressure; comes (back) to memory when it is read a
// second time; is archived when it is old; is merged with others of its size; and goes for good a day after its last row
// expired. What was moved a moment ago is not moved back (kSettleNs), so constant input comes to rest.
#ifndef CORTEX_STORAGE_TIERS_TIERING_POLICY_H_
#define CORTEX_STORAGE_TIERS_TIERING_POLICY_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "storage/column/schema.h"
#include "storage/segment_view.h"

namespace cortex {

// What the policy sees of one segment.
struct SegmentSummary {
  static constexpr int64_t kClosed = -1;

  uint32_t shard = 0;
  SegmentId id;           // 0: open
  Tier tier = Tier::kHot; // that serves it: hot if there is a memory copy
  bool sealed = false;    // a committed file exists ...
  Tier file_tier = Tier::kWarm;  // ... in this tier
  uint64_t row_count = 0;
  uint64_t bytes = 0;     // memory if hot, file bytes otherwise
  uint64_t raw_bytes = 0; // as plain values
  int64_t min_time = 0;   // ns UTC, of its oldest and newest row
  int64_t max_time = 0;
  uint64_t ended_rows = 0;   // versions that are no longer current
  uint64_t dead_rows = 0;    // versions nobody can ask for any more: a rewrite drops them
  bool erased_rows = false;  // some of the dead ones are to vanish from disk soon
  int64_t open_for_ns = INT64_MAX;    // not sealed: since its first row came; kClosed: on its way to a file
  int64_t untouched_ns = INT64_MAX;   // since a query read it
  uint32_t recent_touches = 0;        // SegmentAccess
  int64_t settled_ns = INT64_MAX;     // since it came to memory or left it
  bool promoted = false;              // in memory because it was read
};

struct TieringLimits {
  uint64_t promote_bytes = 0;  // raw bytes that may be loaded into memory now
  uint64_t min_seal_bytes = 0;  // no smaller open group becomes a file only because memory is short
  // Of all sources of a merge together: what one rewrite can hold in memory.
  uint64_t unit_rows = UINT64_MAX;
  uint64_t unit_raw_bytes = UINT64_MAX;
  uint64_t warm_target_bytes = 512ull << 20;  // files this large are not merged any more
  uint64_t cold_target_bytes = 256ull << 20;
  uint64_t max_file_bytes = 1ull << 30;       // no merge gives more
};

struct TieringInput {
  TierPolicy policy;
  TableKind kind = TableKind::kEvents;
  std::optional<Tier> pin;  // slowest tier its rows may be in
  std::vector<SegmentSummary> segments;
  int64_t now_ns = 0;
  // The wall clock as far as it can be trusted (clock_guard.h): what may be destroyed goes by this one.
  int64_t trusted_now_ns = INT64_MIN;
  // More of the hot tier than this is to go, longest unused first, whatever the policy says (memory pressure).
  uint64_t hot_bytes_to_free = 0;
  TieringLimits limits;
};

struct TieringMove {
  enum class Kind : uint8_t {
    kSeal,     // close and seal the shard's open group, so that it can be evicted next time
    kEvict,    // drop the memory copy of a sealed segment
    kReclaim,  // remove segments whose every row expired long ago
    kLoad,     // read a segment into memory; its file stays where it is
    kFreeze,   // rewrite warm segments of one shard as archives: warm -> cold
    kThaw,     // the way back: cold -> warm
    kMerge,    // rewrite segments of one shard and tier as one; also drops dead rows, of a single one too
  };
  Kind kind = Kind::kSeal;
  uint32_t shard = 0;
  std::vector<SegmentId> segments;
  uint64_t bytes = 0;        // of the segments, where they are now
  Tier tier = Tier::kWarm;   // of their files
};

inline constexpr size_t kMoveKindCount = 7;
std::string_view MoveKindName(TieringMove::Kind kind);  // "seal", "evict", ...

// Every segment is in one move at most. Order: what frees memory or disk without writing much comes first; oldest rows
// first within a kind.
std::vector<TieringMove> PlanMoves(const TieringInput& input);

// Merges on request: whatever is below the target size is merged with its neighbours, two suffice. Empty once nothing is
// left to merge; every merge makes the number of segments smaller.
std::vector<TieringMove> PlanFullMerge(const TieringInput& input, Tier tier);

// The policy as the built-in defaults read it: 0 means no limit. True if `age_ns` has reached the limit.
constexpr bool IsOldEnough(int64_t age_ns, int64_t limit_ns) { return limit_ns != 0 && age_ns >= limit_ns; }

// `now_ns - then_ns`, at the ends of int64 where it does not fit: rows may bear any time.
constexpr int64_t Elapsed(int64_t now_ns, int64_t then_ns) {
  int64_t elapsed_ns = 0;
  if (!__builtin_sub_overflow(now_ns, then_ns, &elapsed_ns)) return elapsed_ns;
  return then_ns < 0 ? INT64_MAX : INT64_MIN;
}

// The start of the partition that holds `time_ns`; the earliest time there is where it began before that. Archives never
// cross one.
int64_t PartitionOf(int64_t time_ns, ColdPartition partition);

// What was loaded or evicted stays so for this long, pressure and limits aside.
inline constexpr int64_t kSettleNs = 600'000'000'000;
// An open group that is due by age is given this long (or the age limit, if that is shorter) to fill, so that rows that
// arrive late, a few at a time, do not become a file each.
inline constexpr int64_t kLingerNs = 60'000'000'000;
// How long after its expiry a row may be destroyed.
inline constexpr int64_t kReclaimDelayNs = 86'400'000'000'000;
// Touches within SegmentAccess::kWindowNs that bring a segment to memory.
inline constexpr uint32_t kPromoteTouches = 2;
// So many files of a size make a merge; two in a cold partition to which no more rows are expected.
inline constexpr size_t kMergeFiles = 4;
// A segment is rewritten by itself when more than this part of its rows is dead.
inline constexpr double kDeadShare = 0.25;

}  // namespace cortex

#endif  // CORTEX_STORAGE_TIERS_TIERING_POLICY_H_

// Carries out moves: dropping and loading memory copies, and the sorting rewrites warm -> cold, cold -> warm and several
// files -> one.
//
// A rewrite reads whole segments of one shard, sorts their rows by (key, time, commit), splits them by time partition
// (cold) and writes new files: write -> commit one manifest edit -> publish -> retire. An `end` that arrives while files
// are written is translated from old to new row numbers under the shard's lock at publishing, so none is lost.
//
// What takes long asks between row groups whether it is still wanted. A move that is not ends with the answer: its files
// are removed, and the rows stay where they were.
#ifndef CORTEX_STORAGE_TIERS_MOVER_H_
#define CORTEX_STORAGE_TIERS_MOVER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/runtime/still_wanted.h"
#include "storage/table/table.h"
#include "storage/tiers/pacer.h"
#include "storage/tiers/tier_context.h"

namespace cortex {

struct MoveCount {
  uint64_t segments = 0;  // sources
  uint64_t rows = 0;
  uint64_t bytes_written = 0;
  uint64_t stored_bytes = 0;       // of the rows where they are now, whenever that was written
  std::vector<SegmentId> created;  // targets of a rewrite
  // Sources that stay as they were because they cannot be read, and what was found in the first of them.
  uint64_t damaged_segments = 0;
  absl::Status damage;

  void Add(const MoveCount& other);
  static MoveCount Damaged(const absl::Status& damage);
};

// What one rewrite may hold in memory, by the budget: a small server writes smaller units, not none.
struct UnitLimits {
  uint64_t resident_bytes = 0;  // raw bytes of sources that are read whole
  uint64_t order_bytes = 0;     // of what decides the order, where they are not
  uint64_t group_bytes = 0;     // raw bytes of a row group that is written
  uint64_t sure_bytes = 0;      // what a rewrite is never refused: it takes the headroom if need be
  uint64_t max_rows() const;

  static UnitLimits For(uint64_t budget_bytes);
};

// One rewrite, load or reclaim at a time (the tier manager's lock); Evict may run beside them.
class Mover {
 public:
  // `pacer` must outlive the mover.
  Mover(TierContext context, Pacer* pacer);

  // Drops the memory copy. Segments that are not sealed or not in memory are left alone.
  MoveCount Evict(Table* table, uint32_t shard, absl::Span<const SegmentId> segments);
  // Reads a segment back into memory; `promoted`: because it is read, not because it is young. Errors:
  // RESOURCE_EXHAUSTED if the budget has no room for it.
  absl::StatusOr<MoveCount> Load(Table* table, uint32_t shard, SegmentId segment, bool promoted,
                                 const StillWanted& still_wanted);
  // Rewrites sealed segments of one shard into tier `target`, as much at a time as memory allows (each unit is one move
  // of its own). Memory copies of them go when their unit is in its new files. A damaged source stays as it was, and all
  // others move. Errors: RESOURCE_EXHAUSTED memory or disk; what has not moved stays as it was. Adds to `moved` what
  // has, also before an error.
  absl::Status Rewrite(Table* table, uint32_t shard, absl::Span<const SegmentId> segments, Tier target,
                       const StillWanted& still_wanted, MoveCount* moved);
  // Rewrites segments of one tier as one unit, or the smallest of them where memory does not suffice for all. Errors:
  // those of Rewrite, and DATA_LOSS a source is damaged; then all stay as they were.
  absl::StatusOr<MoveCount> Merge(Table* table, uint32_t shard, absl::Span<const SegmentId> segments, Tier tier,
                                  const StillWanted& still_wanted);
  // Removes segments with their rows, for good.
  absl::StatusOr<MoveCount> Reclaim(Table* table, uint32_t shard, absl::Span<const SegmentId> segments);

  const UnitLimits& limits() const { return limits_; }

 private:
  // Halves the unit as long as memory does not suffice, or to find what is damaged in it.
  absl::Status RewriteInParts(Table* table, uint32_t shard, absl::Span<const LiveSegment> sources, Tier target,
                              const StillWanted& still_wanted, MoveCount* moved);
  absl::StatusOr<MoveCount> RewriteUnit(Table* table, uint32_t shard, absl::Span<const LiveSegment> sources,
                                        Tier target, const StillWanted& still_wanted);

  const TierContext context_;
  const UnitLimits limits_;
  Pacer* const pacer_;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TIERS_MOVER_H_

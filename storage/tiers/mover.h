// Carries out moves: eviction (hot -> warm), loading (warm -> hot) and rewriting (warm <-> cold).
//
// A rewrite reads whole segments of one shard, sorts their rows by (key, time, commit), splits them by time partition
// (cold) and writes new files: write -> commit one manifest edit -> publish -> retire. An `end` that arrives while files
// are written is translated from old to new row numbers under the shard's lock at publishing, so none is lost.
#ifndef CORTEX_STORAGE_TIERS_MOVER_H_
#define CORTEX_STORAGE_TIERS_MOVER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/table/table.h"
#include "storage/tiers/pacer.h"
#include "storage/tiers/tier_context.h"

namespace cortex {

struct MoveCount {
  uint64_t segments = 0;  // sources
  uint64_t rows = 0;
  uint64_t bytes_written = 0;
  std::vector<SegmentId> created;  // targets of a rewrite
};

// One move at a time (the tier manager's lock).
class Mover {
 public:
  // `pacer` must outlive the mover.
  Mover(TierContext context, Pacer* pacer) : context_(std::move(context)), pacer_(pacer) {}

  // Drops the memory copy. Segments that are not sealed or not in memory are left alone.
  absl::StatusOr<MoveCount> Evict(Table* table, uint32_t shard, absl::Span<const SegmentId> segments);
  // Reads a segment back into memory. Errors: RESOURCE_EXHAUSTED if the budget has no room for it.
  absl::StatusOr<MoveCount> Load(Table* table, uint32_t shard, SegmentId segment);
  // Rewrites sealed segments of one shard into tier `target`, at most kUnitBytes of rows at a time (each unit is one
  // move of its own). Errors: RESOURCE_EXHAUSTED memory or disk, DATA_LOSS a source is damaged; sources stay as they were.
  absl::StatusOr<MoveCount> Rewrite(Table* table, uint32_t shard, absl::Span<const SegmentId> segments, Tier target);

 private:
  static constexpr uint64_t kUnitBytes = 256ull << 20;

  absl::StatusOr<MoveCount> RewriteUnit(Table* table, uint32_t shard, const std::vector<LiveSegment>& sources,
                                        Tier target);

  const TierContext context_;
  Pacer* const pacer_;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TIERS_MOVER_H_

// What the policy sees of a table's segments, gathered from the live ones: the impure half of tiering_policy.h.
#ifndef CORTEX_STORAGE_TIERS_SEGMENT_SURVEY_H_
#define CORTEX_STORAGE_TIERS_SEGMENT_SURVEY_H_

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "storage/table/table.h"
#include "storage/tiers/tiering_policy.h"

namespace cortex {

// Without the parts that need a memory of earlier looks: open_for_ns and dead rows.
SegmentSummary SummaryOf(uint32_t shard, const LiveSegment& segment);
std::vector<SegmentSummary> SummariesOf(const Table& table);

// Memory of the rows that no group has been closed over yet.
uint64_t OpenGroupBytes(const Table& table);

// Remembers what costs too much to find out at every look, and since when groups are open. One thread at a time.
class SegmentSurvey {
 public:
  // `horizon`: versions that ended at or below this commit are dead.
  std::vector<SegmentSummary> Look(const Table& table, Commit horizon, int64_t monotonic_ns);
  // Forgets segments and groups that no Look since the last call has met.
  void Forget();

 private:
  struct OpenGroup {
    std::weak_ptr<const RowGroup> group;
    int64_t first_seen_ns = 0;
  };
  struct DeadRows {
    uint64_t changes = 0;  // RowVersions::change_count when they were counted ...
    Commit horizon = 0;    // ... for this horizon
    int64_t counted_ns = 0;
    uint64_t dead = 0;
    bool met = true;
  };

  DeadRows CountDead(const LiveSegment& segment, Commit horizon, int64_t monotonic_ns);

  std::map<const RowGroup*, OpenGroup> open_;
  std::map<SegmentId, DeadRows> dead_;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TIERS_SEGMENT_SURVEY_H_

// Reads a snapshot: prunes segments and row groups, filters encoded chunks, loads the columns that are needed of the
// rows that are left. Cut into morsels (slices of row groups) so that several threads can share it.
#ifndef CORTEX_QUERY_EXEC_SCAN_H_
#define CORTEX_QUERY_EXEC_SCAN_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "query/exec/query_context.h"
#include "query/exec/scan_statistics.h"
#include "query/expr/batch_column.h"
#include "query/plan/bound_plan.h"
#include "storage/snapshot.h"

namespace cortex::query {

// Rows an operator handles at a time; also how often deadline and cancellation are looked at.
inline constexpr uint32_t kVectorRows = 1'024;

// Rows of a morsel at most: the largest block a codec decodes at once, so that no two morsels decode the same block.
inline constexpr uint32_t kMorselRows = 16'384;

// Rows [first, first + count) of one row group. `first` is a multiple of kVectorRows.
struct Morsel {
  const SegmentView* segment = nullptr;
  const RowGroupView* group = nullptr;
  uint32_t group_index = 0;  // within the segment
  uint32_t first = 0;
  uint32_t count = 0;
  uint64_t group_ordinal = 0;  // of the group's first row within the snapshot
  bool all_visible = false;
  std::vector<const PushedPredicate*> predicates;  // those not known to hold for the whole group
  std::vector<uint32_t> candidates;                // with a key lookup: the only rows to look at
};

// What a scan hands on: at most kVectorRows rows, all qualified. `ordinals` tell rows apart whatever the tier.
struct ScanBatch {
  RowBatch rows;
  // Only if the scan was asked for ordinals: they, and where the rows stand.
  std::vector<uint64_t> ordinals;
  const Morsel* morsel = nullptr;
  absl::Span<const uint32_t> group_rows;  // ascending; borrowed while the consumer runs
};
// Called on worker `worker`; `slot` is the morsel's index within the Run call. Batches of one morsel come in row order.
using ScanConsumer = std::function<absl::Status(size_t worker, size_t slot, ScanBatch& batch)>;
// Asked for every row group that qualifies as a whole; true if its answer was taken from its zone maps.
using GroupShortcut = std::function<bool(const RowGroupView& group)>;

struct ScanOptions {
  uint32_t morsel_rows = kMorselRows;  // a multiple of kVectorRows
  bool with_ordinals = false;
  uint64_t rows_per_morsel = UINT64_MAX;  // a morsel stops after so many rows: LIMIT needs no more
  GroupShortcut shortcut;                 // may be empty
};

class Scan {
 public:
  // Prunes and cuts. `plan` and `context` must outlive the scan. Errors: DATA_LOSS.
  static absl::StatusOr<std::unique_ptr<Scan>> Open(const ScanPlan& plan, std::shared_ptr<const Snapshot> snapshot,
                                                    QueryContext* context, ScanOptions options);

  size_t morsel_count() const { return morsels_.size(); }
  // Runs morsels [first, first + count) on all workers. The first error ends it.
  absl::Status Run(size_t first, size_t count, const ScanConsumer& consumer);

  // Complete after the last Run.
  const ScanStatistics& statistics() const { return statistics_; }

 private:
  Scan(const ScanPlan& plan, std::shared_ptr<const Snapshot> snapshot, QueryContext* context, ScanOptions options)
      : plan_(plan), snapshot_(std::move(snapshot)), context_(context), options_(std::move(options)) {
    SetPredicates();
  }

  void SetPredicates();
  absl::Status Prune();
  absl::Status PruneSegment(size_t number);
  void CutGroup(const Morsel& whole);

  const ScanPlan& plan_;
  const std::shared_ptr<const Snapshot> snapshot_;
  QueryContext* const context_;
  const ScanOptions options_;
  // Those of the plan, and what the table's time to live adds: an expired row is pruned, filtered and kept from
  // shortcuts like any other row that WHERE excludes.
  std::vector<PushedPredicate> predicates_;
  std::vector<Morsel> morsels_;
  uint64_t next_ordinal_ = 0;
  ScanStatistics statistics_;
};

// For EXPLAIN: the table and its conditions, and how many rows are left, a third for every condition nothing is known of.
std::string DescribeScan(const ScanPlan& plan);
uint64_t EstimateRows(const ScanPlan& plan, const ScanStatistics& statistics);
// A third of the rows for every condition.
uint64_t GuessRows(uint64_t rows, size_t conditions);

}  // namespace cortex::query

#endif  // CORTEX_QUERY_EXEC_SCAN_H_

// MERGE and UPDATE: rows that carry some columns of an entity become whole rows, with the current values of the others.
//
// The log holds whole rows only, so that replay needs no reading. A value that a bound changed when it was sealed is
// taken over as it is and marked exact: an entity may be merged a thousand times and is off by its bound once. The
// current values are fetched on the caller's thread (they may lie in an archive); in the log's order only what changed
// since is fetched again.
#ifndef CORTEX_STORAGE_MERGE_H_
#define CORTEX_STORAGE_MERGE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "storage/column/batch.h"
#include "storage/database.h"
#include "storage/runtime/memory_budget.h"
#include "storage/snapshot.h"

namespace cortex {

class Merge {
 public:
  // Takes what `request` says about columns and expected versions; its batch has each key once. `budget` is charged for
  // what is fetched. Errors: INVALID_ARGUMENT key or time column not present, or lengths that do not fit.
  static absl::StatusOr<Merge> Of(const IngestRequest& request, MemoryBudget* budget);

  // The current values as `snapshot` shows them. Blocking, may read files. Errors: DATA_LOSS, RESOURCE_EXHAUSTED memory.
  absl::Status Fetch(const Batch& batch, const Snapshot& snapshot);
  // Completes `batch`. `now` shows everything committed before; `named_ends` is the last commit that ended versions of
  // the table by name. Errors: ABORTED an expected version is no longer current or the schema changed, INVALID_ARGUMENT
  // a new entity lacks a column that must not be NULL, DATA_LOSS. `batch` is untouched on error.
  absl::Status Complete(const Snapshot& now, Commit named_ends, Batch* batch);

  uint64_t memory_bytes() const;

 private:
  struct Base {
    Commit commit = 0;   // 0: no current version
    uint32_t row = 0;    // in `values_`
  };

  explicit Merge(MemoryBudget* budget) : memory_(budget, MemoryUse::kHotRows) {}
  absl::Status FetchRows(const Batch& batch, const Snapshot& snapshot, absl::Span<const uint32_t> rows);
  absl::StatusOr<std::vector<uint32_t>> ChangedSince(const Batch& batch, const Snapshot& now, Commit named_ends) const;
  absl::Status CheckExpected(const Batch& batch) const;
  absl::Status CheckNewEntities(const Batch& batch) const;

  std::vector<VersionId> expected_;   // one per row, or none
  std::vector<uint32_t> missing_;     // ordinals of the columns to fill
  Commit fetched_at_ = 0;
  std::vector<Base> base_;            // per row of the batch
  std::vector<Column> values_;        // per missing column; rows in the order they were fetched
  std::vector<Bitmap> exact_rows_;    // as values_
  MemoryReservation memory_;          // memory_bytes() after Fetch
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_MERGE_H_

// Follows a table: its row versions in the order of commits, from some place on, exactly once, wherever they lie and
// whatever moves or restarts meanwhile.
//
// Order: commit, then shard, then ordinal; a row's place in it never changes. ENTITIES tables give every version that
// is still kept, superseded ones too; what was erased or has expired is left out. Nothing is held between calls but the
// names of the rows that come next, at most kMaxNames of them, and the snapshot they are read from.
#ifndef CORTEX_STORAGE_CHANGE_READER_H_
#define CORTEX_STORAGE_CHANGE_READER_H_

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/column/column.h"
#include "storage/database.h"
#include "storage/runtime/memory_budget.h"
#include "storage/runtime/still_wanted.h"

namespace cortex {

// A place between two rows: behind row (commit, shard, ordinal), or, as by default, behind all rows of `commit`.
struct ChangePosition {
  Commit commit = 0;
  uint32_t shard = UINT32_MAX;
  uint32_t ordinal = UINT32_MAX;

  bool is_whole_commit() const { return shard == UINT32_MAX && ordinal == UINT32_MAX; }
  auto operator<=>(const ChangePosition&) const = default;
};

struct ChangeBatch {
  uint32_t row_count = 0;       // 0: nothing has come yet
  std::vector<Column> columns;  // as asked for
  std::vector<ChangePosition> rows;  // where each stands
  ChangePosition position;           // behind all of them; a whole commit where that is so
  MemoryReservation memory;          // what the columns take

  // Behind row `row` of the batch.
  ChangePosition PositionAfter(uint32_t row) const;
};

// One thread at a time.
class ChangeReader {
 public:
  struct Options {
    Database* database = nullptr;    // borrowed
    MemoryBudget* budget = nullptr;  // borrowed
    std::string table;
    TableId table_id;  // a later table of the same name is another one
    std::vector<ColumnId> columns;
    ChangePosition after;              // commit 0: from the oldest row that is kept
    uint64_t batch_bytes = 512 << 10;  // about; at least one row
    StillWanted still_wanted;          // asked before each row group that is looked at, and before each column
  };
  explicit ChangeReader(Options options);

  // The next rows, all visible when it was called. An empty batch moves the position too: to the newest commit.
  // Errors: NOT_FOUND table dropped, FAILED_PRECONDITION column dropped, or versions behind the position may be missing
  // because the table's history does not reach back to it; OUT_OF_RANGE a position that was never reached;
  // RESOURCE_EXHAUSTED, DATA_LOSS; the answer of `still_wanted`. After an error the next call begins behind position().
  absl::StatusOr<ChangeBatch> Next();

  const ChangePosition& position() const { return position_; }
  bool holds_snapshot() const { return snapshot_ != nullptr; }
  // So far. None is taken for commits that brought the table no rows.
  uint64_t snapshots_taken() const { return snapshots_taken_; }
  // Lets go of the snapshot; the next call takes a new one and goes on behind position().
  void DropSnapshot();

 private:
  // Rows whose names are held at once; at least as many as one commit can have.
  static constexpr size_t kMaxNames = 1 << 20;

  struct Name {
    Commit commit = 0;
    uint32_t shard = 0;
    uint32_t ordinal = 0;
    uint32_t segment = 0;  // in the snapshot
    uint32_t group = 0;
    uint32_t row = 0;

    ChangePosition place() const { return {commit, shard, ordinal}; }
  };

  absl::Status CheckWanted() const;
  // Whether nothing came behind position_; then everything up to up_to_ is looked at.
  absl::StatusOr<bool> IsAtEnd();
  absl::Status TakeSnapshot();
  absl::Status Collect();
  absl::Status DropExpired(const RowGroupView& group, size_t first_name);
  absl::Status CollectGroup(uint32_t segment, uint32_t group);
  absl::Status Shorten();
  absl::StatusOr<ChangeBatch> ReadRows(size_t first, size_t count);
  absl::Status ReadColumn(const ColumnDefinition& definition, absl::Span<const Name> names, Column* out) const;
  // What the rows that come next will take, as far as the last ones tell.
  uint64_t ExpectedRowBytes() const;
  size_t RowsPerBatch() const;

  const Options options_;
  ChangePosition position_;
  // Everything up to position_ was seen by whoever reads, so nothing behind it may be missing.
  bool gapless_;
  uint64_t row_bytes_ = 0;    // of the rows read last
  size_t row_limit_ = 0;      // rows that may be read at once while their size is a guess
  std::shared_ptr<const Snapshot> snapshot_;  // nullptr: nothing is collected
  Commit up_to_ = 0;                          // names_ hold everything behind position_ and up to it
  std::vector<Name> names_;                   // in order, once collected
  size_t next_ = 0;
  uint64_t snapshots_taken_ = 0;
  MemoryReservation memory_;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_CHANGE_READER_H_

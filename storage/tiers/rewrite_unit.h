// The rows of one rewrite: sources read, sorted, and cut into target files.
//
// Small units are resident: every value is decoded once and kept until it is written. Large ones keep only what decides
// the order (key, time, commit, end, ordinal) and fetch the other columns row group by row group of the targets, so that
// files of a gigabyte are written in a fraction of their size. Sorted sources then cost one decoding as well, unsorted
// ones up to one per target row group.
#ifndef CORTEX_STORAGE_TIERS_REWRITE_UNIT_H_
#define CORTEX_STORAGE_TIERS_REWRITE_UNIT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "codecs/zptv/statement_sum.h"
#include "storage/runtime/still_wanted.h"
#include "storage/table/live_segment.h"
#include "storage/tiers/file_tier.h"
#include "storage/tiers/pacer.h"
#include "storage/tiers/tiering_policy.h"

namespace cortex {

// A target file and where each source row went.
struct RewrittenFile {
  SegmentInfo info;
  std::vector<uint32_t> rows;  // unit row of target row i
  uint64_t ended_row_count = 0;  // whose end the file holds itself
  Commit max_end = 0;            // the newest of those
};

// One thread at a time.
class RewriteUnit {
 public:
  // Reads every row of `sources`, with commits and ends as they are now. `raw_bytes`: what their values take with all
  // columns of `table`. Errors: DATA_LOSS.
  static absl::StatusOr<RewriteUnit> Read(std::shared_ptr<const TableDefinition> table,
                                          const std::vector<LiveSegment>& sources, uint64_t raw_bytes, bool resident);

  // Unit rows in (key, time, commit) order, one list per time partition; one list if `by_partition` is false. Versions
  // that no read may see any more are left out: erased ones, and those that ended at or before `history_floor`.
  std::vector<std::vector<uint32_t>> SortedPartitions(bool by_partition, Commit history_floor) const;
  // Writes the rows listed as one file of `tier`, about `group_bytes` of values to a row group. Paced; asks after each row
  // group, and while it waits, whether it is still wanted. Errors: that answer; those of the files.
  absl::StatusOr<RewrittenFile> Write(FileTier* tier, uint32_t shard, SegmentId id, std::vector<uint32_t> rows,
                                      uint64_t group_bytes, Pacer* pacer, const StillWanted& still_wanted) const;

  uint64_t row_count() const { return commits_.size(); }
  // What it holds: everything, or what decides the order.
  uint64_t memory_bytes() const;
  // The end unit row `row` had when it was read.
  Commit EndAtRead(uint64_t row) const { return ends_[row]; }
  // The unit row of row 0 of source `i`; sources follow each other.
  uint64_t first_row_of(size_t source) const { return first_rows_[source]; }

 private:
  // Rows of one row group of a source, which begin at unit row `first_row`.
  struct SourceGroup {
    std::shared_ptr<const SegmentReader> reader;
    size_t group = 0;
    uint64_t first_row = 0;
  };

  absl::Status ReadSource(const LiveSegment& source);
  absl::Status ReadStatements(const SegmentReader& reader);
  std::vector<std::optional<ZptvStatement>> Statements() const;
  bool is_resident(size_t column) const {
    return resident_ || column == table_->key_ordinal() || column == table_->time_ordinal();
  }
  uint64_t row_bytes() const;
  // The values of the rows listed, in that order, of every column.
  absl::StatusOr<std::vector<Column>> ColumnsOf(absl::Span<const uint32_t> rows) const;
  // Appends the values of the rows listed (ascending) of a column that is not resident.
  absl::Status Fetch(size_t column, absl::Span<const uint32_t> rows, Column* out) const;

  std::shared_ptr<const TableDefinition> table_;
  bool resident_ = true;
  uint64_t raw_bytes_ = 0;
  std::vector<SourceGroup> groups_;
  std::vector<Column> columns_;  // empty where not resident
  std::vector<Commit> commits_;
  std::vector<Commit> ends_;
  std::vector<uint32_t> ordinals_;
  std::vector<uint64_t> first_rows_;
  std::vector<StatementSum> errors_;  // by column, what the sources say
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TIERS_REWRITE_UNIT_H_

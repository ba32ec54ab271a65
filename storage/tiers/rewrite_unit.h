// The rows of one rewrite in memory: sources read whole, sorted, and cut into target files.
#ifndef CORTEX_STORAGE_TIERS_REWRITE_UNIT_H_
#define CORTEX_STORAGE_TIERS_REWRITE_UNIT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "codecs/zptv/statement_sum.h"
#include "storage/table/live_segment.h"
#include "storage/tiers/file_tier.h"
#include "storage/tiers/pacer.h"

namespace cortex {

// A target file and where each source row went.
struct RewrittenFile {
  SegmentInfo info;
  std::vector<uint32_t> rows;  // unit row of target row i
};

// One thread at a time.
class RewriteUnit {
 public:
  // Reads every row of `sources`, with commits and ends as they are now. Errors: DATA_LOSS.
  static absl::StatusOr<RewriteUnit> Read(std::shared_ptr<const TableDefinition> table,
                                          const std::vector<LiveSegment>& sources);

  // Unit rows in (key, time, commit) order, one list per time partition; one list if `by_partition` is false. Versions
  // that no read may see any more are left out: erased ones, and those that ended at or before `history_floor`.
  std::vector<std::vector<uint32_t>> SortedPartitions(bool by_partition, Commit history_floor) const;
  // Writes the rows listed as one file of `tier`. Paced.
  absl::StatusOr<RewrittenFile> Write(FileTier* tier, uint32_t shard, SegmentId id, std::vector<uint32_t> rows,
                                      Pacer* pacer) const;

  uint64_t row_count() const { return commits_.size(); }
  // The end unit row `row` had when it was read.
  Commit EndAtRead(uint64_t row) const { return ends_[row]; }
  // The unit row of row 0 of source `i`; sources follow each other.
  uint64_t first_row_of(size_t source) const { return first_rows_[source]; }

 private:
  absl::Status ReadSource(const LiveSegment& source);
  absl::Status ReadStatements(const SegmentReader& reader);
  std::vector<std::optional<ZptvStatement>> Statements() const;

  std::shared_ptr<const TableDefinition> table_;
  std::vector<Column> columns_;
  std::vector<Commit> commits_;
  std::vector<Commit> ends_;
  std::vector<uint32_t> ordinals_;
  std::vector<uint64_t> first_rows_;
  std::vector<StatementSum> errors_;  // by column, what the sources say
};

// The start of the partition that holds `time_ns`.
int64_t PartitionOf(int64_t time_ns, ColdPartition partition);

}  // namespace cortex

#endif  // CORTEX_STORAGE_TIERS_REWRITE_UNIT_H_

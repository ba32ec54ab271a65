// The hot tier's unit: the rows of one table and shard that arrived together, in columns in memory.
//
// Life: open (the commit thread appends) -> closed (full; a segment file with the same rows in the same order is being
// written) -> sealed (the file is committed; the memory copy only serves reads) -> evicted (dropped). Because the file
// keeps the row order, the `end`s in versions() mean the same row before and after sealing.
//
// Threads: one writer, any number of readers through HotSegmentView. published_rows() is the border between them.
#ifndef CORTEX_STORAGE_TABLE_ROW_GROUP_H_
#define CORTEX_STORAGE_TABLE_ROW_GROUP_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "storage/column/batch.h"
#include "storage/runtime/memory_budget.h"
#include "storage/segment_access.h"
#include "storage/table/hot_column.h"
#include "storage/table/hot_sketch.h"
#include "storage/table/key_index.h"
#include "storage/table/row_versions.h"

namespace cortex {

class HotDictionaryColumn;

struct RowGroupOptions {
  std::shared_ptr<const TableDefinition> table;
  uint32_t shard = 0;
  uint32_t capacity = 65'536;  // rows; a multiple of 1,024
  MemoryBudget* budget = nullptr;  // charged for what the group holds; may be nullptr
  // What the group before this one in the shard found: PlainStrings. Empty: nothing known.
  std::vector<bool> plain_strings = {};
  // The ends of the same rows, where the group is a copy of a sealed segment; nullptr: a new group, no ends.
  std::shared_ptr<RowVersions> versions = nullptr;
  // Where the first row came in its commit, if the group before took the rows before it.
  uint32_t first_ordinal = 0;
  // One per row, for a copy of a segment whose rows do not stand in commit order; empty: they do.
  std::vector<uint32_t> ordinals = {};
};

class RowGroup {
 public:
  explicit RowGroup(const RowGroupOptions& options);
  ~RowGroup();
  RowGroup(const RowGroup&) = delete;
  RowGroup& operator=(const RowGroup&) = delete;

  // --- writer ---------------------------------------------------------------------------------------------------
  uint32_t room() const { return capacity_ - published_rows(); }
  // Appends the rows listed of `batch` (at most room()) as one or part of one commit, and publishes them.
  void Append(const Batch& batch, absl::Span<const uint32_t> rows, Commit commit);
  // The same for rows that carry their own commits (loading a sealed segment back into memory).
  void Append(const Batch& batch, absl::Span<const uint32_t> rows, absl::Span<const Commit> commits);

  // --- anybody --------------------------------------------------------------------------------------------------
  const std::shared_ptr<const TableDefinition>& table() const { return table_; }
  uint32_t shard() const { return shard_; }
  uint32_t published_rows() const { return published_rows_.load(std::memory_order_acquire); }
  const HotColumn& column(size_t ordinal) const { return *columns_[ordinal]; }
  // nullptr: the group's schema does not have it.
  const HotColumn* FindColumn(ColumnId id) const;
  HotColumn* mutable_column(size_t ordinal) { return columns_[ordinal].get(); }
  Commit CommitAt(uint32_t row) const { return commit_blocks_[row / kHotBlockRows][row % kHotBlockRows]; }
  // Where rows [first, first + count) came in their commits, counted within the shard.
  void ReadOrdinals(uint32_t first, uint32_t count, uint32_t* ordinals) const;
  Commit min_commit() const { return min_commit_.load(std::memory_order_acquire); }
  Commit max_commit() const { return max_commit_.load(std::memory_order_acquire); }
  int64_t min_time() const { return min_time_.load(std::memory_order_relaxed); }
  int64_t max_time() const { return max_time_.load(std::memory_order_relaxed); }
  // With sketches, which another use is charged for.
  uint64_t memory_bytes() const;
  uint64_t raw_bytes() const { return raw_bytes_.load(std::memory_order_relaxed); }

  // Newest row below `row_limit` with this key, and the one before a row: key_index.h.
  std::optional<uint32_t> FindNewest(std::string_view key, uint32_t row_limit) const;
  std::optional<uint32_t> FindBefore(uint32_t row) const;

  const std::shared_ptr<RowVersions>& versions() const { return versions_; }
  const SegmentAccess& access() const { return access_; }
  // By column: strings that hardly repeat here, for which a dictionary does not pay in the next group. Writer only.
  std::vector<bool> PlainStrings() const;

 private:
  void NoteCommit(Commit commit);
  void AppendColumns(const Batch& batch, absl::Span<const uint32_t> rows);
  void IndexAndPublish(const Batch& batch, absl::Span<const uint32_t> rows, uint32_t first_row);
  Commit* CommitSlot(uint32_t row);
  void Account();

  const std::shared_ptr<const TableDefinition> table_;
  const uint32_t shard_;
  const uint32_t capacity_;
  MemoryBudget* const budget_;
  const uint32_t first_ordinal_;
  const std::vector<uint32_t> ordinals_;  // empty: counted

  std::vector<std::unique_ptr<HotColumn>> columns_;  // as table_->columns
  const HotDictionaryColumn* key_column_ = nullptr;
  std::vector<std::unique_ptr<Commit[]>> commit_blocks_;  // fixed length
  KeyIndex key_index_;
  const std::shared_ptr<RowVersions> versions_;
  const SegmentAccess access_;  // until it is sealed; then the file's counts

  std::atomic<uint32_t> published_rows_{0};
  std::atomic<Commit> min_commit_{kOpenEnd};
  std::atomic<Commit> max_commit_{0};
  std::atomic<int64_t> min_time_{INT64_MAX};
  std::atomic<int64_t> max_time_{INT64_MIN};
  std::atomic<uint64_t> row_bytes_{0};  // charged as kHotRows
  std::atomic<uint64_t> raw_bytes_{0};
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TABLE_ROW_GROUP_H_

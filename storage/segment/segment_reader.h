// A sealed segment as a scan sees it, warm or cold: a SegmentView over the bytes of one file.
//
// Lazy. Open touches nothing. The footer is loaded, and checked completely, when a row group is first asked for; a
// chunk when it is first read; a 64 KiB page is verified when one of its bytes is first used, once per reader. So one
// row of a large chunk never costs the chunk, and pruning and lookups that end in the meta store open no file.
//
// Damage. Every answer about damaged bytes is DATA_LOSS naming file, row group and column. A file whose footer cannot
// be read still shows all its rows, in row group 0: reading any of them gives the error, so a lost file never looks
// like an empty one. Errors that may pass (too many open files) are not remembered; damage is.
#ifndef CORTEX_STORAGE_SEGMENT_SEGMENT_READER_H_
#define CORTEX_STORAGE_SEGMENT_SEGMENT_READER_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "codecs/codec.h"
#include "storage/column/schema.h"
#include "storage/segment/end_overlay.h"
#include "storage/segment/segment_info.h"
#include "storage/segment_view.h"

namespace cortex {

class MemoryBudget;
class SegmentFile;
class SegmentKeys;
class SegmentRowGroup;

struct SegmentReaderOptions {
  // As SegmentWriter::Finish gave it. Required: id, shard, file_name, file_bytes, raw_bytes, row_count, times, commits,
  // row_group_count, sorted_by_key. Its footer, key_filter and fences are not looked at.
  SegmentInfo info;
  Tier tier = Tier::kWarm;
  // Columns are matched by id; columns of the file that the table no longer has are ignored.
  std::shared_ptr<const TableDefinition> table;

  // The bytes of the file, on first need. May be called again after an error. Required.
  std::function<absl::StatusOr<std::shared_ptr<const ByteSource>>()> open_file;
  // Where given, answered instead of reading the file (cold tier: from the meta store). Called once, on first need.
  // NOT_FOUND: the segment was retired, its file lives on for those who still hold it and is read itself.
  std::function<absl::StatusOr<std::string>()> load_footer;
  std::function<absl::StatusOr<std::string>()> load_key_filter;
  std::function<absl::StatusOr<std::vector<std::string>>()> load_fences;  // asked only if info.sorted_by_key

  // Late ends; nullptr: none.
  std::shared_ptr<const EndOverlay> overlay;

  // Charged (kCaches) for what the reader keeps beside the file; outlives it. nullptr: nobody is.
  MemoryBudget* budget = nullptr;
  // Called whenever the reader has come to keep more. May be empty.
  std::function<void()> on_cached;
};

class SegmentReader final : public SegmentView {
 public:
  // Reads nothing. Errors: INVALID_ARGUMENT for options that lack something.
  static absl::StatusOr<std::shared_ptr<SegmentReader>> Open(SegmentReaderOptions options);
  ~SegmentReader() override;

  SegmentId id() const override;
  Tier tier() const override;
  uint32_t shard() const override;
  size_t row_group_count() const override;
  const RowGroupView& row_group(size_t i) const override;
  uint64_t row_count() const override;
  int64_t min_time() const override;
  int64_t max_time() const override;
  Commit min_commit() const override;
  Commit max_commit() const override;
  bool MayContainKey(std::string_view key, uint64_t hash) const override;
  absl::Status FindKey(std::string_view key, uint64_t hash, std::vector<RowRef>* rows) const override;
  std::string name() const override;
  uint64_t stored_bytes() const override;
  uint64_t raw_bytes() const override;

  const SegmentInfo& info() const;
  // What it keeps in memory beside the file: footer, opened chunks, filter and fences from elsewhere. Given back with the
  // reader.
  uint64_t cached_bytes() const;
  // The number, within the segment, of row 0 of row group `i`; what end overlays count in.
  absl::StatusOr<uint64_t> first_row(size_t i) const;
  // Per column of the file, in file order, the hidden ones left out. Loads the footer, no chunk.
  absl::StatusOr<std::vector<SegmentColumnStats>> ColumnStats() const;
  // Reads the whole file and checks every checksum. Errors: DATA_LOSS for the first damage found.
  absl::Status Verify() const;

 private:
  explicit SegmentReader(SegmentReaderOptions options);

  const std::shared_ptr<SegmentFile> file_;  // columns of codes share it and may outlive the reader
  const std::unique_ptr<SegmentKeys> keys_;
  std::vector<std::unique_ptr<SegmentRowGroup>> groups_;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_SEGMENT_SEGMENT_READER_H_

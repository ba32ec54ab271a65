// The file behind a SegmentReader: opened, checked and taken apart on first need. All that a row group or a lookup asks
// for comes from here.
#ifndef CORTEX_STORAGE_SEGMENT_SEGMENT_FILE_H_
#define CORTEX_STORAGE_SEGMENT_SEGMENT_FILE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "codecs/codec.h"
#include "storage/column/data_type.h"
#include "storage/segment/cache_charge.h"
#include "storage/segment/lazy_value.h"
#include "storage/segment/segment_chunk.h"
#include "storage/segment/segment_footer.h"
#include "storage/segment/segment_reader.h"

namespace cortex {

// Commits, ends and ordinals of the rows.
inline constexpr size_t kHiddenColumns = 3;
inline constexpr const char* kHiddenColumnNames[kHiddenColumns] = {"_commit", "_end", "_ordinal"};

// The footer, checked, and a slot for every chunk. Slots of a row group: the columns of the file, then the hidden ones.
struct LoadedFooter {
  SegmentFooter footer;
  std::vector<uint64_t> first_rows;         // per row group, and one past the last
  std::map<uint32_t, size_t> column_by_id;  // of the columns the table still has
  std::vector<DataType> types;              // per column of the file: the table's, where it has one
  std::vector<std::string> column_names;    // likewise
  std::vector<ChunkLayout> hidden_layouts;  // per row group: commits, ends, ordinals
  std::vector<LazyValue<SegmentChunk>> chunks;

  size_t commit_slot() const { return footer.columns.size(); }
  size_t end_slot() const { return footer.columns.size() + 1; }
  size_t ordinal_slot() const { return footer.columns.size() + 2; }
  size_t slots_per_group() const { return footer.columns.size() + kHiddenColumns; }
  // `row` is below the segment's row count.
  size_t RowGroupOf(uint64_t row) const;
  // About; opened chunks not counted.
  uint64_t memory_bytes() const;
};

// Thread-safe; no lock is held while anything is loaded. Lives in a shared_ptr, which columns of codes share.
class SegmentFile : public std::enable_shared_from_this<SegmentFile> {
 public:
  explicit SegmentFile(SegmentReaderOptions options)
      : options_(std::move(options)), cached_(options_.budget, options_.on_cached) {}

  const SegmentReaderOptions& options() const { return options_; }
  const SegmentInfo& info() const { return options_.info; }
  // To be charged by whoever keeps something that lives as long as this object.
  const CacheCharge& cached() const { return cached_; }

  // The bytes, with a sound header. Lives as long as this object.
  absl::StatusOr<const ByteSource*> Bytes() const;
  absl::StatusOr<const LoadedFooter*> Footer() const;
  absl::StatusOr<const SegmentChunk*> Chunk(size_t group, size_t slot) const;

  absl::StatusOr<std::vector<SegmentColumnStats>> ColumnStats() const;
  absl::Status Verify() const;

  // The same error, naming the file.
  absl::Status Named(absl::Status status) const;

 private:
  struct Opened {
    std::shared_ptr<const ByteSource> source;
  };

  absl::StatusOr<std::unique_ptr<Opened>> Open() const;
  absl::Status CheckHeader(const ByteSource& source) const;
  absl::StatusOr<std::string> ReadFooterBytes() const;
  absl::StatusOr<std::unique_ptr<LoadedFooter>> LoadFooter() const;
  absl::StatusOr<std::unique_ptr<LoadedFooter>> BuildFooter() const;
  absl::Status CheckAgainstInfo(const SegmentFooter& footer) const;
  absl::Status MatchColumns(LoadedFooter* loaded) const;
  absl::StatusOr<std::unique_ptr<SegmentChunk>> OpenChunk(const LoadedFooter& loaded, size_t group, size_t slot) const;
  absl::Status VerifyPiece(const FilePiece& piece, std::string_view what) const;

  const SegmentReaderOptions options_;
  const CacheCharge cached_;
  LazyValue<Opened> opened_;
  LazyValue<LoadedFooter> footer_;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_SEGMENT_SEGMENT_FILE_H_

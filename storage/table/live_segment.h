// A segment as the table that owns it holds it: memory copy, file, or both, and the ends of its row versions.
#ifndef CORTEX_STORAGE_TABLE_LIVE_SEGMENT_H_
#define CORTEX_STORAGE_TABLE_LIVE_SEGMENT_H_

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "storage/meta/manifest.h"
#include "storage/runtime/strong_id.h"
#include "storage/segment/segment_reader.h"
#include "storage/segment_view.h"
#include "storage/table/row_group.h"
#include "storage/table/row_versions.h"

namespace cortex {

// A committed segment file, opened. Dies with its last holder; a retired one takes its file along, so snapshots keep
// what they read and nothing waits for them.
class SealedFile {
 public:
  // `remove_file` is called at the end of a retired file's life, from whatever thread lets go last.
  SealedFile(const SegmentRecord& record, std::shared_ptr<const SegmentReader> reader,
             std::function<void()> remove_file)
      : record_(record), reader_(std::move(reader)), remove_file_(std::move(remove_file)) {}
  ~SealedFile() {
    reader_.reset();
    if (retired_.load(std::memory_order_acquire)) remove_file_();
  }
  SealedFile(const SealedFile&) = delete;
  SealedFile& operator=(const SealedFile&) = delete;

  const SegmentRecord& record() const { return record_; }
  const SegmentReader& reader() const { return *reader_; }
  // The manifest no longer names the file.
  void Retire() const { retired_.store(true, std::memory_order_release); }

 private:
  const SegmentRecord record_;
  std::shared_ptr<const SegmentReader> reader_;
  const std::function<void()> remove_file_;
  mutable std::atomic<bool> retired_{false};
};

// Copied freely: three pointers.
struct LiveSegment {
  std::shared_ptr<RowGroup> group;          // nullptr: not in memory
  std::shared_ptr<const SealedFile> file;   // nullptr: not sealed yet
  std::shared_ptr<RowVersions> versions;    // group->versions() where there is a group

  Tier tier() const { return group != nullptr ? Tier::kHot : file->record().tier; }
  SegmentId id() const { return file == nullptr ? SegmentId() : file->record().id; }
};

// All segments of a table, by shard, oldest first. Immutable once published.
struct SegmentList {
  std::array<std::vector<LiveSegment>, kShardCount> shards;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TABLE_LIVE_SEGMENT_H_

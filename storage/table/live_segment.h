// A segment as the table that owns it holds it: memory copy, file, or both, and the ends of its row versions.
#ifndef CORTEX_STORAGE_TABLE_LIVE_SEGMENT_H_
#define CORTEX_STORAGE_TABLE_LIVE_SEGMENT_H_

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/meta/manifest.h"
#include "storage/runtime/mutex.h"
#include "storage/runtime/strong_id.h"
#include "storage/segment_access.h"
#include "storage/segment/segment_reader.h"
#include "storage/segment_view.h"
#include "storage/table/row_group.h"
#include "storage/table/row_versions.h"

namespace cortex {

// A committed segment file, opened. Dies with its last holder; a retired one takes its file along, so snapshots keep
// what they read and nothing waits for them.
class SealedFile {
 public:
  using Reopen = std::function<absl::StatusOr<std::shared_ptr<const SegmentReader>>()>;

  // `remove_file` is called at the end of a retired file's life, from whatever thread lets go last. `reopen` gives
  // further readers of the same file; without it the file stays mapped once it was read.
  SealedFile(const SegmentRecord& record, std::shared_ptr<const SegmentReader> reader,
             std::function<void()> remove_file, Reopen reopen = nullptr)
      : record_(record),
        remove_file_(std::move(remove_file)),
        reopen_(std::move(reopen)),
        reader_(std::move(reader)) {}
  ~SealedFile() {
    {
      MutexLock lock(&mutex_);
      reader_.reset();
    }
    if (retired_.load(std::memory_order_acquire)) remove_file_();
  }
  SealedFile(const SealedFile&) = delete;
  SealedFile& operator=(const SealedFile&) = delete;

  const SegmentRecord& record() const { return record_; }
  // To be kept while it is read: another one takes its place once the file is unmapped.
  std::shared_ptr<const SegmentReader> reader() const {
    MutexLock lock(&mutex_);
    return reader_;
  }
  // From now on readers map the file anew. The mapping goes with the last of those given out before.
  void Unmap() const {
    if (reopen_ == nullptr) return;
    absl::StatusOr<std::shared_ptr<const SegmentReader>> fresh = reopen_();
    if (!fresh.ok()) return;
    MutexLock lock(&mutex_);
    reader_.swap(*fresh);  // the old one dies after the lock
  }
  const SegmentAccess& access() const { return access_; }
  // The manifest no longer names the file.
  void Retire() const { retired_.store(true, std::memory_order_release); }

 private:
  const SegmentRecord record_;
  const std::function<void()> remove_file_;
  const Reopen reopen_;
  const SegmentAccess access_;
  mutable std::atomic<bool> retired_{false};
  mutable Mutex mutex_;  // guards the pointer; a leaf
  mutable std::shared_ptr<const SegmentReader> reader_ ABSL_GUARDED_BY(mutex_);
};

// Copied freely: three pointers.
struct LiveSegment {
  std::shared_ptr<RowGroup> group;          // nullptr: not in memory
  std::shared_ptr<const SealedFile> file;   // nullptr: not sealed yet
  std::shared_ptr<RowVersions> versions;    // group->versions() where there is a group

  Tier tier() const { return group != nullptr ? Tier::kHot : file->record().tier; }
  SegmentId id() const { return file == nullptr ? SegmentId() : file->record().id; }
  const SegmentAccess& access() const { return file == nullptr ? group->access() : file->access(); }
};

// All segments of a table, by shard, oldest first. Immutable once published.
struct SegmentList {
  std::array<std::vector<LiveSegment>, kShardCount> shards;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TABLE_LIVE_SEGMENT_H_

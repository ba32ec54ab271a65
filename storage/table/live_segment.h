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
#include "storage/runtime/memory_budget.h"
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
  using NewReader = std::function<std::shared_ptr<const SegmentReader>(const SegmentRecord&)>;
  using RemoveFile = std::function<void(const SegmentRecord&)>;

  // `new_reader` gives a reader of the file, never nullptr; called from any thread, whenever the last one was dropped.
  // `remove_file` is called at the end of a retired file's life, from whatever thread lets go last. `memory`: what is
  // charged for the file as long as it lives, whether it is read or not.
  SealedFile(const SegmentRecord& record, NewReader new_reader, RemoveFile remove_file, MemoryReservation memory = {})
      : record_(record),
        new_reader_(std::move(new_reader)),
        remove_file_(std::move(remove_file)),
        memory_(std::move(memory)) {}
  ~SealedFile() {
    {
      MutexLock lock(&mutex_);
      reader_.reset();
    }
    if (retired_.load(std::memory_order_acquire)) remove_file_(record_);
  }
  SealedFile(const SealedFile&) = delete;
  SealedFile& operator=(const SealedFile&) = delete;

  const SegmentRecord& record() const { return record_; }
  // Made when somebody wants to read. To be kept while it is read: another one takes its place once the file is
  // unmapped.
  std::shared_ptr<const SegmentReader> reader() const {
    {
      MutexLock lock(&mutex_);
      if (reader_ != nullptr) return reader_;
    }
    // Not under the lock: a reader is charged and listed elsewhere as it is made. Of two that race one is dropped.
    std::shared_ptr<const SegmentReader> fresh = new_reader_(record_);
    MutexLock lock(&mutex_);
    if (reader_ == nullptr) reader_.swap(fresh);
    return reader_;
  }
  // Whoever reads from now on maps the file anew. Mapping and memory go with the last reader given out before.
  void Unmap() const {
    std::shared_ptr<const SegmentReader> dropped;
    MutexLock lock(&mutex_);
    reader_.swap(dropped);  // dies after the lock
  }
  // What its reader keeps in memory; 0 without one.
  uint64_t cached_bytes() const {
    MutexLock lock(&mutex_);
    return reader_ == nullptr ? 0 : reader_->cached_bytes();
  }
  const SegmentAccess& access() const { return access_; }
  // The manifest no longer names the file.
  void Retire() const { retired_.store(true, std::memory_order_release); }

 private:
  const SegmentRecord record_;
  const NewReader new_reader_;
  const RemoveFile remove_file_;
  const MemoryReservation memory_;
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

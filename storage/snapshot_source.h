// Snapshots of tables: now, as of a commit or a time, or of a stretch of history.
#ifndef CORTEX_STORAGE_SNAPSHOT_SOURCE_H_
#define CORTEX_STORAGE_SNAPSHOT_SOURCE_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "storage/database.h"
#include "storage/runtime/mutex.h"
#include "storage/tiers/clock_guard.h"

namespace cortex {

class Clock;
class CommitLog;
class CommitTimes;
class MetaStore;
class Table;
struct Snapshot;

// Thread-safe.
class SnapshotSource {
 public:
  // All borrowed.
  SnapshotSource(CommitLog* log, const MetaStore* meta, const CommitTimes* times, const Clock* clock);

  // The table now. Rows that a time to live has ended at `now_ns` are left out.
  std::shared_ptr<Snapshot> Take(const Table& table, int64_t now_ns) const;
  std::shared_ptr<Snapshot> TakeNow(const Table& table) const;

  // What `request` asks for, once the commit it waits for is visible. Errors: INVALID_ARGUMENT commit and time together,
  // OUT_OF_RANGE a commit or time to come, FAILED_PRECONDITION older than the history kept, naming the oldest commit.
  absl::StatusOr<std::shared_ptr<const Snapshot>> Open(const Table& table, const SnapshotRequest& request);

  // The last commit at or before a time. Errors: OUT_OF_RANGE a time to come.
  absl::StatusOr<Commit> CommitAt(int64_t time_ns) const;
  // The oldest commit at which nothing of the table is missing: what its history promises, or what a rewrite has left.
  absl::StatusOr<Commit> OldestReadable(const Table& table) const;

 private:
  int64_t HistoryNow() const;

  CommitLog* const log_;
  const MetaStore* const meta_;
  const CommitTimes* const times_;
  const Clock* const clock_;
  mutable Mutex mutex_;  // guards history_clock_; a leaf
  mutable ClockGuard history_clock_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_SNAPSHOT_SOURCE_H_

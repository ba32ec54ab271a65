// The stored map between commits and wall time: what AS OF a time means, and since when a version is in history.
//
// Commits happen in windows of kWindowNs, which begin at its multiples: an entry (time, commit) says that `commit` was the
// first one of the window that begins at that time, and everything until the next entry belongs to it. A time inside a
// window means the window's end, so what was acknowledged before a time is always part of it. Times never go back,
// whatever the clock does.
//
// Entries are written without a sync; the WAL holds each commit's time and teaches them again at a start.
#ifndef CORTEX_STORAGE_COMMIT_TIMES_H_
#define CORTEX_STORAGE_COMMIT_TIMES_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/runtime/strong_id.h"

namespace cortex {

class Clock;
class MetaStore;

class CommitTimes {
 public:
  static constexpr int64_t kWindowNs = 10'000'000;

  // Both borrowed.
  static absl::StatusOr<std::unique_ptr<CommitTimes>> Open(MetaStore* meta, const Clock* clock);

  // The time of the commit now being prepared. One thread.
  int64_t Next();
  // `commit` is durable, or will be with the next synced write of the meta store. In commit order; one thread.
  absl::Status Learn(Commit commit, int64_t time_ns);

  // No commit was given a later time yet; nullopt: there is none.
  std::optional<int64_t> last_time_ns() const;

  // The last commit at or before `time_ns`, at most `visible`; 0: before the first one. Thread-safe.
  absl::StatusOr<Commit> CommitAt(int64_t time_ns, Commit visible) const;
  // When `commit` happened, to the window; nullopt: before the first entry. Thread-safe.
  absl::StatusOr<std::optional<int64_t>> TimeOf(Commit commit) const;

 private:
  CommitTimes(MetaStore* meta, const Clock* clock, Commit last_commit, int64_t last_time_ns);

  MetaStore* const meta_;
  const Clock* const clock_;
  std::atomic<int64_t> last_given_ns_;
  Commit window_commit_;    // Learn's thread: of the last entry
  int64_t window_ns_;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_COMMIT_TIMES_H_

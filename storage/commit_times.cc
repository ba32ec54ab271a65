#include "storage/commit_times.h"

#include <algorithm>

#include "codecs/bytes/status_macros.h"
#include "storage/meta/meta_store.h"
#include "storage/runtime/clock.h"
#include "storage/runtime/time_floor.h"

namespace cortex {

absl::StatusOr<std::unique_ptr<CommitTimes>> CommitTimes::Open(MetaStore* meta, const Clock* clock) {
  ASSIGN_OR_RETURN(const std::optional<CommitTime> last, meta->LastCommitTime());
  const CommitTime start = last.value_or(CommitTime{.commit = 0, .time_ns = INT64_MIN});
  return std::unique_ptr<CommitTimes>(new CommitTimes(meta, clock, start.commit, start.time_ns));
}

CommitTimes::CommitTimes(MetaStore* meta, const Clock* clock, Commit last_commit, int64_t last_time_ns)
    : meta_(meta), clock_(clock), last_given_ns_(last_time_ns), window_commit_(last_commit), window_ns_(last_time_ns) {}

int64_t CommitTimes::Next() {
  last_given_ns_ = std::max(last_given_ns_.load(), clock_->NowNanos());
  return last_given_ns_;
}

absl::Status CommitTimes::Learn(Commit commit, int64_t time_ns) {
  if (time_ns > last_given_ns_) last_given_ns_ = time_ns;  // replay: the clock may have gone back since
  if (commit <= window_commit_) return absl::OkStatus();  // known from before the start
  const int64_t window_ns = FloorTo(time_ns, kWindowNs);
  if (window_commit_ != 0 && window_ns <= window_ns_) return absl::OkStatus();
  RETURN_IF_ERROR(meta_->PutCommitTime({.commit = commit, .time_ns = window_ns}));
  window_commit_ = commit;
  window_ns_ = window_ns;
  return absl::OkStatus();
}

std::optional<int64_t> CommitTimes::last_time_ns() const {
  const int64_t last_ns = last_given_ns_.load();
  return last_ns == INT64_MIN ? std::nullopt : std::optional<int64_t>(last_ns);
}

absl::StatusOr<Commit> CommitTimes::CommitAt(int64_t time_ns, Commit visible) const {
  ASSIGN_OR_RETURN(const std::optional<CommitTime> next, meta_->FirstCommitTimeAfter(time_ns));
  return next.has_value() ? std::min(next->commit - 1, visible) : visible;
}

absl::StatusOr<std::optional<int64_t>> CommitTimes::TimeOf(Commit commit) const {
  ASSIGN_OR_RETURN(const std::optional<CommitTime> entry, meta_->CommitTimeOf(commit));
  if (!entry.has_value()) return std::optional<int64_t>();
  return std::optional<int64_t>(entry->time_ns);
}

}  // namespace cortex

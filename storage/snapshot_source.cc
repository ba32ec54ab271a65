#include "storage/snapshot_source.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "storage/commit_log.h"
#include "storage/commit_times.h"
#include "storage/meta/meta_store.h"
#include "storage/runtime/clock.h"
#include "storage/snapshot.h"
#include "storage/table/hot_segment_view.h"
#include "storage/table/table.h"
#include "storage/tiers/file_tier.h"

namespace cortex {
namespace {

// A file as a snapshot holds it: its reader of now, and the file itself, so that a retired one outlives the snapshot.
std::shared_ptr<const SegmentView> ViewOf(const std::shared_ptr<const SealedFile>& file) {
  struct Held {
    std::shared_ptr<const SealedFile> file;
    std::shared_ptr<const SegmentReader> reader;
  };
  const auto held = std::make_shared<const Held>(Held{file, file->reader()});
  return {held, held->reader.get()};
}

}  // namespace

// It goes on from the last commit: history is about the times that commits were given, whatever the clock says now.
SnapshotSource::SnapshotSource(CommitLog* log, const MetaStore* meta, const CommitTimes* times, const Clock* clock)
    : log_(log),
      meta_(meta),
      times_(times),
      clock_(clock),
      history_clock_(clock, times->last_time_ns().value_or(clock->NowNanos())) {}

std::shared_ptr<Snapshot> SnapshotSource::Take(const Table& table, int64_t now_ns) const {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->table = table.definition();
  std::shared_ptr<const SegmentList> list;
  do {
    // The commit first: whatever is published afterwards holds at least the rows up to it ...
    snapshot->commit = log_->visible_commit();
    snapshot->manifest_version = meta_->manifest_version();
    snapshot->taken_ns = clock_->MonotonicNanos();
    list = table.segments();
    // ... but for versions that have left the history meanwhile. Then a later commit is to be shown.
  } while (snapshot->commit < table.history_floor());
  snapshot->window = snapshot->commit;
  if (const int64_t ttl_ns = snapshot->table->policy.ttl_ns; ttl_ns != 0) {
    snapshot->expired_until_ns = now_ns - ttl_ns;  // visible: time + ttl > now
  }
  for (const Tier tier : {Tier::kHot, Tier::kWarm, Tier::kCold}) {
    for (const auto& shard : list->shards) {
      for (const LiveSegment& segment : shard) {
        if (segment.tier() != tier) continue;
        if (tier == Tier::kHot) {
          snapshot->segments.push_back(std::make_shared<HotSegmentView>(
              segment.group, segment.id(), segment.file == nullptr ? nullptr : segment.file->reader()));
        } else {
          snapshot->segments.push_back(ViewOf(segment.file));
        }
        if (segment.file != nullptr) {
          snapshot->access.emplace_back(segment.file, &segment.file->access());
        } else {
          snapshot->access.emplace_back(segment.group, &segment.group->access());
        }
      }
    }
  }
  return snapshot;
}

std::shared_ptr<Snapshot> SnapshotSource::TakeNow(const Table& table) const { return Take(table, clock_->NowNanos()); }

absl::StatusOr<Commit> SnapshotSource::CommitAt(int64_t time_ns) const {
  if (time_ns > clock_->NowNanos()) {
    return absl::OutOfRangeError("the time asked for is in the future; nobody knows yet what holds then");
  }
  return times_->CommitAt(time_ns, log_->visible_commit());
}

// The time that history ends by: a clock that jumps ahead must not make versions forgotten.
int64_t SnapshotSource::HistoryNow() const {
  MutexLock lock(&mutex_);
  return history_clock_.TrustedNow();
}

absl::StatusOr<Commit> SnapshotSource::OldestReadable(const Table& table) const {
  const int64_t history_ns = table.definition()->history_ns;
  if (history_ns == 0) return table.history_floor();
  ASSIGN_OR_RETURN(const Commit promised, times_->CommitAt(HistoryNow() - history_ns, log_->visible_commit()));
  return std::max(promised, table.history_floor());
}

absl::StatusOr<std::shared_ptr<const Snapshot>> SnapshotSource::Open(const Table& table,
                                                                     const SnapshotRequest& request) {
  if (request.as_of.has_value() && request.as_of_time_ns.has_value()) {
    return absl::InvalidArgumentError("a read is as of a commit or as of a time, not both");
  }
  RETURN_IF_ERROR(log_->WaitVisible(request.at_least, request.still_wanted));
  std::optional<Commit> as_of = request.as_of;
  if (request.as_of_time_ns.has_value()) {
    ASSIGN_OR_RETURN(as_of, CommitAt(*request.as_of_time_ns));
  }
  std::shared_ptr<Snapshot> snapshot = Take(table, request.now_ns.value_or(clock_->NowNanos()));
  if (request.history && request.everything) {
    snapshot->window = VersionWindow(0, snapshot->commit);
    snapshot->expired_until_ns.reset();
    return snapshot;
  }
  if (!as_of.has_value() && !request.history) return snapshot;
  if (as_of.value_or(0) > snapshot->commit) {
    return absl::OutOfRangeError(absl::StrFormat(
        "commit %d was never given out or is not visible yet; the newest is %d", *as_of, snapshot->commit));
  }
  // After the snapshot: what it still holds cannot be dropped any more.
  ASSIGN_OR_RETURN(const Commit oldest, OldestReadable(table));
  if (as_of.has_value() && *as_of < oldest) {
    return absl::FailedPreconditionError(
        absl::StrFormat("commit %d is older than the history kept of table \"%s\"; the oldest commit is %d", *as_of,
                        snapshot->table->name, oldest));
  }
  if (request.history) {
    snapshot->window = VersionWindow(as_of.value_or(oldest), snapshot->commit);
  } else {
    snapshot->commit = *as_of;
    snapshot->window = *as_of;
  }
  return snapshot;
}

}  // namespace cortex

#include "storage/tiers/segment_survey.h"

#include <algorithm>
#include <utility>

namespace cortex {
namespace {

// A growing horizon alone is no reason to count again more often than this.
constexpr int64_t kRecountNs = 60'000'000'000;

int64_t Since(int64_t now_ns, int64_t then_ns) { return then_ns == SegmentAccess::kNever ? INT64_MAX : now_ns - then_ns; }

}  // namespace

SegmentSummary SummaryOf(uint32_t shard, const LiveSegment& segment) {
  SegmentSummary summary{.shard = shard, .id = segment.id(), .tier = segment.tier(), .sealed = segment.file != nullptr};
  if (segment.file != nullptr) {
    const SegmentRecord& record = segment.file->record();
    summary.file_tier = record.tier;
    summary.row_count = record.row_count;
    summary.bytes = record.file_bytes;
    summary.raw_bytes = record.raw_bytes;
    summary.min_time = record.min_time;
    summary.max_time = record.max_time;
  }
  if (segment.group != nullptr) {
    summary.row_count = segment.group->published_rows();
    summary.bytes = segment.group->memory_bytes();
    summary.raw_bytes = segment.group->raw_bytes();
    summary.min_time = segment.group->min_time();
    summary.max_time = segment.group->max_time();
  }
  return summary;
}

std::vector<SegmentSummary> SummariesOf(const Table& table) {
  std::vector<SegmentSummary> summaries;
  const auto list = table.segments();
  for (uint32_t shard = 0; shard < kShardCount; ++shard) {
    for (const LiveSegment& segment : list->shards[shard]) summaries.push_back(SummaryOf(shard, segment));
  }
  return summaries;
}

uint64_t OpenGroupBytes(const Table& table) {
  uint64_t bytes = 0;
  const auto list = table.segments();
  for (const auto& shard : list->shards) {
    if (!shard.empty() && shard.back().file == nullptr) bytes += shard.back().group->memory_bytes();
  }
  return bytes;
}

std::vector<SegmentSummary> SegmentSurvey::Look(const Table& table, Commit horizon, int64_t monotonic_ns) {
  std::vector<SegmentSummary> summaries;
  const auto list = table.segments();
  for (uint32_t shard = 0; shard < kShardCount; ++shard) {
    const std::vector<LiveSegment>& segments = list->shards[shard];
    for (size_t i = 0; i < segments.size(); ++i) {
      const LiveSegment& segment = segments[i];
      SegmentSummary summary = SummaryOf(shard, segment);
      summary.ended_rows = segment.versions->ended_count();
      if (segment.file == nullptr) {
        // Groups before the last are closed: they are on their way already.
        const bool closed = i + 1 != segments.size();
        OpenGroup& seen = open_[segment.group.get()];
        if (seen.group.lock() != segment.group) seen = {.group = segment.group, .first_seen_ns = monotonic_ns};
        summary.open_for_ns = closed ? SegmentSummary::kClosed : monotonic_ns - seen.first_seen_ns;
      } else if (summary.ended_rows != 0 || segment.file->record().ended_row_count != 0) {
        const DeadRows dead = CountDead(segment, horizon, monotonic_ns);
        summary.dead_rows = dead.dead;
        summary.erased_rows = segment.versions->erased_count() != 0;
      }
      const SegmentAccess& access = segment.access();
      summary.untouched_ns = Since(monotonic_ns, access.last_touch_ns());
      summary.recent_touches = access.recent_touches();
      summary.settled_ns = Since(monotonic_ns, access.moved_ns());
      summary.promoted = access.promoted();
      summaries.push_back(summary);
    }
  }
  return summaries;
}

SegmentSurvey::DeadRows SegmentSurvey::CountDead(const LiveSegment& segment, Commit horizon, int64_t monotonic_ns) {
  DeadRows& known = dead_[segment.id()];
  known.met = true;
  const uint64_t changes = segment.versions->change_count();
  if (known.changes == changes && (known.horizon == horizon || monotonic_ns - known.counted_ns < kRecountNs)) {
    return known;
  }
  known = {.changes = changes, .horizon = horizon, .counted_ns = monotonic_ns, .dead = 0};
  if (horizon == 0) {
    known.dead = segment.versions->erased_count();
  } else {
    for (const VersionEnd& end : segment.versions->List()) known.dead += end.end <= horizon;
    // Those that stand in the file itself: all of them, once the newest is out of reach. After a load they are recorded
    // beside it as well.
    const SegmentRecord& record = segment.file->record();
    if (record.max_end <= horizon) known.dead = std::min(known.dead + record.ended_row_count, record.row_count);
  }
  return known;
}

void SegmentSurvey::Forget() {
  std::erase_if(open_, [](const auto& entry) { return entry.second.group.expired(); });
  for (auto entry = dead_.begin(); entry != dead_.end();) {
    entry = std::exchange(entry->second.met, false) ? std::next(entry) : dead_.erase(entry);
  }
}

}  // namespace cortex

// Which segments are merged: a bucket holds what may share a file; within it a window of similar sizes is chosen.
//
// The largest of a window is no larger than the rest together, so every merge at least doubles the file a row is in: a
// row sealed in a segment of s bytes is rewritten at most log2(target / s) + 1 times by merges in a tier, and with
// kMergeFiles equal ones about log4 times.
#include "storage/tiers/merge_policy.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace cortex {
namespace {

using Bucket = std::vector<const SegmentSummary*>;

// Shard and partition. Warm rows of one partition are to grow old together, or fresh rows would keep old ones from
// leaving; current versions of entities have no such neighbours.
std::map<std::pair<uint32_t, int64_t>, Bucket> BucketsOf(const TieringInput& input, const std::vector<bool>& taken,
                                                         Tier tier) {
  const bool by_time = tier == Tier::kCold || (input.kind == TableKind::kEvents && input.policy.warm_max_age_ns != 0);
  const uint64_t target = tier == Tier::kCold ? input.limits.cold_target_bytes : input.limits.warm_target_bytes;
  std::map<std::pair<uint32_t, int64_t>, Bucket> buckets;
  for (size_t i = 0; i < input.segments.size(); ++i) {
    const SegmentSummary& segment = input.segments[i];
    if (taken[i] || !segment.sealed || segment.tier != tier || segment.bytes >= target) continue;
    const int64_t partition = by_time ? PartitionOf(segment.max_time, input.policy.cold_partition) : 0;
    buckets[{segment.shard, partition}].push_back(&segment);
  }
  return buckets;
}

// True if no more rows are expected where these are.
bool IsSettled(const TieringInput& input, Tier tier, const Bucket& bucket) {
  if (tier != Tier::kCold) return false;
  int64_t newest = INT64_MIN;
  for (const SegmentSummary* segment : bucket) newest = std::max(newest, segment->max_time);
  return input.policy.warm_max_age_ns != 0 &&
         Elapsed(input.now_ns, newest) >= input.policy.warm_max_age_ns + 86'400'000'000'000;
}

// The largest window [first, last] of `bucket` (ascending by size) that keeps the limits and the doubling rule.
Bucket ChooseWindow(const Bucket& bucket, const TieringLimits& limits, size_t min_files, bool any_sizes) {
  for (size_t last = bucket.size(); last-- > 0;) {
    Bucket window = {bucket[last]};
    uint64_t bytes = bucket[last]->bytes, raw = bucket[last]->raw_bytes, rows = bucket[last]->row_count;
    for (size_t i = last; i-- > 0;) {
      bytes += bucket[i]->bytes;
      raw += bucket[i]->raw_bytes;
      rows += bucket[i]->row_count;
      if (bytes > limits.max_file_bytes || raw > limits.unit_raw_bytes || rows > limits.unit_rows) break;
      window.push_back(bucket[i]);
    }
    if (window.size() < min_files) continue;
    uint64_t rest = 0;
    for (size_t i = 1; i < window.size(); ++i) rest += window[i]->raw_bytes;
    if (any_sizes || rest >= window[0]->raw_bytes) return window;
  }
  return {};
}

}  // namespace

std::vector<TieringMove> PlanMerges(const TieringInput& input, const std::vector<bool>& taken, Tier tier,
                                    bool on_request) {
  std::vector<TieringMove> moves;
  for (auto& [place, bucket] : BucketsOf(input, taken, tier)) {
    std::stable_sort(bucket.begin(), bucket.end(), [](const SegmentSummary* a, const SegmentSummary* b) {
      return std::tie(a->raw_bytes, a->id) < std::tie(b->raw_bytes, b->id);
    });
    const size_t min_files = on_request || IsSettled(input, tier, bucket) ? 2 : kMergeFiles;
    const Bucket window = ChooseWindow(bucket, input.limits, min_files, on_request);
    if (window.empty()) continue;
    TieringMove move{.kind = TieringMove::Kind::kMerge, .shard = place.first, .tier = tier};
    for (const SegmentSummary* segment : window) {
      move.segments.push_back(segment->id);
      move.bytes += segment->bytes;
    }
    moves.push_back(std::move(move));
  }
  return moves;
}

}  // namespace cortex

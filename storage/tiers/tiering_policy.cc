#include "storage/tiers/tiering_policy.h"

#include <algorithm>
#include <map>

namespace cortex {
namespace {

std::vector<const SegmentSummary*> OldestFirst(const TieringInput& input, Tier tier) {
  std::vector<const SegmentSummary*> segments;
  for (const SegmentSummary& segment : input.segments) {
    if (segment.tier == tier && segment.row_count != 0) segments.push_back(&segment);
  }
  std::stable_sort(segments.begin(), segments.end(),
                   [](const SegmentSummary* a, const SegmentSummary* b) { return a->max_time < b->max_time; });
  return segments;
}

// How far a tier is above its limits, going down as segments are chosen to leave.
struct Excess {
  uint64_t rows = 0;
  uint64_t bytes = 0;

  static uint64_t Above(uint64_t used, uint64_t limit) { return limit != 0 && used > limit ? used - limit : 0; }
  bool any() const { return rows != 0 || bytes != 0; }
  void Remove(const SegmentSummary& segment) {
    rows -= std::min(rows, segment.row_count);
    bytes -= std::min(bytes, segment.bytes);
  }
};

Excess ExcessOf(const std::vector<const SegmentSummary*>& segments, uint64_t max_rows, uint64_t max_bytes) {
  uint64_t rows = 0;
  uint64_t bytes = 0;
  for (const SegmentSummary* segment : segments) {
    rows += segment->row_count;
    bytes += segment->bytes;
  }
  return {Excess::Above(rows, max_rows), Excess::Above(bytes, max_bytes)};
}

}  // namespace

std::vector<TieringMove> PlanMoves(const TieringInput& input) {
  std::vector<TieringMove> moves;
  const auto hot = OldestFirst(input, Tier::kHot);
  Excess excess = ExcessOf(hot, input.policy.hot_max_rows, input.policy.hot_max_bytes);
  excess.bytes = std::max(excess.bytes, input.hot_bytes_to_free);
  for (const SegmentSummary* segment : hot) {
    if (!excess.any() && !IsOldEnough(input.now_ns - segment->max_time, input.policy.hot_max_age_ns)) continue;
    excess.Remove(*segment);
    if (segment->sealed) {
      moves.push_back({TieringMove::Kind::kEvict, segment->shard, {segment->id}});
    } else {
      moves.push_back({TieringMove::Kind::kSeal, segment->shard, {}});
    }
  }
  const auto warm = OldestFirst(input, Tier::kWarm);
  excess = ExcessOf(warm, 0, input.policy.warm_max_bytes);
  std::map<uint32_t, std::vector<SegmentId>> freeze;  // by shard
  for (const SegmentSummary* segment : warm) {
    if (!excess.any() && !IsOldEnough(input.now_ns - segment->max_time, input.policy.warm_max_age_ns)) continue;
    excess.Remove(*segment);
    freeze[segment->shard].push_back(segment->id);
  }
  for (auto& [shard, segments] : freeze) {
    moves.push_back({TieringMove::Kind::kFreeze, shard, std::move(segments)});
  }
  return moves;
}

}  // namespace cortex

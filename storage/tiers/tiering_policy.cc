#include "storage/tiers/tiering_policy.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "storage/runtime/time_floor.h"
#include "storage/tiers/merge_policy.h"

namespace cortex {
namespace {

using Kind = TieringMove::Kind;

constexpr int64_t kHourNs = 3'600'000'000'000;
constexpr int64_t kDayNs = 24 * kHourNs;

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

class Planner {
 public:
  explicit Planner(const TieringInput& input) : input_(input), policy_(input.policy), taken_(input.segments.size()) {}

  std::vector<TieringMove> Run() {
    Reclaim();
    LeaveHot();
    Clean();
    Thaw();
    Freeze();
    Promote();
    for (const Tier tier : {Tier::kWarm, Tier::kCold}) {
      for (TieringMove& merge : PlanMerges(input_, taken_, tier, /*on_request=*/false)) moves_.push_back(std::move(merge));
    }
    return std::move(moves_);
  }

 private:
  // Versions of entities are as old as their last change or their last reading, whichever is later; events age alone.
  int64_t AgeOf(const SegmentSummary& segment) const {
    const int64_t age_ns = Elapsed(input_.now_ns, segment.max_time);
    return input_.kind == TableKind::kEntities ? std::min(age_ns, segment.untouched_ns) : age_ns;
  }
  // What leaves first when something has to.
  int64_t UnusedFor(const SegmentSummary& segment) const {
    return std::min(Elapsed(input_.now_ns, segment.max_time), segment.untouched_ns);
  }
  bool IsPinnedTo(Tier slowest) const { return input_.pin.has_value() && *input_.pin <= slowest; }

  // Indexes of the segments of a tier that no move has yet, longest unused first.
  std::vector<size_t> LongestUnusedFirst(Tier tier) const {
    std::vector<size_t> found;
    for (size_t i = 0; i < taken_.size(); ++i) {
      if (!taken_[i] && input_.segments[i].tier == tier && input_.segments[i].row_count != 0) found.push_back(i);
    }
    std::stable_sort(found.begin(), found.end(), [&](size_t a, size_t b) {
      return UnusedFor(input_.segments[a]) > UnusedFor(input_.segments[b]);
    });
    return found;
  }
  Excess ExcessOf(const std::vector<size_t>& segments, uint64_t max_rows, uint64_t max_bytes) const {
    uint64_t rows = 0;
    uint64_t bytes = 0;
    for (const size_t i : segments) {
      rows += input_.segments[i].row_count;
      bytes += input_.segments[i].bytes;
    }
    return {Excess::Above(rows, max_rows), Excess::Above(bytes, max_bytes)};
  }

  void Add(Kind kind, size_t i) {
    const SegmentSummary& segment = input_.segments[i];
    taken_[i] = true;
    TieringMove move{.kind = kind, .shard = segment.shard, .bytes = segment.bytes, .tier = segment.file_tier};
    if (segment.sealed) move.segments.push_back(segment.id);
    moves_.push_back(std::move(move));
  }
  // One move per shard and tier of files.
  void AddByShard(Kind kind, const std::vector<size_t>& segments) {
    std::map<std::pair<uint32_t, Tier>, TieringMove> by_place;
    for (const size_t i : segments) {
      const SegmentSummary& segment = input_.segments[i];
      taken_[i] = true;
      TieringMove& move = by_place[{segment.shard, segment.file_tier}];
      move.kind = kind;
      move.shard = segment.shard;
      move.tier = segment.file_tier;
      move.segments.push_back(segment.id);
      move.bytes += segment.bytes;
    }
    for (auto& [place, move] : by_place) moves_.push_back(std::move(move));
  }

  void Reclaim() {
    if (policy_.ttl_ns == 0 || input_.trusted_now_ns == INT64_MIN) return;
    std::vector<size_t> gone;
    for (size_t i = 0; i < taken_.size(); ++i) {
      const SegmentSummary& segment = input_.segments[i];
      if (!segment.sealed || segment.row_count == 0) continue;
      // Either clock may be the one that is wrong.
      const int64_t now_ns = std::min(input_.now_ns, input_.trusted_now_ns);
      const int64_t expired_for_ns = Elapsed(now_ns - policy_.ttl_ns, segment.max_time);
      if (segment.max_time < now_ns - policy_.ttl_ns && expired_for_ns >= kReclaimDelayNs) gone.push_back(i);
    }
    AddByShard(Kind::kReclaim, gone);
  }

  // True if age alone sends the segment out of memory.
  bool IsDue(const SegmentSummary& segment) const {
    if (policy_.ttl_ns != 0 && Elapsed(input_.now_ns, segment.max_time) >= policy_.ttl_ns) {
      return segment.sealed || segment.open_for_ns >= kLingerNs;
    }
    if (segment.promoted) return segment.settled_ns >= kSettleNs && segment.untouched_ns >= kSettleNs;
    // Superseded versions alone: nobody asks for them but by history.
    if (input_.kind == TableKind::kEntities && segment.sealed && segment.ended_rows == segment.row_count &&
        segment.untouched_ns >= kSettleNs) {
      return true;
    }
    if (!IsOldEnough(AgeOf(segment), policy_.hot_max_age_ns)) return false;
    return segment.sealed || segment.open_for_ns >= std::min(kLingerNs, policy_.hot_max_age_ns);
  }

  void LeaveHot() {
    if (IsPinnedTo(Tier::kHot)) return;
    const std::vector<size_t> hot = LongestUnusedFirst(Tier::kHot);
    Excess above = ExcessOf(hot, policy_.hot_max_rows, policy_.hot_max_bytes);
    Excess pressure = {.rows = 0, .bytes = input_.hot_bytes_to_free};
    hot_is_full_ = above.any() || pressure.any();
    const auto leave = [&](size_t i) {
      above.Remove(input_.segments[i]);
      pressure.Remove(input_.segments[i]);
      Add(input_.segments[i].sealed ? Kind::kEvict : Kind::kSeal, i);
    };
    std::vector<size_t> open;
    for (const size_t i : hot) {
      const SegmentSummary& segment = input_.segments[i];
      if (segment.open_for_ns == SegmentSummary::kClosed) {
        above.Remove(segment);
        pressure.Remove(segment);
      } else if (above.any() || IsDue(segment) || (segment.sealed && pressure.any())) {
        leave(i);
      } else if (!segment.sealed && segment.bytes >= input_.limits.min_seal_bytes) {
        open.push_back(i);
      }
    }
    // What is in no file yet goes last, and the largest first: each becomes a file, and many small ones cost more memory
    // than their rows did.
    std::stable_sort(open.begin(), open.end(),
                     [&](size_t a, size_t b) { return input_.segments[a].bytes > input_.segments[b].bytes; });
    for (const size_t i : open) {
      if (pressure.any()) leave(i);
    }
  }

  // Erased rows are to leave the disk wherever they are; the others when there are enough of them to pay for a rewrite.
  void Clean() {
    for (size_t i = 0; i < taken_.size(); ++i) {
      const SegmentSummary& segment = input_.segments[i];
      if (taken_[i] || !segment.sealed || segment.dead_rows == 0) continue;
      const bool many = static_cast<double>(segment.dead_rows) >= kDeadShare * static_cast<double>(segment.row_count);
      if (segment.erased_rows || (many && segment.tier != Tier::kHot)) Add(Kind::kMerge, i);
    }
  }

  void Thaw() {
    if (!IsPinnedTo(Tier::kWarm)) return;
    std::vector<size_t> cold;
    for (const size_t i : LongestUnusedFirst(Tier::kCold)) cold.push_back(i);
    AddByShard(Kind::kThaw, cold);
  }

  void Freeze() {
    if (IsPinnedTo(Tier::kWarm)) return;
    const std::vector<size_t> warm = LongestUnusedFirst(Tier::kWarm);
    Excess excess = ExcessOf(warm, 0, policy_.warm_max_bytes);
    std::vector<size_t> freeze;
    for (const size_t i : warm) {
      const SegmentSummary& segment = input_.segments[i];
      if (Elapsed(input_.now_ns, segment.max_time) < policy_.warm_min_age_ns) continue;
      if (!excess.any() && !IsOldEnough(AgeOf(segment), policy_.warm_max_age_ns)) continue;
      excess.Remove(segment);
      freeze.push_back(i);
    }
    AddByShard(Kind::kFreeze, freeze);
  }

  // Most touched first; whatever the pin wants in memory after that, newest first.
  void Promote() {
    if (hot_is_full_) return;
    std::vector<size_t> wanted;
    for (size_t i = 0; i < taken_.size(); ++i) {
      const SegmentSummary& segment = input_.segments[i];
      if (taken_[i] || segment.tier == Tier::kHot || segment.row_count == 0 || segment.settled_ns < kSettleNs) continue;
      const bool read_again = segment.recent_touches >= kPromoteTouches && segment.untouched_ns < kSettleNs;
      if (read_again || IsPinnedTo(Tier::kHot)) wanted.push_back(i);
    }
    std::stable_sort(wanted.begin(), wanted.end(), [&](size_t a, size_t b) {
      const SegmentSummary &left = input_.segments[a], &right = input_.segments[b];
      return std::pair(left.recent_touches, left.max_time) > std::pair(right.recent_touches, right.max_time);
    });
    uint64_t budget = input_.limits.promote_bytes;
    auto [rows, bytes] = HotSize();
    for (const size_t i : wanted) {
      const SegmentSummary& segment = input_.segments[i];
      rows += segment.row_count;
      bytes += segment.raw_bytes;
      if (segment.raw_bytes > budget || !LeavesRoom(rows, policy_.hot_max_rows) || !LeavesRoom(bytes, policy_.hot_max_bytes)) {
        return;
      }
      budget -= segment.raw_bytes;
      Add(Kind::kLoad, i);
    }
  }
  std::pair<uint64_t, uint64_t> HotSize() const {
    uint64_t rows = 0;
    uint64_t bytes = 0;
    for (const SegmentSummary& segment : input_.segments) {
      if (segment.tier != Tier::kHot) continue;
      rows += segment.row_count;
      bytes += segment.bytes;
    }
    return {rows, bytes};
  }
  // Loading up to the brim would evict what was loaded with the next row that comes.
  static bool LeavesRoom(uint64_t used, uint64_t limit) { return limit == 0 || used <= limit - limit / 4; }

  const TieringInput& input_;
  const TierPolicy& policy_;
  std::vector<bool> taken_;
  std::vector<TieringMove> moves_;
  bool hot_is_full_ = false;
};

}  // namespace

std::string_view MoveKindName(Kind kind) {
  constexpr std::string_view kNames[] = {"seal", "evict", "reclaim", "load", "freeze", "thaw", "merge"};
  return kNames[static_cast<size_t>(kind)];
}

std::vector<TieringMove> PlanMoves(const TieringInput& input) { return Planner(input).Run(); }

std::vector<TieringMove> PlanFullMerge(const TieringInput& input, Tier tier) {
  return PlanMerges(input, std::vector<bool>(input.segments.size()), tier, /*on_request=*/true);
}

int64_t PartitionOf(int64_t time_ns, ColdPartition partition) {
  if (partition == ColdPartition::kHour) return FloorTo(time_ns, kHourNs);
  if (partition == ColdPartition::kDay) return FloorTo(time_ns, kDayNs);
  const int64_t day_count = time_ns / kDayNs - (time_ns % kDayNs < 0 ? 1 : 0);
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day_count))};
  const std::chrono::sys_days first{date.year() / date.month() / 1};
  int64_t first_ns = 0;
  return __builtin_mul_overflow(int64_t{first.time_since_epoch().count()}, kDayNs, &first_ns) ? INT64_MIN : first_ns;
}

}  // namespace cortex

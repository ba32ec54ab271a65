#include "storage/tiers/tiering_policy.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>
#include <vector>

namespace cortex {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

SegmentSummary Hot(uint64_t id, uint64_t rows, int64_t max_time_s, bool sealed = true) {
  return {.shard = static_cast<uint32_t>(id % 16),
          .id = SegmentId(sealed ? id : 0),
          .tier = Tier::kHot,
          .sealed = sealed,
          .row_count = rows,
          .bytes = rows * 100,
          .max_time = max_time_s * kSecondNs};
}

SegmentSummary Warm(uint64_t id, uint32_t shard, int64_t max_time_s) {
  return {.shard = shard,
          .id = SegmentId(id),
          .tier = Tier::kWarm,
          .sealed = true,
          .row_count = 10,
          .bytes = 1000,
          .max_time = max_time_s * kSecondNs};
}

TierPolicy Policy() {
  TierPolicy policy;
  policy.hot_max_age_ns = 100 * kSecondNs;
  policy.hot_max_rows = 1000;
  policy.warm_max_age_ns = 1000 * kSecondNs;
  return policy;
}

}  // namespace

TEST_CASE("PartitionOf finds the start of the hour, day and month, at the ends of time too", "[storage][tiers]") {
  constexpr int64_t kHour = 3600 * kSecondNs;
  const int64_t march = 5'173 * 24 * kHour;  // 1984-03-01
  CHECK(PartitionOf(march + 25 * kHour + 7, ColdPartition::kHour) == march + 25 * kHour);
  CHECK(PartitionOf(march + 25 * kHour + 7, ColdPartition::kDay) == march + 24 * kHour);
  CHECK(PartitionOf(march + 25 * kHour + 7, ColdPartition::kMonth) == march);
  CHECK(PartitionOf(-1, ColdPartition::kHour) == -kHour);
  CHECK(PartitionOf(-1, ColdPartition::kMonth) == -31 * 24 * kHour);
  for (const ColdPartition partition : {ColdPartition::kHour, ColdPartition::kDay, ColdPartition::kMonth}) {
    // Where the partition began before the first time there is.
    CHECK(PartitionOf(INT64_MIN, partition) == INT64_MIN);
    CHECK(PartitionOf(INT64_MIN + 1, partition) == INT64_MIN);
    CHECK(PartitionOf(INT64_MIN + 32 * 24 * kHour, partition) > INT64_MIN);
    CHECK(PartitionOf(INT64_MAX, partition) > INT64_MAX - 32 * 24 * kHour);
    CHECK(PartitionOf(INT64_MAX, partition) == PartitionOf(PartitionOf(INT64_MAX, partition), partition));
  }
}

TEST_CASE("PlanMoves takes the earliest time there is for old and the latest for young", "[storage][tiers]") {
  SegmentSummary first = Hot(1, 10, 0), last = Hot(2, 10, 0);
  first.min_time = first.max_time = INT64_MIN;
  last.min_time = last.max_time = INT64_MAX;
  TierPolicy policy = Policy();
  policy.ttl_ns = 10'000 * kSecondNs;
  const auto moves = PlanMoves({.policy = policy, .segments = {first, last}, .now_ns = 2000 * kSecondNs,
                                .trusted_now_ns = 2000 * kSecondNs});
  REQUIRE(moves.size() == 1);
  CHECK(moves[0].kind == TieringMove::Kind::kReclaim);
  CHECK(moves[0].segments == std::vector<SegmentId>{SegmentId(1)});
  policy.ttl_ns = 0;
  const auto by_age = PlanMoves({.policy = policy, .segments = {first, last}, .now_ns = 2000 * kSecondNs});
  REQUIRE(by_age.size() == 1);
  CHECK(by_age[0].kind == TieringMove::Kind::kEvict);
  CHECK(by_age[0].segments == std::vector<SegmentId>{SegmentId(1)});
}

TEST_CASE("PlanMoves leaves young rows within the limits alone", "[storage][tiers]") {
  CHECK(PlanMoves({.policy = Policy(), .segments = {Hot(1, 500, 1950), Warm(2, 3, 1500)}, .now_ns = 2000 * kSecondNs})
            .empty());
}

TEST_CASE("PlanMoves evicts by age, sealing first what is not a file yet", "[storage][tiers]") {
  const auto moves = PlanMoves({.policy = Policy(),
                                .segments = {Hot(7, 10, 1900), Hot(8, 10, 1899, false), Hot(9, 10, 1901)},
                                .now_ns = 2000 * kSecondNs});
  REQUIRE(moves.size() == 2);
  CHECK(moves[0].kind == TieringMove::Kind::kSeal);
  CHECK(moves[0].shard == 8);
  CHECK(moves[1].kind == TieringMove::Kind::kEvict);
  CHECK(moves[1].segments == std::vector<SegmentId>{SegmentId(7)});
}

TEST_CASE("PlanMoves evicts the oldest rows above the row limit and no more", "[storage][tiers]") {
  const auto moves = PlanMoves({.policy = Policy(),
                                .segments = {Hot(1, 600, 1990), Hot(2, 600, 1980), Hot(3, 600, 1970)},
                                .now_ns = 2000 * kSecondNs});
  REQUIRE(moves.size() == 2);
  CHECK(moves[0].segments == std::vector<SegmentId>{SegmentId(3)});
  CHECK(moves[1].segments == std::vector<SegmentId>{SegmentId(2)});
}

TEST_CASE("PlanMoves with a hot age above the warm one freezes at once what leaves memory", "[storage][tiers]") {
  TierPolicy policy = Policy();
  policy.hot_max_age_ns = 5000 * kSecondNs;  // the warm age is 1,000 s
  const int64_t now_ns = 9000 * kSecondNs;
  const SegmentSummary young = Hot(1, 10, 6000), old = Hot(2, 10, 3000);
  CHECK(PlanMoves({.policy = policy, .segments = {young}, .now_ns = now_ns}).empty());  // in memory as long as it says
  const auto left = PlanMoves({.policy = policy, .segments = {young, old}, .now_ns = now_ns});
  REQUIRE(left.size() == 1);
  CHECK(left[0].kind == TieringMove::Kind::kEvict);
  CHECK(left[0].segments == std::vector<SegmentId>{SegmentId(2)});
  const auto pressed = PlanMoves({.policy = policy, .segments = {young}, .now_ns = now_ns, .hot_bytes_to_free = 1});
  REQUIRE(pressed.size() == 1);
  CHECK(pressed[0].kind == TieringMove::Kind::kEvict);
  // Out of memory, for its age or before that, the warm age decides.
  const auto frozen = PlanMoves({.policy = policy, .segments = {Warm(1, 1, 6000), Warm(3, 2, 8500)}, .now_ns = now_ns});
  REQUIRE(frozen.size() == 1);
  CHECK(frozen[0].kind == TieringMove::Kind::kFreeze);
  CHECK(frozen[0].segments == std::vector<SegmentId>{SegmentId(1)});
}

TEST_CASE("PlanMoves frees memory under pressure whatever the policy says", "[storage][tiers]") {
  const auto moves = PlanMoves({.policy = Policy(),
                                .segments = {Hot(1, 5, 1990), Hot(2, 5, 1980)},
                                .now_ns = 2000 * kSecondNs,
                                .hot_bytes_to_free = 400});
  REQUIRE(moves.size() == 1);
  CHECK(moves[0].segments == std::vector<SegmentId>{SegmentId(2)});
}

TEST_CASE("PlanMoves under pressure drops copies first, then seals the largest open groups and no small ones",
          "[storage][tiers]") {
  SegmentSummary small = Hot(1, 5, 1980, false), medium = Hot(2, 20, 1981, false), large = Hot(3, 40, 1982, false);
  for (SegmentSummary* open : {&small, &medium, &large}) open->open_for_ns = 10 * kSecondNs;
  TieringInput input{.policy = Policy(),
                     .segments = {small, medium, large, Hot(4, 10, 1995)},
                     .now_ns = 2000 * kSecondNs,
                     .hot_bytes_to_free = 1'000};
  input.limits.min_seal_bytes = 1'000;
  auto moves = PlanMoves(input);
  REQUIRE(moves.size() == 1);  // the copy suffices, young as it is
  CHECK(moves[0].segments == std::vector<SegmentId>{SegmentId(4)});

  input.hot_bytes_to_free = 4'500;
  moves = PlanMoves(input);
  REQUIRE(moves.size() == 2);
  CHECK(moves[1].kind == TieringMove::Kind::kSeal);
  CHECK(moves[1].shard == 3);

  input.hot_bytes_to_free = 1 << 20;
  moves = PlanMoves(input);
  REQUIRE(moves.size() == 3);
  CHECK(moves[1].shard == 3);
  CHECK(moves[2].shard == 2);

  // Open groups themselves fill memory: there is no smallest one any more.
  input.limits.min_seal_bytes = 0;
  CHECK(PlanMoves(input).size() == 4);
}

TEST_CASE("PlanMoves freezes old warm segments, one move per shard", "[storage][tiers]") {
  const auto moves = PlanMoves({.policy = Policy(),
                                .segments = {Warm(1, 3, 900), Warm(2, 3, 800), Warm(3, 4, 900), Warm(4, 4, 1500)},
                                .now_ns = 2000 * kSecondNs});
  REQUIRE(moves.size() == 2);
  CHECK(moves[0].kind == TieringMove::Kind::kFreeze);
  CHECK(moves[0].shard == 3);
  CHECK(moves[0].segments == std::vector<SegmentId>{SegmentId(2), SegmentId(1)});
  CHECK(moves[1].segments == std::vector<SegmentId>{SegmentId(3)});
}

TEST_CASE("PlanMoves takes 0 for no limit", "[storage][tiers]") {
  TierPolicy policy;
  policy.hot_max_age_ns = 0;
  policy.hot_max_rows = 0;
  policy.warm_max_age_ns = 0;
  CHECK(PlanMoves({.policy = policy, .segments = {Hot(1, 1 << 30, 0), Warm(2, 1, 0)}, .now_ns = 1LL << 60}).empty());
}

TEST_CASE("PlanMoves gives late rows a minute to gather before they become a file", "[storage][tiers]") {
  SegmentSummary open = Hot(8, 10, 100, false);
  open.open_for_ns = 59 * kSecondNs;
  CHECK(PlanMoves({.policy = Policy(), .segments = {open}, .now_ns = 2000 * kSecondNs}).empty());
  open.open_for_ns = 60 * kSecondNs;
  CHECK(PlanMoves({.policy = Policy(), .segments = {open}, .now_ns = 2000 * kSecondNs}).size() == 1);
  open.open_for_ns = SegmentSummary::kClosed;  // on its way already
  CHECK(PlanMoves({.policy = Policy(), .segments = {open}, .now_ns = 2000 * kSecondNs}).empty());
}

TEST_CASE("PlanMoves keeps entities that are read and archives dormant ones", "[storage][tiers]") {
  SegmentSummary hot = Hot(1, 10, 100), warm = Warm(2, 3, 100);
  hot.untouched_ns = 99 * kSecondNs;
  warm.untouched_ns = 999 * kSecondNs;
  TieringInput input{.policy = Policy(), .kind = TableKind::kEntities, .segments = {hot, warm}, .now_ns = 5000 * kSecondNs};
  CHECK(PlanMoves(input).empty());
  input.segments[0].untouched_ns += kSecondNs;
  input.segments[1].untouched_ns += kSecondNs;
  const auto moves = PlanMoves(input);
  REQUIRE(moves.size() == 2);
  CHECK(moves[0].kind == TieringMove::Kind::kEvict);
  CHECK(moves[1].kind == TieringMove::Kind::kFreeze);
}

TEST_CASE("PlanMoves loads what is read a second time, within the allowance", "[storage][tiers]") {
  SegmentSummary once = Warm(1, 0, 1950), twice = Warm(2, 0, 1950), archive = Warm(3, 0, 100);
  archive.tier = archive.file_tier = Tier::kCold;
  for (SegmentSummary* segment : {&once, &twice, &archive}) {
    segment->untouched_ns = kSecondNs;
    segment->recent_touches = segment == &once ? 1 : 2;
    segment->raw_bytes = 5000;
  }
  TieringInput input{.policy = Policy(), .segments = {once, twice, archive}, .now_ns = 2000 * kSecondNs};
  input.limits.promote_bytes = 10'000;
  auto moves = PlanMoves(input);
  REQUIRE(moves.size() == 2);
  CHECK(moves[0].kind == TieringMove::Kind::kLoad);
  CHECK(moves[0].segments == std::vector<SegmentId>{SegmentId(2)});
  CHECK(moves[1].segments == std::vector<SegmentId>{SegmentId(3)});
  input.limits.promote_bytes = 9'999;
  CHECK(PlanMoves(input).size() == 1);
  // Not what was evicted a moment ago, and nothing while memory is short.
  input.segments[1].settled_ns = kSettleNs - 1;
  input.segments[2].settled_ns = kSettleNs - 1;
  CHECK(PlanMoves(input).empty());
  input.segments[1].settled_ns = kSettleNs;
  CHECK(PlanMoves(input).size() == 1);
  input.hot_bytes_to_free = 1;
  CHECK(PlanMoves(input).empty());
}

TEST_CASE("PlanMoves holds a promoted segment until it is no longer read", "[storage][tiers]") {
  SegmentSummary promoted = Hot(1, 10, 100);  // far older than the hot tier keeps
  promoted.promoted = true;
  promoted.settled_ns = kSettleNs;
  promoted.untouched_ns = kSettleNs - 1;
  TieringInput input{.policy = Policy(), .segments = {promoted}, .now_ns = 2000 * kSecondNs};
  CHECK(PlanMoves(input).empty());
  input.segments[0].untouched_ns = kSettleNs;
  CHECK(PlanMoves(input).size() == 1);
}

TEST_CASE("PlanMoves obeys pins", "[storage][tiers]") {
  SegmentSummary cold = Warm(3, 4, 100);
  cold.tier = cold.file_tier = Tier::kCold;
  TieringInput input{.policy = Policy(), .segments = {Hot(1, 5000, 100), Warm(2, 3, 100), cold}, .now_ns = 5000 * kSecondNs};
  input.limits.promote_bytes = 1 << 20;
  input.pin = Tier::kWarm;
  auto moves = PlanMoves(input);
  REQUIRE(moves.size() == 2);
  CHECK(moves[0].kind == TieringMove::Kind::kEvict);
  CHECK(moves[1].kind == TieringMove::Kind::kThaw);
  input.pin = Tier::kHot;
  input.policy.hot_max_rows = 0;
  moves = PlanMoves(input);
  REQUIRE(moves.size() == 2);
  CHECK(moves[0].kind == TieringMove::Kind::kThaw);
  CHECK(moves[1].kind == TieringMove::Kind::kLoad);
}

TEST_CASE("PlanMoves keeps young rows warm whatever the limit of bytes", "[storage][tiers]") {
  TieringInput input{.policy = Policy(), .segments = {Warm(1, 3, 1950), Warm(2, 3, 1500)}, .now_ns = 2000 * kSecondNs};
  input.policy.warm_max_bytes = 1;
  CHECK(PlanMoves(input).at(0).segments.size() == 2);
  input.policy.warm_min_age_ns = 100 * kSecondNs;
  CHECK(PlanMoves(input).at(0).segments == std::vector<SegmentId>{SegmentId(2)});
}

TEST_CASE("PlanMoves reclaims a day after the last row expired, by a clock that can be trusted", "[storage][tiers]") {
  TieringInput input{.policy = Policy(), .segments = {Warm(1, 3, 1000)}};
  input.policy.warm_max_age_ns = 0;
  input.policy.ttl_ns = 10 * kSecondNs;
  const int64_t due_ns = 1010 * kSecondNs + kReclaimDelayNs;
  const auto reclaims = [&](int64_t now_ns, int64_t trusted_now_ns) {
    input.now_ns = now_ns;
    input.trusted_now_ns = trusted_now_ns;
    return !PlanMoves(input).empty();
  };
  CHECK_FALSE(reclaims(due_ns - 1, due_ns - 1));
  CHECK(reclaims(due_ns, due_ns));
  CHECK_FALSE(reclaims(due_ns, due_ns - 1));
  CHECK_FALSE(reclaims(due_ns - 1, due_ns));
  CHECK_FALSE(reclaims(due_ns, INT64_MIN));
}

TEST_CASE("PlanMoves rewrites what holds many dead rows, and erased ones at once", "[storage][tiers]") {
  SegmentSummary segment = Warm(1, 3, 1950);
  TieringInput input{.policy = Policy(), .segments = {segment}, .now_ns = 2000 * kSecondNs};
  input.segments[0].dead_rows = 2;  // of 10
  CHECK(PlanMoves(input).empty());
  input.segments[0].dead_rows = 3;
  CHECK(PlanMoves(input).at(0).kind == TieringMove::Kind::kMerge);
  input.segments[0].dead_rows = 1;
  input.segments[0].erased_rows = true;
  CHECK(PlanMoves(input).size() == 1);
}

namespace {

// Segments that do what a plan says, with how often each row was written.
struct World {
  TieringInput input;
  uint64_t next_id = 1;
  std::map<uint64_t, uint32_t> merges;  // by segment id: of the row most often merged
  uint64_t sealed_bytes = 0, merged_bytes = 0;

  SegmentSummary* Find(SegmentId id) {
    for (SegmentSummary& segment : input.segments) {
      if (segment.sealed && segment.id == id) return &segment;
    }
    return nullptr;
  }
  void Advance(int64_t ns) {
    input.now_ns += ns;
    for (SegmentSummary& segment : input.segments) {
      for (int64_t* age : {&segment.untouched_ns, &segment.settled_ns, &segment.open_for_ns}) {
        if (*age != INT64_MAX && *age != SegmentSummary::kClosed) *age += ns;
      }
    }
  }
  SegmentSummary Take(SegmentId id) {
    SegmentSummary* found = Find(id);
    REQUIRE(found != nullptr);
    const SegmentSummary taken = *found;
    input.segments.erase(input.segments.begin() + (found - input.segments.data()));
    return taken;
  }
  // Together in one file of `tier`.
  void Write(const std::vector<SegmentSummary>& sources, Tier tier, bool is_merge) {
    SegmentSummary file = sources[0];
    file.id = SegmentId(next_id++);
    file.tier = file.file_tier = tier;
    uint32_t deepest = 0;
    for (size_t i = 0; i < sources.size(); ++i) {
      deepest = std::max(deepest, merges[sources[i].id.value()]);
      if (i == 0) continue;
      file.bytes += sources[i].bytes;
      file.raw_bytes += sources[i].raw_bytes;
      file.row_count += sources[i].row_count;
      file.min_time = std::min(file.min_time, sources[i].min_time);
      file.max_time = std::max(file.max_time, sources[i].max_time);
    }
    merges[file.id.value()] = is_merge ? deepest + 1 : 0;
    if (is_merge) merged_bytes += file.raw_bytes;
    input.segments.push_back(file);
  }
  void Do(const TieringMove& move) {
    using Kind = TieringMove::Kind;
    if (move.kind == Kind::kSeal) {
      for (SegmentSummary& segment : input.segments) {
        if (segment.sealed || segment.shard != move.shard) continue;
        segment.sealed = true;
        segment.id = SegmentId(next_id++);
        sealed_bytes += segment.raw_bytes;
      }
      return;
    }
    std::vector<SegmentSummary> sources;
    for (const SegmentId id : move.segments) {
      SegmentSummary* segment = Find(id);
      REQUIRE(segment != nullptr);
      CHECK(segment->shard == move.shard);
      if (move.kind == Kind::kEvict || move.kind == Kind::kLoad) {
        CHECK((segment->tier == Tier::kHot) == (move.kind == Kind::kEvict));
        segment->tier = move.kind == Kind::kEvict ? segment->file_tier : Tier::kHot;
        segment->promoted = move.kind == Kind::kLoad;
        segment->settled_ns = 0;
        segment->recent_touches = 0;
      } else {
        sources.push_back(Take(id));
      }
    }
    if (move.kind == Kind::kReclaim) return;
    if (move.kind == Kind::kMerge) {
      for (const SegmentSummary& source : sources) {
        CHECK(source.file_tier == move.tier);
        const ColdPartition by = input.policy.cold_partition;
        if (move.tier == Tier::kCold) CHECK(PartitionOf(source.max_time, by) == PartitionOf(sources[0].max_time, by));
      }
      return Write(sources, move.tier, true);
    }
    for (const SegmentSummary& source : sources) {
      CHECK(source.tier == (move.kind == Kind::kFreeze ? Tier::kWarm : Tier::kCold));
      Write({source}, move.kind == Kind::kFreeze ? Tier::kCold : Tier::kWarm, false);
    }
  }
  // Carries out plans until one is empty; returns how many were not.
  int Settle() {
    for (int round = 0;; ++round) {
      const std::vector<TieringMove> moves = PlanMoves(input);
      if (moves.empty()) return round;
      REQUIRE(round < 100);
      std::set<SegmentId> moved;
      for (const TieringMove& move : moves) {
        for (const SegmentId id : move.segments) CHECK(moved.insert(id).second);
        Do(move);
      }
    }
  }
};

}  // namespace

TEST_CASE("Plans come to rest, move nothing twice and keep every limit", "[storage][tiers]") {
  const auto seed = GENERATE(range(1u, 60u));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const auto below = [&](uint64_t n) { return static_cast<int64_t>(random() % n); };
  constexpr int64_t kDayNs = 86'400 * kSecondNs;
  World world;
  world.input.now_ns = 20'000 * kDayNs + below(kDayNs);
  world.input.kind = below(2) == 0 ? TableKind::kEvents : TableKind::kEntities;
  world.input.policy = {.hot_max_age_ns = below(3) * 3600 * kSecondNs,
                        .hot_max_rows = static_cast<uint64_t>(below(2) * 200'000),
                        .hot_max_bytes = static_cast<uint64_t>(below(2)) << 30,
                        .warm_max_age_ns = below(3) * kDayNs,
                        .warm_max_bytes = static_cast<uint64_t>(below(2)) << 30,
                        .cold_partition = static_cast<ColdPartition>(1 + below(3)),
                        .ttl_ns = below(3) * 20 * kDayNs};
  world.input.limits.promote_bytes = 256 << 20;
  for (int step = 0; step < 60; ++step) {
    const int64_t time_ns = world.input.now_ns - (below(4) == 0 ? below(30 * kDayNs) : 0);
    world.input.segments.push_back({.shard = static_cast<uint32_t>(below(2)),
                                    .row_count = static_cast<uint64_t>(1 + below(65'536)),
                                    .bytes = 32 << 20,
                                    .raw_bytes = static_cast<uint64_t>((1 << 20) + below(63 << 20)),
                                    .min_time = time_ns,
                                    .max_time = time_ns,
                                    .open_for_ns = 0});
    for (int touch = 0; touch < 3 && !world.input.segments.empty(); ++touch) {
      SegmentSummary& segment = world.input.segments[static_cast<size_t>(below(world.input.segments.size()))];
      segment.untouched_ns = 0;
      segment.recent_touches += 2;
    }
    world.Advance(below(3600 * kSecondNs));
    world.input.trusted_now_ns = world.input.now_ns;
    world.Settle();
    uint64_t hot_rows = 0;
    for (const SegmentSummary& segment : world.input.segments) {
      if (segment.tier == Tier::kHot) hot_rows += segment.row_count;
      if (segment.tier == Tier::kWarm && world.input.policy.warm_max_bytes == 0 && world.input.policy.warm_max_age_ns == 0)
        CHECK(segment.file_tier == Tier::kWarm);
      CHECK(segment.bytes <= world.input.limits.max_file_bytes);
    }
    if (world.input.policy.hot_max_rows != 0) CHECK(hot_rows <= world.input.policy.hot_max_rows);
  }
  // Nothing is read or written any more: a day goes by without a segment going back and forth.
  world.Advance(kSettleNs);
  world.Settle();
  CHECK(world.Settle() == 0);
  // A file at least doubles with every merge: 512 MiB / 1 MiB, and one more that may go beyond.
  for (const auto& [id, depth] : world.merges) CHECK(depth <= 10);
  if (world.sealed_bytes != 0) CHECK(world.merged_bytes <= 5 * world.sealed_bytes);
}

TEST_CASE("PlanFullMerge ends and leaves no two files that could be one", "[storage][tiers]") {
  const auto seed = GENERATE(range(1u, 20u));
  std::mt19937_64 random(seed);
  World world;
  world.input.policy = Policy();
  for (int i = 0; i < 40; ++i) {
    SegmentSummary segment = Warm(world.next_id++, static_cast<uint32_t>(random() % 2), 1950);
    segment.bytes = segment.raw_bytes = 1 + random() % (200 << 20);
    world.input.segments.push_back(segment);
  }
  for (int round = 0;; ++round) {
    REQUIRE(round < 40);
    const auto moves = PlanFullMerge(world.input, Tier::kWarm);
    if (moves.empty()) break;
    const size_t before = world.input.segments.size();
    for (const TieringMove& move : moves) world.Do(move);
    CHECK(world.input.segments.size() < before);
  }
  std::map<uint32_t, std::vector<uint64_t>> small;
  for (const SegmentSummary& segment : world.input.segments) {
    if (segment.bytes < world.input.limits.warm_target_bytes) small[segment.shard].push_back(segment.bytes);
  }
  for (auto& [shard, sizes] : small) {
    std::sort(sizes.begin(), sizes.end());
    if (sizes.size() >= 2) CHECK(sizes[0] + sizes[1] > world.input.limits.max_file_bytes);
  }
}

}  // namespace cortex

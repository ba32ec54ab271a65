#include "storage/tiers/tiering_policy.h"

#include <catch2/catch.hpp>

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

TEST_CASE("PlanMoves frees memory under pressure whatever the policy says", "[storage][tiers]") {
  const auto moves = PlanMoves({.policy = Policy(),
                                .segments = {Hot(1, 5, 1990), Hot(2, 5, 1980)},
                                .now_ns = 2000 * kSecondNs,
                                .hot_bytes_to_free = 400});
  REQUIRE(moves.size() == 1);
  CHECK(moves[0].segments == std::vector<SegmentId>{SegmentId(2)});
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

}  // namespace cortex

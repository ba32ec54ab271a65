#include "storage/tiers/shard_backoff.h"

#include <catch2/catch.hpp>

#include "tests/support/fake_clock.h"

namespace cortex {
namespace {

const TableId kTable(7);

}  // namespace

TEST_CASE("ShardBackoff rests twice as long after each failure, up to ten minutes, and forgets with a success",
          "[storage][tiers]") {
  testing::FakeClock clock(0);
  ShardBackoff backoff(&clock);
  CHECK_FALSE(backoff.IsResting(kTable, 3));
  const absl::Status damage = absl::DataLossError("damaged");
  CHECK(backoff.Failed(kTable, 3, damage) == 5'000'000'000);
  CHECK(backoff.IsResting(kTable, 3));
  CHECK_FALSE(backoff.IsResting(kTable, 4));
  CHECK_FALSE(backoff.FailsAgain(kTable, 3));
  clock.Advance(5'000'000'000);
  CHECK_FALSE(backoff.IsResting(kTable, 3));
  CHECK(backoff.Failed(kTable, 3, damage) == 10'000'000'000);
  CHECK(backoff.FailsAgain(kTable, 3));
  for (int i = 0; i < 10; ++i) backoff.Failed(kTable, 3, damage);
  CHECK(backoff.Failed(kTable, 3, damage) == 600'000'000'000);
  backoff.Succeeded(kTable, 3);
  CHECK_FALSE(backoff.IsResting(kTable, 3));
  CHECK_FALSE(backoff.FailsAgain(kTable, 3));
}

TEST_CASE("ShardBackoff tries again soon where memory was short, however often", "[storage][tiers][memory]") {
  testing::FakeClock clock(0);
  ShardBackoff backoff(&clock);
  for (int i = 0; i < 10; ++i) {
    CHECK(backoff.Failed(kTable, 3, absl::ResourceExhaustedError("memory")) == ShardBackoff::kFirstPauseNs);
    CHECK_FALSE(backoff.FailsAgain(kTable, 3));
  }
}

}  // namespace cortex

#include "storage/table/sharding_strategy.h"

#include <catch2/catch.hpp>
#include <limits>

#include "codecs/bytes/checksum.h"
#include "storage/table/field_centroids.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"

namespace cortex {

TEST_CASE("BaseShardOf follows the fractal dimension in steps of a tenth", "[storage][table]") {
  CHECK(BaseShardOf(1.0) == 0);
  CHECK(BaseShardOf(0.3) == 0);
  // 10 * 1.2 is 12 exactly where (1.2 - 1) * 10 is 1.9999999999999996.
  CHECK(BaseShardOf(1.2) == 2);
  CHECK(BaseShardOf(1.4) == 4);
  CHECK(BaseShardOf(1.99) == 9);
  CHECK(BaseShardOf(2.6) == 0);
  CHECK(BaseShardOf(1e300) < kShardCount);
  CHECK(BaseShardOf(std::nullopt) == 5);
  CHECK(BaseShardOf(std::numeric_limits<double>::quiet_NaN()) == 5);
  CHECK(BaseShardOf(std::numeric_limits<double>::infinity()) == 5);
  CHECK(BaseShardOf(-std::numeric_limits<double>::infinity()) == 5);
}

TEST_CASE("Hash sharding depends on the key alone", "[storage][table]") {
  const auto table = testing::TestTable("t", {});
  const Batch batch = testing::BatchBuilder(table).Row({"alpha", 1}).Row({"beta", 2}).Row({"alpha", 3}).Build();
  auto sharding = MakeShardingStrategy(*table);
  CHECK(sharding->Assign(batch, 0, {}) == HashKey("alpha") % kShardCount);
  CHECK(sharding->Assign(batch, 1, {}) == HashKey("beta") % kShardCount);
  CHECK(sharding->Assign(batch, 2, {}) == sharding->Assign(batch, 0, {}));
}

TEST_CASE("An overfull base shard spills to the lighter of two drawn by the key", "[storage][table]") {
  ShardBytes bytes{};
  bytes[5] = kSpillFromBytes + 1;
  CHECK(IsOverfull(5, bytes));
  CHECK_FALSE(IsOverfull(4, bytes));
  bytes.fill(kSpillFromBytes + 1);  // everybody alike: nobody is above 1.25 x the mean
  CHECK_FALSE(IsOverfull(5, bytes));
  const uint64_t hash = HashKey("some-key");
  const auto first = static_cast<uint32_t>(hash % kShardCount);
  const auto second = static_cast<uint32_t>((hash >> 32) % kShardCount);
  bytes.fill(100);
  bytes[first] = 200;
  CHECK(SpillShardOf("some-key", bytes) == second);
}

TEST_CASE("FieldCentroids freeze per epoch and ignore non-finite fields", "[storage][table]") {
  FieldCentroids centroids;
  const std::vector<double> low = {0, 0, 1, 0};
  const std::vector<double> high = {10, 10, 10, 10};
  const std::vector<double> broken = {std::numeric_limits<double>::infinity(), 0, 0, 0};
  CHECK_FALSE(centroids.Nearest(low).has_value());
  for (uint64_t i = 0; i < FieldCentroids::kEpochFields / 2; ++i) {
    centroids.Add(3, low);
    centroids.Add(3, broken);
    centroids.Add(9, high);
  }
  REQUIRE(centroids.epoch() == 1);
  CHECK(centroids.Nearest(low) == 3u);
  CHECK(centroids.Nearest(std::vector<double>{9, 9, 9, 9}) == 9u);

  const std::string saved = centroids.Save();
  FieldCentroids restored;
  REQUIRE_OK(restored.Restore(saved));
  CHECK(restored.epoch() == 1);
  CHECK(restored.Nearest(std::vector<double>{9, 9, 9, 9}) == 9u);
  CHECK(restored.Save() == saved);
  for (size_t size = 0; size < saved.size(); ++size) {
    REQUIRE_STATUS(restored.Restore(std::string_view(saved).substr(0, size)), absl::StatusCode::kDataLoss, "");
  }
  REQUIRE_STATUS(restored.Restore(saved + "x"), absl::StatusCode::kDataLoss, "followed by");
  CHECK(restored.Save() == saved);
}

}  // namespace cortex

#include <catch2/catch.hpp>
#include <ctime>
#include <string>
#include <vector>

#include "storage/meta/meta_store.h"
#include "tests/storage/meta/meta_test_data.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex::testing {
namespace {

using Placements = std::vector<std::pair<std::string, uint32_t>>;

std::string Key(int i) { return "entity-" + std::to_string(i * 7919 % 1'000'003); }

TEST_CASE("MetaStore finds placements by table and key", "[storage][meta]") {
  const TempDir dir;
  const auto store = REQUIRE_OK_AND_TAKE(MetaStore::Open({.dir = dir.File("meta")}));
  const std::string binary("\0\xff", 2);
  REQUIRE_OK(store->PutPlacements(TableId(1), Placements{{"a", 0}, {"b", 15}, {"", 4}, {binary, 5}}));
  REQUIRE_OK(store->PutPlacements(TableId(2), Placements{{"a", 7}}));
  REQUIRE_OK(store->PutPlacements(TableId(2), {}));
  CHECK(REQUIRE_OK_AND_TAKE(store->FindPlacement(TableId(1), "a")) == 0);
  CHECK(REQUIRE_OK_AND_TAKE(store->FindPlacement(TableId(2), "a")) == 7);
  CHECK(REQUIRE_OK_AND_TAKE(store->FindPlacement(TableId(2), "b")) == std::nullopt);
  CHECK(REQUIRE_OK_AND_TAKE(store->FindPlacement(TableId(3), "a")) == std::nullopt);
  std::vector<std::optional<uint32_t>> shards = {1, 2, 3};
  const std::vector<std::string_view> keys = {"b", "nobody", binary, "", "a", "b"};
  REQUIRE_OK(store->FindPlacements(TableId(1), keys, &shards));
  CHECK(shards == std::vector<std::optional<uint32_t>>{15, std::nullopt, 5, 4, 0, 15});
  REQUIRE_OK(store->FindPlacements(TableId(1), {}, &shards));
  CHECK(shards.empty());
  REQUIRE_STATUS(store->PutPlacements(TableId(1), Placements{{"c", 16}}), absl::StatusCode::kInternal, "16 of 16");
}

TEST_CASE("MetaStore keeps placements over a restart and replaces them", "[storage][meta]") {
  const TempDir dir;
  for (uint32_t shard = 0; shard < 3; ++shard) {
    const auto store = REQUIRE_OK_AND_TAKE(MetaStore::Open({.dir = dir.File("meta")}));
    if (shard > 0) CHECK(REQUIRE_OK_AND_TAKE(store->FindPlacement(TableId(1), "a")) == shard - 1);
    REQUIRE_OK(store->PutPlacements(TableId(1), Placements{{"a", shard}}));
  }
}

TEST_CASE("MetaStore keeps 200,000 placements", "[storage][meta]") {
  const TempDir dir;
  const auto store = REQUIRE_OK_AND_TAKE(MetaStore::Open({.dir = dir.File("meta")}));
  constexpr int kCount = 200'000;
  constexpr int kBatch = 1'000;
  // Of the processor: the machine may be busy with something else.
  const std::clock_t start = std::clock();
  for (int first = 0; first < kCount; first += kBatch) {
    Placements batch;
    for (int i = first; i < first + kBatch; ++i) batch.emplace_back(Key(i), i % kShardCount);
    REQUIRE_OK(store->PutPlacements(TableId(1), batch));
  }
  const std::clock_t put = std::clock();
  size_t wrong = 0;
  std::vector<std::optional<uint32_t>> shards;
  for (int first = 0; first < kCount; first += kBatch) {
    std::vector<std::string> keys;
    for (int i = first; i < first + kBatch; ++i) keys.push_back(Key(i));
    const std::vector<std::string_view> views(keys.begin(), keys.end());
    REQUIRE_OK(store->FindPlacements(TableId(1), views, &shards));
    for (int i = 0; i < kBatch; ++i) wrong += shards[i] != static_cast<uint32_t>((first + i) % kShardCount);
  }
  const std::clock_t found = std::clock();
  for (int i = 0; i < kCount; i += 100) {
    wrong += REQUIRE_OK_AND_TAKE(store->FindPlacement(TableId(1), "no-" + Key(i))).has_value();
  }
  CHECK(wrong == 0);
  const auto us = [](std::clock_t ticks) { return 1e6 * static_cast<double>(ticks) / CLOCKS_PER_SEC / kCount; };
  INFO("microseconds per key: put " << us(put - start) << ", find in batches " << us(found - put));
  // Far above what was measured (1 to 3 microseconds each): a lookup that reads the disk per key would show.
  CHECK(us(put - start) < 100);
  CHECK(us(found - put) < 100);
}

}  // namespace
}  // namespace cortex::testing

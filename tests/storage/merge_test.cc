// What a merge holds in memory while it is completed.
#include "storage/merge.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>

#include "storage/runtime/memory_budget.h"
#include "tests/storage/data_directory.h"
#include "tests/support/batch_builder.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

TEST_CASE("A merge is charged for what it fetches, and refused before it fetches more than there is room for",
          "[storage][memory]") {
  testing::TempDir dir;
  testing::FakeClock clock;
  auto db = REQUIRE_OK_AND_TAKE(Database::Open(testing::SmallDatabase(dir.File("data"), &clock)));
  const auto definition = testing::TestTable(
      "t", {{"x", DataType::Scalar(TypeKind::kInt64)}, {"blob", DataType::Scalar(TypeKind::kBytes)}}, TableKind::kEntities);
  const auto table = REQUIRE_OK_AND_TAKE(db->CreateTable(*definition));
  constexpr int kRows = 500;
  constexpr uint64_t kBlobBytes = 16 << 10;
  testing::BatchBuilder whole(table), partial(table);
  for (int i = 0; i < kRows; ++i) {
    const std::string key = "k" + std::to_string(i);
    whole.Row({key, i, 1, std::string(kBlobBytes, static_cast<char>('a' + i % 26))});
    partial.Row({key, i, 2, testing::Null{}});
  }
  REQUIRE_OK(db->Ingest({.batch = whole.Build()}).status());
  const auto snapshot = REQUIRE_OK_AND_TAKE(db->OpenSnapshot("t", 0));
  const IngestRequest request{
      .batch = partial.Build(), .mode = IngestMode::kMerge, .present = {true, true, true, false}};

  MemoryBudget enough(64 << 20);
  {
    Merge merge = REQUIRE_OK_AND_TAKE(Merge::Of(request, &enough));
    REQUIRE_OK(merge.Fetch(request.batch, *snapshot));
    CHECK(merge.memory_bytes() >= kRows * kBlobBytes);
    CHECK(enough.used() == merge.memory_bytes());
    const Merge moved = std::move(merge);
    CHECK(enough.used() == moved.memory_bytes());
  }
  CHECK(enough.used() == 0);

  MemoryBudget little(2 << 20);
  Merge merge = REQUIRE_OK_AND_TAKE(Merge::Of(request, &little));
  REQUIRE_STATUS(merge.Fetch(request.batch, *snapshot), absl::StatusCode::kResourceExhausted, "memory budget full");
  CHECK(merge.memory_bytes() < kRows * kBlobBytes / 2);
}

}  // namespace
}  // namespace cortex

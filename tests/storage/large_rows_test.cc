// Rows as large as rows may be, in moves.
#include <catch2/catch.hpp>
#include <string>

#include "storage/database.h"
#include "storage/runtime/memory_budget.h"
#include "tests/storage/data_directory.h"
#include "tests/support/batch_builder.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

TEST_CASE("Large rows are archived in row groups that fit into memory", "[storage][memory]") {
  testing::TempDir dir;
  testing::FakeClock clock;
  MemoryBudget budget(256 << 20);
  DatabaseOptions options = testing::SmallDatabase(dir.File("data"), &clock);
  options.budget = &budget;
  auto db = REQUIRE_OK_AND_TAKE(Database::Open(options));
  const auto table = REQUIRE_OK_AND_TAKE(
      db->CreateTable(*testing::TestTable("t", {{"b", DataType::Scalar(TypeKind::kBytes)}})));
  constexpr int kRows = 60, kRowBytes = 1'000'000;
  for (int first = 0; first < kRows; first += 20) {
    testing::BatchBuilder rows(table);  // one key: one shard
    for (int i = first; i < first + 20; ++i) {
      rows.Row({"one", i, std::string(kRowBytes, static_cast<char>('a' + i % 26))});
    }
    REQUIRE_OK(db->Ingest({.batch = rows.Build(), .tier = Tier::kWarm}).status());
  }
  REQUIRE_OK(db->CompactTable("t", Tier::kWarm).status());
  const auto snapshot = REQUIRE_OK_AND_TAKE(db->OpenSnapshot("t", 0));
  REQUIRE(snapshot->segments.size() == 1);
  const SegmentView& segment = *snapshot->segments[0];
  CHECK(segment.row_count() == kRows);
  CHECK(segment.row_group_count() == 4);  // of 16 MiB at most
  for (size_t g = 0; g < segment.row_group_count(); ++g) {
    const RowGroupView& group = segment.row_group(g);
    CHECK(group.row_count() <= 16);
    Column values(DataType::Scalar(TypeKind::kBytes));
    REQUIRE_OK(REQUIRE_OK_AND_TAKE(group.column(table->columns[2].id))->Decode(0, 1, &values));
    CHECK(values.StringAt(0) == std::string(kRowBytes, static_cast<char>('a' + g * 16 % 26)));
  }
}

}  // namespace
}  // namespace cortex

// Moves that meet damaged files: what is sound moves, what is not stays and is told.
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "tests/storage/data_directory.h"

namespace cortex {
namespace {

using testing::AllVersions;
using testing::CreateTestTable;
using testing::FakeClock;
using testing::FilesBelow;
using testing::FlippedBit;
using testing::PutRows;
using testing::SmallDatabase;
using testing::TempDir;

}  // namespace

TEST_CASE("A move goes on behind damage, and tells what stays and why", "[storage][tiers]") {
  struct Step {
    Tier from, to;
  };
  const Step step = GENERATE(Step{Tier::kWarm, Tier::kCold}, Step{Tier::kCold, Tier::kWarm}, Step{Tier::kCold, Tier::kHot},
                             Step{Tier::kWarm, Tier::kHot});
  TempDir dir;
  FakeClock clock;
  const DatabaseOptions options = SmallDatabase(dir.File("data"), &clock);
  auto db = REQUIRE_OK_AND_TAKE(Database::Open(options));
  CreateTestTable(db.get(), "t");
  for (int i = 0; i < 4; ++i) PutRows(db.get(), "t", 1000 * i, 1000, i, step.from);
  const std::vector<std::string> before = AllVersions(db.get(), "t");
  const auto segments = [&](Tier tier) {
    return REQUIRE_OK_AND_TAKE(db->GetTableStats("t")).tiers[static_cast<size_t>(tier) - 1].segment_count;
  };
  const uint64_t all = segments(step.from);
  REQUIRE(all > 16);  // several of one shard
  db.reset();
  const std::string folder = dir.File(step.from == Tier::kWarm ? "data/warm/" : "data/cold/");
  const std::vector<std::string> files = FilesBelow(folder);
  const MoveRequest request{.table = "t", .from = step.from, .to = step.to};
  {
    const FlippedBit first(folder + files[1], 200, 3), second(folder + files[files.size() - 2], 200, 3);
    db = REQUIRE_OK_AND_TAKE(Database::Open(options));
    REQUIRE_STATUS(db->MoveTier(request).status(), absl::StatusCode::kDataLoss,
                   "segments that stay where they were: 2, segments moved: " + std::to_string(all - 2));
    REQUIRE_STATUS(db->MoveTier(request).status(), absl::StatusCode::kDataLoss, files[1]);
    CHECK(segments(step.from) == 2);
    CHECK(db->GetTieringStats().moves_failed > 0);
    db.reset();
  }
  db = REQUIRE_OK_AND_TAKE(Database::Open(options));
  REQUIRE_OK(db->MoveTier(request).status());
  CHECK(segments(step.from) == 0);
  CHECK(AllVersions(db.get(), "t") == before);
}

}  // namespace cortex

// What a lookup reads, and what it leaves alone.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "storage/database.h"
#include "tests/storage/data_directory.h"
#include "tests/support/batch_builder.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

// The value of `key` as of a commit, or the error.
absl::StatusOr<int64_t> LatestValue(Database* db, const std::string& key, SnapshotRequest at) {
  const std::vector<std::string> keys = {key};
  const std::vector<uint32_t> columns = {2};
  const absl::StatusOr<LookupResult> found = db->Lookup("t", keys, columns, at);
  if (!found.ok()) return found.status();
  if (!found->found[0]) return absl::NotFoundError("no row");
  return found->columns[0].values_as<int64_t>()[0];
}

Commit PutRow(Database* db, int64_t time, int64_t value) {
  const auto table = REQUIRE_OK_AND_TAKE(db->FindTable("t"));
  Batch batch = testing::BatchBuilder(table).Row({"key", time, value}).Build();
  return REQUIRE_OK_AND_TAKE(db->Ingest({.batch = std::move(batch)})).commit;
}

TEST_CASE("Lookup reads the file with the latest row and leaves older ones alone", "[storage]") {
  testing::TempDir dir;
  testing::FakeClock clock;
  const DatabaseOptions options = testing::SmallDatabase(dir.File("data"), &clock);
  auto db = REQUIRE_OK_AND_TAKE(Database::Open(options));
  testing::CreateTestTable(db.get(), "t");
  std::vector<Commit> commits;
  for (int i = 0; i < 3; ++i) {
    commits.push_back(PutRow(db.get(), 1000 + i, i));
    REQUIRE_OK(db->MoveTier({.table = "t", .from = Tier::kHot, .to = Tier::kWarm}));
  }
  db.reset();
  std::vector<std::string> files;  // named by shard and id: the oldest first
  for (const std::string& file : testing::FilesBelow(dir.File("data"))) {
    if (file.ends_with(".seg")) files.push_back(dir.File("data/" + file));
  }
  REQUIRE(files.size() == 3);
  for (const std::string& file : {files[0], files[1]}) {
    const std::string zeros(std::filesystem::file_size(file), '\0');
    std::ofstream(file, std::ios::binary) << zeros;
  }
  db = REQUIRE_OK_AND_TAKE(Database::Open(options));
  REQUIRE(REQUIRE_OK_AND_TAKE(LatestValue(db.get(), "key", {})) == 2);
  // As of earlier commits the damage would be met.
  REQUIRE_STATUS(LatestValue(db.get(), "key", {.at_least = 0, .as_of = commits[1], .as_of_time_ns = {}}),
                 absl::StatusCode::kDataLoss, "segment");
}

TEST_CASE("Lookup takes the latest time among many rows of a key, then the latest commit, then the last of a batch",
          "[storage]") {
  testing::TempDir dir;
  testing::FakeClock clock;
  auto db = REQUIRE_OK_AND_TAKE(Database::Open(testing::SmallDatabase(dir.File("data"), &clock)));
  testing::CreateTestTable(db.get(), "t");
  const auto table = REQUIRE_OK_AND_TAKE(db->FindTable("t"));
  testing::BatchBuilder builder(table);
  for (int i = 0; i < 500; ++i) builder.Row({"key", 1000 + i * 37 % 500, i});  // 500 and 37 have no common divisor
  builder.Row({"key", 1499, 1000}).Row({"other", 2000, 1}).Row({"key", 1499, 1001});
  REQUIRE_OK(db->Ingest({.batch = builder.Build()}));
  for (const auto& [from, to] : {std::pair(Tier::kHot, Tier::kWarm), std::pair(Tier::kWarm, Tier::kCold)}) {
    CAPTURE(TierName(from));
    REQUIRE(REQUIRE_OK_AND_TAKE(LatestValue(db.get(), "key", {})) == 1001);
    REQUIRE_OK(db->MoveTier({.table = "t", .from = from, .to = to}));
  }
  REQUIRE(REQUIRE_OK_AND_TAKE(LatestValue(db.get(), "key", {})) == 1001);
  PutRow(db.get(), 1499, 2000);  // the same time, a later commit, in another tier
  REQUIRE(REQUIRE_OK_AND_TAKE(LatestValue(db.get(), "key", {})) == 2000);
  PutRow(db.get(), 1498, 3000);  // an older time
  REQUIRE(REQUIRE_OK_AND_TAKE(LatestValue(db.get(), "key", {})) == 2000);
}

TEST_CASE("Lookup says as of what, and stops at its limits", "[storage]") {
  testing::TempDir dir;
  testing::FakeClock clock;
  auto db = REQUIRE_OK_AND_TAKE(Database::Open(testing::SmallDatabase(dir.File("data"), &clock)));
  REQUIRE_OK(db->CreateTable(*testing::TestTable("t", {{"s", DataType::String()}, {"l", DataType::ListString()}})).status());
  const std::string text(1000, 's');
  testing::BatchBuilder builder(REQUIRE_OK_AND_TAKE(db->FindTable("t")));
  builder.Row({"key", 1, text, std::vector<std::string>{text, text}});
  const Commit commit = REQUIRE_OK_AND_TAKE(db->Ingest({.batch = builder.Build()})).commit;
  const std::vector<std::string> keys(100, "key");
  const std::vector<uint32_t> columns = {2, 3};
  const auto look = [&](const SnapshotRequest& at, uint64_t max_bytes) {
    return db->Lookup("t", keys, columns, at, max_bytes);
  };
  for (const char* where : {"in memory", "in a file"}) {
    CAPTURE(where);
    CHECK(REQUIRE_OK_AND_TAKE(look({}, 300'000)).as_of == commit);
    // The same string a hundred times is a hundred strings to who receives them, however it is kept here.
    REQUIRE_STATUS(look({}, 299'999), absl::StatusCode::kOutOfRange, "more than 299999 bytes after 100 of 100 keys");
    REQUIRE_STATUS(look({}, 10'000), absl::StatusCode::kOutOfRange, "after 4 of 100 keys; ask for fewer keys");
    int asked = 0;
    SnapshotRequest at;
    at.still_wanted = [&] { return ++asked == 50 ? absl::CancelledError("gone") : absl::OkStatus(); };
    REQUIRE_STATUS(look(at, UINT64_MAX), absl::StatusCode::kCancelled, "gone");
    CHECK(asked == 50);
    REQUIRE_OK(db->MoveTier({.table = "t", .from = Tier::kHot, .to = Tier::kCold}));
  }
  testing::BatchBuilder later(REQUIRE_OK_AND_TAKE(db->FindTable("t")));
  later.Row({"other", 1, "", testing::Null{}});
  REQUIRE_OK(db->Ingest({.batch = later.Build()}).status());
  CHECK(REQUIRE_OK_AND_TAKE(look({.at_least = 0, .as_of = commit, .as_of_time_ns = {}}, UINT64_MAX)).as_of == commit);
}

}  // namespace
}  // namespace cortex

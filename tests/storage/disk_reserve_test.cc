// A disk below its reserve refuses rows and nothing else, and takes them again once space is back.
#include <catch2/catch.hpp>
#include <string>

#include "storage/database.h"
#include "storage/io/file_system.h"
#include "tests/support/batch_builder.h"
#include "tests/support/fake_clock.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

using testing::BatchBuilder;
using testing::FakeClock;
using testing::FaultyFileSystem;
using testing::TempDir;
using testing::TestTable;

constexpr uint64_t kPlenty = 1ull << 40;

struct Fixture {
  Fixture() {
    fs.SetFreeSpace("", kPlenty);
    DatabaseOptions options;
    options.data_dir = dir.File("data");
    options.file_system = &fs;
    options.clock = &clock;
    options.tiering_interval_ns = 0;
    options.tiering_bytes_per_second = 0;
    options.create_builtin_tables = false;
    options.data_reserve_bytes = 1000;
    options.warm_reserve_bytes = 2000;
    options.cold_reserve_bytes = 3000;
    db = REQUIRE_OK_AND_TAKE(Database::Open(options));
    table = REQUIRE_OK_AND_TAKE(db->CreateTable(*TestTable("t", {{"x", DataType::Scalar(TypeKind::kInt64)}})));
  }
  absl::Status Ingest(Tier tier) {
    return db->Ingest({.batch = BatchBuilder(table).Row({"k" + std::to_string(next++), 1, 5}).Build(), .tier = tier})
        .status();
  }
  void Pass100Ms() { clock.Advance(100'000'000); }

  TempDir dir;
  FakeClock clock;
  FaultyFileSystem fs{PosixFileSystem()};
  std::unique_ptr<Database> db;
  std::shared_ptr<const TableDefinition> table;
  int next = 0;
};

}  // namespace

TEST_CASE("A disk below its reserve refuses rows, keeps everything else going and recovers", "[storage][disk]") {
  Fixture f;
  REQUIRE_OK(f.Ingest(Tier::kHot));
  f.fs.SetFreeSpace("", 999);
  REQUIRE_OK(f.Ingest(Tier::kHot));  // asked less than 100 ms ago
  f.Pass100Ms();
  for (const Tier tier : {Tier::kHot, Tier::kWarm, Tier::kCold}) {
    REQUIRE_STATUS(f.Ingest(tier), absl::StatusCode::kResourceExhausted, "data directory");
  }
  const DatabaseStats stats = f.db->GetStats();
  CHECK(stats.ingest_refused_by_disk == 3);
  REQUIRE(stats.disks.size() == 3);
  CHECK(stats.disks[0].low);
  CHECK(stats.disks[0].free_bytes == 999);
  CHECK(stats.disks[0].reserve_bytes == 1000);
  // Reads, moves, deletes and the catalog go on.
  CHECK(REQUIRE_OK_AND_TAKE(f.db->Lookup("t", std::vector<std::string>{"k0"}, std::vector<uint32_t>{2})).found[0]);
  CHECK(REQUIRE_OK_AND_TAKE(f.db->MoveTier({.table = "t", .from = Tier::kHot, .to = Tier::kCold})).rows == 2);
  REQUIRE_OK(f.db->Delete({.table = "t", .rows = {}}).status());
  REQUIRE_OK(f.db->CreateTable(*TestTable("u", {})).status());
  f.fs.SetFreeSpace("", kPlenty);
  f.Pass100Ms();
  REQUIRE_OK(f.Ingest(Tier::kHot));
  CHECK_FALSE(f.db->GetStats().disks[0].low);
}

TEST_CASE("Every tier asks the disks it writes to", "[storage][disk]") {
  Fixture f;
  f.fs.SetFreeSpace("/warm", 1999);
  f.Pass100Ms();
  REQUIRE_STATUS(f.Ingest(Tier::kHot), absl::StatusCode::kResourceExhausted, "warm directory");
  REQUIRE_STATUS(f.Ingest(Tier::kWarm), absl::StatusCode::kResourceExhausted, "1999 bytes free, 2000 are kept");
  REQUIRE_OK(f.Ingest(Tier::kCold));
  f.fs.SetFreeSpace("/warm", kPlenty);
  f.fs.SetFreeSpace("/cold", 2999);
  f.Pass100Ms();
  REQUIRE_OK(f.Ingest(Tier::kHot));
  REQUIRE_STATUS(f.Ingest(Tier::kCold), absl::StatusCode::kResourceExhausted, "cold directory");
}

}  // namespace cortex

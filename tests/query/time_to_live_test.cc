// Rows with a time to live: visible exactly while time + ttl > NOW(), in every tier and by every way to read them.

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "query/query_engine.h"
#include "storage/database.h"
#include "tests/support/batch_builder.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

using testing::BatchBuilder;
using testing::FakeClock;
using testing::TempDir;
using testing::TestTable;

constexpr int64_t kStart = 1'700'000'000'000'000'000;
constexpr int64_t kTtl = 1'000;

// Rows k0 .. k99 with time kStart + i and x = i.
class Fixture {
 public:
  explicit Fixture(TableKind kind = TableKind::kEvents) {
    db = REQUIRE_OK_AND_TAKE(Database::Open({.data_dir = dir.File("data"),
                                             .seal_rows = 1024,
                                             .tiering_interval_ns = 0,
                                             .create_builtin_tables = false,
                                             .clock = &clock}));
    engine = std::make_unique<QueryEngine>(QueryEngineOptions{.database = db.get(), .clock = &clock});
    TableDefinition definition = *TestTable("t", {{"x", DataType::Scalar(TypeKind::kInt64)}}, kind);
    definition.policy.ttl_ns = kTtl;
    BatchBuilder rows(REQUIRE_OK_AND_TAKE(db->CreateTable(definition)));
    for (int i = 0; i < 100; ++i) rows.Row({"k" + std::to_string(i), kStart + i, i});
    REQUIRE_OK(db->Ingest({.batch = rows.Build()}));
  }
  // The one value of the one row of an answer.
  int64_t Number(const std::string& text) {
    auto stream = REQUIRE_OK_AND_TAKE(engine->Start({.text = text}));
    int64_t number = -1;
    REQUIRE_OK(stream->Run([&](ResultBatch batch) {
      if (batch.row_count == 1) number = batch.columns[0].values_as<int64_t>()[0];
      return absl::OkStatus();
    }));
    return number;
  }

  TempDir dir;
  FakeClock clock{kStart};
  std::unique_ptr<Database> db;
  std::unique_ptr<QueryEngine> engine;
};

}  // namespace

TEST_CASE("A row is visible exactly while its time and the time to live are in the future", "[query][ttl]") {
  const Tier tier = GENERATE(Tier::kHot, Tier::kWarm, Tier::kCold);
  const TableKind kind = GENERATE(TableKind::kEvents, TableKind::kEntities);
  Fixture f(kind);
  if (tier != Tier::kHot) REQUIRE_OK(f.db->MoveTier({.table = "t", .from = Tier::kHot, .to = tier}));
  CAPTURE(TierName(tier), static_cast<int>(kind));
  const auto visible = [&](int64_t now_offset) {
    f.clock.JumpTo(kStart + now_offset);
    return f.Number("SELECT count(*) FROM t");
  };
  CHECK(visible(0) == 100);
  CHECK(visible(kTtl - 1) == 100);
  CHECK(visible(kTtl) == 99);  // row 0: time + ttl == NOW()
  CHECK(visible(kTtl + 41) == 58);
  CHECK(f.Number("SELECT min(x) FROM t") == 42);
  CHECK(f.Number("SELECT max(x) FROM t") == 99);
  CHECK(f.Number("SELECT count(*) FROM t WHERE x < 50") == 8);
  CHECK(f.Number("SELECT count(*) FROM t WHERE x >= 0") == 58);
  CHECK(f.Number("SELECT x FROM t ORDER BY x LIMIT 1") == 42);
  CHECK(f.Number("SELECT count(*) FROM t WHERE key = 'k41'") == 0);
  CHECK(f.Number("SELECT count(*) FROM t WHERE key = 'k42'") == 1);
  const LookupResult found = REQUIRE_OK_AND_TAKE(f.db->Lookup("t", {"k41", "k42"}, {}));
  CHECK(found.found == std::vector<bool>{false, true});
  CHECK(visible(kTtl + 98) == 1);
  CHECK(visible(kTtl + 99) == 0);
  CHECK(f.Number("SELECT count(x) FROM t") == 0);
}

TEST_CASE("PURGE erases what a time to live or a short history hides: longer ones bring nothing back", "[query][ttl]") {
  constexpr int64_t kHour = 3'600'000'000'000;
  const Tier tier = GENERATE(Tier::kHot, Tier::kWarm, Tier::kCold);
  CAPTURE(TierName(tier));
  Fixture f(TableKind::kEntities);
  if (tier != Tier::kHot) REQUIRE_OK(f.db->MoveTier({.table = "t", .from = Tier::kHot, .to = tier}));
  f.clock.Advance(2 * kTtl);
  CHECK(f.Number("SELECT count(*) FROM t") == 0);
  CHECK(f.Number("DELETE FROM t WHERE key = 'k5' PURGE") == 1);
  REQUIRE_OK(f.db->AlterTable("t", SetPolicy{.ttl_ns = 0, .history_ns = kHour}));
  CHECK(f.Number("SELECT count(*) FROM t") == 99);
  CHECK(f.Number("SELECT count(*) FROM t WHERE key = 'k5'") == 0);

  CHECK(f.Number("UPDATE t SET x = -1 WHERE key = 'k6'") == 1);
  f.clock.Advance(2 * kHour);
  CHECK(f.Number("SELECT count(*) FROM t WHERE key = 'k6' WITH (history = true)") == 1);
  CHECK(f.Number("DELETE FROM t WHERE key = 'k6' PURGE") == 2);
  REQUIRE_OK(f.db->AlterTable("t", SetPolicy{.history_ns = 0}));
  CHECK(f.Number("SELECT count(*) FROM t WHERE key = 'k6' WITH (history = true)") == 0);
  CHECK(f.Number("SELECT count(*) FROM t WITH (history = true)") == 98);
}

TEST_CASE("A snapshot keeps the rows that were alive when it was taken", "[query][ttl]") {
  Fixture f;
  auto stream = REQUIRE_OK_AND_TAKE(f.engine->Start({.text = "SELECT count(*) FROM t"}));
  f.clock.Advance(2 * kTtl);
  int64_t count = -1;
  REQUIRE_OK(stream->Run([&](ResultBatch batch) {
    count = batch.columns[0].values_as<int64_t>()[0];
    return absl::OkStatus();
  }));
  CHECK(count == 100);
  CHECK(f.Number("SELECT count(*) FROM t") == 0);
}

TEST_CASE("CREATE TABLE takes the stay in the cold tier as time to live", "[query][ttl]") {
  Fixture f;
  auto stream = REQUIRE_OK_AND_TAKE(
      f.engine->Start({.text = "CREATE TABLE d (k string(8), ts timestamp) KEY k TIME ts TIER COLD FOR 30 DAYS"}));
  REQUIRE_OK(stream->Run([](ResultBatch) { return absl::OkStatus(); }));
  CHECK(REQUIRE_OK_AND_TAKE(f.db->FindTable("d"))->policy.ttl_ns == 30 * 86'400'000'000'000);
}

}  // namespace cortex

#include "storage/database.h"

#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "codecs/bytes/status_macros.h"
#include "storage/column/bitmap.h"
#include "storage/io/file_system.h"
#include "storage/runtime/memory_budget.h"
#include "tests/support/batch_builder.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

namespace cortex {
namespace {

using testing::BatchBuilder;
using testing::FakeClock;
using testing::Null;
using testing::TempDir;
using testing::TestTable;
using testing::ValueText;
using testing::WaitUntil;

// A database over a temporary directory that can be closed and opened again. No background planning: tests move rows
// themselves.
class Fixture {
 public:
  Fixture() { options.tiering_interval_ns = 0; options.create_builtin_tables = false; options.tiering_bytes_per_second = 0; options.seal_rows = 1024; Open(); }
  void Open() {
    options.data_dir = dir.File("data");
    options.clock = &clock;
    options.budget = &budget;
    db = REQUIRE_OK_AND_TAKE(Database::Open(options));
  }
  void Reopen() {
    db.reset();
    Open();
  }
  std::shared_ptr<const TableDefinition> Create(TableKind kind) {
    TableDefinition definition = *TestTable("t", {{"x", DataType::Scalar(TypeKind::kInt64)}}, kind);
    definition.policy.cold_partition = ColdPartition::kMonth;
    return REQUIRE_OK_AND_TAKE(db->CreateTable(definition));
  }
  // Rows k<first> .. with x = value and time = first + i.
  Commit Put(int first, int count, int64_t value, Tier tier = Tier::kHot) {
    BatchBuilder builder(REQUIRE_OK_AND_TAKE(db->FindTable("t")));
    for (int i = 0; i < count; ++i) builder.Row({"k" + std::to_string(first + i), first + i, value});
    return REQUIRE_OK_AND_TAKE(db->Ingest({.batch = builder.Build(), .tier = tier})).commit;
  }
  void Move(Tier from, Tier to) { REQUIRE_OK(db->MoveTier({.table = "t", .from = from, .to = to})); }

  // Every visible row as "key=x", and how many rows each tier showed.
  std::multiset<std::string> Rows(const Snapshot& snapshot) {
    tier_rows.clear();
    std::multiset<std::string> rows;
    for (const auto& segment : snapshot.segments) {
      for (size_t g = 0; g < segment->row_group_count(); ++g) {
        const RowGroupView& group = segment->row_group(g);
        const uint32_t count = group.row_count();
        if (count == 0) continue;
        std::vector<uint64_t> selection(WordsForBits(count));
        FillOnes(selection.data(), count);
        REQUIRE_OK(group.SelectVisible(snapshot.commit, 0, count, selection.data()));
        Column keys(DataType::String()), x(DataType::Scalar(TypeKind::kInt64));
        REQUIRE_OK(REQUIRE_OK_AND_TAKE(group.column(snapshot.table->columns[0].id))->Decode(0, count, &keys));
        REQUIRE_OK(REQUIRE_OK_AND_TAKE(group.column(snapshot.table->columns[2].id))->Decode(0, count, &x));
        for (uint32_t row = 0; row < count; ++row) {
          if (!GetBit(selection.data(), row)) continue;
          rows.insert(std::string(keys.StringAt(row)) + "=" + std::to_string(x.values_as<int64_t>()[row]));
          ++tier_rows[segment->tier()];
        }
      }
    }
    return rows;
  }
  std::multiset<std::string> Rows() { return Rows(*REQUIRE_OK_AND_TAKE(db->OpenSnapshot("t", 0))); }
  // The latest x of a key, or "none".
  std::string Get(const std::string& key) {
    const uint32_t column = 2;
    const LookupResult result = REQUIRE_OK_AND_TAKE(db->Lookup("t", {&key, 1}, {&column, 1}));
    return result.found[0] ? std::to_string(result.columns[0].values_as<int64_t>()[0]) : "none";
  }
  size_t FileCount(const std::string& tier) {
    return REQUIRE_OK_AND_TAKE(PosixFileSystem()->ListDir(dir.File("data/" + tier))).size();
  }

  TempDir dir;
  FakeClock clock;
  MemoryBudget budget{1ull << 30};
  DatabaseOptions options;
  std::unique_ptr<Database> db;
  std::map<Tier, int> tier_rows;
};

std::multiset<std::string> Expected(int first, int count, int64_t value) {
  std::multiset<std::string> rows;
  for (int i = 0; i < count; ++i) rows.insert("k" + std::to_string(first + i) + "=" + std::to_string(value));
  return rows;
}

}  // namespace

TEST_CASE("Database shows each row once in every tier and after every restart", "[storage]") {
  const TableKind kind = GENERATE(TableKind::kEvents, TableKind::kEntities);
  Fixture f;
  f.Create(kind);
  f.Put(0, 5000, 1);
  const auto expected = Expected(0, 5000, 1);
  REQUIRE(f.Rows() == expected);
  CHECK(f.tier_rows[Tier::kHot] == 5000);
  f.Reopen();  // nothing sealed: all of it comes from the WAL
  REQUIRE(f.Rows() == expected);
  f.Move(Tier::kHot, Tier::kWarm);
  REQUIRE(f.Rows() == expected);
  CHECK(f.tier_rows[Tier::kWarm] == 5000);
  f.Reopen();
  REQUIRE(f.Rows() == expected);
  f.Move(Tier::kWarm, Tier::kCold);
  REQUIRE(f.Rows() == expected);
  CHECK(f.tier_rows[Tier::kCold] == 5000);
  CHECK(f.FileCount("warm") == 0);
  f.Reopen();
  REQUIRE(f.Rows() == expected);
  f.Move(Tier::kCold, Tier::kHot);
  REQUIRE(f.Rows() == expected);
  CHECK(f.tier_rows[Tier::kHot] == 5000);
  f.Reopen();
  REQUIRE(f.Rows() == expected);
  CHECK(f.Get("k4999") == "1");
  CHECK(f.Get("nobody") == "none");
}

TEST_CASE("Database supersedes a key wherever its current version is", "[storage]") {
  const Tier tier = GENERATE(Tier::kHot, Tier::kWarm, Tier::kCold);
  const bool reopen = GENERATE(false, true);
  Fixture f;
  f.Create(TableKind::kEntities);
  f.Put(0, 3000, 1);
  if (tier != Tier::kHot) f.Move(Tier::kHot, tier);
  f.Put(1000, 1000, 2);
  if (reopen) f.Reopen();
  auto expected = Expected(0, 1000, 1);
  expected.merge(Expected(1000, 1000, 2));
  expected.merge(Expected(2000, 1000, 1));
  REQUIRE(f.Rows() == expected);
  CHECK(f.Get("k1500") == "2");
  // The ends follow the rows.
  f.Move(Tier::kHot, Tier::kWarm);
  REQUIRE(f.Rows() == expected);
  f.Move(Tier::kWarm, Tier::kCold);
  REQUIRE(f.Rows() == expected);
  f.Reopen();
  REQUIRE(f.Rows() == expected);
  f.Move(Tier::kCold, Tier::kWarm);
  f.Move(Tier::kWarm, Tier::kHot);
  REQUIRE(f.Rows() == expected);
  f.Put(0, 3000, 3);
  REQUIRE(f.Rows() == Expected(0, 3000, 3));
  f.Reopen();
  REQUIRE(f.Rows() == Expected(0, 3000, 3));
}

TEST_CASE("Database keeps a snapshot as it was while rows change and move", "[storage]") {
  Fixture f;
  f.Create(TableKind::kEntities);
  f.Put(0, 2000, 1);
  const auto before = REQUIRE_OK_AND_TAKE(f.db->OpenSnapshot("t", 0));
  f.Put(0, 2000, 2);
  f.Put(2000, 500, 2);
  REQUIRE(f.Rows(*before) == Expected(0, 2000, 1));
  f.Move(Tier::kHot, Tier::kWarm);
  const auto warm = REQUIRE_OK_AND_TAKE(f.db->OpenSnapshot("t", 0));
  f.Move(Tier::kWarm, Tier::kCold);
  REQUIRE(f.Rows(*before) == Expected(0, 2000, 1));
  REQUIRE(f.Rows(*warm) == Expected(0, 2500, 2));
  CHECK(f.FileCount("warm") > 0);  // the snapshot still reads them
}

TEST_CASE("Database takes rows straight into a tier", "[storage]") {
  const Tier tier = GENERATE(Tier::kWarm, Tier::kCold);
  Fixture f;
  f.Create(TableKind::kEntities);
  f.Put(0, 1000, 1);
  f.Put(500, 1000, 2, tier);
  auto expected = Expected(0, 500, 1);
  expected.merge(Expected(500, 1000, 2));
  REQUIRE(f.Rows() == expected);
  CHECK(f.tier_rows[tier] >= 1000);
  f.Reopen();
  REQUIRE(f.Rows() == expected);
  f.Put(500, 1000, 3);
  f.Reopen();
  expected = Expected(0, 500, 1);
  expected.merge(Expected(500, 1000, 3));
  REQUIRE(f.Rows() == expected);
}

TEST_CASE("Database lets the later row of a key in one batch win", "[storage]") {
  Fixture f;
  const auto table = f.Create(TableKind::kEntities);
  REQUIRE_OK(f.db->Ingest({.batch = BatchBuilder(table).Row({"a", 9, 1}).Row({"b", 1, 2}).Row({"a", 1, 3}).Build()}));
  REQUIRE(f.Rows() == std::multiset<std::string>{"a=3", "b=2"});
}

TEST_CASE("Database looks up the event with the latest time, then the latest commit", "[storage]") {
  Fixture f;
  const auto table = f.Create(TableKind::kEvents);
  REQUIRE_OK(f.db->Ingest({.batch = BatchBuilder(table).Row({"a", 50, 1}).Row({"a", 90, 2}).Row({"a", 60, 3}).Build()}));
  CHECK(f.Get("a") == "2");
  REQUIRE_OK(f.db->Ingest({.batch = BatchBuilder(table).Row({"a", 90, 4}).Row({"a", 10, 5}).Build()}));
  CHECK(f.Get("a") == "4");
  f.Move(Tier::kHot, Tier::kCold);
  CHECK(f.Get("a") == "4");
  REQUIRE_OK(f.db->Ingest({.batch = BatchBuilder(table).Row({"a", 89, 6}).Build()}));
  CHECK(f.Get("a") == "4");
}

TEST_CASE("Database trims the WAL only below what is in files", "[storage]") {
  Fixture f;
  f.db.reset();
  f.options.wal_file_bytes = 64 << 10;
  f.options.wal_limit_bytes = 512 << 10;
  f.Open();
  f.Create(TableKind::kEvents);
  std::multiset<std::string> expected;
  for (int i = 0; i < 200; ++i) {
    f.Put(i * 200, 200, i);
    expected.merge(Expected(i * 200, 200, i));
  }
  REQUIRE_OK(f.db->MoveTier({.table = "t", .from = Tier::kHot, .to = Tier::kWarm}));
  f.Put(1'000'000, 1, 7);  // the writer thread trims when it comes by
  REQUIRE_OK(f.db->Flush());
  CHECK(f.db->GetStats().wal_bytes < (512 << 10));
  expected.merge(Expected(1'000'000, 1, 7));
  REQUIRE(f.Rows() == expected);
  f.Reopen();
  REQUIRE(f.Rows() == expected);
}

TEST_CASE("Database drops a table with its rows and files and gives no commit twice", "[storage]") {
  Fixture f;
  f.Create(TableKind::kEvents);
  f.Put(0, 100, 1);
  f.Move(Tier::kHot, Tier::kWarm);
  const Commit last = f.Put(100, 100, 1);
  REQUIRE_OK(f.db->DropTable("t"));
  REQUIRE_STATUS(f.db->FindTable("t"), absl::StatusCode::kNotFound, "unknown table \"t\"");
  // A file goes with its last reader, and the tier manager may be looking at the table just now.
  REQUIRE(WaitUntil([&] { return f.FileCount("warm") == 0; }));
  f.Reopen();
  CHECK(f.db->ListTables().empty());
  f.Create(TableKind::kEvents);
  REQUIRE(f.Rows().empty());
  CHECK(f.Put(0, 1, 1) > last);
}

TEST_CASE("Database refuses what it cannot take and changes nothing", "[storage]") {
  Fixture f;
  const auto table = f.Create(TableKind::kEvents);
  REQUIRE_STATUS(f.db->CreateTable(*table), absl::StatusCode::kAlreadyExists, "\"t\"");
  REQUIRE_STATUS(f.db->Ingest({.batch = BatchBuilder(table).Row({"", 1, 1}).Build()}),
                 absl::StatusCode::kInvalidArgument, "key");
  REQUIRE_STATUS(f.db->Ingest({.batch = BatchBuilder(table).Row({"a", 1, 1}).Build(), .mode = IngestMode::kMerge}),
                 absl::StatusCode::kInvalidArgument, "MERGE is for ENTITIES");
  REQUIRE_STATUS(f.db->OpenSnapshot("t", 1'000'000), absl::StatusCode::kOutOfRange, "never given out");
  REQUIRE_STATUS(f.db->MoveTier({.table = "t", .from = Tier::kHot, .to = Tier::kHot}),
                 absl::StatusCode::kInvalidArgument, "itself");
  REQUIRE_STATUS(Database::Open(f.options), absl::StatusCode::kFailedPrecondition, "LOCK");
  REQUIRE(f.Rows().empty());
}

TEST_CASE("Database refuses rows above the memory budget and takes them again once rows have left", "[storage]") {
  Fixture f;
  f.db.reset();
  MemoryBudget small(64 << 20);
  f.options.budget = &small;
  f.db = REQUIRE_OK_AND_TAKE(Database::Open(f.options));
  const auto table = f.Create(TableKind::kEvents);
  absl::Status status;
  int batches = 0;
  for (; batches < 1000 && status.ok(); ++batches) {
    BatchBuilder builder(table);
    for (int i = 0; i < 2000; ++i) builder.Row({"key-" + std::to_string(batches * 2000 + i), i, i});
    status = f.db->Ingest({.batch = builder.Build()}).status();
  }
  REQUIRE(absl::IsResourceExhausted(status));
  CHECK(small.used() <= small.limit() * 11 / 10);
  f.Move(Tier::kHot, Tier::kWarm);
  CHECK(f.Put(5'000'000, 100, 1) > 0);
  f.db.reset();
  f.options.budget = &f.budget;
}

TEST_CASE("Database creates the built-in tables once", "[storage]") {
  Fixture f;
  f.db.reset();
  TempDir fresh;
  f.options.data_dir = fresh.File("data");
  f.options.create_builtin_tables = true;
  for (int start = 0; start < 2; ++start) {
    const auto db = REQUIRE_OK_AND_TAKE(Database::Open(f.options));
    std::vector<std::string> names;
    for (const auto& table : db->ListTables()) names.push_back(table->name);
    CHECK(names == std::vector<std::string>{"css_fields", "fmo_entities", "itb_rules", "tcs_patterns"});
  }
}

TEST_CASE("Database moves rows by policy and loads them back after a restart", "[storage]") {
  Fixture f;
  f.db.reset();
  f.options.tiering_interval_ns = 1'000'000;
  f.Open();
  TableDefinition definition = *TestTable("t", {{"x", DataType::Scalar(TypeKind::kInt64)}});
  definition.policy.hot_max_age_ns = 3'600'000'000'000;
  definition.policy.warm_max_age_ns = 7'200'000'000'000;
  const auto table = REQUIRE_OK_AND_TAKE(f.db->CreateTable(definition));
  BatchBuilder builder(table);
  for (int i = 0; i < 3000; ++i) builder.Row({"k" + std::to_string(i), f.clock.NowNanos(), 1});
  REQUIRE_OK(f.db->Ingest({.batch = builder.Build()}));
  // The manager's thread wakes every millisecond; wait for what it is to bring about, not for a time.
  const auto wait_until_in = [&](Tier tier) {
    return WaitUntil([&] {
      f.Rows();
      return f.tier_rows[tier] == 3000;
    });
  };
  CHECK(wait_until_in(Tier::kHot));
  // Nothing is due. But an open group lingers from when it was first seen, and now it was.
  REQUIRE_OK(f.db->ApplyTierPolicies());
  f.clock.Advance(3'720'000'000'000);
  CHECK(wait_until_in(Tier::kWarm));
  f.clock.JumpTo(f.clock.NowNanos() - 3'000'000'000'000);
  f.Reopen();
  CHECK(wait_until_in(Tier::kHot));  // young again by the clock: refilled
  f.clock.Advance(7'200'000'000'000);
  CHECK(wait_until_in(Tier::kCold));
  CHECK(f.Rows() == Expected(0, 3000, 1));
}

}  // namespace cortex

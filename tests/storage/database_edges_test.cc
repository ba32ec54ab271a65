// What the database does where something is missing, damaged or in the way.

#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "storage/column/bitmap.h"
#include "storage/database.h"
#include "storage/io/directory_tree.h"
#include "storage/io/file_system.h"
#include "storage/point_lookup.h"
#include "storage/runtime/memory_budget.h"
#include "tests/support/batch_builder.h"
#include "tests/support/fake_clock.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

namespace cortex {
namespace {

using testing::BatchBuilder;
using testing::FakeClock;
using testing::FaultyFileSystem;
using testing::Null;
using testing::TempDir;
using testing::TestTable;
using testing::WaitUntil;

constexpr int64_t kDayNs = 86'400'000'000'000;

class Fixture {
 public:
  Fixture() {
    options.data_dir = dir.File("data");
    options.tiering_interval_ns = 0;
    options.tiering_bytes_per_second = 0;
    options.create_builtin_tables = false;
    options.seal_rows = 1024;
    options.clock = &clock;
    options.budget = &budget;
    options.file_system = &fs;
    // Told by Open on this thread; other events come from other threads.
    options.on_event = [this](std::string_view event, std::string_view) {
      if (event == "ended row not found") ++superseded_not_found;
    };
  }
  void Open() { db = REQUIRE_OK_AND_TAKE(Database::Open(options)); }
  void Create(TableKind kind) {
    TableDefinition definition = *TestTable("t", {{"x", DataType::Scalar(TypeKind::kInt64)}}, kind);
    definition.policy.cold_partition = ColdPartition::kDay;
    table = REQUIRE_OK_AND_TAKE(db->CreateTable(definition));
  }
  // Keys k0 .. k<count - 1> over two days.
  Commit Put(int count, int64_t x) {
    BatchBuilder builder(table);
    for (int i = 0; i < count; ++i) builder.Row({"k" + std::to_string(i), i % 2 * kDayNs, x});
    return REQUIRE_OK_AND_TAKE(db->Ingest({.batch = builder.Build()})).commit;
  }
  void Move(Tier from, Tier to) { REQUIRE_OK(db->MoveTier({.table = "t", .from = from, .to = to})); }

  // Visible rows with this x. Segments that cannot be read are counted in `unreadable`.
  int CountRows(const Snapshot& snapshot, int64_t x) {
    int count = 0;
    unreadable = 0;
    for (const auto& segment : snapshot.segments) {
      for (size_t g = 0; g < segment->row_group_count(); ++g) {
        const auto in_group = CountInGroup(snapshot, segment->row_group(g), x);
        unreadable += in_group.ok() ? 0 : 1;
        count += in_group.value_or(0);
      }
    }
    return count;
  }
  int CountRows(int64_t x) { return CountRows(*REQUIRE_OK_AND_TAKE(db->OpenSnapshot("t", 0)), x); }
  std::vector<std::string> Files(const std::string& tier) {
    std::vector<std::string> names;
    for (const auto& entry : REQUIRE_OK_AND_TAKE(PosixFileSystem()->ListDir(dir.File("data/" + tier)))) {
      names.push_back(dir.File("data/" + tier + "/" + entry.name));
    }
    return names;
  }

  // Overwrites every byte.
  void Damage(const std::string& path) {
    const uint64_t size = REQUIRE_OK_AND_TAKE(PosixFileSystem()->Stat(path)).size;
    auto file = REQUIRE_OK_AND_TAKE(PosixFileSystem()->OpenWritable(path, WriteMode::kTruncate));
    REQUIRE_OK(file->Append(AsBytes(std::string(size, '\x55'))));
    REQUIRE_OK(file->Close());
  }

  TempDir dir;
  FakeClock clock;
  MemoryBudget budget{1ull << 30};
  FaultyFileSystem fs{PosixFileSystem()};
  int superseded_not_found = 0;
  DatabaseOptions options;
  std::shared_ptr<const TableDefinition> table;
  int unreadable = 0;
  std::unique_ptr<Database> db;

 private:
  static absl::StatusOr<int> CountInGroup(const Snapshot& snapshot, const RowGroupView& group, int64_t x) {
    const uint32_t rows = group.row_count();
    std::vector<uint64_t> selection(WordsForBits(rows) + 1);
    FillOnes(selection.data(), rows);
    RETURN_IF_ERROR(group.SelectVisible(snapshot.commit, 0, rows, selection.data()));
    ASSIGN_OR_RETURN(const ColumnChunk* chunk, group.column(snapshot.table->columns[2].id));
    Column values(DataType::Scalar(TypeKind::kInt64));
    RETURN_IF_ERROR(chunk->Decode(0, rows, &values));
    int count = 0;
    for (uint32_t row = 0; row < rows; ++row) {
      count += GetBit(selection.data(), row) && values.values_as<int64_t>()[row] == x ? 1 : 0;
    }
    return count;
  }
};

}  // namespace

TEST_CASE("A snapshot reads archives that were moved or dropped before it looked at them", "[storage]") {
  const bool drop = GENERATE(false, true);
  Fixture f;
  f.Open();
  f.Create(TableKind::kEntities);
  f.Put(3000, 1);
  f.Move(Tier::kHot, Tier::kCold);
  f.db.reset();  // so that nothing of the archives is loaded
  f.Open();
  const auto before = REQUIRE_OK_AND_TAKE(f.db->OpenSnapshot("t", 0));
  if (drop) {
    REQUIRE_OK(f.db->DropTable("t"));
  } else {
    f.Move(Tier::kCold, Tier::kWarm);
  }
  std::vector<RowRef> rows;
  for (const auto& segment : before->segments) {
    if (segment->MayContainKey("k7", 0)) REQUIRE_OK(segment->FindKey("k7", 0, &rows));
  }
  CHECK(f.CountRows(*before, 1) == 3000);
  CHECK(f.unreadable == 0);
}

TEST_CASE("A damaged segment does not keep the database from starting", "[storage]") {
  Fixture f;
  f.Open();
  f.Create(TableKind::kEntities);
  f.Put(200, 1);
  f.Move(Tier::kHot, Tier::kWarm);
  f.Put(200, 2);  // in the log only, and supersedes rows of the files
  f.db.reset();
  f.Damage(f.Files("warm").front());
  f.Open();
  CHECK(f.superseded_not_found == 1);
  CHECK(f.CountRows(2) == 200);
  CHECK(f.unreadable == 1);
  CHECK(f.CountRows(1) == 0);
}

TEST_CASE("A segment file that somebody removed is damage and stops nothing else", "[storage]") {
  Fixture f;
  f.Open();
  f.Create(TableKind::kEntities);
  f.Put(200, 1);
  const bool cold = GENERATE(false, true);
  f.Move(Tier::kHot, cold ? Tier::kCold : Tier::kWarm);
  f.db.reset();
  REQUIRE_OK(PosixFileSystem()->Remove(f.Files(cold ? "cold" : "warm").front()));
  f.Open();
  const int readable = f.CountRows(1);
  CHECK(readable < 200);
  CHECK(f.unreadable == 1);
  BatchBuilder builder(f.table);
  for (int i = 0; i < 200; ++i) builder.Row({"k" + std::to_string(i), 0, 2});
  REQUIRE_STATUS(f.db->Ingest({.batch = builder.Build()}), absl::StatusCode::kDataLoss, "missing");
  for (int start = 0; start < 2; ++start) {
    CHECK(f.CountRows(2) == 200);
    CHECK(f.CountRows(1) == 0);
    f.db.reset();
    f.Open();
  }
}

TEST_CASE("A database does not start over files of another one, nor while the disk of a tier is away", "[storage]") {
  Fixture f;
  f.options.warm_dir = f.dir.File("warm");
  f.options.cold_dir = f.dir.File("cold");
  f.Open();
  f.Create(TableKind::kEvents);
  f.Put(200, 1);
  const bool cold = GENERATE(false, true);
  f.Move(Tier::kHot, cold ? Tier::kCold : Tier::kWarm);
  f.db.reset();
  const std::string tier = f.dir.File(cold ? "cold" : "warm"), away = f.dir.File("away");
  const size_t files = REQUIRE_OK_AND_TAKE(PosixFileSystem()->ListDir(tier)).size();
  DatabaseOptions other = f.options;
  other.data_dir = f.dir.File("mistyped");
  REQUIRE_STATUS(Database::Open(other), absl::StatusCode::kFailedPrecondition, "another database");
  CHECK(REQUIRE_OK_AND_TAKE(PosixFileSystem()->ListDir(tier)).size() == files);

  REQUIRE_OK(PosixFileSystem()->Rename(tier, away));
  REQUIRE_STATUS(Database::Open(f.options), absl::StatusCode::kFailedPrecondition, "mounted");
  REQUIRE_OK(RemoveTree(PosixFileSystem(), tier));
  REQUIRE_OK(PosixFileSystem()->Rename(away, tier));
  f.Open();
  CHECK(f.CountRows(1) == 200);
}

TEST_CASE("A database does not start without its log once rows have come through it", "[storage]") {
  Fixture f;
  f.Open();
  f.Create(TableKind::kEvents);
  f.Put(200, 1);
  f.Move(Tier::kHot, Tier::kWarm);
  f.Put(100, 2);  // in the log alone
  f.db.reset();
  const std::string log = f.options.data_dir + "/wal", away = f.dir.File("away");
  REQUIRE_OK(PosixFileSystem()->Rename(log, away));
  REQUIRE_STATUS(Database::Open(f.options), absl::StatusCode::kFailedPrecondition, "the write-ahead log is gone");
  REQUIRE_STATUS(Database::Open(f.options), absl::StatusCode::kFailedPrecondition, "the write-ahead log is gone");
  REQUIRE_OK(RemoveTree(PosixFileSystem(), log));
  REQUIRE_OK(PosixFileSystem()->Rename(away, log));
  f.Open();
  CHECK(f.CountRows(2) == 100);
  f.db.reset();

  // A repair goes on with what is in files.
  REQUIRE_OK(RemoveTree(PosixFileSystem(), log));
  f.options.repair_wal = true;
  f.Open();
  CHECK(f.CountRows(1) == 200);
  CHECK(f.CountRows(2) == 0);
  f.Put(50, 3);
  f.options.repair_wal = false;
  f.db.reset();
  f.Open();
  CHECK(f.CountRows(3) == 50);
}

TEST_CASE("A damaged segment does not hold up the moves of others", "[storage]") {
  Fixture f;
  f.Open();
  TableDefinition definition = *TestTable("t", {{"x", DataType::Scalar(TypeKind::kInt64)}});
  definition.policy.hot_max_age_ns = definition.policy.warm_max_age_ns = kDayNs;  // every row is older than that
  definition.policy.cold_partition = ColdPartition::kMonth;
  f.table = REQUIRE_OK_AND_TAKE(f.db->CreateTable(definition));
  f.Put(200, 1);
  f.Move(Tier::kHot, Tier::kWarm);
  const size_t segments = f.Files("warm").size();
  f.db.reset();
  f.Damage(f.Files("warm").front());
  f.options.tiering_interval_ns = 1'000'000;
  f.Open();
  // The manager's thread wakes every millisecond, and by its clock no pause ever ends.
  const auto wait_for_files = [&](const std::string& tier, size_t count) {
    return WaitUntil([&] { return f.Files(tier).size() == count; });
  };
  CHECK(wait_for_files("cold", segments - 1));
  CHECK(wait_for_files("warm", 1));
}

TEST_CASE("Evicted rows give all their memory back", "[storage]") {
  Fixture f;
  f.Open();
  f.Create(TableKind::kEvents);
  f.Put(50'000, 1);
  CHECK(f.budget.used(MemoryUse::kHotRows) > 1'000'000);
  f.Move(Tier::kHot, Tier::kWarm);
  CHECK(f.CountRows(1) == 50'000);
  // The sealer's thread may hold the group it sealed last a moment longer.
  CHECK(WaitUntil([&] { return f.budget.used(MemoryUse::kHotRows) == 0; }));
}

TEST_CASE("The built-in tables come with a later start where the first one did not get that far", "[storage]") {
  Fixture f;
  f.Open();
  f.db.reset();
  f.options.create_builtin_tables = true;
  f.Open();
  CHECK(f.db->ListTables().size() == 4);
  REQUIRE_OK(f.db->DropTable("itb_rules"));
  f.db.reset();
  f.Open();
  CHECK(f.db->ListTables().size() == 3);
}

TEST_CASE("A move that fails half-way leaves no file behind", "[storage]") {
  Fixture f;
  f.Open();
  f.Create(TableKind::kEvents);
  f.Put(400, 1);
  f.Move(Tier::kHot, Tier::kWarm);
  int failures = 0;
  for (uint64_t n = 1; n < 1000; ++n) {
    // Not the log: its marker comes by itself.
    f.fs.Inject({.part = "", .but_not = "/wal/", .after = n - 1, .status = absl::ResourceExhaustedError("injected")});
    const absl::Status moved = f.db->MoveTier({.table = "t", .from = Tier::kWarm, .to = Tier::kCold}).status();
    f.fs.StopFailing();
    uint64_t live = 0;
    for (const TierStats& tier : REQUIRE_OK_AND_TAKE(f.db->GetTableStats("t")).tiers) {
      if (tier.tier == Tier::kCold) live = tier.segment_count;
    }
    CAPTURE(n, moved.ToString());
    if (absl::IsFailedPrecondition(moved) || moved.ok()) break;
    ++failures;
    // A failed commit leaves it open whether the manifest names the files.
    const absl::Status again = f.db->CreateTable(*TestTable("probe" + std::to_string(n), {})).status();
    if (!again.ok()) break;
    REQUIRE(f.Files("cold").size() == live);
  }
  CHECK(failures > 5);
  CHECK(f.CountRows(1) == 400);
  f.db.reset();
  f.Open();
  CHECK(f.CountRows(1) == 400);
}

TEST_CASE("The log lets go of the rows of a dropped table", "[storage]") {
  Fixture f;
  f.options.wal_file_bytes = 64 << 10;
  f.options.seal_rows = 65'536;
  f.Open();
  f.Create(TableKind::kEvents);
  for (int i = 0; i < 20; ++i) f.Put(1000, i);
  const uint64_t before = f.db->GetStats().wal_bytes;
  CHECK(before > 5 * (64 << 10));
  REQUIRE_OK(f.db->DropTable("t"));
  f.Create(TableKind::kEvents);
  f.Put(1, 1);  // behind the request to trim in the writer's queue
  CHECK(f.db->GetStats().wal_bytes < 3 * (64 << 10));
}

TEST_CASE("Flush names a commit that is there after a restart", "[storage]") {
  Fixture f;
  f.Open();
  f.Create(TableKind::kEvents);
  const Commit put = f.Put(10, 1);
  const Commit flushed = REQUIRE_OK_AND_TAKE(f.db->Flush()).commit;
  CHECK(flushed == put);
  f.db.reset();
  f.Open();
  REQUIRE_OK(f.db->OpenSnapshot("t", flushed));
  CHECK(f.Put(10, 2) == flushed + 1);
}

TEST_CASE("Strongly coupled rows meet the same centroids after a restart", "[storage]") {
  Fixture fixture;
  fixture.Open();
  TableDefinition definition = *TestTable("t", {{"fractal_dimension", DataType::Scalar(TypeKind::kFloat64)},
                                                {"css_coupling_strength", DataType::Scalar(TypeKind::kFloat32)},
                                                {"css_field_state", DataType::Vector(TypeKind::kComplex128, 1)}});
  definition.sharding = ShardingKind::kFmo;
  const auto table = REQUIRE_OK_AND_TAKE(fixture.db->CreateTable(definition));
  // An epoch of fields: around (1, 0) in shard 2, around (0, 1) in shard 7.
  BatchBuilder epoch(table);
  for (int i = 0; i < 32'768; ++i) {
    epoch.Row({"a", i, 1.2, 0.0, std::vector<double>{1, 0}});
    epoch.Row({"b", i, 1.7, 0.0, std::vector<double>{0, 1}});
  }
  REQUIRE_OK(fixture.db->Ingest({.batch = epoch.Build()}));
  fixture.db.reset();
  fixture.Open();
  REQUIRE_OK(fixture.db->Ingest(
      {.batch = BatchBuilder(table).Row({"c", 0, 1.2, 0.9, std::vector<double>{0.1, 0.9}}).Build()}));
  std::map<uint32_t, int64_t> rows_of_shard;
  const auto snapshot = REQUIRE_OK_AND_TAKE(fixture.db->OpenSnapshot("t", 0));
  for (const auto& segment : snapshot->segments) {
    for (size_t g = 0; g < segment->row_group_count(); ++g)
      rows_of_shard[segment->shard()] += segment->row_group(g).row_count();
  }
  CHECK(rows_of_shard == std::map<uint32_t, int64_t>{{2, 32'768}, {7, 32'769}});
}

TEST_CASE("A lookup joins strings that a file keeps as codes with those in memory", "[storage]") {
  Fixture fixture;
  fixture.Open();
  TableDefinition definition = *TestTable("t", {{"note", DataType::String(16)}}, TableKind::kEntities);
  definition.columns[2].compression = GENERATE(Compression::kAuto, Compression::kDictionary);
  const auto table = REQUIRE_OK_AND_TAKE(fixture.db->CreateTable(definition));
  BatchBuilder old(table);
  for (int i = 0; i < 5'000; ++i) old.Row({"k" + std::to_string(i), i, i % 2 == 0 ? "even" : "odd"});
  REQUIRE_OK(fixture.db->Ingest({.batch = old.Build()}));
  const std::vector<std::string> keys = {"k0", "new", "k1", "newer", "k2"};
  for (const Tier tier : {Tier::kWarm, Tier::kCold}) {
    fixture.Move(static_cast<Tier>(static_cast<int>(tier) - 1), tier);
    REQUIRE_OK(fixture.db->Ingest({.batch = BatchBuilder(table).Row({"new", 1, "fresh"}).Row({"newer", 1, Null{}}).Build()}));
    const auto snapshot = REQUIRE_OK_AND_TAKE(fixture.db->OpenSnapshot("t", 0));
    const LookupResult found = REQUIRE_OK_AND_TAKE(LookupLatest(*snapshot, keys, std::vector<uint32_t>{2}));
    const Column& notes = found.columns[0];
    REQUIRE(notes.row_count() == 5);
    CHECK(notes.StringAt(0) == "even");
    CHECK(notes.StringAt(1) == "fresh");
    CHECK(notes.StringAt(2) == "odd");
    CHECK(notes.IsNull(3));
    CHECK(notes.StringAt(4) == "even");
  }
}

}  // namespace cortex

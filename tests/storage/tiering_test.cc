// Policies at work on a whole database: what moves by age, reading, pins and sizes, and that reads never notice.

#include <catch2/catch.hpp>
#include <future>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "storage/column/bitmap.h"
#include "storage/database.h"
#include "storage/io/kill_point.h"
#include "storage/runtime/memory_budget.h"
#include "storage/runtime/mutex.h"
#include "tests/support/batch_builder.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

namespace cortex {
namespace {

using testing::BatchBuilder;
using testing::FakeClock;
using testing::TempDir;
using testing::TestTable;
using testing::ValueText;

constexpr int64_t kStart = 1'700'000'000'000'000'000;
constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kHourNs = 3600 * kSecondNs;
constexpr int64_t kDayNs = 24 * kHourNs;

// A table "t" with a column x, on a clock that tests move; policies are applied when a test says so.
class Fixture {
 public:
  explicit Fixture(TierPolicy policy = {}, TableKind kind = TableKind::kEvents, uint64_t budget_bytes = 1 << 30)
      : budget(budget_bytes) {
    options.data_dir = dir.File("data");
    options.seal_rows = 1024;
    options.tiering_bytes_per_second = 0;
    options.tiering_interval_ns = 0;
    options.create_builtin_tables = false;
    options.clock = &clock;
    options.budget = &budget;
    Open();
    TableDefinition definition = *TestTable("t", {{"x", DataType::Scalar(TypeKind::kInt64)}}, kind);
    definition.policy = policy;
    REQUIRE_OK(db->CreateTable(definition).status());
  }
  void Open() { db = REQUIRE_OK_AND_TAKE(Database::Open(options)); }
  void Reopen() {
    db.reset();
    Open();
  }
  // Rows k<first> .. with x = their number.
  void Put(int first, int count, int64_t time_ns, Tier tier = Tier::kHot) {
    BatchBuilder rows(REQUIRE_OK_AND_TAKE(db->FindTable("t")));
    for (int i = first; i < first + count; ++i) rows.Row({"k" + std::to_string(i), time_ns, i});
    REQUIRE_OK(db->Ingest({.batch = rows.Build(), .tier = tier}));
  }
  void Apply() { REQUIRE_OK(db->ApplyTierPolicies()); }
  std::multiset<std::string> Rows(const Snapshot& snapshot) {
    std::multiset<std::string> rows;
    for (const auto& segment : snapshot.segments) {
      for (size_t g = 0; g < segment->row_group_count(); ++g) {
        const RowGroupView& group = segment->row_group(g);
        const uint32_t count = group.row_count();
        if (count == 0) continue;
        std::vector<uint64_t> selection(WordsForBits(count));
        FillOnes(selection.data(), count);
        REQUIRE_OK(group.SelectVisible(snapshot.window, 0, count, selection.data()));
        std::vector<Column> columns;
        for (const ColumnDefinition& column : snapshot.table->columns) {
          columns.emplace_back(column.type);
          REQUIRE_OK(REQUIRE_OK_AND_TAKE(group.column(column.id))->Decode(0, count, &columns.back()));
        }
        for (uint32_t row = 0; row < count; ++row) {
          if (!GetBit(selection.data(), row)) continue;
          std::string text;
          for (const Column& column : columns) text += ValueText(column, row) + "|";
          rows.insert(text);
        }
      }
    }
    return rows;
  }
  std::multiset<std::string> Rows() { return Rows(*Snap()); }
  std::shared_ptr<const Snapshot> Snap() { return REQUIRE_OK_AND_TAKE(db->OpenSnapshot("t", 0)); }
  std::map<Tier, uint64_t> RowsByTier() {
    std::map<Tier, uint64_t> rows;
    for (const TierStats& tier : REQUIRE_OK_AND_TAKE(db->GetTableStats("t")).tiers) {
      if (tier.row_count != 0) rows[tier.tier] = tier.row_count;
    }
    return rows;
  }
  uint64_t Segments(Tier tier) {
    return REQUIRE_OK_AND_TAKE(db->GetTableStats("t")).tiers[static_cast<size_t>(tier) - 1].segment_count;
  }
  void Read(int key) {
    const LookupResult found = REQUIRE_OK_AND_TAKE(db->Lookup("t", {"k" + std::to_string(key)}, {}));
    REQUIRE(found.found[0]);
  }

  TempDir dir;
  FakeClock clock{kStart};
  MemoryBudget budget;
  DatabaseOptions options;
  std::unique_ptr<Database> db;
};

using Tiers = std::map<Tier, uint64_t>;

}  // namespace

TEST_CASE("Rows that arrive late go to the tier of their age", "[storage][tiers]") {
  Fixture f({.hot_max_age_ns = kHourNs, .warm_max_age_ns = 7 * kDayNs});
  f.Put(0, 100, kStart - 30 * kDayNs);
  const auto late = f.Rows();
  f.Apply();
  CHECK(f.RowsByTier() == Tiers{{Tier::kHot, 100}});  // a minute to gather
  f.clock.Advance(61 * kSecondNs);
  f.Apply();
  CHECK(f.RowsByTier() == Tiers{{Tier::kCold, 100}});
  CHECK(f.Rows() == late);
  f.Put(100, 50, kStart - kDayNs);
  f.Put(200, 25, f.clock.NowNanos());
  f.Apply();
  f.clock.Advance(61 * kSecondNs);
  f.Apply();
  // Groups that hold fresh rows too stay as long as those.
  CHECK(f.RowsByTier()[Tier::kCold] == 100);
  CHECK(f.RowsByTier()[Tier::kHot] >= 25);
  f.clock.Advance(2 * kHourNs);
  f.Apply();
  CHECK(f.RowsByTier() == Tiers{{Tier::kWarm, 75}, {Tier::kCold, 100}});
  const TieringStats stats = f.db->GetTieringStats();
  CHECK(stats.ingested_bytes > 0);
  CHECK(stats.write_amplification > 1);
  CHECK(stats.debt_bytes == 0);
  CHECK(stats.moves_failed == 0);
}

TEST_CASE("A move on request says what it moved and how large that is in its new place", "[storage][tiers]") {
  Fixture f;
  f.Put(0, 500, kStart);
  const auto move = [&](Tier from, Tier to) {
    return REQUIRE_OK_AND_TAKE(f.db->MoveTier({.table = "t", .from = from, .to = to}));
  };
  const auto tier_bytes = [&](Tier tier) {
    return REQUIRE_OK_AND_TAKE(f.db->GetTableStats("t")).tiers[static_cast<size_t>(tier) - 1].stored_bytes;
  };
  const struct {
    Tier from, to;
  } steps[] = {{Tier::kHot, Tier::kWarm},  {Tier::kWarm, Tier::kCold}, {Tier::kCold, Tier::kHot},
               {Tier::kHot, Tier::kCold},  {Tier::kCold, Tier::kWarm}, {Tier::kWarm, Tier::kHot}};
  for (const auto& step : steps) {
    CAPTURE(static_cast<int>(step.from), static_cast<int>(step.to));
    const MoveResult moved = move(step.from, step.to);
    CHECK(moved.rows == 500);
    CHECK(moved.segments > 0);
    CHECK(moved.stored_bytes > 0);
    CHECK(moved.stored_bytes == tier_bytes(step.to));
    CHECK(f.RowsByTier() == Tiers{{step.to, 500}});
  }
  // Back to an archive that is there already: nothing is written, and yet rows move.
  move(Tier::kHot, Tier::kCold);
  f.clock.Advance(kHourNs);
  for (int i = 0; i < 2; ++i) {
    f.clock.Advance(kSecondNs);
    f.Read(1);
  }
  f.Apply();
  const uint64_t promoted = f.RowsByTier()[Tier::kHot];
  REQUIRE(promoted > 0);
  const uint64_t written = f.db->GetTieringStats().moved_bytes;
  const MoveResult moved = move(Tier::kHot, Tier::kCold);
  CHECK(moved.rows == promoted);
  CHECK(moved.stored_bytes > 0);
  CHECK(f.db->GetTieringStats().moved_bytes == written);
}

TEST_CASE("A move on request waits for the one under way and for no other", "[storage][tiers]") {
  Fixture f({.hot_max_age_ns = kHourNs});
  TableDefinition other = *TestTable("other", {{"x", DataType::Scalar(TypeKind::kInt64)}});
  other.policy.hot_max_age_ns = kHourNs;
  REQUIRE_OK(f.db->CreateTable(other).status());
  for (int i = 0; i < 4; ++i) f.Put(200 * i, 200, kStart - 2 * kDayNs, Tier::kWarm);  // to be merged in every shard
  BatchBuilder row(REQUIRE_OK_AND_TAKE(f.db->FindTable("other")));
  row.Row({"k", kStart - 2 * kDayNs, 1});
  REQUIRE_OK(f.db->Ingest({.batch = row.Build(), .tier = Tier::kWarm}).status());
  f.db.reset();
  std::promise<void> began, goes_on;
  Mutex mutex;
  std::vector<std::thread::id> rewrites;  // who made them
  SetKillPointHook([&](std::string_view name) {
    if (name != "rewrite-read") return;
    bool is_first = false;
    {
      MutexLock lock(&mutex);
      is_first = rewrites.empty();
      rewrites.push_back(std::this_thread::get_id());
    }
    if (!is_first) return;
    began.set_value();
    goes_on.get_future().wait();
  });
  f.options.tiering_interval_ns = 1'000'000;
  f.Open();
  began.get_future().wait();
  absl::Status moved = absl::UnknownError("not run");
  std::thread request([&] {
    moved = f.db->MoveTier({.table = "other", .from = Tier::kWarm, .to = Tier::kCold}).status();
  });
  const bool waits = testing::WaitUntil([&] { return f.db->GetTieringStats().requests_waiting == 1; });
  const std::thread::id requester = request.get_id();
  goes_on.set_value();
  request.join();
  // All of the queue is done in the end.
  const bool merged = testing::WaitUntil([&] { return f.Segments(Tier::kWarm) == kShardCount; });
  f.db.reset();
  SetKillPointHook(nullptr);
  CHECK(waits);
  CHECK(merged);
  REQUIRE_OK(moved);
  REQUIRE(rewrites.size() == kShardCount + 1);
  CHECK(rewrites[0] != requester);
  CHECK(rewrites[1] == requester);
}

TEST_CASE("A second reading brings rows to memory, and they leave once nobody reads them", "[storage][tiers]") {
  const Tier from = GENERATE(Tier::kWarm, Tier::kCold);
  Fixture f({.hot_max_age_ns = kHourNs, .warm_max_age_ns = 0});
  f.Put(0, 200, kStart - 2 * kDayNs, from);
  f.Put(1000, 1, kStart - 2 * kDayNs, from);  // segments of their own
  const auto before = f.Rows();
  f.Read(1000);
  f.Apply();
  CHECK(f.RowsByTier() == Tiers{{from, 201}});
  f.clock.Advance(kSecondNs);
  f.Read(1000);
  f.Apply();
  CHECK(f.RowsByTier() == Tiers{{Tier::kHot, 1}, {from, 200}});
  CHECK(f.Rows() == before);
  for (int minute = 0; minute < 30; ++minute) {
    f.clock.Advance(60 * kSecondNs);
    f.Read(1000);
    f.Apply();
    CHECK(f.RowsByTier()[Tier::kHot] == 1);
  }
  f.clock.Advance(11 * 60 * kSecondNs);
  f.Apply();
  CHECK(f.RowsByTier() == Tiers{{from, 201}});
  // Not at once again.
  for (int touch = 0; touch < 5; ++touch) f.Read(1000);
  f.Apply();
  CHECK(f.RowsByTier() == Tiers{{from, 201}});
  CHECK(f.Rows() == before);
}

TEST_CASE("Dormant entities go to the cold tier, those that are read do not", "[storage][tiers]") {
  Fixture f({.hot_max_age_ns = 7 * kDayNs, .warm_max_age_ns = 7 * kDayNs}, TableKind::kEntities);
  f.Put(0, 1, kStart);
  f.Put(100, 200, kStart);
  f.clock.Advance(61 * kSecondNs);
  f.Apply();
  CHECK(f.RowsByTier() == Tiers{{Tier::kHot, 201}});
  for (int day = 0; day < 9; ++day) {
    f.clock.Advance(kDayNs);
    f.Read(0);
    f.Apply();
  }
  f.clock.Advance(61 * kSecondNs);
  f.Apply();
  CHECK(f.RowsByTier()[Tier::kHot] >= 1);
  CHECK(f.RowsByTier()[Tier::kHot] < 40);  // the row that is read, and what shares its group
  CHECK(f.RowsByTier()[Tier::kCold] > 160);
  CHECK(f.Rows().size() == 201);
}

TEST_CASE("A pin keeps rows in its tier or a faster one, also after a restart", "[storage][tiers]") {
  Fixture f({.hot_max_age_ns = kHourNs, .warm_max_age_ns = kDayNs});
  f.Put(0, 300, kStart - 30 * kDayNs, Tier::kCold);
  const auto before = f.Rows();
  REQUIRE_OK(f.db->PinTable("t", Tier::kWarm));
  f.Apply();
  CHECK(f.RowsByTier() == Tiers{{Tier::kWarm, 300}});
  REQUIRE_STATUS(f.db->MoveTier({.table = "t", .from = Tier::kWarm, .to = Tier::kCold}),
                 absl::StatusCode::kFailedPrecondition, "pinned to tier warm");
  f.Reopen();
  CHECK(REQUIRE_OK_AND_TAKE(f.db->GetPin("t")) == Tier::kWarm);
  f.Apply();
  CHECK(f.RowsByTier() == Tiers{{Tier::kWarm, 300}});
  REQUIRE_OK(f.db->PinTable("t", Tier::kHot));
  f.Apply();
  CHECK(f.RowsByTier() == Tiers{{Tier::kHot, 300}});
  f.clock.Advance(kDayNs);
  f.Apply();
  CHECK(f.RowsByTier() == Tiers{{Tier::kHot, 300}});
  REQUIRE_OK(f.db->PinTable("t", std::nullopt));
  f.Reopen();
  CHECK(REQUIRE_OK_AND_TAKE(f.db->GetPin("t")) == std::nullopt);
  f.Apply();
  CHECK(f.RowsByTier() == Tiers{{Tier::kCold, 300}});
  CHECK(f.Rows() == before);
  REQUIRE_STATUS(f.db->PinTable("nowhere", Tier::kHot), absl::StatusCode::kNotFound, "nowhere");
}

TEST_CASE("Small files of a tier become one per shard and partition", "[storage][tiers]") {
  const Tier tier = GENERATE(Tier::kWarm, Tier::kCold);
  Fixture f({.hot_max_age_ns = kHourNs, .warm_max_age_ns = 0, .cold_partition = ColdPartition::kDay});
  for (int i = 0; i < 8; ++i) f.Put(i * 100, 100, kStart - (i % 2) * kDayNs, tier);
  f.Put(0, 10, kStart, tier);
  const auto before = f.Rows();
  const uint64_t files = f.Segments(tier);
  CHECK(files > 100);
  auto held = f.Snap();
  f.Apply();
  CHECK(f.Segments(tier) < files / 2);
  CHECK(f.Rows() == before);
  const CompactResult compacted = REQUIRE_OK_AND_TAKE(f.db->CompactTable("t", tier));
  CHECK(compacted.segments_after == f.Segments(tier));
  CHECK(compacted.segments_after == (tier == Tier::kWarm ? 16 : 32));  // archives never cross a day
  CHECK(REQUIRE_OK_AND_TAKE(f.db->CompactTable("t", tier)).bytes_written == 0);
  CHECK(f.Rows() == before);
  CHECK(f.Rows(*held) == before);
  held.reset();
  f.Reopen();
  CHECK(f.Rows() == before);
  REQUIRE_STATUS(f.db->CompactTable("t", Tier::kHot), absl::StatusCode::kInvalidArgument, "not compacted");
}

TEST_CASE("Expired rows are destroyed a day later, and never because the clock jumped", "[storage][tiers]") {
  Fixture f({.hot_max_age_ns = kHourNs, .warm_max_age_ns = 0, .ttl_ns = kDayNs});
  f.Put(0, 100, kStart, Tier::kWarm);
  f.Apply();
  // A start that nobody can vouch for: a day until the clock is believed.
  for (int hour = 0; hour < 25; ++hour) {
    f.clock.Advance(kHourNs);
    f.Apply();
  }
  f.Put(200, 100, f.clock.NowNanos(), Tier::kCold);
  const int64_t good_ns = f.clock.NowNanos();
  f.clock.JumpTo(good_ns + 365 * kDayNs);
  f.Apply();
  CHECK(f.RowsByTier() == Tiers{{Tier::kWarm, 100}, {Tier::kCold, 100}});
  f.Reopen();
  f.Apply();
  CHECK(f.RowsByTier() == Tiers{{Tier::kWarm, 100}, {Tier::kCold, 100}});
  f.clock.JumpTo(good_ns);
  for (int hour = 0; hour < 22; ++hour) {
    f.clock.Advance(kHourNs);
    f.Apply();
  }
  CHECK(f.RowsByTier() == Tiers{{Tier::kWarm, 100}, {Tier::kCold, 100}});
  for (int hour = 0; hour < 3; ++hour) {
    f.clock.Advance(kHourNs);
    f.Apply();
  }
  CHECK(f.RowsByTier() == Tiers{{Tier::kCold, 100}});  // kStart + ttl + a day has passed for the first
  f.Reopen();
  CHECK(f.RowsByTier() == Tiers{{Tier::kCold, 100}});
  f.Put(0, 1, f.clock.NowNanos());
  CHECK(REQUIRE_OK_AND_TAKE(f.db->Lookup("t", {"k0"}, {})).found[0]);
}

TEST_CASE("Commit numbers are not given out again after the rows that had them are gone", "[storage][tiers]") {
  Fixture f({.hot_max_age_ns = kHourNs, .warm_max_age_ns = 0, .ttl_ns = kSecondNs});
  f.Put(0, 100, kStart, Tier::kWarm);
  const Commit last = f.db->GetStats().visible_commit;
  for (int hour = 0; hour < 60; ++hour) {
    f.clock.Advance(kHourNs);
    f.Apply();
  }
  CHECK(f.RowsByTier().empty());
  f.Reopen();
  CHECK(f.db->GetStats().visible_commit >= last);
}

TEST_CASE("Erased rows leave their files", "[storage][tiers]") {
  const Tier tier = GENERATE(Tier::kHot, Tier::kWarm, Tier::kCold);
  Fixture f({.hot_max_age_ns = 0, .warm_max_age_ns = 0}, TableKind::kEntities);
  f.Put(0, 100, kStart, tier);
  if (tier == Tier::kHot) {
    REQUIRE_OK(f.db->MoveTier({.table = "t", .from = Tier::kHot, .to = Tier::kWarm}));
    REQUIRE_OK(f.db->MoveTier({.table = "t", .from = Tier::kWarm, .to = Tier::kHot}));
  }
  std::vector<VersionId> names;
  const uint32_t row = 0;
  REQUIRE_OK(AppendVersionIds(*f.Snap()->segments[0], 0, {&row, 1}, &names));
  REQUIRE_OK(f.db->Delete({.table = "t", .rows = names, .purge = true}));
  CHECK(f.Rows().size() == 99);
  f.Apply();
  CHECK(f.Rows().size() == 99);
  uint64_t stored = 0;
  for (const auto& [where, rows] : f.RowsByTier()) stored += rows;
  CHECK(stored == 99);
  f.Reopen();
  CHECK(f.Rows().size() == 99);
}

TEST_CASE("Versions beyond the history kept leave their files, those that a move wrote down as ended too",
          "[storage][tiers]") {
  const Tier tier = GENERATE(Tier::kWarm, Tier::kCold);
  Fixture f({.hot_max_age_ns = 0, .warm_max_age_ns = 0, .cold_partition = ColdPartition::kMonth}, TableKind::kEntities);
  REQUIRE_OK(f.db->AlterTable("t", SetPolicy{.history_ns = kHourNs}).status());
  const auto move = [&](Tier from, Tier to) { REQUIRE_OK(f.db->MoveTier({.table = "t", .from = from, .to = to})); };
  f.Put(0, 100, kStart);
  f.Put(0, 100, kStart + 1);
  move(Tier::kHot, Tier::kCold);
  if (tier == Tier::kWarm) move(Tier::kCold, Tier::kWarm);
  CHECK(f.RowsByTier() == Tiers{{tier, 200}});  // the past is within reach
  f.Apply();
  CHECK(f.RowsByTier() == Tiers{{tier, 200}});
  const bool reopen = GENERATE(false, true);
  if (reopen) f.Reopen();
  f.clock.Advance(2 * kHourNs);
  f.Apply();
  CHECK(f.RowsByTier() == Tiers{{tier, 100}});
  CHECK(f.Rows().size() == 100);
}

TEST_CASE("A clock that jumps ahead makes no history forgotten", "[storage][tiers]") {
  Fixture f({.hot_max_age_ns = 0, .warm_max_age_ns = 0, .cold_partition = ColdPartition::kMonth}, TableKind::kEntities);
  REQUIRE_OK(f.db->AlterTable("t", SetPolicy{.history_ns = kHourNs}).status());
  const auto move = [&](Tier from, Tier to) { REQUIRE_OK(f.db->MoveTier({.table = "t", .from = from, .to = to})); };
  f.Put(0, 100, kStart);
  const Commit before = f.Snap()->commit;
  const auto rows_before = f.Rows();
  f.clock.Advance(60 * kSecondNs);
  f.Put(0, 100, kStart + 1);
  move(Tier::kHot, Tier::kWarm);
  const bool restart_ahead = GENERATE(false, true);
  CAPTURE(restart_ahead);
  const int64_t good_ns = f.clock.NowNanos();
  f.clock.JumpTo(good_ns + 365 * kDayNs);
  if (restart_ahead) f.Reopen();
  const auto rows_as_of = [&] {
    return f.Rows(*REQUIRE_OK_AND_TAKE(f.db->OpenSnapshot("t", SnapshotRequest{.as_of = before})));
  };
  f.Apply();
  move(Tier::kWarm, Tier::kCold);  // a rewrite is what drops versions
  CHECK(f.RowsByTier() == Tiers{{Tier::kCold, 200}});
  CHECK(rows_as_of() == rows_before);
  f.clock.JumpTo(good_ns);
  CHECK(rows_as_of() == rows_before);
  // An hour later, whatever the clock did in between, the window has passed.
  f.clock.Advance(2 * kHourNs);
  move(Tier::kCold, Tier::kWarm);
  CHECK(f.RowsByTier() == Tiers{{Tier::kWarm, 100}});
  REQUIRE_STATUS(f.db->OpenSnapshot("t", SnapshotRequest{.as_of = before}), absl::StatusCode::kFailedPrecondition,
                 "history");
}

TEST_CASE("Few files stay mapped, whatever is read", "[storage][tiers]") {
  Fixture f({.hot_max_age_ns = kHourNs, .warm_max_age_ns = 0});
  f.options.max_mapped_files = 8;
  f.Reopen();
  const Tier tier = GENERATE(Tier::kWarm, Tier::kCold);
  for (int i = 0; i < 4; ++i) f.Put(i * 200, 200, kStart, tier);
  CHECK(f.Segments(tier) > 60);
  for (int key = 0; key < 800; key += 7) {
    f.clock.Advance(kSecondNs);
    f.Read(key);
    CHECK(f.db->GetTieringStats().mapped_files <= 8);
  }
  CHECK(f.db->GetTieringStats().unmapped_files > 0);
  {
    // Who looks at everything at once needs everything mapped, and goes on reading while others map theirs.
    const auto snapshot = f.Snap();
    CHECK(f.Rows(*snapshot).size() == 800);
    for (int key = 0; key < 800; key += 31) f.Read(key);
    CHECK(f.Rows(*snapshot).size() == 800);
  }
  f.Read(1);
  f.clock.Advance(kSecondNs);
  for (int key = 0; key < 100; ++key) f.Read(key);
  CHECK(f.db->GetTieringStats().mapped_files <= 16);
}

TEST_CASE("What readers of files keep is charged, and gives way when memory is wanted", "[storage][tiers][memory]") {
  Fixture f({.hot_max_age_ns = kHourNs, .warm_max_age_ns = 0}, TableKind::kEvents, 96 << 20);
  const Tier tier = GENERATE(Tier::kWarm, Tier::kCold);
  for (int i = 0; i < 4; ++i) f.Put(i * 200, 200, kStart, tier);
  CHECK(f.budget.used(MemoryUse::kCaches) == 0);
  const auto rows = f.Rows();
  const uint64_t cached = f.budget.used(MemoryUse::kCaches);
  CHECK(cached > 60 * 1024);  // of more than 60 files
  CHECK(f.Rows() == rows);
  CHECK(f.budget.used(MemoryUse::kCaches) == cached);  // once
  {
    // All of the rest is wanted, and a little of what caches hold.
    const uint64_t wanted = f.budget.limit() - f.budget.used() + 1024;
    const auto taken = REQUIRE_OK_AND_TAKE(MemoryReservation::Make(&f.budget, MemoryUse::kQuery, wanted));
    CHECK(f.budget.used(MemoryUse::kCaches) < cached);
    CHECK(f.budget.used() <= f.budget.limit());
  }
  CHECK(f.Rows() == rows);
  {
    const auto snapshot = f.Snap();  // keeps its readers, with what they keep
    CHECK(f.Rows(*snapshot) == rows);
    const uint64_t wanted = f.budget.limit() - f.budget.used() + 1024;
    REQUIRE_STATUS(MemoryReservation::Make(&f.budget, MemoryUse::kQuery, wanted),
                   absl::StatusCode::kResourceExhausted, "memory budget full");
    CHECK(f.Rows(*snapshot) == rows);
  }
  f.db.reset();
  CHECK(f.budget.used() == 0);
}

TEST_CASE("Files larger than memory allows are merged and archived piece by piece", "[storage][tiers]") {
  constexpr uint64_t kBudget = 72 << 20;
  Fixture f({.hot_max_age_ns = 0, .warm_max_age_ns = 0}, TableKind::kEvents, kBudget);
  TableDefinition wide = *TestTable("wide", {{"v", DataType::Vector(TypeKind::kFloat32, 1024)},
                                             {"s", DataType::String()}});
  wide.policy = {.hot_max_age_ns = 0, .warm_max_age_ns = 0, .cold_partition = ColdPartition::kMonth};
  const auto table = REQUIRE_OK_AND_TAKE(f.db->CreateTable(wide));
  std::map<std::string, std::string> expected;
  for (int batch = 0; batch < 12; ++batch) {
    BatchBuilder rows(table);
    for (int i = 0; i < 300; ++i) {
      std::vector<double> values(1024);
      for (size_t k = 0; k < values.size(); ++k) values[k] = (batch * 300 + i) * 1024 + static_cast<double>(k);
      // One key: one shard. Times interleave the batches.
      rows.Row({"one", kStart + i * 100 + batch, values, "s" + std::to_string(batch * 300 + i)});
    }
    REQUIRE_OK(f.db->Ingest({.batch = rows.Build(), .tier = Tier::kWarm}));
  }
  const auto read = [&] {
    std::multiset<std::string> rows;
    const auto snapshot = REQUIRE_OK_AND_TAKE(f.db->OpenSnapshot("wide", 0));
    for (const auto& segment : snapshot->segments) {
      for (size_t g = 0; g < segment->row_group_count(); ++g) {
        const RowGroupView& group = segment->row_group(g);
        Column v(wide.columns[2].type), s(DataType::String());
        REQUIRE_OK(REQUIRE_OK_AND_TAKE(group.column(table->columns[2].id))->Decode(0, group.row_count(), &v));
        REQUIRE_OK(REQUIRE_OK_AND_TAKE(group.column(table->columns[3].id))->Decode(0, group.row_count(), &s));
        for (uint32_t row = 0; row < group.row_count(); ++row) {
          rows.insert(std::string(s.StringAt(row)) + "=" + std::to_string(v.values_as<float>()[row * 1024 + 7]));
        }
      }
    }
    return rows;
  };
  const auto before = read();
  REQUIRE(before.size() == 3600);
  // 14 MiB of values; an eighth of the budget, 9 MiB, may be resident.
  const CompactResult compacted = REQUIRE_OK_AND_TAKE(f.db->CompactTable("wide", Tier::kWarm));
  CHECK(compacted.segments_before == 12);
  CHECK(compacted.segments_after == 1);
  CHECK(read() == before);
  REQUIRE_OK(f.db->MoveTier({.table = "wide", .from = Tier::kWarm, .to = Tier::kCold}));
  CHECK(read() == before);
  CHECK(f.budget.used() < kBudget);
}

}  // namespace cortex

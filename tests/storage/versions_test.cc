// Versions: MERGE, DELETE, erasing, reads of the past. A model keeps every version ever written; whatever moves, closes
// and opens in between, the database must show the model's rows at every commit.
#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "codecs/bytes/status_macros.h"
#include "storage/column/bitmap.h"
#include "storage/database.h"
#include "storage/io/kill_point.h"
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
using testing::WaitUntil;

using Rows = std::multiset<std::string>;

struct Version {
  std::string key;
  int64_t x = 0;
  int64_t y = 0;
  Commit commit = 0;
  Commit end = kOpenEnd;

  std::string text() const { return key + "=" + std::to_string(x) + "," + std::to_string(y); }
};

class World {
 public:
  explicit World(TableKind kind, int64_t history_ns = 0, uint64_t wal_limit_bytes = 1ull << 30) : kind_(kind) {
    options_.wal_limit_bytes = wal_limit_bytes;
    options_.wal_file_bytes = wal_limit_bytes / 16;
    options_.tiering_interval_ns = 0;
    options_.create_builtin_tables = false;
    options_.tiering_bytes_per_second = 0;
    options_.seal_rows = 1024;
    Open();
    TableDefinition definition = *TestTable(
        "t", {{"x", DataType::Scalar(TypeKind::kInt64)}, {"y", DataType::Scalar(TypeKind::kInt64)}}, kind);
    definition.policy.cold_partition = ColdPartition::kMonth;
    definition.history_ns = history_ns;
    REQUIRE_OK(db->CreateTable(definition));
  }
  ~World() { db.reset(); }  // before what it lives on
  void Open() {
    options_.data_dir = dir_.File("data");
    options_.clock = &clock;
    options_.budget = &budget_;
    db = REQUIRE_OK_AND_TAKE(Database::Open(options_));
  }
  void Reopen() {
    db.reset();
    Open();
  }

  // Rows (key, x, y) of one batch, in any number and with any repetition.
  Commit Put(const std::vector<Version>& rows, Tier tier = Tier::kHot) {
    BatchBuilder builder(table());
    for (const Version& row : rows) builder.Row({row.key, 7, row.x, row.y});
    const Commit commit = REQUIRE_OK_AND_TAKE(db->Ingest({.batch = builder.Build(), .tier = tier})).commit;
    Write(rows, commit, /*merge=*/false);
    return commit;
  }
  // Only x of each row counts.
  Commit Merge(const std::vector<Version>& rows, Tier tier = Tier::kHot) {
    BatchBuilder builder(table());
    for (const Version& row : rows) builder.Row({row.key, 7, row.x, Null{}});
    const Commit commit = REQUIRE_OK_AND_TAKE(db->Ingest({.batch = builder.Build(),
                                                          .mode = IngestMode::kMerge,
                                                          .tier = tier,
                                                          .present = {true, true, true, false}})).commit;
    Write(rows, commit, /*merge=*/true);
    return commit;
  }
  using Predicate = std::function<bool(const std::string& key, int64_t x)>;
  // Ends the current rows that satisfy the predicate.
  Commit Delete(const Predicate& matches) {
    const DeleteResult result = REQUIRE_OK_AND_TAKE(
        db->Delete({.table = "t", .rows = Find(*REQUIRE_OK_AND_TAKE(db->OpenSnapshot("t", 0)), matches)}));
    uint64_t ended = 0;
    for (Version& version : model) {
      if (version.end != kOpenEnd || !matches(version.key, version.x)) continue;
      version.end = result.token.commit;
      ++ended;
    }
    REQUIRE(result.row_count == ended);
    return result.token.commit;
  }
  // Erases every version, ended or not, that satisfies the predicate.
  void Purge(const Predicate& matches) {
    const auto history = REQUIRE_OK_AND_TAKE(db->OpenSnapshot("t", SnapshotRequest{.history = true}));
    const DeleteResult result =
        REQUIRE_OK_AND_TAKE(db->Delete({.table = "t", .rows = Find(*history, matches), .purge = true}));
    const size_t before = model.size();
    std::erase_if(model, [&](const Version& version) { return matches(version.key, version.x); });
    REQUIRE(result.row_count == before - model.size());
  }
  void Move(Tier from, Tier to) { REQUIRE_OK(db->MoveTier({.table = "t", .from = from, .to = to})); }

  Commit newest() const { return db->GetStats().visible_commit; }
  std::set<std::string> LogFiles() const {
    std::set<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(options_.data_dir + "/wal")) files.insert(entry.path());
    return files;
  }
  Rows Expected(VersionWindow window) const {
    Rows rows;
    for (const Version& version : model) {
      if (window.Sees(version.commit, version.end)) rows.insert(version.text());
    }
    return rows;
  }
  Rows Shown(const SnapshotRequest& request) {
    Rows rows;
    Scan(*REQUIRE_OK_AND_TAKE(db->OpenSnapshot("t", request)),
         [&](const Version& version, const VersionId&) { rows.insert(version.text()); });
    return rows;
  }
  Rows Shown() { return Shown(SnapshotRequest()); }
  Rows AsOf(Commit commit) { return Shown(SnapshotRequest{.as_of = commit}); }
  void RequireTrueAtEveryCommit() {
    for (Commit commit = 1; commit <= newest(); ++commit) {
      CAPTURE(commit);
      REQUIRE(AsOf(commit) == Expected(commit));
    }
    REQUIRE(Shown(SnapshotRequest{.history = true}) == Expected({0, newest()}));
    RequireNamesAreUnique();
  }
  std::shared_ptr<const TableDefinition> table() { return REQUIRE_OK_AND_TAKE(db->FindTable("t")); }
  std::string Get(const std::string& key, const SnapshotRequest& at = {}) {
    const std::vector<uint32_t> columns = {2, 3};
    const LookupResult result = REQUIRE_OK_AND_TAKE(db->Lookup("t", {&key, 1}, columns, at));
    if (!result.found[0]) return "none";
    const auto text = [&](const Column& c) { return c.IsNull(0) ? "null" : std::to_string(c.values_as<int64_t>()[0]); };
    return text(result.columns[0]) + "," + text(result.columns[1]);
  }
  // For hooks on other threads: no assertions.
  std::vector<VersionId> IdsOf(int64_t first_x, int64_t end_x) {
    const auto snapshot = db->OpenSnapshot("t", SnapshotRequest());
    std::map<int64_t, VersionId> ids;
    if (!snapshot.ok()) return {};
    const absl::Status scanned = ScanQuietly(**snapshot, [&](const Version& version, const VersionId& id) {
      if (version.x >= first_x && version.x < end_x) ids[version.x] = id;
    });
    if (!scanned.ok()) return {};
    std::vector<VersionId> in_order;
    for (const auto& [x, id] : ids) in_order.push_back(id);
    return in_order;
  }
  void NoteEnd(int64_t x, Commit end) {
    for (Version& version : model) {
      if (version.x == x && version.end == kOpenEnd) version.end = end;
    }
  }
  void NoteErased(int64_t x) {
    std::erase_if(model, [&](const Version& version) { return version.x == x; });
  }
  absl::Status TryPut(const Version& row) {
    const auto definition = db->FindTable("t");
    if (!definition.ok()) return definition.status();
    const auto token = db->Ingest({.batch = BatchBuilder(*definition).Row({row.key, 7, row.x, row.y}).Build()});
    if (token.ok()) Write({row}, token->commit, /*merge=*/false);
    return token.status();
  }
  uint64_t RowCount(Tier tier) {
    for (const TierStats& stats : REQUIRE_OK_AND_TAKE(db->GetTableStats("t")).tiers) {
      if (stats.tier == tier) return stats.row_count;
    }
    return 0;
  }

  FakeClock clock;
  std::unique_ptr<Database> db;
  std::vector<Version> model;

 private:
  using RowSink = std::function<void(const Version&, const VersionId&)>;

  void Scan(const Snapshot& snapshot, const RowSink& sink) { REQUIRE_OK(ScanQuietly(snapshot, sink)); }
  absl::Status ScanQuietly(const Snapshot& snapshot, const RowSink& sink) {
    for (const auto& segment : snapshot.segments) {
      for (size_t g = 0; g < segment->row_group_count(); ++g) {
        const RowGroupView& group = segment->row_group(g);
        const uint32_t count = group.row_count();
        if (count == 0) continue;
        std::vector<uint64_t> selection(WordsForBits(count));
        FillOnes(selection.data(), count);
        if (!group.AllVisible(snapshot.window)) {
          RETURN_IF_ERROR(group.SelectVisible(snapshot.window, 0, count, selection.data()));
        }
        Column keys(DataType::String()), x(DataType::Scalar(TypeKind::kInt64)), y(DataType::Scalar(TypeKind::kInt64));
        RETURN_IF_ERROR(Read(group, snapshot, 0, &keys));
        RETURN_IF_ERROR(Read(group, snapshot, 2, &x));
        RETURN_IF_ERROR(Read(group, snapshot, 3, &y));
        std::vector<uint32_t> rows;
        for (uint32_t row = 0; row < count; ++row) {
          if (GetBit(selection.data(), row)) rows.push_back(row);
        }
        std::vector<VersionId> ids;
        RETURN_IF_ERROR(AppendVersionIds(*segment, g, rows, &ids));
        for (size_t i = 0; i < rows.size(); ++i) {
          sink({.key = std::string(keys.StringAt(rows[i])),
                .x = x.values_as<int64_t>()[rows[i]],
                .y = y.values_as<int64_t>()[rows[i]],
                .commit = ids[i].commit},
               ids[i]);
        }
      }
    }
    return absl::OkStatus();
  }
  static absl::Status Read(const RowGroupView& group, const Snapshot& snapshot, size_t ordinal, Column* out) {
    ASSIGN_OR_RETURN(const ColumnChunk* chunk, group.column(snapshot.table->columns[ordinal].id));
    return chunk->Decode(0, group.row_count(), out);
  }
  std::vector<VersionId> Find(const Snapshot& snapshot, const Predicate& matches) {
    std::vector<VersionId> ids;
    Scan(snapshot, [&](const Version& version, const VersionId& id) {
      if (matches(version.key, version.x)) ids.push_back(id);
    });
    return ids;
  }
  void RequireNamesAreUnique() {
    std::set<VersionId> names;
    uint64_t rows = 0;
    Scan(*REQUIRE_OK_AND_TAKE(db->OpenSnapshot("t", SnapshotRequest{.history = true})),
         [&](const Version&, const VersionId& id) { names.insert(id), ++rows; });
    REQUIRE(names.size() == rows);
  }
  void Write(const std::vector<Version>& rows, Commit commit, bool merge) {
    std::map<std::string, size_t> last;
    for (size_t i = 0; i < rows.size(); ++i) last[rows[i].key] = i;
    for (size_t i = 0; i < rows.size(); ++i) {
      Version row = rows[i];
      row.commit = commit;
      if (kind_ == TableKind::kEntities) {
        if (last[row.key] != i) continue;
        if (merge) row.y = 0;  // as NULL decodes
        for (Version& old : model) {
          if (old.key != row.key || old.end != kOpenEnd) continue;
          if (merge) row.y = old.y;
          old.end = commit;
        }
      }
      model.push_back(row);
    }
  }

  const TableKind kind_;
  TempDir dir_;
  MemoryBudget budget_{1ull << 30};
  DatabaseOptions options_;
};

}  // namespace

TEST_CASE("Database shows the past as it was after any mix of writes, moves and restarts", "[storage][versions]") {
  const TableKind kind = GENERATE(TableKind::kEvents, TableKind::kEntities);
  const uint32_t seed = GENERATE(1u, 2u, 3u, 4u);
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto below = [&](uint32_t n) { return std::uniform_int_distribution<uint32_t>(0, n - 1)(random); };
  World world(kind);
  for (int step = 0; step < 40; ++step) {
    const uint32_t what = below(12);
    CAPTURE(step, what);
    std::vector<Version> rows;
    for (uint32_t i = 0, n = 1 + below(600); i < n; ++i) {
      rows.push_back({.key = "k" + std::to_string(below(400)), .x = below(50), .y = step});
    }
    const int64_t modulus = 2 + below(8), rest = below(2);
    const World::Predicate some = [&](const std::string& key, int64_t x) { return (x + key.back()) % modulus == rest; };
    constexpr Tier kTiers[] = {Tier::kHot, Tier::kHot, Tier::kWarm, Tier::kCold};
    if (what < 4) {
      world.Put(rows, kTiers[below(4)]);
    } else if (what < 6) {
      if (kind == TableKind::kEntities) world.Merge(rows, kTiers[below(4)]);
    } else if (what < 8) {
      world.Delete(some);
    } else if (what == 8) {
      const char last = static_cast<char>('0' + below(10));
      world.Purge([&](const std::string& key, int64_t x) { return key.back() == last && x % 2 == 0; });
    } else if (what == 9) {
      world.Move(Tier::kHot, below(2) == 0 ? Tier::kWarm : Tier::kCold);
    } else if (what == 10) {
      below(2) == 0 ? world.Move(Tier::kWarm, Tier::kCold) : world.Move(Tier::kCold, Tier::kWarm);
    } else {
      world.Reopen();
    }
    REQUIRE(world.Shown() == world.Expected(world.newest()));
  }
  world.RequireTrueAtEveryCommit();
  world.Move(Tier::kHot, Tier::kCold);
  world.Move(Tier::kWarm, Tier::kCold);
  world.RequireTrueAtEveryCommit();
  world.Reopen();
  world.RequireTrueAtEveryCommit();
}

TEST_CASE("Database merges columns into the current version wherever it is", "[storage][versions]") {
  const Tier at = GENERATE(Tier::kHot, Tier::kWarm, Tier::kCold);
  World world(TableKind::kEntities);
  world.Put({{.key = "a", .x = 1, .y = 10}, {.key = "b", .x = 2, .y = 20}}, at);
  world.Merge({{.key = "a", .x = 5}, {.key = "new", .x = 6}});
  CHECK(world.Get("a") == "5,10");
  CHECK(world.Get("b") == "2,20");
  CHECK(world.Get("new") == "6,null");
  world.Reopen();
  CHECK(world.Get("a") == "5,10");
  CHECK(world.Get("a", {.as_of = 0}) == "none");
  CHECK(world.Get("a", {.as_of = world.newest() - 1}) == "1,10");
}

TEST_CASE("Database aborts an update whose version is no longer current and applies nothing", "[storage][versions]") {
  World world(TableKind::kEntities);
  const Commit first = world.Put({{.key = "a", .x = 1, .y = 10}, {.key = "b", .x = 2, .y = 20}});
  world.Put({{.key = "b", .x = 3, .y = 30}});
  const auto update = [&](Commit of_b) {
    return world.db->Ingest(
        {.batch = BatchBuilder(world.table()).Row({"a", 7, 100, Null{}}).Row({"b", 7, 100, Null{}}).Build(),
         .mode = IngestMode::kMerge,
         .present = {true, true, true, false},
         .expected = {VersionId{.commit = first}, VersionId{.commit = of_b}}});
  };
  REQUIRE_STATUS(update(first), absl::StatusCode::kAborted, "entity \"b\"");
  CHECK(world.Get("a") == "1,10");
  REQUIRE_OK(update(first + 1));
  CHECK(world.Get("a") == "100,10");
  CHECK(world.Get("b") == "100,30");
}

TEST_CASE("Database sees a delete between the fetch of a merge and its turn", "[storage][versions]") {
  World world(TableKind::kEntities);
  world.Put({{.key = "a", .x = 1, .y = 10}});
  // Queued together: the merge was fetched while "a" was there, but comes after its end.
  const auto snapshot = REQUIRE_OK_AND_TAKE(world.db->OpenSnapshot("t", 0));
  world.Delete([](const std::string&, int64_t) { return true; });
  world.Merge({{.key = "a", .x = 2}});
  CHECK(world.Get("a") == "2,null");
  REQUIRE_STATUS(world.db->Ingest({.batch = BatchBuilder(world.table()).Row({"a", 7, 1, 1}).Build(),
                                   .mode = IngestMode::kMerge,
                                   .present = {false, true, true, true}}),
                 absl::StatusCode::kInvalidArgument, "MERGE needs key and time");
}

TEST_CASE("Database reads as of a time and refuses what lies beyond its history", "[storage][versions]") {
  constexpr int64_t kSecond = 1'000'000'000;
  World world(TableKind::kEntities, /*history_ns=*/100 * kSecond);
  const int64_t start = world.clock.NowNanos();
  world.Put({{.key = "a", .x = 1, .y = 1}});
  world.clock.Advance(10 * kSecond);
  world.Put({{.key = "a", .x = 2, .y = 2}});
  world.clock.Advance(10 * kSecond);
  world.Delete([](const std::string&, int64_t) { return true; });
  const auto get = [&](int64_t seconds) { return world.Get("a", {.as_of_time_ns = start + seconds * kSecond}); };
  const bool reopen = GENERATE(false, true);
  if (reopen) world.Reopen();
  CHECK(get(-1) == "none");
  CHECK(get(0) == "1,1");
  CHECK(get(9) == "1,1");
  CHECK(get(10) == "2,2");
  CHECK(get(20) == "none");
  REQUIRE_STATUS(world.db->OpenSnapshot("t", {.as_of_time_ns = start + 21 * kSecond}), absl::StatusCode::kOutOfRange,
                 "future");
  REQUIRE_STATUS(world.db->OpenSnapshot("t", {.as_of = 1000}), absl::StatusCode::kOutOfRange, "the newest is");
  CHECK(*REQUIRE_OK_AND_TAKE(world.db->TimeOf(world.newest())) == start + 20 * kSecond);

  world.clock.Advance(95 * kSecond);  // 115 s after the first version
  REQUIRE_STATUS(world.db->OpenSnapshot("t", {.as_of_time_ns = start}), absl::StatusCode::kFailedPrecondition,
                 "older than the history kept");
  CHECK(get(16) == "2,2");
  world.Move(Tier::kHot, Tier::kCold);  // a rewrite drops what nobody may read
  CHECK(world.RowCount(Tier::kCold) == 1);
  CHECK(get(16) == "2,2");
  world.Reopen();
  REQUIRE_STATUS(world.db->OpenSnapshot("t", {.as_of_time_ns = start}), absl::StatusCode::kFailedPrecondition,
                 "the oldest commit is");
}

TEST_CASE("Database erases versions from every tier and their bytes with the next rewrite", "[storage][versions]") {
  World world(TableKind::kEntities);
  const Tier at = GENERATE(Tier::kHot, Tier::kWarm, Tier::kCold);
  world.Put({{.key = "a", .x = 1, .y = 1}, {.key = "b", .x = 1, .y = 1}}, at);
  world.Put({{.key = "a", .x = 2, .y = 2}}, at);
  world.Purge([](const std::string& key, int64_t) { return key == "a"; });
  world.RequireTrueAtEveryCommit();
  world.Reopen();
  world.RequireTrueAtEveryCommit();
  if (at == Tier::kHot) world.Move(Tier::kHot, Tier::kWarm);
  world.Move(at == Tier::kCold ? Tier::kCold : Tier::kWarm, at == Tier::kCold ? Tier::kWarm : Tier::kCold);
  CHECK(world.RowCount(at == Tier::kCold ? Tier::kWarm : Tier::kCold) == 1);
  world.RequireTrueAtEveryCommit();
}

TEST_CASE("Database keeps deletes, updates and erasures that arrive during any step of a move", "[storage][versions]") {
  const TableKind kind = GENERATE(TableKind::kEntities, TableKind::kEvents);
  const std::string step = GENERATE(
      "seal-start", "segment-row-group", "segment-durable", "seal-written", "meta-commit", "meta-witnessed",
      "seal-committed", "seal-published", "evict", "rewrite-read", "archive-written", "archive-committed",
      "archive-published", "rewrite-written", "rewrite-committed", "rewrite-published", "load");
  CAPTURE(step);
  World world(kind);
  std::vector<Version> rows;
  for (int i = 0; i < 40; ++i) rows.push_back({.key = "k" + std::to_string(i), .x = i, .y = i});
  world.Put(rows);
  // One row of its own for each time the step is reached.
  int64_t next = 0;
  absl::Status failed;
  SetKillPointHook([&](std::string_view name) {
    if (name != step || next > 30) return;
    const int64_t x = next;
    next += 3;
    const auto ids = world.IdsOf(x, x + 3);
    if (ids.size() != 3) return failed.Update(absl::InternalError("rows to end not found"));
    const auto ended = world.db->Delete({.table = "t", .rows = {ids[0]}});
    const auto erased = world.db->Delete({.table = "t", .rows = {ids[1]}, .purge = true});
    failed.Update(ended.status());
    failed.Update(erased.status());
    if (!failed.ok()) return;
    world.NoteEnd(x, ended->token.commit);
    world.NoteErased(x + 1);
    if (kind != TableKind::kEntities) return;
    const Version update{.key = "k" + std::to_string(x + 2), .x = 1000 + x, .y = 0};
    failed.Update(world.TryPut(update));
  });
  world.Move(Tier::kHot, Tier::kWarm);
  world.Move(Tier::kWarm, Tier::kCold);
  world.Move(Tier::kCold, Tier::kWarm);
  world.Move(Tier::kWarm, Tier::kHot);
  SetKillPointHook(nullptr);
  REQUIRE_OK(failed);
  REQUIRE(next > 0);
  world.RequireTrueAtEveryCommit();
  world.Reopen();
  world.RequireTrueAtEveryCommit();
}

TEST_CASE("Database keeps the log within its limit when nothing but deletes is written", "[storage][versions]") {
  constexpr uint64_t kLimit = 64 << 10;
  World world(TableKind::kEvents, 0, kLimit);
  std::vector<Version> rows;
  for (int i = 0; i < 3000; ++i) rows.push_back({.key = "k" + std::to_string(i), .x = i, .y = 0});
  world.Put(rows);
  world.Move(Tier::kHot, Tier::kWarm);  // from here on no group is open whose seal would save ends
  const std::set<std::string> before = world.LogFiles();
  for (int64_t begin = 0; begin < 3000; begin += 8) {
    world.Delete([&](const std::string&, int64_t x) { return x >= begin && x < begin + 8; });
  }
  CHECK(WaitUntil([&] {
    REQUIRE_OK(world.db->Flush());  // the log is trimmed between two commits
    return world.db->GetStats().wal_bytes <= kLimit;
  }));
  // Nothing trims the log now but its limit, so that it was met.
  for (const std::string& file : world.LogFiles()) CHECK(before.count(file) == 0);
  world.Reopen();
  REQUIRE(world.Shown().empty());
}

TEST_CASE("Database takes rows while the sealer saves nothing but ends", "[storage][versions]") {
  World world(TableKind::kEvents, 0, 64 << 10);
  std::vector<Version> rows;
  for (int i = 0; i < 3000; ++i) rows.push_back({.key = "k" + std::to_string(i), .x = i, .y = 0});
  world.Put(rows);
  world.Move(Tier::kHot, Tier::kWarm);
  BatchBuilder builder(world.table());
  builder.Row({"late", 7, 9'000, 0});
  IngestRequest late{.batch = builder.Build()};
  std::atomic<bool> met = false, sent = false;
  // The sealer is about to commit the ends; its job is still first in the queue.
  SetKillPointHook([&](std::string_view name) {
    if (name != "meta-commit" || met.exchange(true)) return;
    world.db->IngestAsync(std::move(late), [](const auto&) {});
    sent = true;
  });
  for (int64_t begin = 0; begin < 3000; begin += 8) {
    world.Delete([&](const std::string&, int64_t x) { return x >= begin && x < begin + 8; });
  }
  REQUIRE(WaitUntil([&] {
    REQUIRE_OK(world.db->Flush());
    return sent.load();
  }));
  REQUIRE_OK(world.db->Flush());
  world.db.reset();
  SetKillPointHook(nullptr);
  world.Open();
  CHECK(world.Shown().count("late=9000,0") == 1);
}

TEST_CASE("Database frees the log where rows only end", "[storage][versions]") {
  World world(TableKind::kEvents);
  std::vector<Version> rows;
  for (int i = 0; i < 3000; ++i) rows.push_back({.key = "k" + std::to_string(i), .x = i, .y = 0});
  world.Put(rows);
  world.Move(Tier::kHot, Tier::kWarm);
  world.Delete([](const std::string&, int64_t x) { return x < 1000; });
  world.Reopen();  // the delete comes from the log
  REQUIRE(world.Shown() == world.Expected(world.newest()));
  world.Put({{.key = "k1", .x = 5000, .y = 0}});
  world.Move(Tier::kHot, Tier::kWarm);  // a seal saves the ends of its shard
  world.Reopen();
  world.RequireTrueAtEveryCommit();
}

}  // namespace cortex

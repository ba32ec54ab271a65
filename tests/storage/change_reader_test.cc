#include "storage/change_reader.h"

#include <catch2/catch.hpp>
#include <atomic>
#include <random>
#include <thread>

#include "tests/storage/data_directory.h"

namespace cortex {
namespace {

using enum absl::StatusCode;
using testing::AllVersions;
using testing::CreateTestTable;
using testing::FakeClock;
using testing::PutRows;
using testing::SmallDatabase;
using testing::TempDir;
using testing::TryPutRows;

class Fixture {
 public:
  explicit Fixture(TableKind kind = TableKind::kEvents) {
    Open();
    CreateTestTable(db.get(), "t", kind);
  }
  void Open() { db = REQUIRE_OK_AND_TAKE(Database::Open(SmallDatabase(dir.File("data"), &clock))); }
  void Reopen() {
    db.reset();
    Open();
  }
  void Move(Tier from, Tier to) { REQUIRE_OK(db->MoveTier({.table = "t", .from = from, .to = to}).status()); }
  ChangeReader Reader(ChangePosition after = {.commit = 0}, uint64_t batch_bytes = 512 << 10,
                      StillWanted still_wanted = {}) {
    const auto table = REQUIRE_OK_AND_TAKE(db->FindTable("t"));
    return ChangeReader({.database = db.get(),
                         .budget = &budget,
                         .table = "t",
                         .table_id = table->id,
                         .columns = {table->columns[0].id, table->columns[2].id},
                         .after = after,
                         .batch_bytes = batch_bytes,
                         .still_wanted = std::move(still_wanted)});
  }

  FakeClock clock;
  TempDir dir;
  MemoryBudget budget{1ull << 30};
  std::unique_ptr<Database> db;
};

// As "commit key=x".
void AppendRows(const ChangeBatch& batch, std::vector<std::string>* rows) {
  for (uint32_t row = 0; row < batch.row_count; ++row) {
    rows->push_back(std::to_string(batch.rows[row].commit) + " " + std::string(batch.columns[0].StringAt(row)) + "=" +
                    std::to_string(batch.columns[1].values_as<int64_t>()[row]));
  }
}

// Appends the rows of one call; false if there were none.
bool Take(ChangeReader* reader, std::vector<std::string>* rows) {
  const ChangeBatch batch = REQUIRE_OK_AND_TAKE(reader->Next());
  CHECK(batch.position == reader->position());
  for (uint32_t row = 0; row < batch.row_count; ++row) {
    CHECK(batch.PositionAfter(row) >= batch.rows[row]);
    if (row + 1 < batch.row_count) CHECK(batch.PositionAfter(row) < batch.rows[row + 1]);
  }
  AppendRows(batch, rows);
  return batch.row_count > 0;
}

std::vector<std::string> TakeAll(ChangeReader* reader) {
  std::vector<std::string> rows;
  while (Take(reader, &rows)) {
  }
  return rows;
}

// The same from a full look at the table: by commit, shard, ordinal.
std::vector<std::string> Expected(Database* db) {
  std::vector<std::pair<std::array<uint64_t, 3>, std::string>> rows;
  for (const std::string& line : AllVersions(db, "t")) {  // "commit/shard/ordinal key=x end"
    std::array<unsigned long, 3> place;
    std::sscanf(line.c_str(), "%lu/%lu/%lu", &place[0], &place[1], &place[2]);
    const size_t space = line.find(' ');
    rows.push_back({{place[0], place[1], place[2]},
                    std::to_string(place[0]) + line.substr(space, line.rfind(' ') - space)});
  }
  std::sort(rows.begin(), rows.end());
  std::vector<std::string> lines;
  for (auto& [place, line] : rows) lines.push_back(std::move(line));
  return lines;
}

}  // namespace

TEST_CASE("ChangeReader takes no snapshot for commits that bring its table nothing", "[storage][changes]") {
  Fixture f;
  CreateTestTable(f.db.get(), "other");
  const bool reopened = GENERATE(false, true);
  const Tier tier = GENERATE(Tier::kHot, Tier::kWarm, Tier::kCold);
  PutRows(f.db.get(), "t", 0, 10, 1, tier);
  if (reopened) f.Reopen();
  ChangeReader reader = f.Reader();
  CHECK(TakeAll(&reader).size() == 10);
  const uint64_t before = reader.snapshots_taken();
  for (int i = 0; i < 20; ++i) {
    const Commit commit = PutRows(f.db.get(), "other", i, 1, i, tier);
    CHECK(TakeAll(&reader).empty());
    CHECK(reader.position() == ChangePosition{.commit = commit});  // and yet it goes on
  }
  if (tier != Tier::kHot) f.Move(tier, tier == Tier::kWarm ? Tier::kCold : Tier::kWarm);
  CHECK(TakeAll(&reader).empty());
  CHECK(reader.snapshots_taken() == before);
  PutRows(f.db.get(), "t", 10, 5, 2, tier);
  CHECK(TakeAll(&reader).size() == 5);
  CHECK(reader.snapshots_taken() == before + 1);
}

TEST_CASE("ChangeReader gives every row once, in the order of commits, from every tier", "[storage][changes]") {
  Fixture f(GENERATE(TableKind::kEvents, TableKind::kEntities));
  PutRows(f.db.get(), "t", 0, 2000, 1);
  f.Move(Tier::kHot, Tier::kWarm);
  f.Move(Tier::kWarm, Tier::kCold);
  PutRows(f.db.get(), "t", 1000, 2000, 2);
  f.Move(Tier::kHot, Tier::kWarm);
  PutRows(f.db.get(), "t", 500, 100, 3, Tier::kCold);
  for (int i = 0; i < 30; ++i) PutRows(f.db.get(), "t", 10 * i, 10, 10 + i);
  const uint64_t batch_bytes = GENERATE(1, 1'000, 512 << 10);
  ChangeReader reader = f.Reader({.commit = 0}, batch_bytes);
  const std::vector<std::string> rows = TakeAll(&reader);
  CHECK(rows.size() == 4400);
  CHECK(rows == Expected(f.db.get()));
  CHECK(reader.position() == ChangePosition{.commit = f.db->GetStats().visible_commit});
  PutRows(f.db.get(), "t", 7, 1, 99);
  CHECK(TakeAll(&reader) == std::vector<std::string>{std::to_string(f.db->GetStats().visible_commit) + " k7=99"});
}

TEST_CASE("ChangeReader ends wherever nobody wants it any more, and goes on from there", "[storage][changes]") {
  Fixture f;
  PutRows(f.db.get(), "t", 0, 2000, 1);
  f.Move(Tier::kHot, Tier::kWarm);
  PutRows(f.db.get(), "t", 2000, 500, 2);
  const std::vector<std::string> expected = Expected(f.db.get());
  int answers_left = 0;
  bool told_no = false;
  ChangeReader reader = f.Reader({.commit = 0}, 16 << 10, [&] {
    CHECK_FALSE(told_no);  // the first no is the last question
    told_no = answers_left-- == 0;
    return told_no ? absl::CancelledError("enough") : absl::OkStatus();
  });
  std::vector<std::string> rows;
  int given_up = 0;
  // Each try is allowed one question more, until one gets to its batch.
  for (int allowed = 0; rows.size() < expected.size();) {
    answers_left = allowed;
    told_no = false;
    const uint64_t before = f.budget.used();
    if (absl::StatusOr<ChangeBatch> batch = reader.Next(); batch.ok()) {
      AppendRows(*batch, &rows);
      continue;
    } else {
      REQUIRE_STATUS(batch.status(), kCancelled, "enough");
    }
    CHECK(f.budget.used() <= before);
    CHECK_FALSE(reader.holds_snapshot());
    ++given_up;
    ++allowed;
  }
  CHECK(given_up > 16);  // row groups of all shards, and columns
  CHECK(rows == expected);
}

TEST_CASE("ChangeReader asks for memory before it reads", "[storage][changes]") {
  Fixture f;
  PutRows(f.db.get(), "t", 0, 2000, 1);
  int asked = 0;
  ChangeReader reader = f.Reader({.commit = 0}, 512 << 10, [&] {
    ++asked;
    return absl::OkStatus();
  });
  std::vector<std::string> rows;
  REQUIRE(Take(&reader, &rows));
  REQUIRE(reader.holds_snapshot());  // the names of the others are there: what comes next is to read their columns
  {
    const auto the_rest = REQUIRE_OK_AND_TAKE(
        MemoryReservation::Make(&f.budget, MemoryUse::kRpc, f.budget.refusable_limit() - f.budget.used()));
    asked = 0;
    REQUIRE_STATUS(reader.Next().status(), kResourceExhausted, "");
    CHECK(asked == 0);
  }
  while (Take(&reader, &rows)) {
  }
  CHECK(rows == Expected(f.db.get()));
}

TEST_CASE("ChangeReader goes on anywhere, also inside a commit, after moves and restarts", "[storage][changes]") {
  Fixture f;
  std::vector<std::string> rows;
  ChangePosition position;
  bool split_a_commit = false;
  std::mt19937_64 random(11);
  for (int round = 0; round < 40; ++round) {
    PutRows(f.db.get(), "t", 100 * round, 1 + static_cast<int>(random() % 300), round,
            random() % 5 == 0 ? Tier::kWarm : Tier::kHot);
    switch (random() % 6) {
      case 0: f.Move(Tier::kHot, Tier::kWarm); break;
      case 1: f.Move(Tier::kWarm, Tier::kCold); break;
      case 2: f.Reopen(); break;
      default: break;
    }
    ChangeReader reader = f.Reader(position, 1'000);
    for (uint64_t i = random() % 20; i > 0 && Take(&reader, &rows); --i) {
    }
    position = reader.position();
    split_a_commit = split_a_commit || !position.is_whole_commit();
  }
  ChangeReader reader = f.Reader(position);
  while (Take(&reader, &rows)) {
  }
  CHECK(split_a_commit);
  CHECK(rows == Expected(f.db.get()));
}

TEST_CASE("ChangeReader keeps up with writers and movers and misses nothing", "[storage][changes]") {
  Fixture f(TableKind::kEntities);
  std::atomic<bool> stop{false};
  absl::Status written;
  std::thread writer([&] {
    for (int i = 0; i < 300; ++i) {
      const Tier tier = i % 17 == 0 ? Tier::kCold : Tier::kHot;
      written.Update(TryPutRows(f.db.get(), "t", 13 * i % 500, 20, i, tier).status());
    }
    stop = true;
  });
  std::thread mover([&] {
    while (!stop) {
      f.db->MoveTier({.table = "t", .from = Tier::kHot, .to = Tier::kWarm}).status().IgnoreError();
      f.db->MoveTier({.table = "t", .from = Tier::kWarm, .to = Tier::kCold}).status().IgnoreError();
    }
  });
  ChangeReader reader = f.Reader({.commit = 0}, 2'000);
  std::vector<std::string> rows;
  while (!stop) Take(&reader, &rows);
  writer.join();
  mover.join();
  REQUIRE_OK(written);
  while (Take(&reader, &rows)) {
  }
  CHECK(rows.size() == 6000);
  CHECK(rows == Expected(f.db.get()));
}

TEST_CASE("ChangeReader goes on behind its position after it dropped its snapshot", "[storage][changes]") {
  Fixture f;
  PutRows(f.db.get(), "t", 0, 3000, 1);
  ChangeReader reader = f.Reader({.commit = 0}, 1'000);
  std::vector<std::string> rows;
  Take(&reader, &rows);
  reader.DropSnapshot();
  CHECK(f.budget.used(MemoryUse::kQuery) == 0);
  while (Take(&reader, &rows)) {
  }
  CHECK(rows == Expected(f.db.get()));
}

TEST_CASE("ChangeReader says what it can no longer read", "[storage][changes]") {
  Fixture f;
  PutRows(f.db.get(), "t", 0, 10, 1);
  ChangeReader reader = f.Reader();
  REQUIRE_OK(f.db->DropTable("t"));
  REQUIRE_STATUS(reader.Next().status(), kNotFound, "t");
}

TEST_CASE("ChangeReader does not take another table of the same name for its own", "[storage][changes]") {
  Fixture f;
  PutRows(f.db.get(), "t", 0, 10, 1);
  ChangeReader reader = f.Reader();
  REQUIRE_OK(f.db->DropTable("t"));
  CreateTestTable(f.db.get(), "t");
  REQUIRE_STATUS(reader.Next().status(), kNotFound, "was dropped");
}

TEST_CASE("ChangeReader refuses a place that was never reached", "[storage][changes]") {
  Fixture f(GENERATE(TableKind::kEvents, TableKind::kEntities));
  const Commit last = PutRows(f.db.get(), "t", 0, 10, 1);
  ChangeReader reader = f.Reader({.commit = last + 5});
  REQUIRE_STATUS(reader.Next().status(), kOutOfRange, "was never given out");
}

TEST_CASE("ChangeReader does not go on where superseded versions may be gone", "[storage][changes]") {
  Fixture f;
  TableDefinition definition =
      *testing::TestTable("kept", {{"x", DataType::Scalar(TypeKind::kInt64)}}, TableKind::kEntities);
  definition.history_ns = 1'000'000'000;
  const auto table = REQUIRE_OK_AND_TAKE(f.db->CreateTable(definition));
  const Commit seen = PutRows(f.db.get(), "kept", 0, 3, 1);
  f.clock.Advance(500'000'000);
  for (int i = 2; i < 5; ++i) {
    PutRows(f.db.get(), "kept", 0, 3, i);
    f.clock.Advance(500'000'000);
  }
  const auto reader_from = [&](Commit commit) {
    return ChangeReader({.database = f.db.get(),
                         .budget = &f.budget,
                         .table = "kept",
                         .table_id = table->id,
                         .columns = {table->columns[0].id, table->columns[2].id},
                         .after = {.commit = commit}});
  };
  ChangeReader late = reader_from(seen);
  REQUIRE_STATUS(late.Next().status(), kFailedPrecondition, "older than the history kept");
  ChangeReader from_oldest = reader_from(0);
  std::vector<std::string> rows = TakeAll(&from_oldest);
  CHECK(rows.size() >= 3);
  // From now on it misses nothing: it is told when it could.
  PutRows(f.db.get(), "kept", 0, 1, 9);
  CHECK(TakeAll(&from_oldest).size() == 1);
  f.clock.Advance(5'000'000'000);
  PutRows(f.db.get(), "kept", 0, 1, 10);
  f.clock.Advance(5'000'000'000);
  PutRows(f.db.get(), "kept", 0, 1, 11);
  REQUIRE_STATUS(from_oldest.Next().status(), kFailedPrecondition, "older than the history kept");
}

TEST_CASE("ChangeReader leaves out what has expired", "[storage][changes]") {
  Fixture f;
  TableDefinition definition = *testing::TestTable("short", {{"x", DataType::Scalar(TypeKind::kInt64)}});
  definition.policy.ttl_ns = 1'000;
  const auto table = REQUIRE_OK_AND_TAKE(f.db->CreateTable(definition));
  testing::BatchBuilder builder(table);
  const int64_t now_ns = f.clock.NowNanos();
  builder.Row({"old", now_ns - 1'000, 1}).Row({"young", now_ns - 999, 2}).Row({"older", now_ns - 5'000, 3});
  REQUIRE_OK(f.db->Ingest({.batch = builder.Build()}).status());
  ChangeReader reader({.database = f.db.get(),
                       .budget = &f.budget,
                       .table = "short",
                       .table_id = table->id,
                       .columns = {table->columns[0].id, table->columns[2].id}});
  const std::vector<std::string> rows = TakeAll(&reader);
  REQUIRE(rows.size() == 1);
  CHECK_THAT(rows[0], Catch::EndsWith("young=2"));
}

TEST_CASE("ChangeReader charges what it reads and learns how large rows are", "[storage][changes]") {
  Fixture f;
  TableDefinition definition = *testing::TestTable("wide", {{"x", DataType::Scalar(TypeKind::kInt64)},
                                                            {"text", DataType::String()}});
  const auto table = REQUIRE_OK_AND_TAKE(f.db->CreateTable(definition));
  for (int batch = 0; batch < 20; ++batch) {
    testing::BatchBuilder builder(table);
    for (int i = 0; i < 100; ++i) {
      builder.Row({"k" + std::to_string(i), i, i, std::string(10'000, 'a' + static_cast<char>(i % 26))});
    }
    REQUIRE_OK(f.db->Ingest({.batch = builder.Build()}).status());
  }
  ChangeReader reader({.database = f.db.get(),
                       .budget = &f.budget,
                       .table = "wide",
                       .table_id = table->id,
                       .columns = {table->columns[3].id},
                       .after = {},
                       .batch_bytes = 100'000});
  uint64_t rows = 0;
  for (;;) {
    const ChangeBatch batch = REQUIRE_OK_AND_TAKE(reader.Next());
    if (batch.row_count == 0) break;
    CHECK(f.budget.used(MemoryUse::kQuery) >= batch.row_count * 10'000ull);
    if (rows > 0) CHECK(batch.row_count <= 20);  // the first one was a guess
    rows += batch.row_count;
  }
  CHECK(rows == 2'000);
  CHECK(f.budget.used(MemoryUse::kQuery) == 0);
}

TEST_CASE("Commit listeners hear of every commit in order until they are removed", "[storage][changes]") {
  Fixture f;
  std::vector<Commit> heard;
  const uint64_t id = f.db->AddCommitListener([&](Commit commit) { heard.push_back(commit); });
  std::vector<Commit> given;
  for (int i = 0; i < 10; ++i) given.push_back(PutRows(f.db.get(), "t", i, 1, i));
  f.db->RemoveCommitListener(id);
  PutRows(f.db.get(), "t", 0, 1, 1);
  CHECK(heard == given);
}

}  // namespace cortex

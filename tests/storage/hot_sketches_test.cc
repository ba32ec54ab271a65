// The sketches of rows in memory, through the door: as the rows arrive, when sealing changes them, when they leave.
#include <atomic>
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "storage/database.h"
#include "storage/runtime/memory_budget.h"
#include "storage/runtime/mutex.h"
#include "tests/storage/sketch_asking.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

using testing::SketchAnswers;
using testing::TempDir;

constexpr uint32_t kPoints = 64;
constexpr uint32_t kSealRows = 4096;
constexpr int64_t kNever = int64_t{200} * 365 * 86'400 * 1'000'000'000;

// Plain vectors, and fields that sealing changes a lot. Nothing moves by age.
std::shared_ptr<const TableDefinition> WaveTable() {
  TableDefinition table = *testing::TestTable("t", {{"field", DataType::Vector(TypeKind::kComplex128, kPoints)},
                                                    {"words", DataType::Vector(TypeKind::kFloat32, 96)}});
  ColumnDefinition& field = table.columns[*table.FindColumn("field")];
  field.compression = Compression::kZptv;
  field.contract = {ZptvContract::Kind::kRms, 0.2};
  table.policy.hot_max_age_ns = kNever;
  table.policy.warm_max_age_ns = kNever;
  return std::make_shared<const TableDefinition>(std::move(table));
}

// All rows have one key, and so one shard.
Batch MakeRows(const std::shared_ptr<const TableDefinition>& table, uint32_t first, uint32_t count) {
  Batch batch = Batch::For(table);
  batch.row_count = count;
  std::mt19937_64 random(first + 1);
  std::normal_distribution<double> noise(0, 0.1);
  for (uint32_t row = first; row < first + count; ++row) {
    batch.columns[0].AppendString("k");
    batch.columns[1].AppendScalar<int64_t>(row);
    auto* const field = reinterpret_cast<double*>(batch.columns[2].ExtendFixed(1));
    for (uint32_t v = 0; v < 2 * kPoints; ++v) field[v] = std::sin(0.1 * v + 0.001 * row) + noise(random);
    auto* const words = reinterpret_cast<float*>(batch.columns[3].ExtendFixed(1));
    for (uint32_t v = 0; v < 96; ++v) words[v] = static_cast<float>(std::cos(0.3 * v + row % 7) + noise(random));
  }
  return batch;
}

class Fixture {
 public:
  explicit Fixture(int64_t interval_ns = 0, uint64_t seal_bytes = 64 << 20) {
    options_.data_dir = dir_.File("data");
    options_.tiering_interval_ns = interval_ns;
    options_.tiering_bytes_per_second = 0;
    options_.create_builtin_tables = false;
    options_.seal_rows = kSealRows;
    options_.seal_bytes = seal_bytes;
    options_.budget = &budget;
    options_.on_event = [this](std::string_view event, std::string_view) {
      if (event != "sealed") return;
      MutexLock lock(&mutex_);
      ++sealed_;
      changed_.NotifyAll();
    };
    db = REQUIRE_OK_AND_TAKE(Database::Open(options_));
    REQUIRE_OK(db->CreateTable(*WaveTable()).status());
    table = REQUIRE_OK_AND_TAKE(db->FindTable("t"));
  }
  ~Fixture() { db.reset(); }  // before what it tells of seals
  void Put(uint32_t first, uint32_t count) { REQUIRE_OK(db->Ingest({.batch = MakeRows(table, first, count)}).status()); }
  void Move(Tier from, Tier to) { REQUIRE_OK(db->MoveTier({.table = "t", .from = from, .to = to}).status()); }
  // Blocks until so many groups have been sealed since the start.
  void WaitSealed(int groups) {
    MutexLock lock(&mutex_);
    while (sealed_ < groups) changed_.Wait(&mutex_);
  }
  std::shared_ptr<const Snapshot> Read() const { return REQUIRE_OK_AND_TAKE(db->OpenSnapshot("t", {})); }
  // Of all rows in memory.
  SketchAnswers Ask(const Snapshot& snapshot, const char* name) const {
    const ColumnDefinition& column = table->columns[*table->FindColumn(name)];
    SketchAnswers answers;
    for (const auto& segment : snapshot.segments) {
      if (segment->tier() != Tier::kHot || segment->row_count() == 0) continue;
      const RowGroupView& group = segment->row_group(0);
      answers.Add(testing::AskGroup(group, column, testing::RowOf(testing::RowsOf(group, column), 0)));
    }
    return answers;
  }
  SketchAnswers Ask(const char* name) const { return Ask(*Read(), name); }
  uint64_t sketch_bytes() const { return budget.used(MemoryUse::kSketches); }

  MemoryBudget budget{1 << 30};
  std::unique_ptr<Database> db;
  std::shared_ptr<const TableDefinition> table;

 private:
  TempDir dir_;
  DatabaseOptions options_;
  Mutex mutex_;
  CondVar changed_;
  int sealed_ ABSL_GUARDED_BY(mutex_) = 0;
};

uint64_t HotBytes(const Fixture& f) { return REQUIRE_OK_AND_TAKE(f.db->GetTableStats("t")).tiers[0].stored_bytes; }

}  // namespace

TEST_CASE("Rows in memory are sketched before and after they are sealed, and again once they are loaded",
          "[storage][tiers]") {
  Fixture f;
  f.Put(0, 1500);
  CHECK(f.Ask("words").sketched == 0);
  const uint64_t plain_bytes = HotBytes(f);
  REQUIRE_OK(f.db->ApplyTierPolicies());
  const SketchAnswers open = f.Ask("words");
  CHECK(open.sketched == 1024);
  CHECK(open.wrong == 0);
  CHECK(f.sketch_bytes() > 0);
  CHECK(HotBytes(f) == plain_bytes + f.sketch_bytes());

  f.Put(1500, 3500);
  f.WaitSealed(1);
  REQUIRE_OK(f.db->ApplyTierPolicies());
  const SketchAnswers sealed = f.Ask("words");
  CHECK(sealed.rows == 5000);
  CHECK(sealed.sketched == 4096);
  CHECK(sealed.wrong == 0);

  const auto reader = f.Read();
  f.Move(Tier::kHot, Tier::kWarm);
  CHECK(f.Ask("words").rows == 0);
  CHECK(f.Ask(*reader, "words").sketched == 4096);  // as long as somebody reads them
}

TEST_CASE("Sketches of rows in memory are given back with the rows", "[storage][tiers]") {
  Fixture f;
  f.Put(0, 5000);
  f.WaitSealed(1);
  REQUIRE_OK(f.db->ApplyTierPolicies());
  REQUIRE(f.sketch_bytes() > 0);
  f.Move(Tier::kHot, Tier::kWarm);
  CHECK(f.sketch_bytes() == 0);

  f.Move(Tier::kWarm, Tier::kHot);
  CHECK(f.Ask("words").sketched == 0);
  REQUIRE_OK(f.db->ApplyTierPolicies());
  CHECK(f.Ask("words").sketched == 4096);
  CHECK(f.Ask("words").wrong == 0);
  CHECK(f.sketch_bytes() > 0);
  REQUIRE_OK(f.db->DropTable("t"));
  CHECK(f.sketch_bytes() == 0);
}

TEST_CASE("Rows in memory are not sketched where memory is wanted for rows", "[storage][tiers]") {
  Fixture f;
  REQUIRE_OK(f.db->PinTable("t", Tier::kHot));
  f.Put(0, 3000);
  {
    const auto others = REQUIRE_OK_AND_TAKE(
        MemoryReservation::Make(&f.budget, MemoryUse::kQuery, f.budget.limit() / 100 * 86 - f.budget.used()));
    REQUIRE_OK(f.db->ApplyTierPolicies());
    CHECK(f.Ask("words").rows == 3000);
    CHECK(f.Ask("words").sketched == 0);
    CHECK(f.sketch_bytes() == 0);
  }
  REQUIRE_OK(f.db->ApplyTierPolicies());
  CHECK(f.Ask("words").sketched == 2048);
}

TEST_CASE("Rows that have a sketch in their file get none in memory", "[storage][tiers]") {
  Fixture f;
  f.Put(0, kSealRows);
  f.Move(Tier::kHot, Tier::kWarm);
  f.Move(Tier::kWarm, Tier::kHot);
  REQUIRE(f.Ask("field").sketched == kSealRows);
  REQUIRE(f.Ask("words").sketched == 0);
  REQUIRE_OK(f.db->ApplyTierPolicies());
  const ValueShape words = DataType::Vector(TypeKind::kFloat32, 96).shape();
  const ValueShape field = DataType::Vector(TypeKind::kComplex128, kPoints).shape();
  const uint64_t polar = f.Ask("field").polar == 0 ? 0 : SketchBlockBytes(SketchKind::kPolar, field, 1024);
  CHECK(f.sketch_bytes() == kSealRows / 1024 * (SketchBlockBytes(SketchKind::kEuclidean, words, 1024) + polar));
  CHECK(f.Ask("field").wrong + f.Ask("words").wrong == 0);
}

// Whoever carried the sketches of a group over to the copy that takes its place would answer wrongly.
TEST_CASE("Sketches in memory are about the values that are served, though sealing changes them", "[storage][tiers]") {
  Fixture f;
  f.Put(0, 4000);
  REQUIRE_OK(f.db->ApplyTierPolicies());
  const auto before = f.Read();
  REQUIRE(f.Ask(*before, "field").sketched == 3072);
  f.Put(4000, 96);
  f.WaitSealed(1);
  const auto after = f.Read();
  CHECK(f.Ask(*after, "field").sketched > 0);
  CHECK(f.Ask(*after, "field").wrong == 0);
  CHECK(f.Ask(*before, "field").sketched == 3072);
  CHECK(f.Ask(*before, "field").wrong == 0);
  REQUIRE_OK(f.db->ApplyTierPolicies());
  CHECK(f.Ask("field").wrong == 0);

  // That this could fail: the sketches of before are wrong about the rows of after.
  const ColumnDefinition& column = f.table->columns[*f.table->FindColumn("field")];
  const RowGroupView& old_group = before->segments[0]->row_group(0);
  const ColumnChunk* const old_chunk = REQUIRE_OK_AND_TAKE(old_group.sketched_column(column.id, SketchKind::kEuclidean));
  const RowSketches* const old_sketches = REQUIRE_OK_AND_TAKE(old_chunk->Sketch(SketchKind::kEuclidean));
  const Column rows = testing::RowsOf(after->segments[0]->row_group(0), column);
  const SketchAnswers mixed =
      testing::AskSketches(*old_sketches, *old_chunk, SketchKind::kEuclidean, rows, testing::RowOf(rows, 0));
  CHECK(mixed.wrong > 0);
}

TEST_CASE("Sketches enclose all distances while rows arrive, are sketched, sealed and evicted", "[storage][tiers]") {
  constexpr uint32_t kRows = 30'000, kMostRows = 10 * kRows;
  Fixture f(/*interval_ns=*/1'000'000);
  std::atomic<bool> done{false}, met_sketches{false};
  absl::Status status;
  std::thread writer([&] {
    // Until the reader has met sketches: they are made at a lower priority than all else here.
    for (uint32_t first = 0; (first < kRows || (!met_sketches && first < kMostRows)) && status.ok(); first += 500) {
      status.Update(f.db->Ingest({.batch = MakeRows(f.table, first, 500)}).status());
      if (first % 10'000 == 9'500) {
        status.Update(f.db->MoveTier({.table = "t", .from = Tier::kHot, .to = Tier::kWarm, .max_rows = 5000}).status());
      }
    }
    done = true;
  });
  SketchAnswers all;
  while (!done) {
    const auto snapshot = f.Read();
    for (const char* name : {"field", "words"}) all.Add(f.Ask(*snapshot, name));
    met_sketches = all.sketched > 0;
  }
  writer.join();
  REQUIRE_OK(status);
  CHECK(all.wrong == 0);
  CHECK(all.sketched > 0);
}

}  // namespace cortex

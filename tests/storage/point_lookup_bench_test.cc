// Times of lookups by key, without RPC: storage_lookup_test "[.bench]". Prints medians of processor time; asserts nothing
// about it. CORTEX_LOOKUP_ROWS: scalar rows, 1,000,000 if not set.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <numbers>
#include <random>

#include "absl/strings/str_format.h"
#include "storage/database.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

using testing::TempDir;
using testing::TestTable;

constexpr uint32_t kPoints = 256;
constexpr uint32_t kRowsPerKey = 10;
constexpr int64_t kTime = 1'700'000'000'000'000'000;

// How many rows, and how they are filled.
struct Workload {
  const char* name;
  std::shared_ptr<const TableDefinition> table;
  uint32_t rows;
  uint32_t batch_rows;
  std::vector<std::pair<const char*, std::vector<uint32_t>>> reads;  // ordinals of the columns read
};

Workload Scalars() {
  const char* const wanted = std::getenv("CORTEX_LOOKUP_ROWS");
  const DataType f64 = DataType::Scalar(TypeKind::kFloat64), f32 = DataType::Scalar(TypeKind::kFloat32);
  return {.name = "scalars",
          .table = TestTable("t", {{"coherence", f32}, {"fractal", f64}, {"kind", DataType::String(16)}}),
          .rows = wanted == nullptr ? 1'000'000u : static_cast<uint32_t>(std::atoi(wanted)),
          .batch_rows = 32'768,
          .reads = {{"4 scalars", {0, 1, 2, 3}}, {"key", {0}}}};
}

Workload Fields() {
  TableDefinition table = *TestTable("t", {{"exact", DataType::Vector(TypeKind::kComplex128, kPoints)},
                                           {"bounded", DataType::Vector(TypeKind::kComplex128, kPoints)},
                                           {"waves", DataType::Vector(TypeKind::kComplex128, kPoints)}});
  for (const char* name : {"bounded", "waves"}) {
    ColumnDefinition& column = table.columns[*table.FindColumn(name)];
    column.compression = Compression::kZptv;
    column.contract = {ZptvContract::Kind::kRms, 1e-2};
  }
  return {.name = "fields",
          .table = std::make_shared<const TableDefinition>(std::move(table)),
          .rows = 20'000,
          .batch_rows = 500,
          .reads = {{"exact field", {2}}, {"field, rms 1e-2", {3}}, {"waves, rms 1e-2", {4}}}};
}

uint64_t Mix(uint64_t z) {
  z = (z ^ (z >> 33)) * 0xff51afd7ed558ccdu;
  z = (z ^ (z >> 33)) * 0xc4ceb9fe1a85ec53u;
  return z ^ (z >> 33);
}

std::string KeyOf(uint32_t row, uint32_t rows) { return absl::StrFormat("entity_%08d", Mix(row) % (rows / kRowsPerKey)); }

// One row from memory.
void Append(const void* row, Column* column) {
  const auto* const bytes = static_cast<const std::byte*>(row);
  column->AppendValues({.shape = column->type().shape(), .row_count = 1, .fixed = bytes});
}

void AppendRow(const Workload& work, uint32_t row, std::mt19937_64* random, Batch* batch) {
  std::normal_distribution<double> normal;
  batch->columns[0].AppendString(KeyOf(row, work.rows));
  const int64_t late_ms = (*random)() % 10 == 0 ? static_cast<int64_t>((*random)() % 2'000) : 0;
  const int64_t time = kTime + (int64_t{row} - late_ms) * 1'000'000;
  Append(&time, &batch->columns[1]);
  if (batch->columns[2].type().shape().values_per_row == 1) {
    const auto coherence = static_cast<float>(normal(*random));
    const double fractal = 1.5 + 0.1 * normal(*random);
    Append(&coherence, &batch->columns[2]);
    Append(&fractal, &batch->columns[3]);
    batch->columns[4].AppendString(row % 3 == 0 ? "Growth" : "Decay");
    return;
  }
  std::vector<double> noisy(2 * kPoints), waves(2 * kPoints);
  const double phase = normal(*random);
  for (uint32_t p = 0; p < kPoints; ++p) {
    const double turn = 2 * std::numbers::pi * p / kPoints;
    waves[2 * p] = std::cos(3 * turn + phase) + 0.3 * std::cos(7 * turn);
    waves[2 * p + 1] = std::sin(3 * turn + phase) - 0.2 * std::sin(5 * turn);
    for (uint32_t i : {2 * p, 2 * p + 1}) noisy[i] = waves[i] + 0.1 * normal(*random);
  }
  Append(noisy.data(), &batch->columns[2]);
  Append(noisy.data(), &batch->columns[3]);
  Append(waves.data(), &batch->columns[4]);
}

class Fixture {
 public:
  explicit Fixture(const Workload& work) : work_(work) {
    options_.data_dir = dir_.File("data");
    options_.create_builtin_tables = false;
    options_.tiering_interval_ns = 0;
    options_.tiering_bytes_per_second = 0;
    Open();
    const auto table = REQUIRE_OK_AND_TAKE(db->CreateTable(*work.table));
    std::mt19937_64 random(1);
    for (uint32_t first = 0; first < work.rows; first += work.batch_rows) {
      Batch batch = Batch::For(table);
      batch.row_count = std::min(work.batch_rows, work.rows - first);
      for (uint32_t i = 0; i < batch.row_count; ++i) AppendRow(work, first + i, &random, &batch);
      REQUIRE_OK(db->Ingest({.batch = std::move(batch)}));
    }
  }
  void Reopen() {
    db.reset();
    Open();
  }

  std::unique_ptr<Database> db;

 private:
  void Open() { db = REQUIRE_OK_AND_TAKE(Database::Open(options_)); }

  const Workload& work_;
  TempDir dir_;
  DatabaseOptions options_;
};

// Of this thread, which does all of a lookup: other work on the machine does not count.
double CpuMicroseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

void Report(const std::string& what, std::vector<double> us) {
  std::sort(us.begin(), us.end());
  std::printf("%-52s median %8.1f us, 99 %% %8.1f us\n", what.c_str(), us[us.size() / 2], us[us.size() * 99 / 100]);
}

void Measure(const Workload& work, Database* db, const char* tier, const char* state) {
  for (const auto& [what, columns] : work.reads) {
    for (const uint32_t at_once : {1u, 100u}) {
      std::vector<double> us;
      const uint32_t repeats = at_once == 1 ? 1000 : 20;
      for (uint32_t i = 0; i < repeats; ++i) {
        std::vector<std::string> keys;
        for (uint32_t k = 0; k < at_once; ++k) keys.push_back(KeyOf(static_cast<uint32_t>(Mix(i * 7919 + k) % work.rows), work.rows));
        const double begin = CpuMicroseconds();
        const LookupResult found = REQUIRE_OK_AND_TAKE(db->Lookup("t", keys, columns));
        us.push_back(CpuMicroseconds() - begin);
        REQUIRE(found.found[0]);
      }
      Report(absl::StrFormat("%s, %s, %s, %s, %d keys", work.name, tier, state, what, at_once), std::move(us));
    }
  }
}

void MeasureTiers(const Workload& work) {
  Fixture f(work);
  Measure(work, f.db.get(), "hot", "again");
  for (const auto& [from, to, name] : {std::tuple(Tier::kHot, Tier::kWarm, "warm"), std::tuple(Tier::kWarm, Tier::kCold, "cold")}) {
    REQUIRE_OK(f.db->MoveTier({.table = "t", .from = from, .to = to}));
    f.Reopen();
    Measure(work, f.db.get(), name, "first");
    Measure(work, f.db.get(), name, "again");
  }
}

}  // namespace

TEST_CASE("Lookup times of scalar rows", "[storage][.bench]") { MeasureTiers(Scalars()); }
TEST_CASE("Lookup times of rows with fields", "[storage][.bench]") { MeasureTiers(Fields()); }

}  // namespace cortex

// Rows whose times lie behind the present: which tier they reach, in how many files, and how often their bytes are written.
// storage_test "[late]" keeps the bounds; storage_test "[.late-bench]" prints figures of larger runs (storage/tiers/README.md).
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "storage/database.h"
#include "storage/runtime/memory_budget.h"
#include "tests/support/batch_builder.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

using testing::FakeClock;
using testing::TempDir;
using testing::TestTable;

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kHourNs = 3600 * kSecondNs;
constexpr int64_t kDayNs = 24 * kHourNs;
constexpr uint32_t kFieldComponents = 48;  // too few for sketches, which cold files do not have: they would flatter the figures

struct Load {
  const char* name = "";
  double late_share = 0;     // of rows; the rest bear the time at which they come
  bool late_in_order = false;  // oldest first, else any day of `late_days` at any time
  int64_t late_days = 180;
};

struct Outcome {
  TieringStats stats;
  std::vector<TierStats> tiers;
};

// `hours` of input, `rows_per_hour` each, into a table that keeps rows hot for an hour; then nine days without input.
class LateRows {
 public:
  LateRows(uint32_t seal_rows, ColdPartition partition, int64_t warm_age_ns) {
    options_.data_dir = dir_.File("data");
    options_.seal_rows = seal_rows;
    options_.tiering_bytes_per_second = 0;
    options_.tiering_interval_ns = 0;
    options_.create_builtin_tables = false;
    options_.clock = &clock_;
    options_.budget = &budget_;
    db_ = REQUIRE_OK_AND_TAKE(Database::Open(options_));
    TableDefinition definition = *TestTable(
        "t", {{"score", DataType::Scalar(TypeKind::kFloat64)}, {"field", DataType::Vector(TypeKind::kFloat32, kFieldComponents)}});
    definition.policy = {.hot_max_age_ns = kHourNs, .warm_max_age_ns = warm_age_ns, .cold_partition = partition};
    table_ = REQUIRE_OK_AND_TAKE(db_->CreateTable(definition));
  }

  Outcome Run(const Load& load, int hours, uint32_t rows_per_hour) {
    const int64_t start_ns = clock_.NowNanos();
    const uint64_t late_rows = static_cast<uint64_t>(load.late_share * hours * rows_per_hour);
    uint64_t late = 0;
    for (int hour = 0; hour < hours; ++hour) {
      Batch batch = Batch::For(table_);
      for (uint32_t i = 0; i < rows_per_hour; ++i) {
        int64_t time_ns = clock_.NowNanos() + i;
        if (std::generate_canonical<double, 53>(random_) < load.late_share) {
          const double back = load.late_in_order ? 1 - static_cast<double>(late++) / static_cast<double>(late_rows + 1)
                                                 : std::generate_canonical<double, 53>(random_);
          time_ns = start_ns - static_cast<int64_t>(back * static_cast<double>(load.late_days * kDayNs));
        }
        AppendRow(time_ns, &batch);
      }
      batch.row_count = rows_per_hour;
      REQUIRE_OK(db_->Ingest({.batch = std::move(batch)}));
      clock_.Advance(kHourNs);
      REQUIRE_OK(db_->ApplyTierPolicies());
    }
    for (int day = 0; day < 9; ++day) {
      clock_.Advance(kDayNs);
      REQUIRE_OK(db_->ApplyTierPolicies());
    }
    Outcome outcome;
    outcome.stats = db_->GetTieringStats();
    outcome.tiers = REQUIRE_OK_AND_TAKE(db_->GetTableStats("t")).tiers;
    return outcome;
  }

 private:
  void AppendRow(int64_t time_ns, Batch* batch) {
    batch->columns[0].AppendString("sensor" + std::to_string(random_() % 500));
    batch->columns[1].AppendScalar<int64_t>(time_ns);
    std::normal_distribution<float> normal;
    batch->columns[2].AppendScalar<double>(normal(random_));
    float field[kFieldComponents];
    float value = 0;
    for (float& component : field) component = value += normal(random_);
    std::memcpy(batch->columns[3].ExtendFixed(1), field, sizeof(field));
  }

  TempDir dir_;
  FakeClock clock_;
  MemoryBudget budget_{2ull << 30};
  DatabaseOptions options_;
  std::unique_ptr<Database> db_;
  std::shared_ptr<const TableDefinition> table_;
  std::mt19937_64 random_{17};
};

constexpr Load kInOrder{.name = "in order"};
constexpr Load kSomeLate{.name = "5 % late, over 180 days", .late_share = 0.05};
constexpr Load kBackfillInOrder{.name = "backfill, oldest first", .late_share = 1, .late_in_order = true};
constexpr Load kBackfill{.name = "backfill, any order", .late_share = 1};

}  // namespace

TEST_CASE("Late and backfilled rows end in the tier of their age, written a bounded number of times",
          "[storage][tiers][late]") {
  const Load load = GENERATE(kInOrder, kSomeLate, kBackfillInOrder, kBackfill);
  CAPTURE(load.name);
  LateRows world(1024, ColdPartition::kMonth, 7 * kDayNs);
  const Outcome outcome = world.Run(load, 48, 1000);
  CHECK(outcome.tiers[0].row_count == 0);
  CHECK(outcome.tiers[1].row_count == 0);
  CHECK(outcome.tiers[2].row_count == 48'000);
  CHECK(outcome.stats.moves_failed == 0);
  CHECK(outcome.stats.debt_bytes == 0);
  CHECK(outcome.stats.write_amplification < 5);
  CHECK(outcome.tiers[2].segment_count <= 16 * 8 * 4);  // shards, months, and what four files need to become one
}

TEST_CASE("Late rows: write amplification and files", "[.late-bench]") {
  std::printf("%-26s %-6s %6s %9s %9s %7s %7s %7s  %s\n", "load", "cold", "ampl", "sealed MB", "moved MB", "files", "rows/f",
              "ratio", "by kind: moves, MB written");
  for (const ColdPartition partition : {ColdPartition::kDay, ColdPartition::kMonth}) {
    for (const Load& load : {kInOrder, kSomeLate, kBackfillInOrder, kBackfill}) {
      LateRows world(4'096, partition, kDayNs);
      const Outcome outcome = world.Run(load, 48, 1'000);
      const TierStats& cold = outcome.tiers[2];
      std::printf("%-26s %-6s %6.2f %9.1f %9.1f %7lu %7lu %7.2f ", load.name, partition == ColdPartition::kDay ? "day" : "month",
                  outcome.stats.write_amplification, static_cast<double>(outcome.stats.sealed_bytes) / 1e6,
                  static_cast<double>(outcome.stats.moved_bytes) / 1e6, cold.segment_count,
                  cold.row_count / std::max<uint64_t>(1, cold.segment_count),
                  static_cast<double>(cold.raw_bytes) / static_cast<double>(cold.stored_bytes));
      for (const TierWorkStats& work : outcome.stats.work) {
        std::printf(" %s %lu, %.1f;", work.kind.c_str(), work.moves, static_cast<double>(work.bytes_written) / 1e6);
      }
      std::printf("\n");
      std::fflush(stdout);
    }
  }
}

}  // namespace cortex

// UPDATE and DELETE against a model, against each other, and what they cost.
#include <catch2/catch.hpp>
#include <atomic>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "tests/query/engine_fixture.h"

namespace cortex::testing {
namespace {

using Rows = std::map<std::string, int64_t>;

Rows RowsOf(EngineFixture* fixture, const std::string& clauses) {
  std::vector<ResultBatch> batches;
  REQUIRE_OK(fixture->Run({.text = "SELECT k, n FROM e " + clauses}, &batches));
  Rows rows;
  for (const ResultBatch& batch : batches) {
    for (uint32_t row = 0; row < batch.row_count; ++row) {
      REQUIRE(rows.emplace(batch.columns[0].StringAt(row), batch.columns[1].values_as<int64_t>()[row]).second);
    }
  }
  return rows;
}

// Runs a statement that changes rows; the commit it was.
Commit Change(EngineFixture* fixture, const std::string& text, uint64_t expected_rows) {
  CAPTURE(text);
  const ResultBatch answer = fixture->Answer(text);
  CHECK(answer.columns[0].values_as<int64_t>()[0] == static_cast<int64_t>(expected_rows));
  return static_cast<Commit>(answer.columns[1].values_as<int64_t>()[0]);
}

// The table as it was at every commit, and one random change after the other.
class Model {
 public:
  Model(EngineFixture* fixture, uint64_t seed) : fixture_(*fixture), random_(seed) {}

  void Step() {
    Rows& now = rows_;
    const std::string key = absl::StrFormat("k%d", random_() % 12);
    switch (random_() % 10) {
      case 0:
      case 1:
      case 2:
      case 3: {
        const int64_t value = static_cast<int64_t>(random_() % 50);
        const auto text = absl::StrFormat("INSERT INTO e VALUES ('%s', TIMESTAMP '2026-01-01', %d)", key, value);
        now[key] = value;
        return Keep(Change(&fixture_, text, 1));
      }
      case 4:
      case 5:
      case 6: {
        const int64_t below = static_cast<int64_t>(random_() % 50);
        uint64_t changed = 0;
        for (auto& [name, value] : now) {
          if (value >= below) continue;
          value = value * 2 + 1;
          ++changed;
        }
        return Keep(Change(&fixture_, absl::StrFormat("UPDATE e SET n = n * 2 + 1 WHERE n < %d", below), changed));
      }
      case 7:
      case 8: {
        const uint64_t erased = now.erase(key);
        return Keep(Change(&fixture_, absl::StrFormat("DELETE FROM e WHERE k = '%s'", key), erased));
      }
      default: {
        REQUIRE_OK(fixture_.Run(absl::StrFormat("DELETE FROM e WHERE k = '%s' PURGE", key)));
        now.erase(key);
        for (auto& [commit, rows] : history_) rows.erase(key);
      }
    }
  }
  void CheckAll() {
    CHECK(RowsOf(&fixture_, "") == rows_);
    for (const auto& [commit, rows] : history_) {
      CAPTURE(commit);
      CHECK(RowsOf(&fixture_, absl::StrFormat("FOR SYSTEM_TIME AS OF COMMIT %d", commit)) == rows);
    }
  }

 private:
  void Keep(Commit commit) { history_[commit] = rows_; }

  EngineFixture& fixture_;
  std::mt19937_64 random_;
  Rows rows_;
  std::map<Commit, Rows> history_;
};

TEST_CASE("Every commit reads as it was, in every tier and after a restart", "[query][history]") {
  const uint64_t seed = GENERATE(1, 2, 3);
  CAPTURE(seed);
  EngineFixture fixture;
  REQUIRE_OK(fixture.Run("CREATE TABLE e (k string, ts timestamp, n int64) KIND entities KEY k TIME ts"));
  Model model(&fixture, seed);
  for (int step = 0; step < 45; ++step) {
    model.Step();
    if (step == 15) fixture.MoveAll("e", Tier::kHot, Tier::kWarm);
    if (step == 25) fixture.MoveAll("e", Tier::kWarm, Tier::kCold);
    if (step == 35) fixture.MoveAll("e", Tier::kHot, Tier::kWarm);
  }
  model.CheckAll();
  fixture.Reopen();
  model.CheckAll();
  fixture.MoveAll("e", Tier::kHot, Tier::kWarm);
  model.CheckAll();
  fixture.MoveAll("e", Tier::kWarm, Tier::kCold);
  model.CheckAll();
  fixture.Reopen();
  model.CheckAll();
}

TEST_CASE("Concurrent UPDATEs of one row lose nothing", "[query][history]") {
  EngineFixture fixture;
  REQUIRE_OK(fixture.Run("CREATE TABLE e (k string, ts timestamp, n int64) KIND entities KEY k TIME ts"));
  REQUIRE_OK(fixture.Run("INSERT INTO e VALUES ('a', TIMESTAMP '2026-01-01', 0), ('b', TIMESTAMP '2026-01-01', 0)"));
  constexpr int kThreads = 4;
  constexpr int kRounds = 20;
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) {
        absl::Status status = absl::AbortedError("");
        while (absl::IsAborted(status)) status = fixture.Run("UPDATE e SET n = n + 1");
        if (!status.ok()) ++failed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failed == 0);
  CHECK(RowsOf(&fixture, "") == Rows{{"a", kThreads * kRounds}, {"b", kThreads * kRounds}});
  // Every version but the first stems from one UPDATE.
  const ResultBatch versions = fixture.Answer("SELECT count(*) FROM e WITH (history = true)");
  CHECK(versions.columns[0].values_as<int64_t>()[0] == 2 * (1 + kThreads * kRounds));
}

TEST_CASE("UPDATE and DELETE report their commit and charge what they collect", "[query][history]") {
  EngineFixture fixture;
  REQUIRE_OK(fixture.Run("CREATE TABLE e (k string, ts timestamp, n int64) KIND entities KEY k TIME ts"));
  std::string insert = "INSERT INTO e VALUES ('k0', TIMESTAMP '2026-01-01', 0)";
  for (int i = 1; i < 3'000; ++i) insert += absl::StrFormat(", ('k%d', TIMESTAMP '2026-01-01', %d)", i, i);
  std::vector<ResultBatch> batches;
  QueryStatistics statistics;
  REQUIRE_OK(fixture.Run({.text = insert}, &batches, &statistics));
  CHECK(statistics.snapshot_commit == 1);
  const uint64_t before = fixture.budget().used(MemoryUse::kQuery);
  REQUIRE_OK(fixture.Run({.text = "UPDATE e SET n = -n"}, &batches, &statistics));
  CHECK(statistics.peak_memory_bytes >= 3'000 * (sizeof(VersionId) + 16));
  REQUIRE_OK(fixture.Run({.text = "DELETE FROM e WHERE n < 0"}, &batches, &statistics));
  CHECK(statistics.peak_memory_bytes >= 2'999 * sizeof(VersionId));
  CHECK(statistics.tiers[0].rows_selected == 2'999);
  CHECK(fixture.budget().used(MemoryUse::kQuery) == before);
  CHECK(RowsOf(&fixture, "") == Rows{{"k0", 0}});
}

TEST_CASE("A statement bound before a change of schema is aborted by it", "[query][history]") {
  EngineFixture fixture;
  REQUIRE_OK(fixture.Run("CREATE TABLE e (k string, ts timestamp, n int64) KIND entities KEY k TIME ts"));
  REQUIRE_OK(fixture.Run("INSERT INTO e VALUES ('a', TIMESTAMP '2026-01-01', 1)"));
  auto update = REQUIRE_OK_AND_TAKE(fixture.engine().Start({.text = "UPDATE e SET n = 2"}));
  auto erase = REQUIRE_OK_AND_TAKE(fixture.engine().Start({.text = "DELETE FROM e"}));
  REQUIRE_OK(fixture.Run("ALTER TABLE e DROP COLUMN n"));
  REQUIRE_OK(fixture.Run("ALTER TABLE e ADD COLUMN n int64 DEFAULT 7"));
  const auto sink = [](ResultBatch) { return absl::OkStatus(); };
  REQUIRE_STATUS(update->Run(sink), absl::StatusCode::kAborted, "was altered");
  REQUIRE_STATUS(erase->Run(sink), absl::StatusCode::kAborted, "was altered");
  CHECK(RowsOf(&fixture, "") == Rows{{"a", 7}});
}

}  // namespace
}  // namespace cortex::testing

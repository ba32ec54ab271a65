// Times of whole queries, run by hand: query_engine_test "[.bench]". Prints medians; asserts nothing about time.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <random>

#include "tests/query/engine_fixture.h"

namespace cortex::testing {
namespace {

constexpr uint32_t kBatchRows = 50'000;

void Fill(EngineFixture& fixture, const std::string& table, uint32_t rows, bool vectors) {
  const auto definition = REQUIRE_OK_AND_TAKE(fixture.database().FindTable(table));
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal;
  const uint32_t batch_rows = vectors ? 500 : kBatchRows;
  for (uint32_t first = 0; first < rows; first += batch_rows) {
    Batch batch = Batch::For(definition);
    batch.row_count = std::min(batch_rows, rows - first);
    for (uint32_t i = 0; i < batch.row_count; ++i) {
      const uint32_t row = first + i;
      batch.columns[0].AppendString("entity-" + std::to_string(row % 1'000));
      batch.columns[1].AppendScalar<int64_t>(1'767'225'600'000'000'000 + int64_t{row} * 1'000'000);
      if (vectors) {
        auto* values = reinterpret_cast<double*>(batch.columns[2].ExtendFixed(1));
        for (int k = 0; k < 512; ++k) values[k] = normal(random);
        continue;
      }
      batch.columns[2].AppendScalar<double>(normal(random));
      batch.columns[3].AppendScalar<float>(static_cast<float>(normal(random)));
      batch.columns[4].AppendScalar<int64_t>(static_cast<int64_t>(random() % 1'000'000));
      batch.columns[5].AppendString("type-" + std::to_string(random() % 20));
    }
    REQUIRE_OK(fixture.database().Ingest({.batch = std::move(batch)}));
  }
}

void Time(EngineFixture& fixture, const char* tier, const std::string& text) {
  std::vector<double> ms;
  uint64_t rows = 0;
  for (int i = 0; i < 9; ++i) {
    const auto start = std::chrono::steady_clock::now();
    auto stream = REQUIRE_OK_AND_TAKE(fixture.engine().Start({.text = text}));
    rows = 0;
    REQUIRE_OK(stream->Run([&](ResultBatch batch) {
      rows += batch.row_count;
      return absl::OkStatus();
    }));
    ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(ms.begin(), ms.end());
  std::printf("%-5s %9.3f ms (best %9.3f)  %8llu rows  %s\n", tier, ms[ms.size() / 2], ms[0],
              static_cast<unsigned long long>(rows), text.c_str());
}

}  // namespace

TEST_CASE("Query times", "[.bench]") {
  EngineFixture fixture;
  REQUIRE_OK(
      fixture.Run("CREATE TABLE m (k string, ts timestamp, x float64, f float32, n int64, s string COMPRESSION "
                  "dictionary) KEY k TIME ts"));
  REQUIRE_OK(fixture.Run("CREATE TABLE v (k string, ts timestamp, css vector<complex128, 256>) KEY k TIME ts"));
  Fill(fixture, "m", 1'000'000, false);
  Fill(fixture, "v", 1'000, true);
  for (const Tier tier : {Tier::kHot, Tier::kWarm, Tier::kCold}) {
    if (tier != Tier::kHot) {
      const Tier from = static_cast<Tier>(static_cast<int>(tier) - 1);
      fixture.MoveAll("m", from, tier);
      fixture.MoveAll("v", from, tier);
    }
    const char* name = TierName(tier).data();
    Time(fixture, name, "SELECT count(*) FROM m");
    Time(fixture, name, "SELECT count(x), sum(x), avg(x), min(x), max(x), stddev(x) FROM m");
    Time(fixture, name, "SELECT sum(n) FROM m");
    Time(fixture, name, "SELECT count(*) FROM m WHERE x > 0 AND n < 500000 AND f <= 1");
    Time(fixture, name, "SELECT s, count(*), avg(x) FROM m GROUP BY s");
    Time(fixture, name, "SELECT s, count(*), avg(x), min(x), max(x) FROM m GROUP BY s");
    Time(fixture, name, "SELECT s, sum(n), max(n) FROM m GROUP BY s");
    Time(fixture, name, "SELECT ts, x, f, n FROM m");
    Time(fixture, name, "SELECT k, x FROM m WHERE x > 3");
    Time(fixture, name, "SELECT k, x FROM m ORDER BY x DESC LIMIT 10");
    Time(fixture, name, "SELECT sum(x * 2 + f) FROM m WHERE x * f > 0");
    Time(fixture, name, "SELECT k, x FROM m WHERE k = 'entity-17'");
    Time(fixture, name, "SELECT max(css_distance(css, css)) FROM v");
    std::vector<double> ms;
    for (const char* metric : {"euclidean", "polar", "fidelity"}) {
      const std::string text = std::string("SELECT max(css_distance(css, $1, '") + metric + "')) FROM v";
      ms.clear();
      for (int i = 0; i < 9; ++i) {
        QueryRequest request{.text = text};
        Column zero(DataType::Vector(TypeKind::kComplex128, 256));
        std::fill_n(reinterpret_cast<double*>(zero.ExtendFixed(1)), 512, 0.5);
        request.parameters.push_back({"", std::move(zero)});
        const auto start = std::chrono::steady_clock::now();
        std::vector<ResultBatch> batches;
        REQUIRE_OK(fixture.Run(std::move(request), &batches));
        ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
      }
      std::sort(ms.begin(), ms.end());
      std::printf("%-5s %9.3f ms (best %9.3f)  %s\n", name, ms[4], ms[0], text.c_str());
    }
  }
}

}  // namespace cortex::testing

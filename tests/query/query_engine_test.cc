#include "query/query_engine.h"

#include <atomic>
#include <cmath>
#include <random>

#include "tests/query/engine_fixture.h"

namespace cortex::testing {
namespace {

constexpr uint32_t kRows = 20'000;

// Values over hundreds of binades, so that any rounding that depends on order would show.
void FillNumbers(EngineFixture& fixture, const std::string& table, uint32_t batch_rows) {
  REQUIRE_OK(
      fixture.Run("CREATE TABLE " + table +
                  " (k string, ts timestamp, x float64, n int64, s string COMPRESSION dictionary) KEY k TIME ts"));
  const auto definition = REQUIRE_OK_AND_TAKE(fixture.database().FindTable(table));
  std::mt19937_64 random(11);
  for (uint32_t first = 0; first < kRows; first += batch_rows) {
    Batch batch = Batch::For(definition);
    batch.row_count = std::min(batch_rows, kRows - first);
    for (uint32_t i = 0; i < batch.row_count; ++i) {
      batch.columns[0].AppendString("k" + std::to_string(random() % 500));
      batch.columns[1].AppendScalar<int64_t>(int64_t{first + i} * 1'000'000'000);
      const double x =
          std::ldexp(static_cast<double>(random() % 1'000'000) - 5e5, static_cast<int>(random() % 200) - 100);
      batch.columns[2].AppendScalar<double>(x);
      if (random() % 10 == 0) {
        batch.columns[3].AppendNull();
      } else {
        batch.columns[3].AppendScalar<int64_t>(static_cast<int64_t>(random() % 1'000));
      }
      batch.columns[4].AppendString("type-" + std::to_string(random() % 7));
    }
    REQUIRE_OK(fixture.database().Ingest({.batch = std::move(batch)}));
  }
}

// All bytes of an answer: equal strings mean equal bits.
std::string Bits(EngineFixture& fixture, const std::string& text) {
  std::vector<ResultBatch> batches;
  REQUIRE_OK(fixture.Run({.text = text}, &batches));
  std::string bits;
  for (const ResultBatch& batch : batches) {
    for (uint32_t row = 0; row < batch.row_count; ++row) {
      for (const Column& column : batch.columns) {
        bits += column.IsNull(row) ? "n" : "v";
        if (column.type().is_string()) {
          bits += column.StringAt(row);
        } else {
          const auto bytes = column.FixedAt(row);
          bits.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        }
      }
    }
  }
  return bits;
}

const char* const kQueries[] = {
    "SELECT count(*), sum(x), avg(x), stddev(x), variance(x), min(x), max(x) FROM t",
    "SELECT s, sum(x), avg(n), stddev(n), count(n) FROM t GROUP BY s",
    "SELECT n % 10, sum(x * 3), max(k) FROM t WHERE x > 0 GROUP BY n % 10 ORDER BY 2 DESC",
    "SELECT k, x FROM t ORDER BY x DESC, k LIMIT 50",
    "SELECT k, n FROM t ORDER BY n LIMIT 20 OFFSET 100",
    "SELECT DISTINCT s, n FROM t WHERE n < 5",
    "SELECT k, ts FROM t WHERE n = 7 AND s LIKE '%3' ORDER BY ts",
};

}  // namespace

TEST_CASE("Answers are the same bits for every tier, thread count and batch split", "[query]") {
  std::vector<std::string> expected;
  {
    EngineFixture fixture(0);
    FillNumbers(fixture, "t", kRows);
    for (const char* query : kQueries) expected.push_back(Bits(fixture, query));
  }
  const size_t threads = GENERATE(0, 3);
  const uint32_t batch_rows = GENERATE(3'001, 10'000);
  CAPTURE(threads, batch_rows);
  EngineFixture fixture(threads);
  FillNumbers(fixture, "t", batch_rows);
  for (const Tier tier : {Tier::kHot, Tier::kWarm, Tier::kCold}) {
    if (tier != Tier::kHot) fixture.MoveAll("t", static_cast<Tier>(static_cast<int>(tier) - 1), tier);
    for (size_t i = 0; i < expected.size(); ++i) {
      CAPTURE(kQueries[i], static_cast<int>(tier));
      REQUIRE((Bits(fixture, kQueries[i]) == expected[i]));
    }
  }
}

TEST_CASE("QueryEngine delivers batches within their bounds and keeps every row", "[query]") {
  EngineFixture fixture;
  FillNumbers(fixture, "t", 5'000);
  std::vector<ResultBatch> batches;
  SECTION("by rows") {
    REQUIRE_OK(fixture.Run({.text = "SELECT k, x, n FROM t", .max_batch_rows = 777}, &batches));
    for (const ResultBatch& batch : batches) CHECK(batch.row_count <= 777);
  }
  SECTION("by bytes") {
    REQUIRE_OK(fixture.Run({.text = "SELECT x, n FROM t", .max_batch_bytes = 1'600}, &batches));
    for (const ResultBatch& batch : batches) CHECK(batch.row_count <= 100);
  }
  SECTION("a batch smaller than a row still carries one") {
    REQUIRE_OK(fixture.Run({.text = "SELECT k, x FROM t WHERE n = 3", .max_batch_bytes = 1}, &batches));
    for (const ResultBatch& batch : batches) CHECK(batch.row_count == 1);
    return;
  }
  uint64_t rows = 0;
  for (const ResultBatch& batch : batches) rows += batch.row_count;
  CHECK(rows == kRows);
}

TEST_CASE("QueryEngine stops when asked to", "[query]") {
  EngineFixture fixture;
  FillNumbers(fixture, "t", 5'000);
  std::vector<ResultBatch> batches;
  SECTION("cancelled before it runs") {
    const std::atomic<bool> cancelled{true};
    REQUIRE_STATUS(fixture.Run({.text = "SELECT sum(x) FROM t", .cancelled = &cancelled}, &batches),
                   absl::StatusCode::kCancelled, "cancelled");
  }
  SECTION("cancelled while rows flow") {
    std::atomic<bool> cancelled{false};
    auto stream = REQUIRE_OK_AND_TAKE(
        fixture.engine().Start({.text = "SELECT x FROM t", .cancelled = &cancelled, .max_batch_rows = 64}));
    uint64_t rows = 0;
    const absl::Status status = stream->Run([&](ResultBatch batch) {
      rows += batch.row_count;
      cancelled = true;
      return absl::OkStatus();
    });
    REQUIRE_STATUS(status, absl::StatusCode::kCancelled, "cancelled");
    CHECK(rows < kRows);
  }
  SECTION("past its deadline") {
    REQUIRE_STATUS(
        fixture.Run({.text = "SELECT sum(x) FROM t", .deadline_monotonic_ns = SystemClock()->MonotonicNanos() - 1},
                    &batches),
        absl::StatusCode::kDeadlineExceeded, "deadline");
  }
  SECTION("by its sink") {
    auto stream = REQUIRE_OK_AND_TAKE(fixture.engine().Start({.text = "SELECT x FROM t"}));
    REQUIRE_STATUS(stream->Run([](ResultBatch) { return absl::AbortedError("reader left"); }),
                   absl::StatusCode::kAborted, "reader left");
  }
}

TEST_CASE("QueryEngine refuses what does not fit the memory budget and gives everything back", "[query]") {
  EngineFixture fixture(1, 64 << 20);
  FillNumbers(fixture, "t", 5'000);
  const uint64_t before = fixture.budget().used(MemoryUse::kQuery);
  const uint64_t free_bytes = fixture.budget().limit() - fixture.budget().used();
  REQUIRE(fixture.budget().TryReserve(MemoryUse::kRpc, free_bytes - (256 << 10)));
  std::vector<ResultBatch> batches;
  REQUIRE_STATUS(fixture.Run({.text = "SELECT k, x, s FROM t ORDER BY x"}, &batches),
                 absl::StatusCode::kResourceExhausted, "");
  REQUIRE_STATUS(fixture.Run({.text = "SELECT x, count(*) FROM t GROUP BY x"}, &batches),
                 absl::StatusCode::kResourceExhausted, "");
  REQUIRE_OK(fixture.Run({.text = "SELECT sum(x) FROM t"}, &batches));
  REQUIRE_OK(fixture.Run({.text = "SELECT k FROM t ORDER BY x LIMIT 10"}, &batches));
  CHECK(fixture.budget().used(MemoryUse::kQuery) == before);
}

TEST_CASE("QueryEngine prunes by time, zone map and key, and says so", "[query]") {
  EngineFixture fixture;
  FillNumbers(fixture, "t", 5'000);
  fixture.MoveAll("t", Tier::kHot, Tier::kWarm);
  const auto warm = [&](const std::string& text) {
    std::vector<ResultBatch> batches;
    QueryStatistics statistics;
    REQUIRE_OK(fixture.Run({.text = text}, &batches, &statistics));
    return statistics.tiers[1];
  };
  const TierScanStatistics all = warm("SELECT sum(x) FROM t");
  CHECK(all.rows_scanned == kRows);
  CHECK(all.row_groups > 1);
  CHECK(warm("SELECT sum(x) FROM t WHERE ts > TIMESTAMP '2100-01-01'").segments_pruned == all.segments);
  CHECK(warm("SELECT sum(x) FROM t WHERE n > 5000").row_groups_pruned_zone == all.row_groups);
  const TierScanStatistics by_key = warm("SELECT sum(x) FROM t WHERE k = 'k17'");
  CHECK(by_key.row_groups_pruned_key >= all.row_groups - 1);
  CHECK(by_key.rows_scanned < kRows);
  CHECK(warm("SELECT count(*), min(n), max(n), max(ts) FROM t").rows_scanned == 0);
}

TEST_CASE("QueryEngine reads no more than LIMIT needs", "[query]") {
  EngineFixture fixture;
  FillNumbers(fixture, "t", 5'000);
  const std::string where = GENERATE("", "WHERE n >= 0", "WHERE n + 1 > 0", "WHERE n IS NOT NULL AND n <> 3");
  for (const uint64_t offset : {uint64_t{0}, uint64_t{5}, uint64_t{3'000}}) {
    CAPTURE(where, offset);
    std::vector<ResultBatch> batches;
    QueryStatistics statistics;
    const std::string text = "SELECT k, n FROM t " + where + " LIMIT 7 OFFSET " + std::to_string(offset);
    REQUIRE_OK(fixture.Run({.text = text}, &batches, &statistics));
    CHECK(statistics.rows_returned == 7);
    CHECK(statistics.tiers[0].rows_selected <= 3 * (offset + 7) + 1'024);
  }
}

TEST_CASE("QueryEngine tells types and names of the answer before it runs", "[query]") {
  EngineFixture fixture;
  FillNumbers(fixture, "t", 5'000);
  auto stream = REQUIRE_OK_AND_TAKE(
      fixture.engine().Start({.text = "SELECT k, n AS number, avg(x), count(*) FROM t GROUP BY k, n"}));
  const std::vector<ResultColumn>& schema = stream->schema();
  REQUIRE(schema.size() == 4);
  CHECK(schema[0].name == "k");
  CHECK(schema[1].name == "number");
  CHECK(schema[1].type == DataType::Scalar(TypeKind::kInt64));
  CHECK(schema[2].name == "avg(x)");
  CHECK(schema[2].type == DataType::Scalar(TypeKind::kFloat64));
  CHECK(schema[3].name == "count(*)");
}

TEST_CASE("QueryEngine reads its own writes through the commit token", "[query]") {
  EngineFixture fixture;
  REQUIRE_OK(fixture.Run("CREATE TABLE t (k string, ts timestamp) KEY k TIME ts"));
  const ResultBatch inserted = fixture.Answer("INSERT INTO t VALUES ('a', NOW()), ('b', NOW())");
  CHECK(inserted.columns[0].values_as<int64_t>()[0] == 2);
  const auto commit = static_cast<Commit>(inserted.columns[1].values_as<int64_t>()[0]);
  std::vector<ResultBatch> batches;
  QueryStatistics statistics;
  REQUIRE_OK(fixture.Run({.text = "SELECT count(*) FROM t", .at_least = commit}, &batches, &statistics));
  CHECK(batches[0].columns[0].values_as<int64_t>()[0] == 2);
  CHECK(statistics.snapshot_commit >= commit);
  REQUIRE_STATUS(fixture.Run({.text = "SELECT count(*) FROM t", .at_least = commit + 1'000'000}, &batches),
                 absl::StatusCode::kOutOfRange, "");
}

TEST_CASE("SHOW SEGMENTS says how every chunk is stored", "[query]") {
  EngineFixture fixture;
  REQUIRE_OK(fixture.Run("CREATE TABLE t (k string, ts timestamp, x float64) KEY k TIME ts"));
  REQUIRE_OK(fixture.Run("INSERT INTO t VALUES ('a', NOW(), 1.5), ('b', NOW(), 1.5)"));
  const auto chunks = [&] { return std::string(fixture.Answer("SHOW SEGMENTS FROM t").columns.back().StringAt(0)); };
  REQUIRE(chunks().empty());  // in memory nothing is encoded
  fixture.MoveAll("t", Tier::kHot, Tier::kWarm);
  CAPTURE(chunks());
  REQUIRE(chunks().substr(0, 2) == "k ");
  REQUIRE(chunks().find(", ts ") != std::string::npos);
  REQUIRE(chunks().find(", x constant ") != std::string::npos);
  REQUIRE_OK(fixture.Run("ALTER TABLE t ADD COLUMN y int64"));
  REQUIRE(chunks().find(", y absent") != std::string::npos);
}

}  // namespace cortex::testing

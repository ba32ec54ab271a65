// What sketches of rows in memory cost and save: storage_test "[.sketch-bench]". Rows come from files if
// CORTEX_BENCH_FLOAT32_512 and CORTEX_BENCH_COMPLEX128_256 name them (rows one after the other, .npy or raw), repeated as
// often as needed; else they are waves with noise.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "codecs/simd/distance_kernels.h"
#include "codecs/zptv/sketch/bounds.h"
#include "codecs/zptv/sketch/polar.h"
#include "storage/database.h"
#include "storage/runtime/memory_budget.h"
#include "storage/table/row_group.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

using testing::TempDir;
using testing::TestTable;

double SecondsOf(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

struct Kind {
  const char* name;
  DataType type;
  const char* variable;
};
const Kind kKinds[] = {{"float32[512]", DataType::Vector(TypeKind::kFloat32, 512), "CORTEX_BENCH_FLOAT32_512"},
                       {"complex128[256]", DataType::Vector(TypeKind::kComplex128, 256), "CORTEX_BENCH_COMPLEX128_256"}};

std::string RowBytes(const Kind& kind) {
  if (const char* path = std::getenv(kind.variable); path != nullptr) {
    std::ifstream in(path, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    REQUIRE_FALSE(bytes.empty());
    if (bytes.compare(0, 6, "\x93NUMPY") == 0) {
      uint16_t header = 0;
      std::memcpy(&header, bytes.data() + 8, sizeof(header));
      bytes.erase(0, size_t{10} + header);
    }
    return bytes;
  }
  std::mt19937_64 random(1);
  std::normal_distribution<double> noise(0, 0.1);
  std::string bytes;
  for (uint32_t row = 0; row < 2000; ++row) {
    for (uint32_t v = 0; v < 512; ++v) {
      const double value = std::sin(0.05 * v + 0.003 * row) + noise(random);
      const auto narrow = static_cast<float>(value);
      const bool is_float = kind.type.shape().type == PhysicalType::kFloat32;
      bytes.append(is_float ? reinterpret_cast<const char*>(&narrow) : reinterpret_cast<const char*>(&value),
                   is_float ? sizeof(narrow) : sizeof(value));
    }
  }
  return bytes;
}

Batch MakeBatch(const std::shared_ptr<const TableDefinition>& table, const std::string& bytes, uint32_t first,
                uint32_t count) {
  Batch batch = Batch::For(table);
  batch.row_count = count;
  const size_t row_bytes = table->columns[2].type.shape().row_bytes();
  const size_t rows = bytes.size() / row_bytes;
  for (uint32_t row = first; row < first + count; ++row) {
    batch.columns[0].AppendString("k" + std::to_string(row % 1000));
    batch.columns[1].AppendScalar<int64_t>(row);
    std::memcpy(batch.columns[2].ExtendFixed(1), bytes.data() + row % rows * row_bytes, row_bytes);
  }
  return batch;
}

// --- one group ----------------------------------------------------------------------------------------------------

template <typename T>
double Scan(SketchKind sketch_kind, const RowGroup& group, absl::Span<const T> query, std::vector<double>* out) {
  const uint32_t rows = group.published_rows();
  out->resize(rows);
  return SecondsOf([&] {
    for (uint32_t first = 0; first < rows; first += kHotBlockRows) {
      const uint32_t count = std::min(rows - first, kHotBlockRows);
      const ValueSpan block = **group.column(2).TryView(first, count);
      const simd::Rows<T> some{.data = reinterpret_cast<const T*>(block.fixed),
                               .row_count = count,
                               .length = query.size(),
                               .stride = query.size()};
      if (sketch_kind == SketchKind::kPolar) {
        simd::FieldQuery(simd::FieldMetric::kPolar, query).Distances(some, out->data() + first);
        for (uint32_t i = first; i < first + count; ++i) (*out)[i] *= (*out)[i];
      } else {
        simd::SquaredL2(query, some, out->data() + first);
      }
    }
  });
}

// Counts rows below `limit` by the intervals of `asked`; the undecided ones are left in `open`.
template <typename Query>
uint32_t Decide(const Query& asked, uint32_t count, double limit, std::vector<uint32_t>* open) {
  double lower[kHotBlockRows], upper[kHotBlockRows];
  std::vector<uint32_t> unsure;
  uint32_t below = 0;
  asked.Coarse(0, count, lower, upper);
  for (uint32_t i = 0; i < count; ++i) {
    below += upper[i] <= limit;
    if (lower[i] <= limit && upper[i] > limit) unsure.push_back(i);
  }
  open->clear();
  asked.Fine(unsure, lower, upper);
  for (size_t i = 0; i < unsure.size(); ++i) {
    below += upper[i] <= limit;
    if (lower[i] <= limit && upper[i] > limit) open->push_back(unsure[i]);
  }
  return below;
}

template <typename T>
void MeasureQueries(SketchKind kind, const RowGroup& group, const char* name) {
  const uint32_t rows = group.published_rows() / kHotBlockRows * kHotBlockRows;
  const uint32_t length = group.table()->columns[2].type.shape().values_per_row;
  const RowSketches& sketches = **group.column(2).Sketch(kind);
  double scan = 0, sketched = 0;
  uint64_t read = 0;
  constexpr uint32_t kQueries = 10;
  for (uint32_t q = 0; q < kQueries; ++q) {
    const ValueSpan row = **group.column(2).TryView(q * 97 % rows, 1);
    const absl::Span<const T> query(reinterpret_cast<const T*>(row.fixed), length);
    const std::vector<double> wide(query.begin(), query.end());
    std::vector<double> squares;
    scan += Scan(kind, group, query, &squares);
    std::vector<double> sorted(squares.begin(), squares.begin() + rows);
    std::nth_element(sorted.begin(), sorted.begin() + rows / 100, sorted.end());
    const double limit = sorted[rows / 100];
    sketched += SecondsOf([&] {
      std::vector<uint32_t> open;
      double distance = 0;
      for (uint32_t block = 0; block < rows / kHotBlockRows; ++block) {
        if (kind == SketchKind::kPolar) {
          Decide(PolarBlockQuery(*sketches.Polar(block), wide), kHotBlockRows, limit, &open);
        } else {
          const auto precision = sizeof(T) == 4 ? CanonicalPrecision::kFloat32 : CanonicalPrecision::kFloat64;
          Decide(BlockQuery(*sketches.Euclidean(block), wide, precision), kHotBlockRows, limit, &open);
        }
        read += open.size();
        for (const uint32_t i : open) {
          const ValueSpan one = **group.column(2).TryView(block * kHotBlockRows + i, 1);
          const absl::Span<const T> values(reinterpret_cast<const T*>(one.fixed), length);
          distance += kind == SketchKind::kPolar ? simd::FieldDistance(simd::FieldMetric::kPolar, query, values)
                                                 : simd::SquaredL2(query, values);
        }
      }
      REQUIRE(distance >= 0);
    });
  }
  std::printf("%-16s %-10s scan %7.0f ns/row   by sketch %6.0f ns/row   rows read %.2f %%\n", name,
              kind == SketchKind::kPolar ? "polar" : "euclidean", scan / kQueries / group.published_rows() * 1e9,
              sketched / kQueries / rows * 1e9, 100.0 * static_cast<double>(read) / kQueries / rows);
}

void MeasureGroup(const Kind& kind) {
  constexpr uint32_t kRows = 16'384;
  const auto table = TestTable("t", {{"v", kind.type}});
  RowGroup group({.table = table, .capacity = kRows});
  const Batch batch = MakeBatch(table, RowBytes(kind), 0, kRows);
  std::vector<uint32_t> rows(kRows);
  std::iota(rows.begin(), rows.end(), 0);
  const double appending = SecondsOf([&] { group.Append(batch, rows, 1); });
  std::printf("%-16s append %.2f us/row, %u bytes\n", kind.name, appending / kRows * 1e6,
              kind.type.shape().row_bytes());
  for (const SketchKind of : {SketchKind::kEuclidean, SketchKind::kPolar}) {
    HotSketch* const sketch = group.column(2).own_sketch(of);
    if (sketch == nullptr) continue;
    sketch->Want();
    const double making = SecondsOf([&] {
      while (sketch->MissingBlocks(kRows) > 0) REQUIRE_OK(sketch->MakeBlock(group.column(2)));
    });
    std::printf("%-16s %-10s made in %.2f us/row, %.0f bytes/row\n", kind.name,
                of == SketchKind::kPolar ? "polar" : "euclidean", making / kRows * 1e6,
                static_cast<double>(sketch->memory_bytes()) / kRows);
    if (kind.type.shape().type == PhysicalType::kFloat32) {
      MeasureQueries<float>(of, group, kind.name);
    } else {
      MeasureQueries<double>(of, group, kind.name);
    }
  }
}

// --- ingest -------------------------------------------------------------------------------------------------------

// Rows per second until all are acknowledged, with two producers that wait for each batch.
double Ingest(const Kind& kind, const std::string& bytes, bool sketched) {
  constexpr uint32_t kRows = 200'000, kBatchRows = 500, kProducers = 2;
  TempDir dir;
  MemoryBudget budget(8ull << 30);
  DatabaseOptions options;
  options.data_dir = dir.File("data");
  options.create_builtin_tables = false;
  options.budget = &budget;
  options.tiering_interval_ns = sketched ? 10'000'000 : 0;  // so often that it always works
  auto db = REQUIRE_OK_AND_TAKE(Database::Open(options));
  TableDefinition definition = *TestTable("t", {{"v", kind.type}});
  definition.policy.hot_max_age_ns = INT64_MAX;
  definition.policy.warm_max_age_ns = INT64_MAX;
  const auto table = REQUIRE_OK_AND_TAKE(db->CreateTable(definition));
  std::atomic<uint64_t> failures{0};
  const double seconds = SecondsOf([&] {
    std::vector<std::thread> producers;
    for (uint32_t p = 0; p < kProducers; ++p) {
      producers.emplace_back([&, p] {
        for (uint32_t first = p * kBatchRows; first < kRows; first += kProducers * kBatchRows) {
          failures += !db->Ingest({.batch = MakeBatch(table, bytes, first, kBatchRows)}).ok();
        }
      });
    }
    for (auto& producer : producers) producer.join();
  });
  REQUIRE(failures == 0);
  std::printf("%-16s %-9s %8.0f rows/s, sketches then %5.1f MB\n", kind.name, sketched ? "sketched" : "plain",
              kRows / seconds, static_cast<double>(budget.used(MemoryUse::kSketches)) / 1e6);
  std::fflush(stdout);
  return kRows / seconds;
}

}  // namespace

TEST_CASE("Cost of sketches in memory", "[storage][.sketch-bench]") {
  for (const Kind& kind : kKinds) MeasureGroup(kind);
}

TEST_CASE("Ingest beside the making of sketches", "[storage][.sketch-bench]") {
  for (const Kind& kind : kKinds) {
    const std::string bytes = RowBytes(kind);
    for (int pair = 0; pair < 3; ++pair) {
      Ingest(kind, bytes, pair % 2 == 0);
      Ingest(kind, bytes, pair % 2 != 0);
    }
  }
}

}  // namespace cortex

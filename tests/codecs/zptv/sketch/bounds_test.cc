// The promise of the sketches: no interval ever misses the canonical distance. CORTEX_SKETCH_PAIRS=10000000 sets how
// many pairs of query and row the property test checks (default 200,000).
#include "codecs/zptv/sketch/bounds.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "tests/codecs/simd/for_each_target.h"
#include "tests/codecs/zptv/sketch/sample_rows.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

using testing::CanonicalSquared;
using testing::RowKind;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Column {
  PhysicalType type;
  CanonicalPrecision precision;
};
constexpr Column kColumns[] = {{PhysicalType::kFloat16, CanonicalPrecision::kFloat32},
                               {PhysicalType::kFloat32, CanonicalPrecision::kFloat32},
                               {PhysicalType::kFloat32, CanonicalPrecision::kFloat64},  // complex64 fields
                               {PhysicalType::kFloat64, CanonicalPrecision::kFloat64}};

struct Sketched {
  std::vector<double> values;
  Buffer block;
  uint32_t rows;
  uint32_t components;

  SketchBlock Open() const { return REQUIRE_OK_AND_TAKE(SketchBlock::Open(block.span(), rows, components)); }
  absl::Span<const double> Row(size_t i) const {
    return absl::MakeConstSpan(values).subspan(i * components, components);
  }
};

Sketched SketchRows(PhysicalType type, std::vector<double> values, uint32_t components) {
  const Buffer column = testing::ToColumn(type, values);
  const auto rows = static_cast<uint32_t>(values.size() / components);
  const ValueSpan span{.shape = {type, components}, .row_count = rows, .fixed = column.data()};
  return {std::move(values), BuildSketchBlock(span), rows, components};
}

struct Intervals {
  std::vector<double> lower, upper;
};
Intervals CoarseOf(const BlockQuery& query, uint32_t rows) {
  Intervals out{std::vector<double>(rows), std::vector<double>(rows)};
  query.Coarse(0, rows, out.lower.data(), out.upper.data());
  return out;
}
Intervals FineOf(const BlockQuery& query, uint32_t rows) {
  Intervals out{std::vector<double>(rows), std::vector<double>(rows)};
  std::vector<uint32_t> all(rows);
  std::iota(all.begin(), all.end(), 0u);
  query.Fine(all, out.lower.data(), out.upper.data());
  return out;
}

struct Tally {
  size_t pairs = 0, wrong = 0, infinite = 0;
  double coarse_width = 0, fine_width = 0;
};

// Queries near, far and equal to rows; every interval must hold the canonical square.
void CheckBlock(const Sketched& sketched, const Column& column, RowKind kind, std::mt19937_64& random, Tally* tally) {
  const SketchBlock block = sketched.Open();
  std::vector<double> query = testing::SampleRows(kind, column.type, 1, sketched.components, random);
  const absl::Span<const double> neighbour = sketched.Row(random() % sketched.rows);
  const unsigned mode = random() % 4;
  for (size_t i = 0; i < query.size(); ++i) {
    if (mode == 1) query[i] = neighbour[i];
    if (mode == 2) query[i] = testing::RoundToType(column.type, neighbour[i] + 0.01 * query[i]);
    if (mode == 3) query[i] = testing::RoundToType(column.type, -2 * neighbour[i]);
    if (!std::isfinite(query[i])) query[i] = neighbour[i];
  }
  const BlockQuery block_query(block, query, column.precision);
  const Intervals coarse = CoarseOf(block_query, sketched.rows), fine = FineOf(block_query, sketched.rows);
  const SquaredInterval whole = block_query.WholeBlock();
  for (uint32_t i = 0; i < sketched.rows; ++i) {
    const double squared = CanonicalSquared(column.type, column.precision, query, sketched.Row(i));
    const bool held = coarse.lower[i] <= squared && squared <= coarse.upper[i] && fine.lower[i] <= squared &&
                      squared <= fine.upper[i] && whole.lower <= squared && squared <= whole.upper;
    if (!held) {
      ++tally->wrong;
      UNSCOPED_INFO("row " << i << ", mode " << mode << ": " << squared << " outside [" << coarse.lower[i] << ", "
                           << coarse.upper[i] << "], [" << fine.lower[i] << ", " << fine.upper[i] << "] or ["
                           << whole.lower << ", " << whole.upper << "]");
    }
    ++tally->pairs;
    if (std::isinf(fine.upper[i])) {
      ++tally->infinite;
    } else if (squared > 0) {
      tally->coarse_width += (coarse.upper[i] - coarse.lower[i]) / squared;
      tally->fine_width += (fine.upper[i] - fine.lower[i]) / squared;
    }
  }
}

TEST_CASE("Sketch intervals always hold the canonical distance", "[codecs][zptv]") {
  const char* wanted = std::getenv("CORTEX_SKETCH_PAIRS");
  const size_t pairs = wanted == nullptr ? 200000 : std::strtoull(wanted, nullptr, 10);
  const uint64_t seed = wanted == nullptr ? 1 : std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  Tally total;
  while (total.pairs < pairs) {
    for (const Column& column : kColumns) {
      for (const RowKind kind : testing::kAllRowKinds) {
        const auto components = static_cast<uint32_t>(1 + random() % (random() % 4 == 0 ? 700 : 40));
        const auto rows = static_cast<uint32_t>(1 + random() % 60);
        CAPTURE(static_cast<int>(column.type), static_cast<int>(kind), components, rows);
        const Sketched sketched =
            SketchRows(column.type, testing::SampleRows(kind, column.type, rows, components, random), components);
        for (int query = 0; query < 4; ++query) CheckBlock(sketched, column, kind, random, &total);
        REQUIRE(total.wrong == 0);
      }
    }
  }
  if (wanted != nullptr) {
    std::printf("%zu pairs, %zu wrong, %zu with an open end\n", total.pairs, total.wrong, total.infinite);
  }
  CHECK(total.infinite < total.pairs / 2);
}

TEST_CASE("Sketch intervals are narrow where data are ordinary", "[codecs][zptv]") {
  // What makes them worth having: a bound that is merely never wrong could be the whole line.
  std::mt19937_64 random(2);
  for (const Column& column : kColumns) {
    const Sketched sketched =
        SketchRows(column.type, testing::SampleRows(RowKind::kNormal, column.type, 200, 512, random), 512);
    const std::vector<double> query = testing::SampleRows(RowKind::kNormal, column.type, 1, 512, random);
    const BlockQuery block_query(sketched.Open(), query, column.precision);
    const Intervals coarse = CoarseOf(block_query, 200), fine = FineOf(block_query, 200);
    for (uint32_t i = 0; i < 200; ++i) {
      const double squared = CanonicalSquared(column.type, column.precision, query, sketched.Row(i));
      REQUIRE(coarse.upper[i] - coarse.lower[i] < 0.45 * squared);
      REQUIRE(fine.upper[i] - fine.lower[i] < 0.025 * squared);
    }
  }
}

TEST_CASE("Sketch rows that are not finite decide nothing", "[codecs][zptv]") {
  std::mt19937_64 random(3);
  for (const Column& column : kColumns) {
    std::vector<double> values = testing::SampleRows(RowKind::kNormal, column.type, 5, 40, random);
    values[3] = std::nan("");
    values[1 * 40 + 39] = kInfinity;
    values[3 * 40] = -kInfinity;
    const Sketched sketched = SketchRows(column.type, values, 40);
    REQUIRE(sketched.Open().head().undecidable_rows == 3);
    const BlockQuery query(sketched.Open(), sketched.Row(2), column.precision);
    const Intervals coarse = CoarseOf(query, 5), fine = FineOf(query, 5);
    for (const uint32_t i : {0u, 1u, 3u}) {
      REQUIRE((coarse.lower[i] == -kInfinity && coarse.upper[i] == kInfinity));
      REQUIRE((fine.lower[i] == -kInfinity && fine.upper[i] == kInfinity));
    }
    for (const uint32_t i : {2u, 4u}) REQUIRE((coarse.lower[i] >= 0 && coarse.upper[i] < kInfinity));
    REQUIRE((query.WholeBlock().lower == -kInfinity && query.WholeBlock().upper == kInfinity));
    for (const double bad : {std::nan(""), kInfinity, -kInfinity}) {
      std::vector<double> bad_query(40, 1.0);
      bad_query[17] = bad;
      const Intervals none = CoarseOf(BlockQuery(sketched.Open(), bad_query, column.precision), 5);
      for (uint32_t i = 0; i < 5; ++i) REQUIRE((none.lower[i] == -kInfinity && none.upper[i] == kInfinity));
    }
  }
}

TEST_CASE("Sketch of zero rows holds zero distances", "[codecs][zptv]") {
  for (const Column& column : kColumns) {
    const Sketched sketched = SketchRows(column.type, std::vector<double>(3 * 7, 0.0), 7);
    const std::vector<double> query(7, 0.0);
    const BlockQuery block_query(sketched.Open(), query, column.precision);
    const Intervals coarse = CoarseOf(block_query, 3);
    for (int i = 0; i < 3; ++i) REQUIRE((coarse.lower[i] == 0 && coarse.upper[i] < 1e-20));
    REQUIRE(block_query.WholeBlock().lower == 0);
  }
}

TEST_CASE("Blocks out of range are undecidable, not wrong", "[codecs][zptv]") {
  const Column column = {PhysicalType::kFloat64, CanonicalPrecision::kFloat64};
  for (const double scale : {1e300, 1e-300}) {
    const Sketched sketched = SketchRows(column.type, std::vector<double>(4 * 8, scale), 8);
    REQUIRE(sketched.Open().head().undecidable_rows == 4);
  }
  // One giant among ordinary rows spoils only itself.
  std::mt19937_64 random(5);
  std::vector<double> values = testing::SampleRows(RowKind::kNormal, column.type, 9, 30, random);
  values[4 * 30] = 1e100;
  const Sketched sketched = SketchRows(column.type, values, 30);
  REQUIRE(sketched.Open().head().undecidable_rows == 1);
  const BlockQuery query(sketched.Open(), sketched.Row(0), column.precision);
  const Intervals fine = FineOf(query, 9);
  for (const uint32_t i : {1u, 8u}) REQUIRE(fine.upper[i] - fine.lower[i] < 0.1 * fine.upper[i]);
}

TEST_CASE("Wider numbers of a block never narrow an interval", "[codecs][zptv]") {
  std::mt19937_64 random(6);
  const Column column = {PhysicalType::kFloat32, CanonicalPrecision::kFloat32};
  const Sketched sketched =
      SketchRows(column.type, testing::SampleRows(RowKind::kNormal, column.type, 16, 100, random), 100);
  const BlockQuery query(sketched.Open(), sketched.Row(3), column.precision);
  const Intervals fine = FineOf(query, 16);
  // Residuals grow: intervals grow at both ends.
  const SketchBlockLayout layout(16, 100);
  Buffer wider;
  wider.Append(sketched.block.data(), sketched.block.size());
  for (const size_t array : {3u, 6u}) {
    auto* residual = reinterpret_cast<float*>(wider.data() + layout.norms_begin) + array * layout.padded_rows;
    for (uint32_t i = 0; i < 16; ++i) residual[i] *= 1.5f;
  }
  const BlockQuery wider_query(REQUIRE_OK_AND_TAKE(SketchBlock::Open(wider.span(), 16, 100)), sketched.Row(3),
                               column.precision);
  const Intervals wide = FineOf(wider_query, 16);
  for (uint32_t i = 0; i < 16; ++i) REQUIRE((wide.lower[i] <= fine.lower[i] && wide.upper[i] >= fine.upper[i]));
}

TEST_CASE("SquaredBelow separates the squares whose root is below", "[codecs][zptv]") {
  std::mt19937_64 random(7);
  const auto check = [](double distance) {
    CAPTURE(distance);
    const double below = SquaredBelow(distance);
    REQUIRE(std::sqrt(below) < distance);
    REQUIRE(!(std::sqrt(std::nextafter(below, kInfinity)) < distance));
  };
  for (int i = 0; i < 20000; ++i) {
    const double mantissa = 1 + static_cast<double>(random() >> 12) * 0x1p-52;
    check(std::ldexp(mantissa, static_cast<int>(random() % 1020) - 510));
  }
  for (const double distance : {1.0, 2.0, 0x1p-500, 0x1p500, 1e-154, 1e-161}) check(distance);
  REQUIRE(SquaredBelow(0) == -1);
  REQUIRE(SquaredBelow(-1) == -1);
  REQUIRE(SquaredBelow(std::nan("")) == -1);
  REQUIRE(SquaredBelow(1e-170) == 0);
  REQUIRE(SquaredBelow(kInfinity) == std::numeric_limits<double>::max());
  REQUIRE(SquaredBelow(1e200) == std::numeric_limits<double>::max());
}

TEST_CASE("Sketch blocks are refused when damaged", "[codecs][zptv]") {
  std::mt19937_64 random(8);
  const Sketched sketched = SketchRows(
      PhysicalType::kFloat32, testing::SampleRows(RowKind::kNormal, PhysicalType::kFloat32, 20, 33, random), 33);
  for (size_t size = 0; size < sketched.block.size(); ++size) {
    REQUIRE_STATUS(SketchBlock::Open(sketched.block.span().subspan(0, size), 20, 33), absl::StatusCode::kDataLoss,
                   "bytes");
  }
  REQUIRE_STATUS(SketchBlock::Open(sketched.block.span(), 0, 33), absl::StatusCode::kDataLoss, "0 rows");
  REQUIRE_STATUS(SketchBlock::Open(sketched.block.span(), 20, 0), absl::StatusCode::kDataLoss, "0 components");
  const SketchBlockLayout layout(20, 33);
  for (int round = 0; round < 2000; ++round) {
    Buffer damaged;
    damaged.Append(sketched.block.data(), sketched.block.size());
    for (int hits = 0; hits < 8; ++hits) {
      const size_t at = round % 2 == 0 ? random() % damaged.size() : random() % layout.high_begin;
      damaged.as<uint8_t>()[at] = static_cast<uint8_t>(random());
    }
    const auto block = SketchBlock::Open(damaged.span(), 20, 33);
    if (!block.ok()) {
      REQUIRE(block.status().code() == absl::StatusCode::kDataLoss);
      continue;
    }
    const Intervals coarse = CoarseOf(BlockQuery(*block, sketched.Row(0), CanonicalPrecision::kFloat32), 20);
    for (uint32_t i = 0; i < 20; ++i) REQUIRE((coarse.lower[i] == -kInfinity || coarse.lower[i] >= 0));
  }
}

}  // namespace
}  // namespace cortex

// As bounds_test.cc, for polar distances; CORTEX_SKETCH_PAIRS sets how many pairs are checked here too.
#include "codecs/zptv/sketch/polar.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "codecs/simd/distance_kernels.h"
#include "tests/codecs/simd/for_each_target.h"
#include "tests/codecs/zptv/sketch/sample_rows.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

using testing::RowKind;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Polar {
  std::vector<double> values;
  Buffer block;
  uint32_t rows;
  uint32_t components;

  PolarBlock Open() const { return REQUIRE_OK_AND_TAKE(PolarBlock::Open(block.span(), rows, components)); }
  absl::Span<const double> Row(size_t i) const {
    return absl::MakeConstSpan(values).subspan(2 * i * components, 2 * components);
  }
};

Polar SketchFields(PhysicalType type, std::vector<double> values, uint32_t components) {
  const Buffer column = testing::ToColumn(type, values);
  const auto rows = static_cast<uint32_t>(values.size() / components / 2);
  const ValueSpan span{.shape = {type, 2 * components}, .row_count = rows, .fixed = column.data()};
  return {std::move(values), BuildPolarBlock(span), rows, components};
}

// Whether every interval agrees with the canonical distance: a threshold at the distance, and one just above it.
size_t CountWrong(const Polar& polar, absl::Span<const double> query) {
  const PolarBlockQuery block_query(polar.Open(), query);
  std::vector<double> lower(polar.rows), upper(polar.rows), fine_lower(polar.rows), fine_upper(polar.rows);
  std::vector<uint32_t> all(polar.rows);
  std::iota(all.begin(), all.end(), 0u);
  block_query.Coarse(0, polar.rows, lower.data(), upper.data());
  block_query.Fine(all, fine_lower.data(), fine_upper.data());
  const SquaredInterval whole = block_query.WholeBlock();
  size_t wrong = 0;
  for (uint32_t i = 0; i < polar.rows; ++i) {
    const double distance = simd::FieldDistance(simd::FieldMetric::kPolar, query, polar.Row(i));
    const double below = SquaredBelow(distance), not_above = SquaredBelow(std::nextafter(distance, kInfinity));
    for (const auto& [low, high] : {std::pair(lower[i], upper[i]), std::pair(fine_lower[i], fine_upper[i]),
                                    std::pair(whole.lower, whole.upper)}) {
      if (!std::isfinite(distance)) {
        wrong += high < kInfinity || (std::isnan(distance) && low > -kInfinity);
      } else {
        wrong += high <= below || low > not_above;
      }
    }
  }
  return wrong;
}

TEST_CASE("Polar intervals always hold the canonical distance", "[codecs][zptv]") {
  const char* wanted = std::getenv("CORTEX_SKETCH_PAIRS");
  const size_t pairs = wanted == nullptr ? 40000 : std::strtoull(wanted, nullptr, 10);
  const uint64_t seed = wanted == nullptr ? 1 : std::random_device()();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  size_t checked = 0;
  while (checked < pairs) {
    for (const PhysicalType type : {PhysicalType::kFloat32, PhysicalType::kFloat64}) {
      for (const RowKind kind : testing::kAllRowKinds) {
        const auto components = static_cast<uint32_t>(1 + random() % (random() % 4 == 0 ? 300 : 20));
        const auto rows = static_cast<uint32_t>(1 + random() % 40);
        CAPTURE(static_cast<int>(type), static_cast<int>(kind), components, rows);
        const Polar polar =
            SketchFields(type, testing::SampleRows(kind, type, rows, 2 * components, random), components);
        for (int mode = 0; mode < 3; ++mode) {
          std::vector<double> query = testing::SampleRows(kind, type, 1, 2 * components, random);
          const absl::Span<const double> row = polar.Row(random() % rows);
          for (size_t i = 0; i < query.size() && mode != 0; ++i) {
            query[i] = mode == 1 ? row[i] : testing::RoundToType(type, -row[i] + 1e-9 * query[i]);
          }
          checked += rows;
          REQUIRE(CountWrong(polar, query) == 0);
        }
      }
    }
  }
  if (wanted != nullptr) std::printf("%zu pairs, none wrong\n", checked);
}

TEST_CASE("Polar intervals hold phases at the seam of the circle", "[codecs][zptv]") {
  std::mt19937_64 random(4);
  std::vector<double> values;
  // Phases next to ±π and to the edges between sixteenths, zeros of both signs.
  for (int i = 0; i < 30 * 16; ++i) {
    const double phase = M_PI / 16 * static_cast<double>(static_cast<int>(random() % 33) - 16) +
                         1e-15 * static_cast<double>(static_cast<int>(random() % 5) - 2);
    const double amplitude = random() % 7 == 0 ? 0 : 1;
    values.push_back(amplitude * std::cos(phase));
    values.push_back(random() % 11 == 0 ? -0.0 : amplitude * std::sin(phase));
  }
  const Polar polar = SketchFields(PhysicalType::kFloat64, values, 16);
  for (uint32_t i = 0; i < polar.rows; ++i) REQUIRE(CountWrong(polar, polar.Row(i)) == 0);
}

TEST_CASE("Polar intervals are narrow where data are ordinary, and decide nothing where rows are not finite",
          "[codecs][zptv]") {
  std::mt19937_64 random(5);
  std::vector<double> values = testing::SampleRows(RowKind::kNormal, PhysicalType::kFloat64, 50, 512, random);
  values[512 + 9] = std::nan("");
  values[2 * 512] = kInfinity;
  const Polar polar = SketchFields(PhysicalType::kFloat64, values, 256);
  std::vector<double> lower(50), upper(50);
  const PolarBlockQuery query(polar.Open(), polar.Row(0));
  query.Coarse(0, 50, lower.data(), upper.data());
  for (const uint32_t bad : {1u, 2u}) REQUIRE((lower[bad] == -kInfinity && upper[bad] == kInfinity));
  for (uint32_t i = 3; i < 50; ++i) {
    const double distance = simd::FieldDistance(simd::FieldMetric::kPolar, polar.Row(0), polar.Row(i));
    REQUIRE(std::sqrt(upper[i]) - std::sqrt(lower[i]) < 0.2 * distance);
  }
}

TEST_CASE("Polar blocks are refused when damaged", "[codecs][zptv]") {
  std::mt19937_64 random(6);
  const Polar polar = SketchFields(PhysicalType::kFloat64,
                                   testing::SampleRows(RowKind::kNormal, PhysicalType::kFloat64, 9, 40, random), 20);
  for (size_t size = 0; size < polar.block.size(); ++size) {
    REQUIRE_STATUS(PolarBlock::Open(polar.block.span().subspan(0, size), 9, 20), absl::StatusCode::kDataLoss, "bytes");
  }
  Buffer damaged;
  damaged.Append(polar.block.data(), polar.block.size());
  damaged.as<float>()[4] = std::nanf("");
  REQUIRE_STATUS(PolarBlock::Open(damaged.span(), 9, 20), absl::StatusCode::kDataLoss, "phases of row 4");
}

}  // namespace
}  // namespace cortex

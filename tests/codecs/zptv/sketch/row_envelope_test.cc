// Envelopes of row groups hold every row's canonical distance, and are given for nothing they could not hold.
#include "codecs/zptv/sketch/row_envelope.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "codecs/simd/distance_kernels.h"
#include "tests/codecs/zptv/sketch/sample_rows.h"

namespace cortex {
namespace {

using testing::RowKind;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::optional<RowEnvelope> Enclose(PhysicalType type, const std::vector<double>& values, uint32_t components) {
  const Buffer column = testing::ToColumn(type, values);
  const auto rows = static_cast<uint32_t>(values.size() / components);
  return EncloseRows({.shape = {type, components}, .row_count = rows, .fixed = column.data()});
}

CanonicalPrecision PrecisionOf(PhysicalType type) {
  return type == PhysicalType::kFloat64 ? CanonicalPrecision::kFloat64 : CanonicalPrecision::kFloat32;
}

TEST_CASE("Envelopes hold the canonical distance of every row", "[codecs][zptv]") {
  std::mt19937_64 random(11);
  size_t enclosed = 0, wrong = 0, beyond = 0;
  for (const PhysicalType type : {PhysicalType::kFloat16, PhysicalType::kFloat32, PhysicalType::kFloat64}) {
    for (const RowKind kind : testing::kAllRowKinds) {
      for (const uint32_t rows : {1u, 40u, kLeastRowsForCentre + 50}) {
        const auto n = static_cast<uint32_t>(2 * (1 + random() % 60));
        CAPTURE(static_cast<int>(type), static_cast<int>(kind), rows, n);
        const std::vector<double> values = testing::SampleRows(kind, type, rows, n, random);
        const std::optional<RowEnvelope> envelope = Enclose(type, values, n);
        if (!envelope.has_value()) continue;
        ++enclosed;
        REQUIRE(IsSound(*envelope, n));
        REQUIRE(envelope->centre.empty() == (rows < kLeastRowsForCentre));
        for (const RowKind asked : {kind, RowKind::kNormal, RowKind::kTiny}) {
          const std::vector<double> query = testing::SampleRows(asked, type, 1, n, random);
          const SquaredInterval squares = SquaredDistances(*envelope, query, PrecisionOf(type));
          const SquaredInterval polar = SquaredPolarDistances(*envelope, query);
          beyond += squares.lower > 0;
          for (uint32_t r = 0; r < rows; ++r) {
            const absl::Span<const double> row = absl::MakeConstSpan(values).subspan(size_t{r} * n, n);
            const double squared = testing::CanonicalSquared(type, PrecisionOf(type), query, row);
            wrong += !(squares.lower <= squared && squared <= squares.upper);
            const double turned = simd::FieldDistance(simd::FieldMetric::kPolar, query, row);
            if (type == PhysicalType::kFloat64 && std::isfinite(turned)) {
              wrong += !(polar.lower <= turned * turned && turned * turned <= polar.upper);
            }
          }
          REQUIRE(wrong == 0);
        }
      }
    }
  }
  CHECK(enclosed > 40);
  CHECK(beyond > 20);  // or they would skip nothing
}

TEST_CASE("Envelopes of clustered rows tell clusters apart", "[codecs][zptv]") {
  std::mt19937_64 random(12);
  std::normal_distribution<double> noise(0, 0.01);
  std::vector<double> values, far(64);
  for (int r = 0; r < 300; ++r) {
    for (int c = 0; c < 64; ++c) values.push_back(std::sin(c) + noise(random));
  }
  for (int c = 0; c < 64; ++c) far[c] = std::cos(3 * c);
  const auto envelope = Enclose(PhysicalType::kFloat64, values, 64);
  REQUIRE(envelope.has_value());
  const SquaredInterval near_by = SquaredDistances(*envelope, absl::MakeConstSpan(values).first(64),
                                                   CanonicalPrecision::kFloat64);
  const SquaredInterval far_off = SquaredDistances(*envelope, far, CanonicalPrecision::kFloat64);
  REQUIRE(near_by.upper < 0.2);
  REQUIRE(far_off.lower > 20);
  REQUIRE(far_off.upper < 1.2 * far_off.lower);
}

TEST_CASE("Envelopes are not given for rows that are not finite or out of range", "[codecs][zptv]") {
  REQUIRE(!Enclose(PhysicalType::kFloat64, {}, 4).has_value());
  for (const double bad : {std::nan(""), kInfinity, -kInfinity, 1e300}) {
    std::vector<double> values(300 * 4, 1.0);
    values[4 * 177 + 2] = bad;
    REQUIRE(!Enclose(PhysicalType::kFloat64, values, 4).has_value());
  }
  const auto envelope = Enclose(PhysicalType::kFloat64, std::vector<double>(300 * 4, 1.0), 4);
  REQUIRE(envelope.has_value());
  for (const double bad : {std::nan(""), kInfinity, 1e300}) {
    const std::vector<double> query = {1, 2, bad, 4};
    const SquaredInterval open = SquaredDistances(*envelope, query, CanonicalPrecision::kFloat64);
    REQUIRE((open.lower == -kInfinity && open.upper == kInfinity));
  }
}

TEST_CASE("Envelopes that no builder makes are not sound", "[codecs][zptv]") {
  RowEnvelope good{.exponent = 3, .centre = {1, 2}, .from_centre = {0, 1}, .from_origin = {2, 3}};
  REQUIRE(IsSound(good, 2));
  REQUIRE(!IsSound(good, 3));
  RowEnvelope bad = good;
  bad.from_centre = {2, 1};
  REQUIRE(!IsSound(bad, 2));
  bad = good;
  bad.centre[1] = std::numeric_limits<float>::quiet_NaN();
  REQUIRE(!IsSound(bad, 2));
  bad = good;
  bad.from_origin.largest = kInfinity;
  REQUIRE(!IsSound(bad, 2));
  bad = good;
  bad.exponent = 5000;
  REQUIRE(!IsSound(bad, 2));
}

}  // namespace
}  // namespace cortex

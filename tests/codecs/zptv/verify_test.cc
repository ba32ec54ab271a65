// Judging many numbers at once says the same as judging them one by one.
#include "codecs/zptv/verify.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "codecs/zptv/predict.h"
#include "codecs/zptv/typed_values.h"

namespace cortex::zptv {
namespace {

using Kind = ZptvContract::Kind;

struct Pair {
  std::vector<std::byte> original, decoded;
};

// Numbers and what a quantiser might make of them: off by up to `error`, some the same, some zero.
Pair RandomPair(PhysicalType type, size_t values, double scale, double error, std::mt19937_64& random) {
  std::uniform_real_distribution<double> unit(-1, 1);
  Pair pair;
  pair.original.resize(values * WidthOf(type));
  pair.decoded.resize(pair.original.size());
  for (size_t i = 0; i < values; ++i) {
    const double v = random() % 10 == 0 ? 0 : scale * unit(random);
    PutBits(RoundTo(v, type), type, i, pair.original.data());
    const double w = random() % 4 == 0 ? v : v + error * scale * unit(random);
    PutBits(RoundTo(w, type), type, i, pair.decoded.data());
  }
  return pair;
}

TEST_CASE("Errors of many numbers are those of each", "[codecs][zptv]") {
  std::mt19937_64 random(5);
  size_t judged = 0, broken = 0, left = 0;
  for (const PhysicalType type : {PhysicalType::kFloat16, PhysicalType::kFloat32, PhysicalType::kFloat64}) {
    for (const Kind kind : {Kind::kAbs, Kind::kRms, Kind::kRowL2, Kind::kPoint}) {
      for (const uint32_t components : {1u, 2u}) {
        for (const double scale : {1.0, 1e-3, 1e-250, 1e200}) {
          for (const double error : {0.0, 1e-3, 0.05}) {
            CAPTURE(static_cast<int>(type), static_cast<int>(kind), components, scale, error);
            const LineShape shape{.type = type, .components = components, .columns = 600};
            const BlockLimit limit{{kind, kind == Kind::kAbs ? 0.02 * scale : 0.02}, 0.5 * scale};
            const Pair pair = RandomPair(type, 600, scale, error, random);
            const size_t count = 600 / components;
            ErrorSums sums;
            const std::optional<bool> all =
                AllHold(shape, limit, pair.original.data(), pair.decoded.data(), count, &sums);
            bool each = true;
            double largest = 0, squares = 0;
            for (size_t i = 0; i < count; ++i) {
              double one = 0;
              each &= NumberHolds(shape, limit, pair.original.data(), pair.decoded.data(), i, &one);
              largest = std::max(largest, one);
              squares += one * one;
            }
            left += !all.has_value();
            if (!all.has_value()) continue;
            ++judged;
            broken += !*all;
            REQUIRE(*all == each);
            REQUIRE(std::fabs(sums.largest - largest) <= (kind == Kind::kPoint ? 1e-15 : 0) * largest);
            REQUIRE(std::fabs(sums.squares - squares) <= 1e-12 * squares);
          }
        }
      }
    }
  }
  CHECK(judged > 100);
  CHECK(broken > 10);
  CHECK(left > 10);  // extremes
}

TEST_CASE("Specials are left to be judged one by one, wherever they stand", "[codecs][zptv]") {
  for (const PhysicalType type : {PhysicalType::kFloat16, PhysicalType::kFloat32, PhysicalType::kFloat64}) {
    const FloatLayout layout = LayoutOf(type);
    const uint64_t sign = uint64_t{1} << (layout.bits - 1);
    const uint64_t infinity = (sign - 1) - ((uint64_t{1} << layout.mantissa_bits) - 1);
    const uint64_t one = RoundTo(1.0, type);
    for (const uint64_t bits : {sign, infinity, infinity | sign, infinity + 1, uint64_t{1}, sign | 1,
                                (uint64_t{1} << layout.mantissa_bits) - 1}) {
      for (const size_t at : {size_t{0}, size_t{7}, size_t{99}}) {
        std::vector<std::byte> values(100 * WidthOf(type));
        for (size_t i = 0; i < 100; ++i) PutBits(i % 3 == 0 ? 0 : one, type, i, values.data());
        REQUIRE(!AnySpecial(values.data(), type, 100));
        PutBits(bits, type, at, values.data());
        REQUIRE(IsSpecial(bits, type));
        REQUIRE(AnySpecial(values.data(), type, 100));
        std::vector<double> wide(100);
        ToDoubles(values.data(), type, 100, wide.data());
        for (size_t i = 0; i < 100; ++i) {
          const double want = ToDouble(BitsAt(values.data(), type, i), type);
          REQUIRE((wide[i] == want || (std::isnan(wide[i]) && std::isnan(want))));
        }
      }
    }
    for (const uint64_t bits : {uint64_t{1} << layout.mantissa_bits, infinity - 1, (infinity - 1) | sign}) {
      std::vector<std::byte> values(WidthOf(type));
      PutBits(bits, type, 0, values.data());
      REQUIRE(!AnySpecial(values.data(), type, 1));
    }
  }
}

TEST_CASE("Predictions across steps are undone, whatever the ratios", "[codecs][zptv]") {
  std::mt19937_64 random(6);
  for (const size_t columns : {1u, 7u, 8u, 21u}) {
    std::vector<double> ratios = {1, 0.5, 1.37, 3, 1e-9, 1e30, 0.999, 2};
    const PlaneShape shape{.columns = columns, .lines = ratios.size(), .stride = 1, .ratios = ratios.data()};
    std::vector<int32_t> plane(columns * ratios.size()), residuals(plane.size());
    for (int32_t& value : plane) value = static_cast<int32_t>(random() % 2001) - 1000;
    Predict(shape, Predictor::kUp, plane.data(), residuals.data());
    Undo(shape, Predictor::kUp, residuals.data());
    REQUIRE(residuals == plane);
  }
}

}  // namespace
}  // namespace cortex::zptv

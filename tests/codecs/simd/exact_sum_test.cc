#include "codecs/simd/exact_sum.h"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "tests/codecs/simd/for_each_target.h"

namespace cortex::simd {
namespace {

using testing::ForEachTarget;
constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kMax = std::numeric_limits<double>::max();
constexpr double kTiny = 5e-324;

bool SameBits(double a, double b) { return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b); }

double SumOf(absl::Span<const double> values) {
  ExactSum sum;
  sum.AddSpan(values);
  return sum.Round();
}

// The specification: one value at a time, no SIMD.
double OneByOne(absl::Span<const double> values, bool squares = false) {
  ExactSum sum;
  for (double value : values) squares ? sum.AddSquare(value) : sum.Add(value);
  return sum.Round();
}

// Values whose exponents spread over `binades`, around 2^center.
std::vector<double> Spread(size_t count, int center, int binades, std::mt19937_64& random) {
  std::vector<double> values(count);
  for (double& value : values) {
    const double mantissa = 1.0 + static_cast<double>(random() >> 12) * 0x1p-52;
    const int exponent = center - static_cast<int>(random() % static_cast<unsigned>(binades + 1));
    value = std::ldexp(random() & 1 ? mantissa : -mantissa, exponent);
  }
  return values;
}

TEST_CASE("ExactSum rounds known sums correctly", "[codecs][simd]") {
  REQUIRE(SumOf({}) == 0);
  REQUIRE(SumOf({1e100, 1.0, -1e100}) == 1.0);
  REQUIRE(SumOf({1.0, 0x1p-53}) == 1.0);                      // tie to even
  REQUIRE(SumOf({1.0, 0x1p-53, kTiny}) == 1.0 + 0x1p-52);     // a hair above the tie
  REQUIRE(SumOf({1.0 + 0x1p-52, 0x1p-53}) == 1.0 + 0x1p-51);  // tie to even, upwards
  REQUIRE(SumOf({-1.0, -0x1p-53, -kTiny}) == -(1.0 + 0x1p-52));
  REQUIRE(SumOf({kMax, kMax, -kMax}) == kMax);  // no intermediate overflow
  REQUIRE(SumOf({kMax, kMax}) == kInf);
  REQUIRE(SumOf({-kMax, -kMax}) == -kInf);
  REQUIRE(SumOf({kTiny, kTiny, kTiny}) == 3 * kTiny);
  REQUIRE(SumOf({kMax, kTiny, -kMax}) == kTiny);
  REQUIRE(SumOf(std::vector<double>(10, 0.1)) == 1.0);
  REQUIRE(SameBits(SumOf({-0.0, -0.0}), 0.0));
  REQUIRE(SameBits(SumOf({3.5, -3.5}), 0.0));
}

TEST_CASE("ExactSum treats NaN and infinity as an IEEE sum would", "[codecs][simd]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> values(100, 1.0);
  values[60] = kInf;
  REQUIRE(SumOf(values) == kInf);
  values[70] = -kInf;
  REQUIRE(SameBits(SumOf(values), nan));
  values[60] = values[70] = -nan;
  REQUIRE(SameBits(SumOf(values), nan));
  ExactSum squares;
  squares.AddSquares(absl::Span<const double>({1.0, -kInf}));
  REQUIRE(squares.Round() == kInf);
}

TEST_CASE("ExactSum gives the same bits for spans, single values, any order and any split", "[codecs][simd]") {
  const int binades = GENERATE(0, 3, 11, 15, 30, 36, 60, 80, 500);
  const int center = GENERATE(0, 300, 1023, -600, -1021);
  ForEachTarget([&] {
    std::mt19937_64 random(binades * 1000 + center);
    CAPTURE(binades, center);
    for (size_t count : {1u, 23u, 24u, 63u, 64u, 65u, 1023u, 1024u, 1025u, 3000u}) {
      std::vector<double> values = Spread(count, center, binades, random);
      const double expected = OneByOne(values);
      const double expected_squares = OneByOne(values, true);
      const auto span = absl::MakeConstSpan(values);
      REQUIRE(SameBits(SumOf(values), expected));
      ExactSum squares, left, right;
      squares.AddSquares(span);
      REQUIRE(SameBits(squares.Round(), expected_squares));
      const size_t cut = count / 3;
      left.AddSpan(span.subspan(0, cut));
      right.AddSpan(span.subspan(cut));
      right.Merge(left);
      REQUIRE(SameBits(right.Round(), expected));
      std::shuffle(values.begin(), values.end(), random);
      REQUIRE(SameBits(SumOf(values), expected));
    }
  });
}

TEST_CASE("ExactSum adds only selected values", "[codecs][simd]") {
  ForEachTarget([] {
    std::mt19937_64 random(77);
    for (size_t count : {5u, 64u, 100u, 1024u, 2050u}) {
      std::vector<double> values = Spread(count, 4, 20, random);
      std::vector<float> floats(values.begin(), values.end());
      std::vector<uint64_t> selection(count / 64 + 1);
      for (auto& word : selection) word = random();
      for (size_t i = 0; i < count; ++i) {  // what is not selected must not matter, not even NaN
        if ((selection[i / 64] >> (i % 64) & 1) == 0) values[i] = floats[i] = std::numeric_limits<float>::quiet_NaN();
      }
      ExactSum expected, expected_float, expected_squares, sum, float_sum, float_squares;
      for (size_t i = 0; i < count; ++i) {
        if ((selection[i / 64] >> (i % 64) & 1) == 0) continue;
        expected.Add(values[i]);
        expected_float.Add(floats[i]);
        expected_squares.AddSquare(floats[i]);
      }
      sum.AddSpan(absl::MakeConstSpan(values), selection.data());
      float_sum.AddSpan(absl::MakeConstSpan(floats), selection.data());
      float_squares.AddSquares(absl::MakeConstSpan(floats), selection.data());
      REQUIRE(SameBits(sum.Round(), expected.Round()));
      REQUIRE(SameBits(float_sum.Round(), expected_float.Round()));
      REQUIRE(SameBits(float_squares.Round(), expected_squares.Round()));
    }
  });
}

// 80-bit long double holds sums of few, close values exactly: an independent witness.
TEST_CASE("ExactSum agrees with extended precision where that is exact", "[codecs][simd]") {
  std::mt19937_64 random(123);
  for (int round = 0; round < 2000; ++round) {
    const std::vector<double> values = Spread(3, 10, 6, random);
    long double exact = 0;
    for (double value : values) exact += value;
    REQUIRE(SumOf(values) == static_cast<double>(exact));
  }
}

TEST_CASE("ExactSum squares the smallest and the largest numbers", "[codecs][simd]") {
  ExactSum tiny;
  for (int i = 0; i < 3; ++i) tiny.AddSquare(0x1p-537);  // 3 · 2^-1074
  REQUIRE(tiny.Round() == 3 * kTiny);
  ExactSum below;
  below.AddSquare(kTiny);  // 2^-2148
  REQUIRE(below.Round() == 0);
  for (int i = 0; i < 10; ++i) below.AddSquare(0x1p-538);  // 10 · 2^-1076 = 2.5 · 2^-1074, a hair above the tie
  REQUIRE(below.Round() == 3 * kTiny);
  ExactSum huge;
  huge.AddSquare(kMax);
  REQUIRE(huge.Round() == kInf);
}

TEST_CASE("ExactVariance does not cancel", "[codecs][simd]") {
  std::vector<double> values;
  for (int i = 0; i < 1000; ++i) values.push_back(1e9 + i % 3);  // 0, 1, 2 around a large mean
  ExactSum sum, squares;
  sum.AddSpan(absl::MakeConstSpan(values));
  squares.AddSquares(absl::MakeConstSpan(values));
  // 334 zeros, 333 ones, 333 twos: Σ = 999, Σ² = 1,665.
  const double numerator = 1000.0 * 1665 - 999.0 * 999;
  REQUIRE(ExactVariance(sum, squares, 1000, 1000) == Approx(numerator / 1e6).epsilon(1e-15));
  REQUIRE(ExactVariance(sum, squares, 1000, 999) == Approx(numerator / 999e3).epsilon(1e-15));
  ExactSum same, same_squares;
  for (int i = 0; i < 10; ++i) {
    same.Add(0.1);
    same_squares.AddSquare(0.1);
  }
  REQUIRE(ExactVariance(same, same_squares, 10, 9) == 0);
  same.Add(kInf);
  REQUIRE(std::isnan(ExactVariance(same, same_squares, 11, 10)));
}

}  // namespace
}  // namespace cortex::simd

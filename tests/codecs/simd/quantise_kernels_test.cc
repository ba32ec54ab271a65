#include "codecs/simd/quantise_kernels.h"

#include <catch2/catch.hpp>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "tests/codecs/simd/for_each_target.h"

namespace cortex::simd {
namespace {

using testing::ForEachTarget;

bool Same(double a, double b) { return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b); }

// Numbers of all sizes, ties, specials if wanted.
std::vector<double> Values(size_t count, bool specials, std::mt19937_64& random) {
  std::vector<double> values(count);
  for (double& v : values) {
    const double unit = static_cast<double>(random() >> 11) * 0x1p-53 - 0.5;
    switch (random() % (specials ? 9 : 6)) {
      case 0: v = 0.0; break;
      case 1: v = 0.5 * static_cast<double>(static_cast<int>(random() % 99) - 49); break;
      case 2: v = std::ldexp(unit, static_cast<int>(random() % 60)); break;
      case 3: v = 66000 * unit; break;
      case 4: v = 0x1p-14 * unit; break;
      case 5: v = 100 * unit; break;
      case 6: v = random() % 2 == 0 ? -0.0 : std::numeric_limits<double>::denorm_min(); break;
      case 7: v = std::numeric_limits<double>::quiet_NaN(); break;
      default: v = random() % 2 == 0 ? HUGE_VAL : -HUGE_VAL;
    }
  }
  return values;
}

TEST_CASE("Rounded lines have the same integers and errors on every target", "[codecs][simd]") {
  ForEachTarget([] {
    std::mt19937_64 random(1);
    for (size_t count = 0; count < 52; count += 2) {
      for (const RoundedType type : {RoundedType::kDouble, RoundedType::kFloat, RoundedType::kHalf}) {
        for (const double step : {1.0, 0.7, 0x1.8p-20, 1e-9, 1e3}) {
          for (const uint32_t components : {1u, 2u}) {
            CAPTURE(count, static_cast<int>(type), step, components);
            const std::vector<double> values = Values(count, true, random);
            std::vector<int32_t> got(count, -1), want(count, -2);
            const LineError is = RoundLine(values.data(), count, components, step, type, got.data());
            const LineError was = reference::RoundLine(values.data(), count, components, step, type, want.data());
            REQUIRE(got == want);
            REQUIRE(Same(is.largest, was.largest));
            REQUIRE(Same(is.sum, was.sum));
            const LineError only = RoundLine(values.data(), count, components, step, type, nullptr);
            REQUIRE(Same(only.sum, was.sum));
          }
        }
      }
    }
  });
}

TEST_CASE("Sums of squares are the same bits on every target", "[codecs][simd]") {
  ForEachTarget([] {
    std::mt19937_64 random(2);
    for (size_t count = 0; count < 40; ++count) {
      CAPTURE(count);
      const std::vector<double> was = Values(count, true, random), is = Values(count, false, random);
      const double* const x = was.data();
      const double* const y = is.data();
      REQUIRE(Same(RoundingSquares(y, count, 0.3, 1 / 0.3), reference::RoundingSquares(y, count, 0.3, 1 / 0.3)));
      REQUIRE(Same(FiniteSquares(x, count, 0.3), reference::FiniteSquares(x, count, 0.3)));
      REQUIRE(CountFinite(x, count) == reference::CountFinite(x, count));
      REQUIRE(Same(LargestFinite(x, count), reference::LargestFinite(x, count)));
      const RowSquares got = SumRowSquares(x, y, count, 0.3), want = reference::SumRowSquares(x, y, count, 0.3);
      REQUIRE(Same(got.values, want.values));
      REQUIRE(Same(got.errors, want.errors));
    }
  });
}

TEST_CASE("Squared errors are the same on every target, and tell what is not sound", "[codecs][simd]") {
  ForEachTarget([] {
    std::mt19937_64 random(3);
    for (size_t count = 0; count < 40; ++count) {
      for (const uint32_t components : {1u, 2u}) {
        for (const bool specials : {false, true}) {
          CAPTURE(count, components, specials);
          const std::vector<double> was = Values(components * count, specials, random);
          std::vector<double> is = was;
          for (double& v : is) v = random() % 3 == 0 ? v : v + 0x1p-20;
          std::vector<double> got(count), want(count);
          const SquareRange range = SquaredErrors(was.data(), is.data(), count, components, got.data());
          const SquareRange expected = reference::SquaredErrors(was.data(), is.data(), count, components, want.data());
          REQUIRE(range.sound == expected.sound);
          if (!range.sound) continue;
          REQUIRE(Same(range.largest, expected.largest));
          REQUIRE(Same(range.smallest, expected.smallest));
          REQUIRE(Same(range.sum, expected.sum));
          for (size_t i = 0; i < count; ++i) REQUIRE(Same(got[i], want[i]));
        }
      }
    }
    const double zero[] = {0, 0}, tiny[] = {1e-200, 0};
    double square = 0;
    REQUIRE_FALSE(SquaredErrors(zero, tiny, 1, 2, &square).sound);  // the square vanished
    REQUIRE(SquaredErrors(zero, zero, 1, 2, &square).sound);
  });
}

template <typename T, typename Bits>
void CheckSpecials(int mantissa_bits) {
  const auto sign = static_cast<Bits>(Bits{1} << (8 * sizeof(Bits) - 1));
  const auto normal = static_cast<Bits>(Bits{1} << mantissa_bits);
  const auto infinity = static_cast<Bits>(sign - normal);
  const auto has = [](size_t count, size_t at, Bits bits) {
    std::vector<T> values(count + 1, std::bit_cast<T>(Bits{0}));
    values[at + 1] = std::bit_cast<T>(bits);
    REQUIRE(AnySpecial(values.data() + 1, count) == reference::AnySpecial(values.data() + 1, count));
    return AnySpecial(values.data() + 1, count);
  };
  for (const size_t count : {1u, 7u, 8u, 33u, 70u}) {
    for (size_t at = 0; at < count; ++at) {
      CAPTURE(sizeof(T), count, at);
      for (const Bits s : {Bits{0}, sign}) {
        REQUIRE(has(count, at, static_cast<Bits>(s | 1)));
        REQUIRE(has(count, at, static_cast<Bits>(s | normal % 1000)));
        REQUIRE(has(count, at, static_cast<Bits>(s | (normal - 1))));
        REQUIRE(has(count, at, static_cast<Bits>(s | infinity)));
        REQUIRE(has(count, at, static_cast<Bits>(s | (sign - 1))));
        REQUIRE_FALSE(has(count, at, static_cast<Bits>(s | normal)));
        REQUIRE_FALSE(has(count, at, static_cast<Bits>(s | (infinity - 1))));
      }
      REQUIRE(has(count, at, sign));
      REQUIRE_FALSE(has(count, at, 0));
    }
  }
}

TEST_CASE("Special values are found wherever they stand, on every target", "[codecs][simd]") {
  ForEachTarget([] {
    CheckSpecials<double, uint64_t>(52);
    CheckSpecials<float, uint32_t>(23);
    CheckSpecials<Half, uint16_t>(10);
  });
}

}  // namespace
}  // namespace cortex::simd

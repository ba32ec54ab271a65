#include "codecs/simd/scale_kernels.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "tests/codecs/simd/for_each_target.h"

namespace cortex::simd {
namespace {

using testing::ForEachTarget;

template <typename Int, typename Float>
void CheckScaling() {
  std::mt19937_64 random(sizeof(Int) * 16 + sizeof(Float));
  const Scale scales[] = {{1, false}, {100, true}, {0.30517578125e-4, false}, {1e18, true}, {3, true}, {0x1p-20, false}};
  for (const Scale scale : scales) {
    for (size_t count = 0; count < 70; ++count) {
      std::vector<Int> in(count + 1);
      // Of every magnitude; int64 beyond 2^53 rounds on the way.
      for (Int& value : in) value = static_cast<Int>(static_cast<int64_t>(random()) >> (random() % 64));
      std::vector<Float> out(count, Float{-1}), want(count);
      ScaleIntegers(in.data() + 1, count, scale, out.data());
      for (size_t i = 0; i < count; ++i) want[i] = ScaleOne<Float>(int64_t{in[i + 1]}, scale);
      if (count != 0 && std::memcmp(out.data(), want.data(), count * sizeof(Float)) != 0) {
        CAPTURE(count, scale.factor, scale.divide, sizeof(Int), sizeof(Float));
        REQUIRE(out == want);
      }
    }
  }
}

TEST_CASE("Scaled integers have the same bits on every target", "[codecs][simd]") {
  ForEachTarget([] {
    CheckScaling<int8_t, float>();
    CheckScaling<int8_t, double>();
    CheckScaling<int16_t, float>();
    CheckScaling<int16_t, double>();
    CheckScaling<int32_t, float>();
    CheckScaling<int32_t, double>();
    CheckScaling<int64_t, float>();
    CheckScaling<int64_t, double>();
  });
}

TEST_CASE("Division gives back every decimal of fifteen digits", "[codecs][simd]") {
  std::mt19937_64 random(15);
  for (int round = 0; round < 20000; ++round) {
    const int64_t digits = static_cast<int64_t>(random() % 1000000000000000) - 500000000000000;
    const int exponent = static_cast<int>(random() % 19);
    const double parsed = std::stod(std::to_string(digits) + "e-" + std::to_string(exponent));
    double scaled;
    ScaleIntegers(&digits, 1, Scale{std::pow(10.0, exponent), true}, &scaled);
    if (scaled != parsed) {
      CAPTURE(digits, exponent);
      REQUIRE(scaled == parsed);
    }
  }
}

TEST_CASE("Widened finite floats keep their values on every target", "[codecs][simd]") {
  ForEachTarget([] {
    std::vector<Half> halves;
    for (uint32_t bits = 0; bits < 0x10000; ++bits) {
      if ((bits & 0x7c00) != 0x7c00) halves.push_back(Half{static_cast<uint16_t>(bits)});
    }
    std::vector<float> floats(halves.size());
    std::vector<double> doubles(halves.size()), widened(halves.size());
    WidenFloats(halves.data(), halves.size(), floats.data());
    WidenFloats(halves.data(), halves.size(), doubles.data());
    WidenFloats(floats.data(), halves.size(), widened.data());
    for (size_t i = 0; i < halves.size(); ++i) {
      const float want = ToFloat(halves[i]);
      const bool same = std::memcmp(&floats[i], &want, sizeof(want)) == 0 && doubles[i] == want &&
                        std::signbit(doubles[i]) == std::signbit(want) && widened[i] == doubles[i];
      if (!same) {
        CAPTURE(halves[i].bits);
        REQUIRE(same);
      }
    }
  });
}

}  // namespace
}  // namespace cortex::simd

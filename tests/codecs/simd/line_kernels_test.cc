#include "codecs/simd/line_kernels.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "tests/codecs/simd/for_each_target.h"

namespace cortex::simd {
namespace {

using testing::ForEachTarget;

struct Lines {
  size_t columns, lines;
  std::vector<int32_t> ints;  // column after column
  std::vector<double> steps;
};

Lines RandomLines(size_t columns, size_t lines, std::mt19937_64& random) {
  Lines made{columns, lines, std::vector<int32_t>(columns * lines), std::vector<double>(lines)};
  for (int32_t& q : made.ints) q = static_cast<int32_t>(random() % 60001) - 30000;
  for (double& step : made.steps) step = std::ldexp(128 + static_cast<double>(random() % 128), -14);
  return made;
}

template <typename T>
struct Output {
  Output(size_t columns, size_t lines) : values(columns * lines) {
    for (size_t l = 0; l < lines; ++l) rows.push_back(values.data() + l * columns);
  }
  std::vector<T> values;
  std::vector<T*> rows;
};

template <typename T>
bool SameBits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

// Integers on both sides of what a float holds, steps that are one or are not, results beyond the types' ranges.
Lines ExtremeLines(size_t columns, size_t lines, std::mt19937_64& random) {
  Lines made = RandomLines(columns, lines, random);
  for (int32_t& q : made.ints) {
    const int32_t edges[] = {0, 65535, 65536, -65536, -65537, INT32_MAX, INT32_MIN, static_cast<int32_t>(random())};
    if (random() % 16 == 0) q = edges[random() % 8];
  }
  const bool short_steps = random() % 2 == 0;
  for (double& step : made.steps) {
    const int exponents[] = {-150, -149, -126, -40, -30, -24, 0, 100, 120};
    step = std::ldexp(short_steps ? 255 : 0.1 + static_cast<double>(random() % 1000), exponents[random() % 9]);
  }
  return made;
}

TEST_CASE("ScaleLines is one multiplication and one rounding on every target", "[codecs][simd]") {
  std::mt19937_64 random(1);
  const bool extreme = GENERATE(false, true);
  for (const size_t lines : {1u, 2u, 3u, 7u, 8u, 8u, 8u, 9u, 16u, 63u, 64u, 64u}) {
    const Lines in = extreme ? ExtremeLines(37, lines, random) : RandomLines(37, lines, random);
    std::vector<double> doubles(37 * lines);
    std::vector<float> floats(37 * lines);
    std::vector<Half> halves(37 * lines);
    for (size_t l = 0; l < lines; ++l) {
      for (size_t c = 0; c < 37; ++c) {
        const double product = static_cast<double>(in.ints[c * lines + l]) * in.steps[l];
        doubles[l * 37 + c] = product;
        floats[l * 37 + c] = static_cast<float>(product);
        halves[l * 37 + c] = ToHalf(product);
      }
    }
    ForEachTarget([&] {
      CAPTURE(lines, extreme);
      Output<double> a(37, lines);
      ScaleLines(in.ints.data(), 37, lines, in.steps.data(), a.rows.data());
      REQUIRE(SameBits(a.values, doubles));
      Output<float> b(37, lines);
      ScaleLines(in.ints.data(), 37, lines, in.steps.data(), b.rows.data());
      REQUIRE(SameBits(b.values, floats));
      Output<Half> c(37, lines);
      ScaleLines(in.ints.data(), 37, lines, in.steps.data(), c.rows.data());
      REQUIRE(SameBits(c.values, halves));
    });
  }
}

TEST_CASE("InverseFourierLines gives the bits of the scalar reference on every target", "[codecs][simd]") {
  std::mt19937_64 random(2);
  for (const size_t points : {2u, 4u, 8u, 12u, 30u, 64u, 77u, 169u, 256u}) {
    const FourierPlan& plan = FourierPlanOf(points);
    for (const size_t lines : {1u, 5u, 8u, 19u}) {
      const Lines in = RandomLines(2 * points, lines, random);
      std::vector<double> want;
      for (size_t l = 0; l < lines; ++l) {
        std::vector<double> re(points), im(points);
        for (size_t k = 0; k < points; ++k) {
          re[k] = static_cast<double>(in.ints[2 * k * lines + l]) * in.steps[l];
          im[k] = static_cast<double>(in.ints[(2 * k + 1) * lines + l]) * in.steps[l];
        }
        reference::FourierLine(plan, /*inverse=*/true, re.data(), im.data());
        for (size_t t = 0; t < points; ++t) want.insert(want.end(), {re[t], im[t]});
      }
      const std::vector<float> narrow(want.begin(), want.end());
      ForEachTarget([&] {
        CAPTURE(points, lines);
        Output<double> out(2 * points, lines);
        InverseFourierLines(plan, in.ints.data(), lines, in.steps.data(), out.rows.data());
        REQUIRE(SameBits(out.values, want));
        Output<float> floats(2 * points, lines);
        InverseFourierLines(plan, in.ints.data(), lines, in.steps.data(), floats.rows.data());
        REQUIRE(SameBits(floats.values, narrow));
      });
    }
  }
}

TEST_CASE("ForwardFourierLines undoes InverseFourierLines and agrees with the definition", "[codecs][simd]") {
  std::mt19937_64 random(3);
  for (const size_t points : {2u, 3u, 16u, 45u, 128u, 143u}) {
    const Lines in = RandomLines(2 * points, 3, random);
    Output<double> values(2 * points, 3), back(2 * points, 3);
    InverseFourierLines(FourierPlanOf(points), in.ints.data(), 3, in.steps.data(), values.rows.data());
    for (size_t l = 0; l < 3; ++l) {
      for (size_t t = 0; t < points; t += 1 + points / 5) {
        long double re = 0, im = 0;
        for (size_t k = 0; k < points; ++k) {
          const long double angle = 2 * 3.14159265358979323846264L * static_cast<long double>(k * t % points) /
                                    static_cast<long double>(points);
          const long double a = in.ints[2 * k * 3 + l] * in.steps[l], b = in.ints[(2 * k + 1) * 3 + l] * in.steps[l];
          re += a * std::cos(angle) - b * std::sin(angle);
          im += a * std::sin(angle) + b * std::cos(angle);
        }
        CAPTURE(points, t);
        REQUIRE(std::fabs(static_cast<double>(re) - values.rows[l][2 * t]) < 1e-6);
        REQUIRE(std::fabs(static_cast<double>(im) - values.rows[l][2 * t + 1]) < 1e-6);
      }
    }
    ForwardFourierLines(FourierPlanOf(points), values.rows.data(), 3, back.rows.data());
    for (size_t l = 0; l < 3; ++l) {
      for (size_t k = 0; k < 2 * points; ++k) {
        REQUIRE(std::fabs(back.rows[l][k] - in.ints[k * 3 + l] * in.steps[l]) < 1e-9);
      }
    }
  }
}

TEST_CASE("Roots of unity are right to the last bits", "[codecs][simd]") {
  for (const size_t size : {7u, 12u, 256u, 1000u}) {
    const FourierPlan& plan = FourierPlanOf(size);
    for (size_t k = 0; k < size; ++k) {
      const long double angle =
          2 * 3.14159265358979323846264338L * static_cast<long double>(k) / static_cast<long double>(size);
      REQUIRE(std::fabs(plan.cosines[k] - static_cast<double>(std::cos(angle))) <= 0x1p-52);
      REQUIRE(std::fabs(plan.sines[k] - static_cast<double>(std::sin(angle))) <= 0x1p-52);
    }
  }
  REQUIRE_FALSE(IsFourierSize(1));
  REQUIRE_FALSE(IsFourierSize(17));
  REQUIRE_FALSE(IsFourierSize(131072));
  REQUIRE(IsFourierSize(65536));
}

TEST_CASE("RoundToHalf rounds as ToHalf does", "[codecs][simd]") {
  std::mt19937_64 random(4);
  std::vector<double> values = {0.0, -0.0, 65504, 65519.999, 65520, 1e300, 0x1p-24, 0x1p-25, 0x1.8p-25, 0x1p-14,
                                0x1.ffcp-15, 0x1.ffep-15, 1 + 0x1p-11, 1 + 0x3p-11, 1 + 0x1p-11 + 0x1p-40,
                                std::numeric_limits<double>::infinity(), std::numeric_limits<double>::denorm_min()};
  for (int i = 0; i < 100000; ++i) {
    values.push_back(std::ldexp(1 + static_cast<double>(random() % 8192) / 8192, static_cast<int>(random() % 48) - 30));
  }
  for (const double v : values) {
    CAPTURE(v);
    REQUIRE(RoundToHalf(v).bits == ToHalf(v).bits);
    REQUIRE(RoundToHalf(-v).bits == ToHalf(-v).bits);
  }
}

}  // namespace
}  // namespace cortex::simd

#include "codecs/simd/line_kernels.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "tests/codecs/simd/for_each_target.h"
#include "tests/codecs/simd/random_lines.h"

namespace cortex::simd {
namespace {

using testing::ForEachTarget;
using testing::Lines;
using testing::Output;
using testing::RandomLines;
using testing::SameBits;

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

TEST_CASE("TransposeIntegers turns rows into columns on every target", "[codecs][simd]") {
  ForEachTarget([] {
    for (const size_t rows : {0u, 1u, 3u, 8u, 13u, 64u}) {
      for (const size_t columns : {1u, 7u, 8u, 30u, 64u}) {
        std::vector<int32_t> in(rows * columns), out(in.size(), -1), want(in.size());
        for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<int32_t>(i * 2654435761u);
        for (size_t i = 0; i < in.size(); ++i) want[i % columns * rows + i / columns] = in[i];
        TransposeIntegers(in.data(), rows, columns, out.data());
        CAPTURE(rows, columns);
        REQUIRE(out == want);
      }
    }
  });
}

TEST_CASE("Differences to neighbours are the same on every target", "[codecs][simd]") {
  ForEachTarget([] {
    std::mt19937_64 random(6);
    for (size_t lines = 0; lines < 70; ++lines) {
      CAPTURE(lines);
      std::vector<int32_t> column(lines), left(lines), out(lines, -1), want(lines, -2);
      std::vector<double> ratios(lines);
      for (size_t l = 0; l < lines; ++l) {
        const double all[] = {1, 0.5, 1.37, 3, 1e-9, 1e30, HUGE_VAL, 2};
        column[l] = random() % 8 == 0 ? 0 : static_cast<int32_t>(random()) >> (random() % 32);
        left[l] = static_cast<int32_t>(random()) >> (random() % 32);
        ratios[l] = all[random() % 8];
      }
      for (const int32_t* beside : {static_cast<const int32_t*>(nullptr), static_cast<const int32_t*>(left.data())}) {
        Differences(column.data(), beside, lines, out.data());
        reference::Differences(column.data(), beside, lines, want.data());
        REQUIRE(out == want);
        DifferencesUp(column.data(), beside, lines, out.data());
        reference::DifferencesUp(column.data(), beside, lines, want.data());
        REQUIRE(out == want);
      }
      RescaledDifferencesUp(column.data(), ratios.data(), lines, out.data());
      reference::RescaledDifferencesUp(column.data(), ratios.data(), lines, want.data());
      REQUIRE(out == want);
    }
  });
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

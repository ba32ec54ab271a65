// What a section is made of is chosen by looking at a part of it; never at the cost of its size.
#include "codecs/zptv/section.h"

#include <catch2/catch.hpp>
#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "codecs/zptv/predict.h"
#include "codecs/zptv/rans_table.h"
#include "tests/support/status_assertions.h"

namespace cortex::zptv {
namespace {

// Bits of the residuals that each predictor leaves of all integers.
std::vector<double> BitsOfPredictors(const LineShape& shape, const LineCodes& codes) {
  const PlaneShape plane{.columns = shape.columns, .lines = codes.lines.size(), .stride = shape.stride};
  const std::vector<int32_t> integers = TransposeIntegers(shape, codes);
  std::vector<double> bits;
  for (uint8_t p = 0; p <= kLastPredictor; ++p) {
    std::vector<int32_t> residuals(integers.size());
    Predict(plane, static_cast<Predictor>(p), integers.data(), residuals.data());
    RansCounts counts = {};
    CountValueTokens(residuals, &counts);
    bits.push_back(EstimatedValueBits(counts));
  }
  return bits;
}

// How many times the bits of the best predictor the chosen one takes.
double Regret(const LineShape& shape, const LineCodes& codes) {
  std::string section;
  REQUIRE_OK(EncodeSection(shape, codes, &section));
  constexpr size_t kPredictorAt = 1 + 1 + 3;  // behind kind, step mode and the one step
  const std::vector<double> bits = BitsOfPredictors(shape, codes);
  return bits.at(static_cast<uint8_t>(section.at(kPredictorAt))) / *std::min_element(bits.begin(), bits.end());
}

LineCodes CodesOf(const LineShape& shape, uint32_t lines, std::vector<int32_t> integers) {
  LineCodes codes{.kind = LineKind::kLattice, .steps = std::vector<StepCode>(lines, kUnitStep)};
  for (uint32_t l = 0; l < lines; ++l) codes.lines.push_back(l);
  codes.integers = std::move(integers);
  REQUIRE(codes.integers.size() == size_t{lines} * shape.columns);
  return codes;
}

TEST_CASE("Sections whose few integers a sample may miss have the best predictor of all", "[codecs][zptv]") {
  // Some columns the same in every line, as up wants them; elsewhere single ones, as none wants them.
  constexpr uint32_t kLines = 64;
  for (const uint32_t columns_kept : {0u, 1u, 2u, 3u}) {
    const LineShape shape{.columns = 512};
    std::mt19937_64 random(columns_kept);
    std::vector<int32_t> integers(kLines * shape.columns);
    for (uint32_t l = 0; l < kLines; ++l) {
      for (uint32_t c = 0; c < shape.columns; ++c) {
        int32_t& q = integers[l * shape.columns + c];
        if (c % 4 == columns_kept) {
          q = c % 64 < 4 ? static_cast<int32_t>(3 + c / 64) : 0;
        } else {
          q = random() % 200 == 0 ? 1 : 0;
        }
      }
    }
    CAPTURE(columns_kept);
    REQUIRE(Regret(shape, CodesOf(shape, kLines, integers)) == 1);
  }
}

TEST_CASE("Sections of few units have the best predictor of all", "[codecs][zptv]") {
  // Vectors of 20 values that drift: 50 of them to a line.
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const LineShape shape{.columns = 1000, .stride = 20, .line_rows = 50, .block_lines = 16};
    std::mt19937_64 random(seed);
    const auto spread = static_cast<int32_t>(1 + random() % 12);
    std::vector<int32_t> integers(16 * 1000);
    for (size_t i = 0; i < integers.size(); ++i) {
      const int32_t before = i < 20 ? static_cast<int32_t>(100 * i) : integers[i - 20];
      integers[i] = before + static_cast<int32_t>(random() % static_cast<uint64_t>(spread)) - spread / 2;
    }
    CAPTURE(seed);
    REQUIRE(Regret(shape, CodesOf(shape, 16, integers)) == 1);
  }
}

TEST_CASE("Sections of many integers have a predictor as good as the best", "[codecs][zptv]") {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const LineShape shape{.columns = 512, .stride = 2};
    std::mt19937_64 random(seed);
    const double across = static_cast<double>(random() % 100) / 100, down = static_cast<double>(random() % 100) / 100;
    std::normal_distribution<double> normal(0, 3 + static_cast<double>(random() % 300));
    std::vector<int32_t> integers(64 * 512);
    for (size_t i = 0; i < integers.size(); ++i) {
      const double left = i % 512 < 2 ? 0 : integers[i - 2], up = i < 512 ? 0 : integers[i - 512];
      integers[i] = static_cast<int32_t>(0.5 * across * left + 0.5 * down * up + normal(random));
    }
    CAPTURE(seed, across, down);
    REQUIRE(Regret(shape, CodesOf(shape, 64, integers)) < 1.005);
  }
}

}  // namespace
}  // namespace cortex::zptv

#include "codecs/simd/aggregate_kernels.h"

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "codecs/simd/scalar_reference.h"
#include "tests/codecs/simd/for_each_target.h"

namespace cortex::simd {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

bool SameBits(double a, double b) { return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b); }

TEST_CASE("Summarize equals the reference on every target", "[codecs][simd]") {
  testing::ForEachTarget([] {
    std::mt19937_64 random(21);
    const double specials[] = {0.0, -0.0, kInf, -kInf, kNan, 5e-324, -1.5, 1e300};
    for (size_t length = 0; length < 1200; length += 1 + length / 12) {
      std::vector<int64_t> ints(length);
      std::vector<double> doubles(length);
      std::vector<uint64_t> selection(length / 64 + 1);
      for (auto& word : selection) word = random() % 4 == 0 ? 0 : random();
      for (auto& value : ints) value = static_cast<int64_t>(random());
      for (auto& value : doubles) value = specials[random() % 8];
      for (const uint64_t* bits :
           {static_cast<const uint64_t*>(nullptr), static_cast<const uint64_t*>(selection.data())}) {
        const IntSummary i = Summarize(absl::Span<const int64_t>(ints), bits);
        const IntSummary want_i = reference::Summarize(absl::Span<const int64_t>(ints), bits);
        REQUIRE((i.count == want_i.count && i.min == want_i.min && i.max == want_i.max && i.sum == want_i.sum));
        const FloatSummary f = Summarize(absl::Span<const double>(doubles), bits);
        const FloatSummary want_f = reference::Summarize(absl::Span<const double>(doubles), bits);
        REQUIRE((f.count == want_f.count && f.nan_count == want_f.nan_count));
        REQUIRE(SameBits(f.Min(), want_f.Min()));
        REQUIRE(SameBits(f.Max(), want_f.Max()));
      }
    }
  });
}

TEST_CASE("Summarize of narrow types equals that of the widened values", "[codecs][simd]") {
  const std::vector<int8_t> bytes = {-128, 127, 3, -1};
  const IntSummary b = Summarize(absl::Span<const int8_t>(bytes));
  REQUIRE((b.count == 4 && b.min == -128 && b.max == 127 && b.sum == 1));
  const std::vector<float> floats = {0.5f, -2.0f, std::numeric_limits<float>::quiet_NaN()};
  const FloatSummary f = Summarize(absl::Span<const float>(floats));
  REQUIRE((f.count == 3 && f.nan_count == 1 && f.Min() == -2 && f.Max() == 0.5));
  const std::vector<Half> halves = {ToHalf(1.5), ToHalf(-0.0)};
  REQUIRE(Summarize(absl::Span<const Half>(halves)).Max() == 1.5);
}

TEST_CASE("Summarize follows its table for NaN, zero and nothing", "[codecs][simd]") {
  const std::vector<double> all_nan(70, kNan), zeros = {-0.0, -0.0};
  REQUIRE(std::isnan(Summarize(absl::Span<const double>(all_nan)).Min()));
  REQUIRE(!std::signbit(Summarize(absl::Span<const double>(zeros)).Min()));
  REQUIRE(Summarize(absl::Span<const double>()).Min() == kInf);
  const std::vector<int64_t> extremes(1000, std::numeric_limits<int64_t>::min());
  REQUIRE(Summarize(absl::Span<const int64_t>(extremes)).sum ==
          static_cast<Int128>(std::numeric_limits<int64_t>::min()) * 1000);
}

}  // namespace
}  // namespace cortex::simd

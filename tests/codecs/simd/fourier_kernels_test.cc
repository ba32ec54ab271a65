#include "codecs/simd/fourier_kernels.h"

#include <catch2/catch.hpp>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "codecs/simd/quantise_kernels.h"
#include "tests/codecs/simd/for_each_target.h"
#include "tests/codecs/simd/random_lines.h"

namespace cortex::simd {
namespace {

using testing::ForEachTarget;
using testing::Lines;
using testing::Output;
using testing::RandomLines;
using testing::SameBits;

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

// Lines of noise, one of them large, and steps that round some coefficients away.
struct Trial {
  Trial(size_t points, size_t lines, std::mt19937_64& random)
      : values(2 * points, lines), coefficients(2 * points, lines), steps(lines) {
    for (double& v : values.values) v = static_cast<double>(random() >> 11) * 0x1p-53 - 0.5;
    for (size_t c = 0; c < 2 * points; ++c) values.rows[lines / 2][c] *= 1e6;
    for (size_t l = 0; l < lines; ++l) steps[l] = l % 5 == 4 ? 0 : std::ldexp(128 + static_cast<double>(l), -14);
    ForwardFourierLines(FourierPlanOf(points), values.rows.data(), lines, coefficients.rows.data());
  }
  Output<double> values, coefficients;
  std::vector<double> steps;
};

TEST_CASE("Steps tried on strips give the errors of what decoding would give", "[codecs][simd]") {
  std::mt19937_64 random(5);
  for (const size_t points : {2u, 12u, 64u, 77u}) {
    const FourierPlan& plan = FourierPlanOf(points);
    for (const size_t lines : {1u, 5u, 8u, 19u}) {
      for (const bool to_float : {false, true}) {
        const Trial trial(points, lines, random);
        std::vector<int32_t> ints(2 * points * lines);
        std::vector<double> squares(lines);
        for (size_t l = 0; l < lines; ++l) {
          std::vector<int32_t> line(2 * points);
          if (trial.steps[l] == 0) continue;
          const double* x = trial.coefficients.rows[l];
          reference::RoundLine(x, 2 * points, 2, trial.steps[l], RoundedType::kDouble, line.data());
          for (size_t c = 0; c < 2 * points; ++c) {
            ints[c * lines + l] = line[c];
            const double error = x[c] - trial.steps[l] * std::nearbyint(x[c] * (1 / trial.steps[l]));
            squares[l] += error * error;
          }
        }
        Output<double> back(2 * points, lines);
        Output<float> narrow(2 * points, lines);
        InverseFourierLines(plan, ints.data(), lines, trial.steps.data(), back.rows.data());
        InverseFourierLines(plan, ints.data(), lines, trial.steps.data(), narrow.rows.data());
        if (to_float) std::copy(narrow.values.begin(), narrow.values.end(), back.values.begin());
        Output<double> spectrum(2 * points, lines);
        ForwardFourierLines(plan, back.rows.data(), lines, spectrum.rows.data());

        ForEachTarget([&] {
          CAPTURE(points, lines, to_float);
          const size_t size = FourierStripDoubles(plan, lines);
          std::vector<double> values(size), coefficients(size), decoded(size), found(size);
          std::vector<double> largest(lines), sums(lines), rounding(lines);
          LoadFourierStrips(plan, trial.values.rows.data(), lines, values.data());
          ForwardFourierStrips(plan, values.data(), lines, coefficients.data());
          FourierRoundingSquares(plan, coefficients.data(), trial.steps.data(), lines, rounding.data());
          TryFourierSteps(plan,
                          {.values = values.data(),
                           .coefficients = coefficients.data(),
                           .to_float = to_float,
                           .largest = largest.data(),
                           .sums = sums.data(),
                           .decoded = decoded.data()},
                          trial.steps.data(), lines);
          std::vector<int32_t> rounded(ints.size(), -1);
          RoundFourierStrips(plan, coefficients.data(), trial.steps.data(), lines, rounded.data());
          ForwardFourierStrips(plan, decoded.data(), lines, found.data());
          std::vector<double> most(lines), squared(lines), distance(lines), special(lines);
          FitFourierStrips(plan,
                           {.values = decoded.data(),
                            .coefficients = found.data(),
                            .rounded = coefficients.data(),
                            .smallest_normal = std::numeric_limits<double>::min(),
                            .largest = most.data(),
                            .squares = squared.data(),
                            .distance = distance.data(),
                            .special = special.data()},
                           trial.steps.data(), lines);
          for (size_t l = 0; l < lines; ++l) {
            if (trial.steps[l] == 0) continue;
            CAPTURE(l);
            double peak = 0, sum = 0, peak_part = 0, off = 0, square = 0;
            for (size_t t = 0; t < points; ++t) {
              const double dx = trial.values.rows[l][2 * t] - back.rows[l][2 * t];
              const double dy = trial.values.rows[l][2 * t + 1] - back.rows[l][2 * t + 1];
              peak = std::max(peak, dx * dx + dy * dy);
              sum += dx * dx + dy * dy;
            }
            for (size_t c = 0; c < 2 * points; ++c) {
              const double x = spectrum.rows[l][c];
              REQUIRE(rounded[c * lines + l] == ints[c * lines + l]);
              peak_part = std::max(peak_part, std::fabs(x));
              off = std::max(off, std::fabs(x * (1 / trial.steps[l]) - ints[c * lines + l]));
              square += x * x;
            }
            REQUIRE(largest[l] == peak);
            REQUIRE(sums[l] == sum);
            REQUIRE(std::fabs(rounding[l] - squares[l]) <= 1e-9 * squares[l]);
            REQUIRE(most[l] == peak_part);
            REQUIRE(distance[l] == off);
            REQUIRE(std::fabs(squared[l] - square) <= 1e-9 * square);
            REQUIRE(special[l] == 0);
          }
        });
      }
    }
  }
}

TEST_CASE("Lines with special values are told apart from the others of their strip", "[codecs][simd]") {
  constexpr double kTiny = 0x1p-140;  // subnormal as a float
  const double specials[] = {-0.0, std::numeric_limits<double>::quiet_NaN(), HUGE_VAL, kTiny, 1.0, 0.0};
  const FourierPlan& plan = FourierPlanOf(4);
  ForEachTarget([&] {
    Output<double> lines(8, 6);
    for (size_t l = 0; l < 6; ++l) {
      for (size_t c = 0; c < 8; ++c) lines.rows[l][c] = c == 5 ? specials[l] : 2.0;
    }
    const size_t size = FourierStripDoubles(plan, 6);
    std::vector<double> values(size), coefficients(size), steps(6, 1.0), unused(6), special(6);
    LoadFourierStrips(plan, lines.rows.data(), 6, values.data());
    FitFourierStrips(plan,
                     {.values = values.data(),
                      .coefficients = coefficients.data(),
                      .rounded = coefficients.data(),
                      .smallest_normal = 0x1p-126,
                      .largest = unused.data(),
                      .squares = unused.data(),
                      .distance = unused.data(),
                      .special = special.data()},
                     steps.data(), 6);
    const std::vector<bool> want = {true, true, true, true, false, false};
    REQUIRE(std::vector<bool>(special.begin(), special.end()) == want);
  });
}

}  // namespace
}  // namespace cortex::simd

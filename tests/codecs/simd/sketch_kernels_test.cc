#include "codecs/simd/sketch_kernels.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "codecs/simd/scalar_reference.h"
#include "tests/codecs/simd/for_each_target.h"

namespace cortex::simd {
namespace {

using testing::ForEachTarget;

// Zeros have a sign and NaN is not expected: bits are compared.
bool SameBits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}

TEST_CASE("Sketch products are the same on every target, at the ends of their ranges too", "[codecs][simd]") {
  ForEachTarget([] {
    std::mt19937_64 random(1);
    for (const size_t plane_bytes : {64u, 128u, 192u, 256u, 384u, 1088u, 4096u}) {
      for (const size_t rows : {1u, 3u, 4u, 7u, 9u}) {
        CAPTURE(plane_bytes, rows);
        std::vector<uint8_t> high(rows * plane_bytes), low(rows * plane_bytes);
        std::vector<int8_t> coarse(2 * plane_bytes);
        std::vector<int16_t> fine(2 * plane_bytes);
        const bool extreme = rows == 7;
        for (uint8_t& b : high) b = extreme ? 0xff : static_cast<uint8_t>(random());
        for (uint8_t& b : low) b = extreme ? 0xff : static_cast<uint8_t>(random());
        for (int8_t& k : coarse) k = static_cast<int8_t>(extreme ? -127 : int(random() % 255) - 127);
        for (int16_t& k : fine) k = static_cast<int16_t>(extreme ? 16383 : int(random() % 32767) - 16383);
        std::vector<double> got(rows), want(rows);
        CoarseProducts(high.data(), rows, plane_bytes, coarse.data(), got.data());
        reference::CoarseProducts(high.data(), rows, plane_bytes, coarse.data(), want.data());
        REQUIRE(SameBits(got, want));
        std::vector<uint32_t> indices;
        for (uint32_t i = 0; i < rows; i += 2) indices.push_back(i);
        got.resize(indices.size());
        want.resize(indices.size());
        FineProducts(high.data(), low.data(), indices.data(), indices.size(), plane_bytes, fine.data(), got.data());
        reference::FineProducts(high.data(), low.data(), indices.data(), indices.size(), plane_bytes, fine.data(),
                                want.data());
        REQUIRE(SameBits(got, want));
        std::vector<uint16_t> phases(2 * plane_bytes);
        // Half a turn from nibble 15 at the extreme.
        for (uint16_t& phase : phases) phase = static_cast<uint16_t>(extreme ? 0x7000 : random() & 0xfffc);
        got.resize(rows);
        want.resize(rows);
        SquaredTurns(high.data(), rows, plane_bytes, phases.data(), got.data());
        reference::SquaredTurns(high.data(), rows, plane_bytes, phases.data(), want.data());
        REQUIRE(SameBits(got, want));
        if (extreme) REQUIRE(got[0] == 2.0 * static_cast<double>(plane_bytes) * 0x1p26);
      }
    }
  });
}

TEST_CASE("Sketch intervals are the same on every target", "[codecs][simd]") {
  ForEachTarget([] {
    std::mt19937_64 random(2);
    std::uniform_real_distribution<double> uniform(0, 2);
    for (size_t rows = 0; rows < 30; ++rows) {
      std::vector<float> squared(rows), length(rows), inverse(rows), residual(rows);
      std::vector<double> products(rows);
      for (size_t i = 0; i < rows; ++i) {
        squared[i] = static_cast<float>(uniform(random));
        length[i] = static_cast<float>(uniform(random));
        inverse[i] = static_cast<float>(uniform(random));
        residual[i] = i % 5 == 3 ? std::numeric_limits<float>::infinity() : static_cast<float>(uniform(random));
        products[i] = std::floor(uniform(random) * 1e6) - 1e6;
      }
      const SketchInterval q{.step = 1e-6,
                             .query_error = 0.01,
                             .query_squared = 1.5,
                             .wide_squared = 1.6,
                             .slack = 1e-6,
                             .shrink = 0.999,
                             .grow = 1.001,
                             .unit_squared = rows % 2 == 0 ? 0.25 : 4.0,
                             .underflow = 1e-30,
                             .overflow = rows % 3 == 0 ? 5.0 : 1e300};
      const SketchNorms norms{squared.data(), length.data(), inverse.data(), residual.data()};
      std::vector<double> lower(rows), upper(rows), want_lower(rows), want_upper(rows);
      SketchIntervals(q, norms, products.data(), rows, lower.data(), upper.data());
      reference::SketchIntervals(q, norms, products.data(), rows, want_lower.data(), want_upper.data());
      CAPTURE(rows);
      REQUIRE(SameBits(lower, want_lower));
      REQUIRE(SameBits(upper, want_upper));
    }
  });
}

}  // namespace
}  // namespace cortex::simd

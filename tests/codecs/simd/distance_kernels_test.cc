#include "codecs/simd/distance_kernels.h"

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

using testing::ForEachTarget;

constexpr double kPiValue = 3.14159265358979323846;
constexpr size_t kMaxLength = 3 * 16 + 1;

bool SameBits(double a, double b) { return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b); }

template <typename T>
T Element(double value) {
  if constexpr (std::is_same_v<T, Half>) {
    return ToHalf(value);
  } else {
    return static_cast<T>(value);
  }
}

template <typename T>
std::vector<T> RandomRow(size_t length, std::mt19937_64& random, bool specials = false) {
  std::normal_distribution<double> normal;
  const double extreme[] = {0.0, -0.0, std::numeric_limits<double>::quiet_NaN(), INFINITY, -INFINITY, 1e30, 1e-30};
  std::vector<T> row(length);
  for (T& value : row) {
    value = Element<T>(specials && random() % 9 == 0 ? extreme[random() % 7] : normal(random));
  }
  return row;
}

template <typename T>
void CheckReal() {
  std::mt19937_64 random(31);
  for (size_t length = 0; length <= kMaxLength; ++length) {
    for (const bool specials : {false, true}) {
      const auto storage_a = RandomRow<T>(length + 1, random, specials);
      const auto storage_b = RandomRow<T>(length + 1, random, specials);
      const absl::Span<const T> a(storage_a.data() + 1, length), b(storage_b.data() + 1, length);
      CAPTURE(length, specials);
      REQUIRE(SameBits(SquaredL2(a, b), reference::SquaredL2(a, b)));
      REQUIRE(SameBits(InnerProduct(a, b), reference::InnerProduct(a, b)));
      REQUIRE(SameBits(SquaredNorm(a), reference::InnerProduct(a, a)));
      REQUIRE(SameBits(L2Distance(a, b), std::sqrt(reference::SquaredL2(a, b))));
      REQUIRE(SameBits(L2Distance(a, b), L2Distance(b, a)));
      REQUIRE(SameBits(CosineDistance(a, b), CosineDistance(b, a)));
      if (!specials) {
        REQUIRE(L2Distance(a, a) == 0);
        REQUIRE(CosineDistance(a, a) == (length == 0 ? 1 : 0));
      }
    }
  }
}

TEMPLATE_TEST_CASE("Real distances equal the reference on every target", "[codecs][simd]", Half, float, double) {
  ForEachTarget([] { CheckReal<TestType>(); });
}

TEMPLATE_TEST_CASE("Batches give the bits of single distances", "[codecs][simd]", Half, float, double) {
  ForEachTarget([] {
    std::mt19937_64 random(32);
    const size_t length = 37, stride = 41, row_count = 9;
    const auto query = RandomRow<TestType>(length, random);
    const auto data = RandomRow<TestType>(stride * row_count, random);
    const std::vector<uint32_t> picked = {0, 2, 2, 8};
    const absl::Span<const TestType> q(query);
    Rows<TestType> rows{.data = data.data(), .row_count = row_count, .length = length, .stride = stride};
    for (const bool indexed : {false, true}) {
      if (indexed) {
        rows.indices = picked.data();
        rows.row_count = picked.size();
      }
      std::vector<double> l2(rows.row_count), product(rows.row_count), cosine(rows.row_count), distance(rows.row_count);
      SquaredL2(q, rows, l2.data());
      InnerProduct(q, rows, product.data());
      CosineDistance(q, rows, cosine.data());
      L2Distance(q, rows, distance.data());
      for (size_t i = 0; i < rows.row_count; ++i) {
        const absl::Span<const TestType> row(rows.Row(i), length);
        REQUIRE(SameBits(l2[i], SquaredL2(q, row)));
        REQUIRE(SameBits(product[i], InnerProduct(q, row)));
        REQUIRE(SameBits(cosine[i], CosineDistance(q, row)));
        REQUIRE(SameBits(distance[i], L2Distance(q, row)));
      }
    }
  });
}

TEST_CASE("Hermitian products and polar forms equal the reference on every target", "[codecs][simd]") {
  ForEachTarget([] {
    std::mt19937_64 random(33);
    for (size_t n = 0; n <= kMaxLength; ++n) {
      const auto a = RandomRow<double>(2 * n, random), b = RandomRow<double>(2 * n, random);
      const std::vector<float> fa(a.begin(), a.end()), fb(b.begin(), b.end());
      const ComplexNumber product = HermitianProduct(absl::MakeConstSpan(a), absl::MakeConstSpan(b));
      const HermitianSums want = reference::Hermitian(absl::MakeConstSpan(a), absl::MakeConstSpan(b));
      REQUIRE((SameBits(product.re, want.re) && SameBits(product.im, want.im)));
      const ComplexNumber narrow = HermitianProduct(absl::MakeConstSpan(fa), absl::MakeConstSpan(fb));
      const HermitianSums want_narrow = reference::Hermitian(absl::MakeConstSpan(fa), absl::MakeConstSpan(fb));
      REQUIRE((SameBits(narrow.re, want_narrow.re) && SameBits(narrow.im, want_narrow.im)));
      std::vector<double> r(n), phi(n), want_r(n), want_phi(n);
      ToPolar(a, r.data(), phi.data());
      reference::ToPolar(a, want_r.data(), want_phi.data());
      for (size_t k = 0; k < n; ++k) REQUIRE((SameBits(r[k], want_r[k]) && SameBits(phi[k], want_phi[k])));
    }
  });
}

template <typename Query, typename Row>
void CheckNarrowRows() {
  std::mt19937_64 random(33);
  for (size_t length = 0; length <= kMaxLength; ++length) {
    for (const bool specials : {false, true}) {
      CAPTURE(length, specials);
      const size_t row_count = 3, stride = length + 1;
      const auto query = RandomRow<Query>(length, random, specials);
      const auto narrow = RandomRow<Row>(stride * row_count, random, specials);
      std::vector<Query> wide;
      for (const Row value : narrow) {
        if constexpr (std::is_same_v<Row, Half>) {
          wide.push_back(ToFloat(value));
        } else {
          wide.push_back(value);
        }
      }
      const absl::Span<const Query> q(query);
      const Rows<Row> rows{.data = narrow.data(), .row_count = row_count, .length = length, .stride = stride};
      const Rows<Query> same{.data = wide.data(), .row_count = row_count, .length = length, .stride = stride};
      const auto equal = [&](const auto& distance) {
        std::vector<double> a(row_count), b(row_count);
        distance(rows, a.data());
        distance(same, b.data());
        for (size_t i = 0; i < row_count; ++i) REQUIRE(SameBits(a[i], b[i]));
      };
      equal([&](const auto& r, double* out) { SquaredL2(q, r, out); });
      equal([&](const auto& r, double* out) { InnerProduct(q, r, out); });
      equal([&](const auto& r, double* out) { L2Distance(q, r, out); });
      equal([&](const auto& r, double* out) { CosineDistance(q, r, out); });
    }
  }
}

TEST_CASE("Distances to narrower rows are those to the rows widened, on every target", "[codecs][simd]") {
  ForEachTarget([] {
    CheckNarrowRows<float, Half>();
    CheckNarrowRows<double, Half>();
    CheckNarrowRows<double, float>();
  });
}

TEST_CASE("Field distances equal the reference on every target", "[codecs][simd]") {
  const auto metric = GENERATE(FieldMetric::kEuclidean, FieldMetric::kPolar, FieldMetric::kFidelity);
  ForEachTarget([metric] {
    std::mt19937_64 random(34);
    for (size_t n = 0; n <= kMaxLength; ++n) {
      for (const bool specials : {false, true}) {
        const auto a = RandomRow<double>(2 * n, random, specials), b = RandomRow<double>(2 * n, random, specials);
        const auto sa = absl::MakeConstSpan(a), sb = absl::MakeConstSpan(b);
        const double distance = FieldDistance(metric, sa, sb);
        CAPTURE(static_cast<int>(metric), n, specials);
        REQUIRE(SameBits(distance, reference::FieldDistance(metric, sa, sb)));
        REQUIRE(SameBits(distance, FieldDistance(metric, sb, sa)));
        if (!specials) {
          const bool no_angle = n == 0 && metric == FieldMetric::kFidelity;
          REQUIRE(FieldDistance(metric, sa, sa) == (no_angle ? kPiValue / 2 : 0));
        }
        const std::vector<float> fa(a.begin(), a.end()), fb(b.begin(), b.end());
        const std::vector<double> wa(fa.begin(), fa.end()), wb(fb.begin(), fb.end());
        REQUIRE(SameBits(FieldDistance(metric, absl::MakeConstSpan(fa), absl::MakeConstSpan(fb)),
                         FieldDistance(metric, absl::MakeConstSpan(wa), absl::MakeConstSpan(wb))));
      }
    }
  });
}

TEST_CASE("Field distances mean what they say", "[codecs][simd]") {
  const std::vector<double> one = {1, 0, 1, 0}, i = {0, 1, 0, 1}, minus = {-1, 0, -1, 0}, zero(4, 0.0),
                            signed_zero = {-0.0, 0.0, -0.0, -0.0};
  const auto d = [](FieldMetric metric, const std::vector<double>& a, const std::vector<double>& b) {
    return FieldDistance(metric, absl::MakeConstSpan(a), absl::MakeConstSpan(b));
  };
  REQUIRE(d(FieldMetric::kEuclidean, one, minus) == Approx(std::sqrt(8.0)));
  REQUIRE(d(FieldMetric::kPolar, one, i) == Approx(kPiValue / 2));
  REQUIRE(d(FieldMetric::kPolar, one, minus) == Approx(kPiValue));
  REQUIRE(d(FieldMetric::kPolar, one, zero) == 1.0);         // phase 0 where r = 0
  REQUIRE(d(FieldMetric::kPolar, one, signed_zero) == 1.0);  // whatever the signs
  REQUIRE(d(FieldMetric::kFidelity, one, i) == 0.0);         // global phase ignored
  REQUIRE(d(FieldMetric::kFidelity, one, zero) == kPiValue / 2);
  // Phases just left and right of ±π are neighbours.
  const double x = std::cos(3.1), y = std::sin(3.1);
  REQUIRE(d(FieldMetric::kPolar, {x, y}, {x, -y}) == Approx(2 * kPiValue - 6.2));
}

TEST_CASE("Atan2 and Arccos stay close to the true angle", "[codecs][simd]") {
  std::mt19937_64 random(35);
  std::uniform_real_distribution<double> uniform(-1, 1);
  double worst = 0, worst_arccos = 0;
  const auto ulps = [](double got, long double want) {
    const double reference = static_cast<double>(want);
    const double ulp = std::nextafter(std::fabs(reference), INFINITY) - std::fabs(reference);
    return static_cast<double>(std::fabs(static_cast<long double>(got) - want) / ulp);
  };
  for (int i = 0; i < 1000000; ++i) {
    const double x = std::ldexp(uniform(random), static_cast<int>(random() % 20)), y = uniform(random);
    worst = std::max(worst, ulps(Atan2(y, x), std::atan2(static_cast<long double>(y), static_cast<long double>(x))));
    const double c = std::fabs(uniform(random));
    worst_arccos = std::max(worst_arccos, ulps(Arccos(c), std::acos(static_cast<long double>(c))));
  }
  INFO("worst Atan2 " << worst << " ulp, worst Arccos " << worst_arccos << " ulp");
  CHECK(worst < 2.5);
  CHECK(worst_arccos < 4.0);
  REQUIRE(SameBits(Atan2(0.0, 0.0), 0.0));
  REQUIRE(SameBits(Atan2(-0.0, -0.0), 0.0));
  REQUIRE(Atan2(0.0, -1.0) == kPiValue);
  REQUIRE(Atan2(-0.0, -1.0) == kPiValue);  // (−π, π]
  REQUIRE(Atan2(1.0, 0.0) == kPiValue / 2);
  REQUIRE(Arccos(1.0) == 0.0);
}

}  // namespace
}  // namespace cortex::simd

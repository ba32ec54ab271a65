#include "codecs/simd/predicate_kernels.h"

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

// Longer than three vectors of the widest target, and over two words of the bitmap.
constexpr size_t kMaxLength = 3 * 64 + 1;

template <typename T>
T RandomValue(std::mt19937_64& random) {
  if constexpr (std::is_same_v<T, Half>) {
    const uint16_t specials[] = {0, 0x8000, 0x7c00, 0xfc00, 0x7e00, 0xfe01, 1, 0x8001};
    return {random() % 3 == 0 ? specials[random() % 8] : static_cast<uint16_t>(random())};
  } else if constexpr (std::is_floating_point_v<T>) {
    using Limits = std::numeric_limits<T>;
    const T specials[] = {
        T{0},          T{-0.0}, Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN(), Limits::denorm_min(),
        Limits::max(), T{-1}};
    return random() % 3 == 0 ? specials[random() % 8] : static_cast<T>(static_cast<int>(random() % 40) - 20);
  } else {
    return random() % 8 == 0   ? std::numeric_limits<T>::min()
           : random() % 8 == 0 ? std::numeric_limits<T>::max()
                               : static_cast<T>(random() % 40 - 20);
  }
}

std::vector<uint64_t> RandomSelection(std::mt19937_64& random) {
  std::vector<uint64_t> selection(kMaxLength / 64 + 2);
  for (uint64_t& word : selection) word = random() % 4 == 0 ? 0 : random() | random();
  return selection;
}

template <typename T>
void CheckAllLengths(uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<T> values(kMaxLength + 3);
  for (T& value : values) value = RandomValue<T>(random);
  for (size_t start : {0, 1, 3}) {  // unaligned to the vector, aligned to the type
    for (size_t length = 0; length <= kMaxLength; ++length) {
      const absl::Span<const T> span(values.data() + start, length);
      const std::vector<uint64_t> before = RandomSelection(random);
      const T lower = RandomValue<T>(random), upper = RandomValue<T>(random);
      std::vector<uint64_t> expected = before, actual = before;
      reference::AndInterval(span, lower, upper, expected.data());
      AndInterval(span, lower, upper, actual.data());
      REQUIRE(actual == expected);
      if constexpr (!std::is_same_v<T, uint32_t> && !std::is_same_v<T, uint64_t>) {
        std::vector<T> set(random() % 4);
        for (T& member : set) member = RandomValue<T>(random);
        expected = actual = before;
        reference::AndInSet(span, absl::Span<const T>(set), expected.data());
        AndInSet(span, absl::Span<const T>(set), actual.data());
        REQUIRE(actual == expected);
      }
    }
  }
}

TEMPLATE_TEST_CASE("AndInterval and AndInSet equal the reference on every target", "[codecs][simd]", int8_t, int16_t,
                   int32_t, int64_t, uint32_t, uint64_t, Half, float, double) {
  ForEachTarget([] { CheckAllLengths<TestType>(11); });
}

TEST_CASE("AndCodesIn equals the reference on every target", "[codecs][simd]") {
  ForEachTarget([] {
    std::mt19937_64 random(5);
    for (const uint32_t code_count : {0u, 1u, 31u, 32u, 33u, 64u, 1000u}) {
      std::vector<uint64_t> kept(code_count / 64 + 1);
      for (uint64_t& word : kept) word = random();
      std::vector<uint32_t> codes(kMaxLength);
      for (uint32_t& code : codes) {
        code = random() % 9 == 0 ? static_cast<uint32_t>(random()) : static_cast<uint32_t>(random() % (code_count + 2));
      }
      for (size_t length = 0; length <= kMaxLength; ++length) {
        std::vector<uint64_t> expected = RandomSelection(random), actual = expected;
        reference::AndCodesIn({codes.data(), length}, kept.data(), code_count, expected.data());
        AndCodesIn({codes.data(), length}, kept.data(), code_count, actual.data());
        REQUIRE(actual == expected);
      }
    }
  });
}

template <typename T>
void CheckCompare() {
  std::mt19937_64 random(8);
  std::vector<T> left(kMaxLength), right(kMaxLength);
  for (size_t i = 0; i < kMaxLength; ++i) {
    left[i] = RandomValue<T>(random);
    right[i] = random() % 3 == 0 ? left[i] : RandomValue<T>(random);
  }
  for (int c = 0; c <= static_cast<int>(Comparison::kGreater); ++c) {
    const auto comparison = static_cast<Comparison>(c);
    for (size_t length = 0; length <= kMaxLength; length += 1 + length % 5) {
      const std::vector<uint64_t> before = RandomSelection(random);
      std::vector<uint64_t> expected = before, actual = before;
      for (size_t i = 0; i < length; ++i) {
        reference::KeepIf(reference::Compare(comparison, left[i], right[i]), i, expected.data());
      }
      AndCompare(comparison, absl::Span<const T>(left.data(), length), absl::Span<const T>(right.data(), length),
                 actual.data());
      REQUIRE(actual == expected);
      const T one = RandomValue<T>(random);
      expected = actual = before;
      for (size_t i = 0; i < length; ++i) {
        reference::KeepIf(reference::Compare(comparison, left[i], one), i, expected.data());
      }
      AndCompare(comparison, absl::Span<const T>(left.data(), length), one, actual.data());
      CAPTURE(c, length, one);
      REQUIRE(actual == expected);
    }
  }
}

TEST_CASE("AndCompare equals the reference on every target", "[codecs][simd]") {
  ForEachTarget([] {
    CheckCompare<int64_t>();
    CheckCompare<double>();
  });
}

TEST_CASE("Half converts every bit pattern there and back", "[codecs][simd]") {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const Half half{static_cast<uint16_t>(bits)};
    const float value = ToFloat(half);
    if ((bits & 0x7fff) > 0x7c00) {
      REQUIRE(std::isnan(value));
      REQUIRE((ToHalf(value).bits & 0x7fff) > 0x7c00);
    } else {
      REQUIRE(ToHalf(value).bits == bits);
    }
  }
  REQUIRE(ToFloat(Half{0x3c00}) == 1.0f);
  REQUIRE(ToFloat(Half{0x0001}) == 0x1p-24f);
  REQUIRE(ToFloat(Half{0x7bff}) == 65504.0f);
}

TEST_CASE("ToHalf rounds to nearest even", "[codecs][simd]") {
  REQUIRE(ToHalf(1.0 + 0x1p-11).bits == 0x3c00);            // tie, down to even
  REQUIRE(ToHalf(1.0 + 3 * 0x1p-11).bits == 0x3c02);        // tie, up to even
  REQUIRE(ToHalf(1.0 + 0x1p-11 + 0x1p-40).bits == 0x3c01);  // through float this would be a tie
  REQUIRE(ToHalf(65519.99).bits == 0x7bff);
  REQUIRE(ToHalf(65520.0).bits == 0x7c00);
  REQUIRE(ToHalf(-0x1p-25).bits == 0x8000);
  REQUIRE(ToHalf(0x1p-25 + 0x1p-60).bits == 0x0001);
}

}  // namespace
}  // namespace cortex::simd

#include "codecs/simd/unpack_kernels.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <random>
#include <vector>

#include "codecs/simd/scalar_reference.h"
#include "tests/codecs/simd/for_each_target.h"

namespace cortex::simd {
namespace {

using testing::ForEachTarget;

template <typename T>
T MaskOf(unsigned width) {
  return width == 0 ? 0 : static_cast<T>(~T{0}) >> (8 * sizeof(T) - width);
}

template <typename T>
void CheckPacking() {
  constexpr unsigned kBits = 8 * sizeof(T);
  std::mt19937_64 random(kBits);
  for (unsigned width = 0; width <= kBits; ++width) {
    for (const size_t count : {1u, 15u, 16u, 17u, 32u, 33u, 500u, 1023u, 1024u}) {
      CAPTURE(width, count);
      std::vector<T> values(count);
      for (T& value : values) value = static_cast<T>(random()) & MaskOf<T>(width);
      const auto base = static_cast<T>(random());
      // Words as 64 bits keep the bytes aligned; exactly PackedBytes of them may be read.
      std::vector<uint64_t> packed(PackedBytes(count, width, kBits) / 8);
      auto* bytes = reinterpret_cast<std::byte*>(packed.data());
      PackBits(absl::Span<const T>(values), width, bytes);
      std::vector<T> unpacked(kPackedBlockValues), want(kPackedBlockValues);
      UnpackBits(bytes, width, count, base, unpacked.data());
      reference::UnpackBits(bytes, width, count, base, want.data());
      for (size_t i = 0; i < count; ++i) {
        if (unpacked[i] != static_cast<T>(base + values[i]) || unpacked[i] != want[i]) REQUIRE(i == count);
      }
    }
  }
}

TEST_CASE("Bit-packing returns every width and count on every target", "[codecs][simd]") {
  ForEachTarget([] {
    CheckPacking<uint32_t>();
    CheckPacking<uint64_t>();
  });
}

template <typename T>
void CheckOr() {
  std::mt19937_64 random(sizeof(T));
  for (size_t count = 0; count < 70; ++count) {
    std::vector<T> bits(count), values(count + 1, static_cast<T>(0x5a5a)), want(count + 1, static_cast<T>(0x5a5a));
    for (size_t i = 0; i < count; ++i) want[i] |= bits[i] = static_cast<T>(random());
    OrInto(absl::Span<const T>(bits), values.data());
    REQUIRE(values == want);
  }
}

TEST_CASE("Bits are joined on every target", "[codecs][simd]") {
  ForEachTarget([] {
    CheckOr<uint32_t>();
    CheckOr<uint64_t>();
  });
}

TEST_CASE("Byte planes go apart and come back on every target", "[codecs][simd]") {
  ForEachTarget([] {
    std::mt19937_64 random(2);
    for (const unsigned width : {2u, 4u, 8u}) {
      for (size_t count = 0; count < 300; count += 1 + count / 30) {
        std::vector<std::byte> values(count * width), planes(count * width), back(count * width);
        for (std::byte& b : values) b = static_cast<std::byte>(random());
        SplitBytes(values.data(), count, width, planes.data());
        for (size_t i = 0; i < count * width; ++i) {
          if (planes[i % width * count + i / width] != values[i]) REQUIRE(i == count);
        }
        UnsplitBytes(planes.data(), count, width, back.data());
        REQUIRE(back == values);
      }
    }
  });
}

TEST_CASE("Deltas, zig-zag, narrowing, gathers and extremes on every target", "[codecs][simd]") {
  ForEachTarget([] {
    std::mt19937_64 random(9);
    for (size_t count = 1; count < 200; count += 1 + count / 20) {
      std::vector<uint64_t> values(count), work(count);
      for (uint64_t& value : values) value = random() >> (random() % 64);
      Deltas(77, values, work.data());
      PrefixSum(77, absl::MakeSpan(work));
      REQUIRE(work == values);
      ZigZagEncode(absl::MakeSpan(work));
      for (size_t i = 0; i < count; ++i) {
        const auto v = static_cast<int64_t>(values[i]);
        REQUIRE(work[i] == ((static_cast<uint64_t>(v) << 1) ^ static_cast<uint64_t>(v >> 63)));
      }
      ZigZagDecode(absl::MakeSpan(work));
      REQUIRE(work == values);

      std::vector<uint32_t> words(count), out32(count), narrowed(count);
      std::vector<uint64_t> table64(64), out64(count);
      std::vector<uint32_t> table32(64);
      std::vector<uint16_t> table16(64), out16(count), narrow16(count);
      std::vector<uint8_t> narrow8(count);
      for (size_t k = 0; k < 64; ++k)
        table16[k] = static_cast<uint16_t>(table32[k] = static_cast<uint32_t>(table64[k] = random()));
      for (uint32_t& word : words) word = static_cast<uint32_t>(random());
      Narrow(absl::Span<const uint32_t>(words), narrow8.data());
      Narrow(absl::Span<const uint32_t>(words), narrow16.data());
      Narrow(absl::Span<const uint64_t>(values), narrowed.data());
      uint32_t max = 0;
      for (size_t i = 0; i < count; ++i) {
        REQUIRE((narrow8[i] == static_cast<uint8_t>(words[i]) && narrow16[i] == static_cast<uint16_t>(words[i]) &&
                 narrowed[i] == static_cast<uint32_t>(values[i])));
        max = std::max(max, words[i]);
      }
      REQUIRE(MaxOf(words) == max);
      int64_t low, high;
      const absl::Span<const int64_t> as_signed(reinterpret_cast<const int64_t*>(values.data()), count);
      MinMaxOf(as_signed, &low, &high);
      REQUIRE(low == *std::min_element(as_signed.begin(), as_signed.end()));
      REQUIRE(high == *std::max_element(as_signed.begin(), as_signed.end()));
      for (uint32_t& word : words) word %= 64;
      GatherTable(words, table16.data(), out16.data());
      GatherTable(words, table32.data(), out32.data());
      GatherTable(words, table64.data(), out64.data());
      for (size_t i = 0; i < count; ++i) {
        REQUIRE((out16[i] == table16[words[i]] && out32[i] == table32[words[i]] && out64[i] == table64[words[i]]));
      }
    }
  });
  REQUIRE(MaxOf({}) == 0);
}

}  // namespace
}  // namespace cortex::simd

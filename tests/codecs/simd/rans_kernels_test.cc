#include "codecs/simd/rans_kernels.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "codecs/simd/scalar_reference.h"
#include "tests/codecs/simd/for_each_target.h"

namespace cortex::simd {
namespace {

using testing::ForEachTarget;

// Slots of a random table with `symbols` symbols of random sizes, any byte from `first` on.
std::vector<uint32_t> RandomSlots(std::mt19937_64& random, size_t symbols, size_t first) {
  std::vector<uint32_t> frequencies(symbols, 1);
  for (size_t left = kRansSlots - symbols; left > 0;) {
    const size_t part = 1 + random() % ((left + 3) / 4);
    frequencies[random() % symbols] += static_cast<uint32_t>(part);
    left -= part;
  }
  std::vector<uint32_t> slots;
  for (size_t s = 0; s < symbols; ++s) {
    for (uint32_t bias = 0; bias < frequencies[s]; ++bias) {
      slots.push_back(static_cast<uint32_t>((first + s) % 256) | bias << 8 | frequencies[s] << 20);
    }
  }
  return slots;
}

template <typename Out, class Decode, class Reference>
void CheckAgainst(const Decode& decode, const Reference& reference) {
  std::mt19937_64 random(sizeof(Out));
  for (int round = 0; round < 200; ++round) {
    const size_t groups = 1 + random() % 40;
    // Any words and any states are a possible (hostile) stream; tokens up to 255, beyond what values use.
    const auto slots = RandomSlots(random, 2 + random() % 250, random());
    std::vector<std::byte> words(kRansGroupBytes + random() % 4000);
    for (std::byte& b : words) b = static_cast<std::byte>(random());
    RansCursor cursor;
    for (uint32_t& x : cursor.states) x = kRansLowestState + static_cast<uint32_t>(random() % 0xffff0000u);
    cursor.words = words.data() + random() % 2;  // words need no alignment
    cursor.end = words.data() + words.size();
    RansCursor want_cursor = cursor;
    std::vector<Out> out(groups * kRansLanes), want(groups * kRansLanes);
    const size_t done = decode(slots.data(), groups, &cursor, out.data());
    CAPTURE(round, groups, done);
    REQUIRE(done == reference(slots.data(), groups, &want_cursor, want.data()));
    REQUIRE(out == want);
    REQUIRE(cursor.words == want_cursor.words);
    REQUIRE(std::memcmp(cursor.states, want_cursor.states, sizeof(cursor.states)) == 0);
    REQUIRE(cursor.words <= cursor.end);
    for (const uint32_t x : cursor.states) REQUIRE(x >= kRansLowestState);
  }
}

TEST_CASE("Range decoding is the same on every target, whatever the words", "[codecs][simd]") {
  ForEachTarget([] {
    CheckAgainst<uint8_t>([](auto... a) { return RansDecodeSymbols(a...); },
                          [](auto... a) { return reference::RansDecodeSymbols(a...); });
    CheckAgainst<int32_t>([](auto... a) { return RansDecodeValues(a...); },
                          [](auto... a) { return reference::RansDecodeValues(a...); });
  });
}

TEST_CASE("Range decoding stops where a whole group may not be read", "[codecs][simd]") {
  ForEachTarget([] {
    std::mt19937_64 random(3);
    const auto slots = RandomSlots(random, 9, 0);
    std::vector<std::byte> words(kRansGroupBytes - 1);
    RansCursor cursor{.words = words.data(), .end = words.data() + words.size()};
    for (uint32_t& x : cursor.states) x = kRansLowestState;
    uint8_t out[kRansLanes];
    REQUIRE(RansDecodeSymbols(slots.data(), 1, &cursor, out) == 0);
    REQUIRE(cursor.words == words.data());
  });
}

TEST_CASE("Tokens cover every value with its raw bits, in order", "[codecs][simd]") {
  uint32_t next = 0;
  for (uint32_t token = 0; token < kRansTokens; ++token) {
    REQUIRE(RansTokenBase(token) == next);
    const uint32_t last = next + (uint32_t{1} << RansRawBits(token)) - 1;
    REQUIRE((RansTokenOf(next) == token && RansTokenOf(last) == token));
    next = last + 1;
  }
  REQUIRE(next == 0);  // all 2^32
  for (const int32_t value :
       {0, 1, -1, 77, -78, std::numeric_limits<int32_t>::max(), std::numeric_limits<int32_t>::min()}) {
    REQUIRE(RansUnZigZag(RansZigZag(value)) == value);
  }
  REQUIRE((RansZigZag(-1) == 1 && RansZigZag(1) == 2));
}

}  // namespace
}  // namespace cortex::simd

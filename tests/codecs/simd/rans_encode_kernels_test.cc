#include "codecs/simd/rans_encode_kernels.h"

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

TEST_CASE("Range encoding divides exactly by every frequency", "[codecs][simd]") {
  for (uint32_t frequency = 1; frequency < kRansSlots; ++frequency) {
    RansEncodeTable table;
    const uint32_t start = kRansSlots - frequency;
    table.Set(7, start, frequency);
    const uint32_t end = frequency << 20;  // states from here on spill first
    const uint32_t third = end / 3 / frequency * frequency, half = end / 2 / frequency * frequency;
    for (const uint32_t near : {kRansLowestState, third, half, end}) {
      for (int32_t off = -2; off <= 2; ++off) {
        const uint32_t x = near + static_cast<uint32_t>(off);
        if (x < kRansLowestState || x >= end) continue;
        RansPutCursor cursor;
        uint16_t words[4];
        cursor.next = words;
        cursor.states[0] = x;
        const uint8_t symbol = 7;
        RansPutRest(table, &symbol, 1, &cursor);
        CAPTURE(frequency, x);
        REQUIRE(cursor.next == words);
        REQUIRE(cursor.states[0] == x / frequency * kRansSlots + x % frequency + start);
      }
    }
  }
}

struct Frequencies {
  RansEncodeTable table;
  std::vector<uint32_t> slots;
};
// Every one of `symbols` symbols occurs in it.
Frequencies RandomFrequencies(std::mt19937_64& random, size_t symbols) {
  std::vector<uint32_t> frequencies(symbols, 1);
  for (size_t left = kRansSlots - symbols; left > 0;) {
    const size_t part = 1 + random() % ((left + 3) / 4);
    frequencies[random() % symbols] += static_cast<uint32_t>(part);
    left -= part;
  }
  Frequencies made;
  for (uint32_t s = 0, start = 0; s < symbols; start += frequencies[s++]) {
    made.table.Set(s, start, frequencies[s]);
    for (uint32_t bias = 0; bias < frequencies[s]; ++bias) made.slots.push_back(s | bias << 8 | frequencies[s] << 20);
  }
  return made;
}

template <typename In, class Put>
void CheckPutting(size_t symbols, int bits, const Put& put) {
  std::mt19937_64 random(symbols + static_cast<size_t>(bits));
  for (int round = 0; round < 60; ++round) {
    const size_t groups = random() % 30;
    const Frequencies made = RandomFrequencies(random, symbols);
    std::vector<In> in(groups * kRansLanes);
    for (In& value : in) {
      value = bits < 0 ? static_cast<In>(random() % symbols)
                       : static_cast<In>(static_cast<int32_t>(random()) >> (31 - random() % static_cast<size_t>(bits)));
    }
    std::vector<uint16_t> words(RansMaxWords(in.size())), want(words.size());
    RansPutCursor cursor, expected;
    for (uint32_t& x : cursor.states) x = kRansLowestState;
    cursor.next = words.data();
    std::memcpy(expected.states, cursor.states, sizeof(expected.states));
    expected.next = want.data();
    put(made.table, in.data(), groups, &cursor);
    for (size_t group = groups; group-- > 0;) {
      RansPutRest(made.table, in.data() + group * kRansLanes, kRansLanes, &expected);
    }
    CAPTURE(symbols, bits, round, groups);
    const auto count = static_cast<size_t>(cursor.next - words.data());
    REQUIRE(count == static_cast<size_t>(expected.next - want.data()));
    REQUIRE(std::memcmp(words.data(), want.data(), count * sizeof(uint16_t)) == 0);
    REQUIRE(std::memcmp(cursor.states, expected.states, sizeof(cursor.states)) == 0);
    REQUIRE(cursor.least_frequency == expected.least_frequency);

    // And decoding gives it back.
    std::vector<std::byte> stream(count * sizeof(uint16_t) + 2 * kRansGroupBytes);
    ReverseWords(words.data(), count, stream.data() + 1);
    RansCursor reading;
    std::memcpy(reading.states, cursor.states, sizeof(reading.states));
    reading.words = stream.data() + 1;
    reading.end = stream.data() + stream.size();
    std::vector<In> out(in.size());
    if constexpr (sizeof(In) == 1) {
      REQUIRE(reference::RansDecodeSymbols(made.slots.data(), groups, &reading, out.data()) == groups);
    } else {
      REQUIRE(reference::RansDecodeValues(made.slots.data(), groups, &reading, out.data()) == groups);
    }
    REQUIRE(out == in);
    REQUIRE(reading.words == stream.data() + 1 + count * sizeof(uint16_t));
  }
}

TEST_CASE("Range encoding puts the same words on every target, and they decode", "[codecs][simd]") {
  ForEachTarget([] {
    for (const size_t symbols : {2u, 3u, 17u, 256u}) CheckPutting<uint8_t>(symbols, -1, RansPutSymbols);
    for (const int bits : {1, 4, 7, 12, 19, 26, 32}) CheckPutting<int32_t>(kRansTokens, bits, RansPutValues);
  });
}

TEST_CASE("Range encoding tells of a symbol that its table does not know", "[codecs][simd]") {
  ForEachTarget([] {
    RansEncodeTable table;
    table.Set(3, 0, 4000);
    std::vector<uint8_t> symbols(64, 3);
    std::vector<uint16_t> words(RansMaxWords(symbols.size()));
    for (const uint8_t last : {3, 4}) {
      symbols[40] = last;
      RansPutCursor cursor;
      for (uint32_t& x : cursor.states) x = kRansLowestState;
      cursor.next = words.data();
      RansPutSymbols(table, symbols.data(), 2, &cursor);
      REQUIRE((cursor.least_frequency == 0) == (last == 4));
    }
  });
}

TEST_CASE("Tokens of many values are the tokens of each, on every target", "[codecs][simd]") {
  std::vector<int32_t> values = {0, 1, -1, std::numeric_limits<int32_t>::max(), std::numeric_limits<int32_t>::min()};
  for (int bit = 0; bit < 31; ++bit) {
    for (int32_t off = -3; off <= 3; ++off) {
      values.push_back((1 << bit) + off);
      values.push_back(-(1 << bit) + off);
      values.push_back(static_cast<int32_t>(0x7fffffffu >> bit) - off);
    }
  }
  std::mt19937_64 random(1);
  for (int i = 0; i < 5000; ++i) values.push_back(static_cast<int32_t>(random()) >> (random() % 32));
  ForEachTarget([&] {
    std::vector<uint8_t> tokens(values.size());
    RansTokens(values.data(), values.size(), tokens.data());
    for (size_t i = 0; i < values.size(); ++i) {
      CAPTURE(values[i]);
      REQUIRE(tokens[i] == RansTokenOf(RansZigZag(values[i])));
    }
  });
}

}  // namespace
}  // namespace cortex::simd

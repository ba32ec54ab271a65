#include "storage/column/bitmap.h"

#include <random>

#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

TEST_CASE("Bitmap equals a vector of bools under random appends", "[storage][column]") {
  const uint64_t seed = GENERATE(1, 2, 3);
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  Bitmap bitmap;
  std::vector<bool> expected;
  for (int step = 0; step < 200; ++step) {
    const size_t count = random() % 150;
    if (random() % 2 == 0) {
      const bool bit = random() % 2 == 0;
      bitmap.Append(bit, count);
      expected.insert(expected.end(), count, bit);
    } else {
      const std::vector<uint64_t> words = {random(), random(), random(), random()};
      const size_t first = random() % 100;
      bitmap.AppendBits(words.data(), first, count);
      for (size_t i = 0; i < count; ++i) expected.push_back(GetBit(words.data(), first + i));
    }
  }
  REQUIRE(bitmap.size() == expected.size());
  size_t ones = 0;
  bool equal = true;
  for (size_t i = 0; i < expected.size(); ++i) {
    equal &= bitmap.Get(i) == expected[i];
    ones += expected[i];
  }
  REQUIRE(equal);
  REQUIRE(bitmap.CountOnes() == ones);
  if (bitmap.size() % 64 != 0) REQUIRE((bitmap.words()[bitmap.size() / 64] >> (bitmap.size() % 64)) == 0);
}

TEST_CASE("FillOnes clears the rest of the last word", "[storage][column]") {
  for (size_t count = 0; count < 130; ++count) {
    std::vector<uint64_t> words(WordsForBits(count), 0xdeadbeef);
    FillOnes(words.data(), count);
    REQUIRE(CountOnes(words.data(), words.size() * 64) == count);
  }
}

}  // namespace
}  // namespace cortex

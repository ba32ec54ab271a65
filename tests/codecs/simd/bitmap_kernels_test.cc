#include "codecs/simd/bitmap_kernels.h"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "tests/codecs/simd/for_each_target.h"

namespace cortex::simd {
namespace {

bool Bit(const std::vector<uint64_t>& bitmap, size_t i) { return (bitmap[i / 64] >> (i % 64) & 1) != 0; }

std::vector<uint64_t> RandomBitmap(size_t words, std::mt19937_64& random) {
  std::vector<uint64_t> bitmap(words);
  for (uint64_t& word : bitmap) word = random() % 5 == 0 ? ~uint64_t{0} : random() % 5 == 0 ? 0 : random();
  return bitmap;
}

TEST_CASE("Bitmap kernels agree with one bit at a time on every target", "[codecs][simd]") {
  testing::ForEachTarget([] {
    std::mt19937_64 random(3);
    for (size_t count = 0; count <= 700; count += 1 + count / 100) {
      CAPTURE(count);
      const size_t words = BitmapWords(count);
      const std::vector<uint64_t> a = RandomBitmap(words + 2, random), b = RandomBitmap(words + 2, random);
      std::vector<uint64_t> both = a, either = a, without = a, flipped = a, filled = a;
      AndBitmap({b.data(), words}, {both.data(), words});
      OrBitmap({b.data(), words}, {either.data(), words});
      AndNotBitmap({b.data(), words}, {without.data(), words});
      NotBitmap(flipped.data(), count);
      FillBitmap(filled.data(), count);
      std::vector<uint32_t> rows(count), expected_rows;
      std::vector<uint8_t> bools(count);
      ExpandBits(a.data(), count, bools.data());
      for (size_t i = 0; i < count; ++i) {
        if (Bit(a, i)) expected_rows.push_back(static_cast<uint32_t>(i + 10));
        const bool as_expected = Bit(both, i) == (Bit(a, i) && Bit(b, i)) &&
                                 Bit(either, i) == (Bit(a, i) || Bit(b, i)) &&
                                 Bit(without, i) == (Bit(a, i) && !Bit(b, i)) && Bit(flipped, i) == !Bit(a, i) &&
                                 Bit(filled, i) && bools[i] == uint8_t{Bit(a, i)};
        if (!as_expected) REQUIRE(i == count);
      }
      for (size_t i = count; i < words * 64; ++i) REQUIRE((!Bit(flipped, i) && !Bit(filled, i)));
      REQUIRE(CountBits(a.data(), count) == expected_rows.size());
      rows.resize(BitmapToRows(a.data(), count, 10, rows.data()));
      REQUIRE(rows == expected_rows);
      for (uint8_t& value : bools) value = value != 0 ? 0x40 : 0;  // any non-zero byte is true
      std::vector<uint64_t> packed(words);
      PackBools(bools, packed.data());
      for (size_t i = 0; i < words * 64; ++i) REQUIRE(Bit(packed, i) == (i < count && Bit(a, i)));
    }
  });
}

TEST_CASE("CopyBits moves any run of bits to bit 0", "[codecs][simd]") {
  std::mt19937_64 random(4);
  const std::vector<uint64_t> source = RandomBitmap(6, random);
  for (size_t first = 0; first < 130; ++first) {
    for (size_t count = 0; first + count <= 384; count += 7) {
      std::vector<uint64_t> target(BitmapWords(count) + 1, 0xabcdu);
      CopyBits(source.data(), first, count, target.data());
      for (size_t i = 0; i < BitmapWords(count) * 64; ++i) {
        if (Bit(target, i) != (i < count && Bit(source, first + i))) {
          CAPTURE(first, count, i);
          REQUIRE(false);
        }
      }
      REQUIRE(target.back() == 0xabcdu);
    }
  }
}

}  // namespace
}  // namespace cortex::simd

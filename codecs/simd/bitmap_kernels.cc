// Bitmaps are small (one bit per row), so only popcount and the byte conversions are worth SIMD; the rest are plain
// word loops, which memory outruns only beyond the cache.
#include "codecs/simd/bitmap_kernels.h"

#include <bit>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "codecs/simd/bitmap_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace cortex::simd {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

size_t CountWords(const uint64_t* words, size_t word_count) {
  const hn::ScalableTag<uint64_t> d;
  const size_t lanes = hn::Lanes(d);
  auto sum = hn::Zero(d);
  size_t w = 0;
  for (; w + lanes <= word_count; w += lanes) sum = hn::Add(sum, hn::PopulationCount(hn::LoadU(d, words + w)));
  size_t count = hn::GetLane(hn::SumOfLanes(d, sum));
  for (; w < word_count; ++w) count += static_cast<size_t>(std::popcount(words[w]));
  return count;
}

void PackWords(const uint8_t* bools, size_t word_count, uint64_t* words) {
  const hn::ScalableTag<uint8_t> d;
  const size_t lanes = hn::Lanes(d);
  const auto zero = hn::Zero(d);
  for (size_t w = 0; w < word_count; ++w) {
    uint64_t bits = 0;
    for (size_t i = 0; i < 64; i += lanes) {
      uint64_t part = 0;
      hn::StoreMaskBits(d, hn::Ne(hn::LoadU(d, bools + w * 64 + i), zero), reinterpret_cast<uint8_t*>(&part));
      bits |= part << i;
    }
    words[w] = bits;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace cortex::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cortex::simd {

HWY_EXPORT(CountWords);
HWY_EXPORT(PackWords);

namespace {

// Ones in bits [0, rest), rest in 0..63.
constexpr uint64_t LowBits(size_t rest) { return (uint64_t{1} << rest) - 1; }

}  // namespace

void AndBitmap(absl::Span<const uint64_t> other, absl::Span<uint64_t> target) {
  for (size_t w = 0; w < target.size(); ++w) target[w] &= other[w];
}

void OrBitmap(absl::Span<const uint64_t> other, absl::Span<uint64_t> target) {
  for (size_t w = 0; w < target.size(); ++w) target[w] |= other[w];
}

void AndNotBitmap(absl::Span<const uint64_t> other, absl::Span<uint64_t> target) {
  for (size_t w = 0; w < target.size(); ++w) target[w] &= ~other[w];
}

void NotBitmap(uint64_t* bitmap, size_t bit_count) {
  for (size_t w = 0; w < bit_count / 64; ++w) bitmap[w] = ~bitmap[w];
  if (bit_count % 64 != 0) bitmap[bit_count / 64] = ~bitmap[bit_count / 64] & LowBits(bit_count % 64);
}

void FillBitmap(uint64_t* bitmap, size_t bit_count) {
  for (size_t w = 0; w < bit_count / 64; ++w) bitmap[w] = ~uint64_t{0};
  if (bit_count % 64 != 0) bitmap[bit_count / 64] = LowBits(bit_count % 64);
}

size_t CountBits(const uint64_t* bitmap, size_t bit_count) {
  const size_t words = bit_count / 64;
  size_t count = HWY_DYNAMIC_DISPATCH(CountWords)(bitmap, words);
  if (bit_count % 64 != 0) count += static_cast<size_t>(std::popcount(bitmap[words] & LowBits(bit_count % 64)));
  return count;
}

size_t BitmapToRows(const uint64_t* bitmap, size_t bit_count, uint32_t base, uint32_t* rows) {
  uint32_t* out = rows;
  for (size_t w = 0; w < BitmapWords(bit_count); ++w) {
    uint64_t bits = bitmap[w];
    const size_t rest = bit_count - w * 64;
    if (rest < 64) bits &= LowBits(rest);
    const auto first = base + static_cast<uint32_t>(w * 64);
    if (bits == ~uint64_t{0}) {
      for (uint32_t i = 0; i < 64; ++i) out[i] = first + i;
      out += 64;
      continue;
    }
    for (; bits != 0; bits &= bits - 1) *out++ = first + static_cast<uint32_t>(std::countr_zero(bits));
  }
  return static_cast<size_t>(out - rows);
}

void ExpandBits(const uint64_t* bitmap, size_t bit_count, uint8_t* bools) {
  size_t i = 0;
  for (; i + 8 <= bit_count; i += 8) {
    // Eight copies of eight bits, one bit kept in each byte; adding 0x7f carries any survivor into bit 7.
    const uint64_t byte = (bitmap[i / 64] >> (i % 64)) & 0xff;
    const uint64_t kept = (byte * 0x0101010101010101u) & 0x8040201008040201u;
    const uint64_t ones = ((kept + 0x7f7f7f7f7f7f7f7fu) | kept) >> 7 & 0x0101010101010101u;
    std::memcpy(bools + i, &ones, 8);
  }
  for (; i < bit_count; ++i) bools[i] = (bitmap[i / 64] >> (i % 64)) & 1;
}

void PackBools(absl::Span<const uint8_t> bools, uint64_t* bitmap) {
  const size_t words = bools.size() / 64;
  HWY_DYNAMIC_DISPATCH(PackWords)(bools.data(), words, bitmap);
  if (bools.size() % 64 == 0) return;
  uint64_t bits = 0;
  for (size_t i = words * 64; i < bools.size(); ++i) bits |= uint64_t{bools[i] != 0} << (i % 64);
  bitmap[words] = bits;
}

void CopyBits(const uint64_t* source, size_t first, size_t bit_count, uint64_t* target) {
  const size_t words = BitmapWords(bit_count);
  const size_t shift = first % 64;
  const uint64_t* in = source + first / 64;
  const size_t in_words = BitmapWords(shift + bit_count);
  for (size_t w = 0; w < words; ++w) {
    uint64_t bits = in[w] >> shift;
    if (shift != 0 && w + 1 < in_words) bits |= in[w + 1] << (64 - shift);
    target[w] = bits;
  }
  if (bit_count % 64 != 0) target[words - 1] &= LowBits(bit_count % 64);
}

}  // namespace cortex::simd
#endif  // HWY_ONCE

#include "storage/column/bitmap.h"

namespace cortex {

void FillOnes(uint64_t* words, size_t count) {
  for (size_t w = 0; w < count / 64; ++w) words[w] = ~uint64_t{0};
  if (count % 64 != 0) words[count / 64] = (uint64_t{1} << (count % 64)) - 1;
}

size_t CountOnes(const uint64_t* words, size_t count) {
  size_t ones = 0;
  for (size_t w = 0; w < count / 64; ++w) ones += std::popcount(words[w]);
  if (count % 64 != 0) ones += std::popcount(words[count / 64] & ((uint64_t{1} << (count % 64)) - 1));
  return ones;
}

namespace {

// `count` <= 64 bits starting at bit `first`, in the low bits; the rest is 0.
uint64_t ReadBits(const uint64_t* words, size_t first, size_t count) {
  const size_t shift = first % 64;
  uint64_t bits = words[first / 64] >> shift;
  if (shift != 0 && shift + count > 64) bits |= words[first / 64 + 1] << (64 - shift);
  return count == 64 ? bits : bits & ((uint64_t{1} << count) - 1);
}

}  // namespace

void CopyBits(const uint64_t* src, size_t src_first, uint64_t* dst, size_t dst_first, size_t count) {
  while (count > 0) {
    const size_t offset = dst_first % 64;
    const size_t step = count < 64 - offset ? count : 64 - offset;
    const uint64_t mask = (step == 64 ? ~uint64_t{0} : (uint64_t{1} << step) - 1) << offset;
    const uint64_t bits = ReadBits(src, src_first, step) << offset;
    dst[dst_first / 64] = (dst[dst_first / 64] & ~mask) | bits;
    src_first += step;
    dst_first += step;
    count -= step;
  }
}

void Bitmap::Append(bool bit, size_t count) {
  const size_t old_size = size_;
  size_ += count;
  words_.resize(WordsForBits(size_), 0);
  if (!bit) return;
  size_t i = old_size;
  for (; i < size_ && i % 64 != 0; ++i) Set(i);
  for (; i + 64 <= size_; i += 64) words_[i / 64] = ~uint64_t{0};
  for (; i < size_; ++i) Set(i);
}

void Bitmap::AppendBits(const uint64_t* words, size_t first, size_t count) {
  const size_t old_size = size_;
  size_ += count;
  words_.resize(WordsForBits(size_), 0);
  CopyBits(words, first, words_.data(), old_size, count);
}

}  // namespace cortex

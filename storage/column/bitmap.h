// Bits in 64-bit words, least significant first: validity (1 = present) and selections (1 = row chosen).
#ifndef CORTEX_STORAGE_COLUMN_BITMAP_H_
#define CORTEX_STORAGE_COLUMN_BITMAP_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace cortex {

constexpr size_t WordsForBits(size_t bits) { return (bits + 63) / 64; }

inline bool GetBit(const uint64_t* words, size_t i) { return (words[i / 64] >> (i % 64)) & 1; }
inline void SetBit(uint64_t* words, size_t i) { words[i / 64] |= uint64_t{1} << (i % 64); }
inline void ClearBit(uint64_t* words, size_t i) { words[i / 64] &= ~(uint64_t{1} << (i % 64)); }

// Sets bits [0, count) and clears the rest of the last word.
void FillOnes(uint64_t* words, size_t count);
// Number of set bits among [0, count).
size_t CountOnes(const uint64_t* words, size_t count);
// Copies bits [src_first, src_first + count) to dst bits [dst_first, ...). Ranges must not overlap.
void CopyBits(const uint64_t* src, size_t src_first, uint64_t* dst, size_t dst_first, size_t count);

// A growing bitmap. Bits past size() in the last word are 0.
class Bitmap {
 public:
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool Get(size_t i) const { return GetBit(words_.data(), i); }
  void Set(size_t i) { SetBit(words_.data(), i); }
  void Clear(size_t i) { ClearBit(words_.data(), i); }
  void PushBack(bool bit) { Append(bit, 1); }
  void Append(bool bit, size_t count);
  // Appends bits [first, first + count) of `words`.
  void AppendBits(const uint64_t* words, size_t first, size_t count);
  void Reset() {
    words_.clear();
    size_ = 0;
  }
  size_t CountOnes() const { return cortex::CountOnes(words_.data(), size_); }
  const uint64_t* words() const { return words_.data(); }
  uint64_t* mutable_words() { return words_.data(); }
  size_t memory_bytes() const { return words_.capacity() * sizeof(uint64_t); }

 private:
  std::vector<uint64_t> words_;
  size_t size_ = 0;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_COLUMN_BITMAP_H_

// Bitmaps of rows: uint64_t words, bit i = bit (i % 64) of word i / 64 (LSB first), (count + 63) / 64 words.
//
// Functions that take words work on whole words. Functions that take a bit count ignore what lies after it on input;
// those that write a bitmap clear the rest of its last word. Thread-safe, no allocation.
#ifndef CORTEX_CODECS_SIMD_BITMAP_KERNELS_H_
#define CORTEX_CODECS_SIMD_BITMAP_KERNELS_H_

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"

namespace cortex::simd {

constexpr size_t BitmapWords(size_t bit_count) { return (bit_count + 63) / 64; }

// target = target OP other, word by word; both spans have the same length.
void AndBitmap(absl::Span<const uint64_t> other, absl::Span<uint64_t> target);
void OrBitmap(absl::Span<const uint64_t> other, absl::Span<uint64_t> target);
// target = target AND NOT other.
void AndNotBitmap(absl::Span<const uint64_t> other, absl::Span<uint64_t> target);

// Flips bits [0, bit_count) and clears the rest of the last word.
void NotBitmap(uint64_t* bitmap, size_t bit_count);

// Sets bits [0, bit_count) and clears the rest of the last word.
void FillBitmap(uint64_t* bitmap, size_t bit_count);

// Number of set bits among the first bit_count.
size_t CountBits(const uint64_t* bitmap, size_t bit_count);

// Writes the positions of the set bits, each plus `base`, ascending, to `rows`, which has room for CountBits(...)
// entries. Returns how many were written.
size_t BitmapToRows(const uint64_t* bitmap, size_t bit_count, uint32_t base, uint32_t* rows);

// bools[i] = bit i, as 0 or 1.
void ExpandBits(const uint64_t* bitmap, size_t bit_count, uint8_t* bools);

// Bit i = (bools[i] != 0).
void PackBools(absl::Span<const uint8_t> bools, uint64_t* bitmap);

// Bit i of `target` = bit (first + i) of `source`, for i in [0, bit_count): moves a bitmap to bit 0.
void CopyBits(const uint64_t* source, size_t first, size_t bit_count, uint64_t* target);

}  // namespace cortex::simd

#endif  // CORTEX_CODECS_SIMD_BITMAP_KERNELS_H_

// Moving integers between their packed form and arrays: bit-packing, deltas, table look-ups, byte planes.
//
// Bit-packed block. Up to 1,024 values of `width` bits, interleaved over lanes so that one SIMD instruction moves
// neighbouring values and no width needs code of its own (after the transposed layout of Afroozeh and Boncz, "The
// FastLanes compression layout", VLDB 2023; ours keeps the order of values). With W = 64 or 32 bits per word and
// L = 1,024 / W lanes, value i belongs to lane i mod L, where it is bits [r·width, (r + 1)·width), LSB first, r = i /
// L, of that lane's bit stream; word j of lane l is stored at word index j·L + l. A short block stores only the words
// its rows reach: PackedBytes() says how many.
//
// Thread-safe, no allocation. Inputs are trusted to have the sizes stated: codecs check them first.
#ifndef CORTEX_CODECS_SIMD_UNPACK_KERNELS_H_
#define CORTEX_CODECS_SIMD_UNPACK_KERNELS_H_

#include <cstddef>
#include <cstdint>

#include "absl/types/span.h"

namespace cortex::simd {

inline constexpr size_t kPackedBlockValues = 1024;

// Bytes of a packed block of `count` (1..1,024) values of `width` bits with words of `word_bits` (32 or 64).
constexpr size_t PackedBytes(size_t count, unsigned width, unsigned word_bits) {
  const size_t lanes = kPackedBlockValues / word_bits;
  const size_t rows = (count + lanes - 1) / lanes;
  return (rows * width + word_bits - 1) / word_bits * lanes * (word_bits / 8);
}

// Packs `values` (1..1,024, all < 2^width) into `packed`, PackedBytes(values.size(), width, 32 or 64) bytes.
void PackBits(absl::Span<const uint32_t> values, unsigned width, std::byte* packed);
void PackBits(absl::Span<const uint64_t> values, unsigned width, std::byte* packed);

// values[i] = base + packed[i] (modulo 2^32 or 2^64) for `count` values; writes up to the next multiple of the lanes
// (32 or 16), so `values` has room for 1,024.
void UnpackBits(const std::byte* packed, unsigned width, size_t count, uint32_t base, uint32_t* values);
void UnpackBits(const std::byte* packed, unsigned width, size_t count, uint64_t base, uint64_t* values);

// Value `i` of a packed block, without touching the rest.
uint32_t UnpackOne32(const std::byte* packed, unsigned width, size_t i);
uint64_t UnpackOne64(const std::byte* packed, unsigned width, size_t i);

// values[i] = start + values[0] + … + values[i] (modulo 2^64), in place.
void PrefixSum(uint64_t start, absl::Span<uint64_t> values);
// deltas[i] = values[i] − values[i − 1] (modulo 2^64), values[−1] = start.
void Deltas(uint64_t start, absl::Span<const uint64_t> values, uint64_t* deltas);

// Small magnitudes become small codes: 0, −1, 1, −2, … -> 0, 1, 2, 3, … In place.
void ZigZagEncode(absl::Span<uint64_t> values);
void ZigZagDecode(absl::Span<uint64_t> values);

// Keeps the low bytes: narrow[i] = values[i] mod 2^8, 2^16 or 2^32.
void Narrow(absl::Span<const uint32_t> values, uint8_t* narrow);
void Narrow(absl::Span<const uint32_t> values, uint16_t* narrow);
void Narrow(absl::Span<const uint64_t> values, uint32_t* narrow);

// out[i] = table[codes[i]]; every code must be below the table's size (check with MaxOf first).
void GatherTable(absl::Span<const uint32_t> codes, const uint16_t* table, uint16_t* out);
void GatherTable(absl::Span<const uint32_t> codes, const uint32_t* table, uint32_t* out);
void GatherTable(absl::Span<const uint32_t> codes, const uint64_t* table, uint64_t* out);

// values[i] |= bits[i].
void OrInto(absl::Span<const uint32_t> bits, uint32_t* values);
void OrInto(absl::Span<const uint64_t> bits, uint64_t* values);

// The largest value, 0 if there is none; smallest and largest of a non-empty span.
uint32_t MaxOf(absl::Span<const uint32_t> values);
void MinMaxOf(absl::Span<const int64_t> values, int64_t* min, int64_t* max);

// Byte planes: plane k holds byte k of every value, planes follow each other: planes[k·count + i] = byte k of value i.
// width is 2, 4 or 8 bytes; both buffers hold count·width bytes and do not overlap.
void SplitBytes(const std::byte* values, size_t count, unsigned width, std::byte* planes);
void UnsplitBytes(const std::byte* planes, size_t count, unsigned width, std::byte* values);

}  // namespace cortex::simd

#endif  // CORTEX_CODECS_SIMD_UNPACK_KERNELS_H_

// Decoding of interleaved range ANS (Duda 2009; lanes after Giesen, "Interleaved entropy coders", 2014): 32 states of
// 32 bits share one sequence of 16-bit words, so that SIMD decodes as many symbols at once as a vector has lanes.
//
// A state x in [2^16, 2^32) gives one symbol:
//   slot = x mod 4096; slots[slot] = symbol | bias << 8 | frequency << 20
//   x = frequency · ⌊x / 4096⌋ + bias; if x < 2^16: x = x · 2^16 + next word
// Values (any 32 bits) are coded as a token plus raw low bits, which the same states carry:
//   z = zig-zag of the value; z < 32: token z, no raw bits; otherwise with e = ⌊log2 z⌋ ≥ 5: 8 classes per octave,
//   token = 8 (e − 1) + (z >> (e − 3)) mod 8 in [32, 247], e − 3 raw bits
//   raw bits: low 16 (or fewer) first: x mod 2^n are the bits, x = ⌊x / 2^n⌋, refilled as above; then the rest alike
// Eight classes per octave cost less than 0.003 bits per value against coding every value by itself (smooth densities).
//
// Symbols come in groups of 32: symbol i belongs to lane i. A group reads its words in this order: for each lane
// ascending the refill of its symbol; then the refills of the low raw bits, lanes ascending; then of the high ones.
// The last group of a run may have fewer symbols: it uses the first lanes.
//
// Invariant: whatever the words say, a state at least 2^16 stays so, and a slot is never out of range. So hostile words
// give wrong symbols and nothing worse; who reads must check where the words ended.
//
// Thread-safe, no allocation.
#ifndef CORTEX_CODECS_SIMD_RANS_KERNELS_H_
#define CORTEX_CODECS_SIMD_RANS_KERNELS_H_

#include <bit>
#include <cstddef>
#include <cstdint>

namespace cortex::simd {

inline constexpr size_t kRansLanes = 32;
inline constexpr unsigned kRansSlotBits = 12;
inline constexpr uint32_t kRansSlots = 1u << kRansSlotBits;
inline constexpr uint32_t kRansLowestState = 1u << 16;
// What one group may read: a word per lane for the symbol, two for the raw bits.
inline constexpr size_t kRansGroupBytes = kRansLanes * 3 * sizeof(uint16_t);

inline constexpr uint32_t kRansDirectTokens = 32;  // tokens that are their value
inline constexpr uint32_t kRansTokens = 248;
inline constexpr unsigned kRansRawBitsAtOnce = 16;

constexpr uint32_t RansZigZag(int32_t value) {
  return (static_cast<uint32_t>(value) << 1) ^ static_cast<uint32_t>(value >> 31);
}
constexpr int32_t RansUnZigZag(uint32_t z) { return static_cast<int32_t>((z >> 1) ^ (0u - (z & 1))); }
constexpr uint32_t RansTokenOf(uint32_t z) {
  // Which class comes next is chance: computed for all, so that nothing is left to predict.
  const auto e = static_cast<uint32_t>(std::bit_width(z | (kRansDirectTokens - 1)) - 1);
  const uint32_t token = 8 * (e - 1) + (z >> (e - 3)) % 8;
  const uint32_t direct = 0u - static_cast<uint32_t>(z < kRansDirectTokens);
  return (z & direct) | (token & ~direct);
}
constexpr unsigned RansRawBits(uint32_t token) {
  return (token / 8 - 2) * static_cast<unsigned>(token >= kRansDirectTokens);
}
// The smallest z of a token.
constexpr uint32_t RansTokenBase(uint32_t token) {
  return token < kRansDirectTokens ? token : (8 + token % 8) << RansRawBits(token);
}

// Where decoding stands. Words are little-endian and need no alignment.
struct RansCursor {
  uint32_t states[kRansLanes];
  const std::byte* words = nullptr;
  const std::byte* end = nullptr;  // of the bytes that may be read
};

// Decodes up to `groups` groups of 32, as long as at least kRansGroupBytes may be read; returns how many it decoded.
// `slots` has kRansSlots entries.
size_t RansDecodeSymbols(const uint32_t* slots, size_t groups, RansCursor* cursor, uint8_t* out);
size_t RansDecodeValues(const uint32_t* slots, size_t groups, RansCursor* cursor, int32_t* out);

// One group of `lanes` (1..32) symbols, the end of a run; kRansGroupBytes may be read.
void RansDecodeRest(const uint32_t* slots, size_t lanes, RansCursor* cursor, uint8_t* out);
void RansDecodeRest(const uint32_t* slots, size_t lanes, RansCursor* cursor, int32_t* out);

}  // namespace cortex::simd

#endif  // CORTEX_CODECS_SIMD_RANS_KERNELS_H_

// Encoding of interleaved range ANS: what rans_kernels.h decodes, in the opposite order. 32 states take the symbols of
// a group at once; words come out in the order they are put, which is the reverse of the order they are read in.
//
// A symbol of frequency f that begins at slot `start`, put into a state x in [2^16, 2^32):
//   if x >= f · 2^20: the next word is x mod 2^16, x = ⌊x / 2^16⌋
//   x = ⌊x / f⌋ · 4096 + x mod f + start
// Of a value the high raw bits are put first, then the low ones, then the token; n raw bits: if x · 2^n >= 2^32 spilled
// as above, then x = x · 2^n + bits. Within a group lanes go from the last to the first.
//
// Division is a multiplication: for x < f · 2^20, which holds once x has spilled, and s = ⌊log2 f⌋
//   ⌊x / f⌋ = ⌊(x + i) · m / 2^(32 + s)⌋   with m = ⌈2^(32 + s) / f⌉, i = 0 if m · f - 2^(32 + s) <= 2^11, m < 2^32;
//                                          else m = ⌈2^(32 + s) / f⌉ - 1, i = 1
// (the error of m, times x, stays below 2^(32 + s) in both cases).
//
// Thread-safe, no allocation.
#ifndef CORTEX_CODECS_SIMD_RANS_ENCODE_KERNELS_H_
#define CORTEX_CODECS_SIMD_RANS_ENCODE_KERNELS_H_

#include <cstddef>
#include <cstdint>

#include "codecs/simd/rans_kernels.h"

namespace cortex::simd {

// 256 symbols; frequency 0: the symbol must not occur.
struct RansEncodeTable {
  uint32_t reciprocals[256] = {};  // m
  uint32_t symbols[256] = {};      // f | start << 12 | s << 24 | i << 28

  void Set(size_t symbol, uint32_t start, uint32_t frequency);
};

// Where encoding stands.
struct RansPutCursor {
  uint32_t states[kRansLanes];
  uint16_t* next = nullptr;
  uint32_t least_frequency = kRansSlots;  // of the symbols put: 0 if one was not in its table
};
// Room for the words of `values` values or symbols: some more are written over than are put.
constexpr size_t RansMaxWords(size_t values) { return 3 * values + 2 * kRansLanes; }

// Puts `groups` groups of 32, the last one first.
void RansPutSymbols(const RansEncodeTable& table, const uint8_t* symbols, size_t groups, RansPutCursor* cursor);
void RansPutValues(const RansEncodeTable& table, const int32_t* values, size_t groups, RansPutCursor* cursor);
// One group of `lanes` (1..32) symbols, the end of a run.
void RansPutRest(const RansEncodeTable& table, const uint8_t* symbols, size_t lanes, RansPutCursor* cursor);
void RansPutRest(const RansEncodeTable& table, const int32_t* values, size_t lanes, RansPutCursor* cursor);

// Word i of `out` is in[count - 1 - i]; `out` needs no alignment. The arrays do not overlap.
void ReverseWords(const uint16_t* in, size_t count, std::byte* out);

// The token of each value.
void RansTokens(const int32_t* values, size_t count, uint8_t* tokens);

}  // namespace cortex::simd

#endif  // CORTEX_CODECS_SIMD_RANS_ENCODE_KERNELS_H_

// Floats as integers in the order of their magnitudes: the front bits, without the zeros behind them. What POINT keeps
// of a value, what amplitudes are under PHASE16, and a lossless form of any float whose last bits are zero.
//
// With m = (bits without sign) >> shift, integer = 0 for +0, else ±(m − base + 1), base the smallest m > 0 of the
// section: exponents lie close together, so integers are small and float64 fits where m alone would not.
#ifndef CORTEX_CODECS_ZPTV_FRONT_BITS_H_
#define CORTEX_CODECS_ZPTV_FRONT_BITS_H_

#include <cstdint>
#include <optional>

#include "codecs/values.h"
#include "codecs/zptv/line_codes.h"
#include "codecs/zptv/typed_values.h"

namespace cortex::zptv {

// Mantissa bits that keep a relative error of `bound` when rounding to nearest: 2^-(k + 1) <= bound.
uint32_t MantissaBitsFor(double bound);

// `bits` of a finite float rounded to nearest at bit `shift`, ties up. May round up to infinity.
uint64_t RoundFrontBits(uint64_t bits, FloatLayout layout, uint32_t shift);

// m of a value, or nullopt if it is special or its bits below `shift` are not all zero.
std::optional<uint64_t> FrontBitsOf(uint64_t bits, PhysicalType type, uint32_t shift);

// Sign and m to integer and back. m >= base or 0. nullopt beyond kMaxInteger.
std::optional<int32_t> FrontInteger(bool negative, uint64_t front, uint64_t base);
inline uint64_t BitsOfFrontInteger(int32_t integer, FloatLayout layout, uint32_t shift, uint64_t base) {
  if (integer == 0) return 0;
  const uint64_t sign = integer < 0 ? uint64_t{1} << (layout.bits - 1) : 0;
  const auto size = static_cast<uint32_t>(integer < 0 ? 0 - static_cast<uint32_t>(integer) : integer);
  const uint64_t magnitude_mask = (uint64_t{1} << (layout.bits - 1)) - 1;
  return sign | (((size - 1 + base) << shift) & magnitude_mask);
}

// The lines listed as integers; bits below `shift` must be zero except in exceptions. `values`: lines of `columns`
// values of `type`, one after the other.
LineCodes FrontBitCodes(const std::byte* values, PhysicalType type, uint32_t columns, std::vector<uint32_t> lines,
                        uint32_t shift);

}  // namespace cortex::zptv

#endif  // CORTEX_CODECS_ZPTV_FRONT_BITS_H_

// Floats as integers in the order of their magnitudes: the front bits, without the zeros behind them. What POINT keeps
// of a value, what amplitudes are under PHASE16, and a lossless form of any float whose last bits are zero.
//
// With m = (bits without sign) >> shift, integer = 0 for +0, else ±(m − base + 1), base the smallest m > 0 of the
// section: exponents lie close together, so integers are small and float64 fits where m alone would not.
#ifndef CORTEX_CODECS_ZPTV_FRONT_BITS_H_
#define CORTEX_CODECS_ZPTV_FRONT_BITS_H_

#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>
#include <vector>

#include "codecs/values.h"
#include "codecs/zptv/line_codes.h"
#include "codecs/zptv/typed_values.h"

namespace cortex::zptv {

// Mantissa bits that keep a relative error of `bound` when rounding to nearest: 2^-(k + 1) <= bound.
uint32_t MantissaBitsFor(double bound);

// `bits` of a finite float rounded to nearest at bit `shift`, ties up. May round up to infinity.
uint64_t RoundFrontBits(uint64_t bits, FloatLayout layout, uint32_t shift);

// Sign and m to integer and back. m >= base or 0. nullopt beyond kMaxInteger.
std::optional<int32_t> FrontInteger(bool negative, uint64_t front, uint64_t base);
inline uint64_t BitsOfFrontInteger(int32_t integer, FloatLayout layout, uint32_t shift, uint64_t base) {
  if (integer == 0) return 0;
  const uint64_t sign = integer < 0 ? uint64_t{1} << (layout.bits - 1) : 0;
  const auto size = static_cast<uint32_t>(integer < 0 ? 0 - static_cast<uint32_t>(integer) : integer);
  const uint64_t magnitude_mask = (uint64_t{1} << (layout.bits - 1)) - 1;
  return sign | (((size - 1 + base) << shift) & magnitude_mask);
}

// Many at once: the floats of `Bits` (as wide as the type) that integers stand for, one behind the other into `out`.
template <typename Bits>
void BitsOfFrontIntegers(const int32_t* integers, size_t count, uint32_t shift, uint64_t base, std::byte* out) {
  using Wide = std::conditional_t<sizeof(Bits) == 8, uint64_t, uint32_t>;
  constexpr unsigned kSignBit = 8 * sizeof(Bits) - 1;
  constexpr Wide kMagnitude = (Wide{1} << kSignBit) - 1;
  const auto low = static_cast<Wide>(base) - 1;
  for (size_t i = 0; i < count; ++i) {
    const auto q = static_cast<uint32_t>(integers[i]);
    const uint32_t negative = q >> 31, size = (q ^ (0 - negative)) + negative;
    const Wide bits = Wide{negative} << kSignBit | (((size + low) << shift) & kMagnitude);
    const auto value = static_cast<Bits>(q == 0 ? Wide{0} : bits);
    std::memcpy(out + i * sizeof(Bits), &value, sizeof(Bits));
  }
}

// RoundFrontBits of many.
void RoundFrontBits(const std::byte* values, PhysicalType type, size_t count, uint32_t shift, std::byte* out);

// The lines listed as integers; bits below `shift` must be zero except in exceptions. `values`: lines of `columns`
// values of `type`, one after the other.
LineCodes FrontBitCodes(const std::byte* values, PhysicalType type, uint32_t columns, std::vector<uint32_t> lines,
                        uint32_t shift);

}  // namespace cortex::zptv

#endif  // CORTEX_CODECS_ZPTV_FRONT_BITS_H_

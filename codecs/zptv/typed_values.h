// Values of the three float types as doubles and as bits. All three fit a double exactly.
#ifndef CORTEX_CODECS_ZPTV_TYPED_VALUES_H_
#define CORTEX_CODECS_ZPTV_TYPED_VALUES_H_

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "codecs/simd/half.h"
#include "codecs/simd/line_kernels.h"
#include "codecs/simd/quantise_kernels.h"
#include "codecs/simd/scale_kernels.h"
#include "codecs/values.h"

namespace cortex::zptv {

struct FloatLayout {
  uint32_t bits;           // of the type
  uint32_t mantissa_bits;  // stored ones
};
constexpr FloatLayout LayoutOf(PhysicalType type) {
  return type == PhysicalType::kFloat64 ? FloatLayout{64, 52}
                                        : type == PhysicalType::kFloat32 ? FloatLayout{32, 23} : FloatLayout{16, 10};
}

template <typename Bits>
Bits LoadBits(const std::byte* from) {
  Bits bits;
  std::memcpy(&bits, from, sizeof(bits));
  return bits;
}
// The bits of value i, zero-extended.
inline uint64_t BitsAt(const std::byte* values, PhysicalType type, size_t i) {
  if (type == PhysicalType::kFloat64) return LoadBits<uint64_t>(values + i * sizeof(uint64_t));
  if (type == PhysicalType::kFloat32) return LoadBits<uint32_t>(values + i * sizeof(uint32_t));
  return LoadBits<uint16_t>(values + i * sizeof(uint16_t));
}
inline void PutBits(uint64_t bits, PhysicalType type, size_t i, std::byte* values) {
  const uint32_t width = WidthOf(type);
  std::memcpy(values + i * width, &bits, width);
}

inline double ToDouble(uint64_t bits, PhysicalType type) {
  if (type == PhysicalType::kFloat64) return std::bit_cast<double>(bits);
  if (type == PhysicalType::kFloat32) return std::bit_cast<float>(static_cast<uint32_t>(bits));
  return ToFloat(Half{static_cast<uint16_t>(bits)});
}
// Many at once.
inline bool AnyNotFinite(const Half* values, size_t count) {
  constexpr uint64_t kExponents = 0x7c007c007c007c00, kOnes = 0x0400040004000400, kSigns = 0x8000800080008000;
  uint64_t any = 0;  // four at a time: a full exponent and one more reach the sign
  size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    uint64_t four;
    std::memcpy(&four, values + i, sizeof(four));
    any |= (four & kExponents) + kOnes;
  }
  for (; i < count; ++i) any |= (values[i].bits & 0x7c00u) + 0x0400u;
  return (any & kSigns) != 0;
}
inline void ToDoubles(const std::byte* values, PhysicalType type, size_t count, double* out) {
  if (type == PhysicalType::kFloat64) {
    std::memcpy(out, values, count * sizeof(double));
  } else if (type == PhysicalType::kFloat32) {
    simd::WidenFloats(reinterpret_cast<const float*>(values), count, out);
  } else if (!AnyNotFinite(reinterpret_cast<const Half*>(values), count)) {  // the kernel knows no others
    simd::WidenFloats(reinterpret_cast<const Half*>(values), count, out);
  } else {
    for (size_t i = 0; i < count; ++i) out[i] = ToDouble(BitsAt(values, type, i), type);
  }
}
// The same, in place where they are doubles; `scratch` has room for `count` if they are not.
inline const double* AsDoubles(const std::byte* values, PhysicalType type, size_t count, double* scratch) {
  if (type == PhysicalType::kFloat64) return reinterpret_cast<const double*>(values);
  ToDoubles(values, type, count, scratch);
  return scratch;
}
inline simd::RoundedType RoundedTypeOf(PhysicalType type) {
  if (type == PhysicalType::kFloat64) return simd::RoundedType::kDouble;
  return type == PhysicalType::kFloat32 ? simd::RoundedType::kFloat : simd::RoundedType::kHalf;
}

// Rounds once. `value` is not NaN.
inline uint64_t RoundTo(double value, PhysicalType type) {
  if (type == PhysicalType::kFloat64) return std::bit_cast<uint64_t>(value);
  if (type == PhysicalType::kFloat32) return std::bit_cast<uint32_t>(static_cast<float>(value));
  return simd::RoundToHalf(value).bits;
}

// What every contract keeps bit for bit: NaN, infinities, −0, subnormals (of float16 too).
inline bool IsSpecial(uint64_t bits, PhysicalType type) {
  const FloatLayout layout = LayoutOf(type);
  const uint64_t sign = uint64_t{1} << (layout.bits - 1);
  const uint64_t magnitude = bits & (sign - 1);
  const uint64_t smallest_normal = uint64_t{1} << layout.mantissa_bits;
  const uint64_t infinity = (sign - 1) - (smallest_normal - 1);
  if (magnitude == 0) return bits == sign;
  return magnitude < smallest_normal || magnitude >= infinity;
}

// Whether one of them is special.
inline bool AnySpecial(const std::byte* values, PhysicalType type, size_t count) {
  if (type == PhysicalType::kFloat64) return simd::AnySpecial(reinterpret_cast<const double*>(values), count);
  if (type == PhysicalType::kFloat32) return simd::AnySpecial(reinterpret_cast<const float*>(values), count);
  return simd::AnySpecial(reinterpret_cast<const Half*>(values), count);
}

// Whether one of `values` is special and another one `now`.
inline bool AnySpecialChanged(const std::byte* values, const std::byte* now, PhysicalType type, size_t count) {
  constexpr size_t kPiece = 64;  // specials are few, and far between
  for (size_t first = 0; first < count; first += kPiece) {
    const size_t end = std::min(count, first + kPiece);
    if (!AnySpecial(values + first * WidthOf(type), type, end - first)) continue;
    for (size_t i = first; i < end; ++i) {
      const uint64_t bits = BitsAt(values, type, i);
      if (IsSpecial(bits, type) && bits != BitsAt(now, type, i)) return true;
    }
  }
  return false;
}

}  // namespace cortex::zptv

#endif  // CORTEX_CODECS_ZPTV_TYPED_VALUES_H_

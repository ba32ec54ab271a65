#include "codecs/simd/half.h"

#include <bit>
#include <cmath>

namespace cortex {
namespace {

constexpr uint16_t kQuietNan = 0x7e00;
constexpr double kSmallestNormal = 0x1p-14;
// Halfway between the largest float16 (65,504) and the next step; from here on rounding gives infinity.
constexpr double kOverflow = 65520.0;

}  // namespace

float ToFloat(Half half) {
  // Exponent and mantissa moved to float32's places are the value times 2^-112, subnormals included.
  const uint32_t magnitude = static_cast<uint32_t>(half.bits & 0x7fff) << 13;
  uint32_t bits = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) * 0x1p112f);
  if (magnitude >= 0x7c00u << 13) bits = magnitude | 0x7f800000u;  // infinity, NaN
  return std::bit_cast<float>(bits | static_cast<uint32_t>(half.bits & 0x8000) << 16);
}

Half ToHalf(float value) { return ToHalf(static_cast<double>(value)); }

Half ToHalf(double value) {
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  const double magnitude = std::fabs(value);
  if (std::isnan(value)) return {static_cast<uint16_t>(sign | kQuietNan)};
  if (magnitude >= kOverflow) return {static_cast<uint16_t>(sign | 0x7c00)};
  if (magnitude < kSmallestNormal) {  // a multiple of 2^-24; 1,024 of them are the smallest normal's bits
    return {static_cast<uint16_t>(sign | static_cast<uint16_t>(std::nearbyint(magnitude * 0x1p24)))};
  }
  const int exponent = std::ilogb(magnitude);
  const auto steps = static_cast<int>(std::nearbyint(std::scalbn(magnitude, 10 - exponent)));  // 1,024..2,048
  return {static_cast<uint16_t>(sign | (((exponent + 15) << 10) + (steps - 1024)))};
}

}  // namespace cortex

#include "codecs/zptv/polar.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "codecs/zptv/front_bits.h"
#include "codecs/zptv/typed_values.h"

namespace cortex::zptv {
namespace {

constexpr double kCos1 = 0x1.d906bcf328d46p-1;  // cos(π/8)
constexpr double kCos2 = 0x1.6a09e667f3bcdp-1;  // cos(2π/8)
constexpr double kCos3 = 0x1.87de2a6aea963p-2;  // cos(3π/8)
constexpr double kPi = 0x1.921fb54442d18p+1;

}  // namespace

const double kPhaseCosines[kPhases] = {1,  kCos1,  kCos2,  kCos3,  0, -kCos3, -kCos2, -kCos1,
                                       -1, -kCos1, -kCos2, -kCos3, 0, kCos3,  kCos2,  kCos1};
const double kPhaseSines[kPhases] = {0, kCos3,  kCos2,  kCos1,  1,  kCos1,  kCos2,  kCos3,
                                     0, -kCos3, -kCos2, -kCos1, -1, -kCos1, -kCos2, -kCos3};

Polar ToPolar(double re, double im, uint32_t shift) {
  const double amplitude = std::hypot(re, im);
  if (amplitude == 0) return {};
  const double states = NearestInteger(std::atan2(im, re) * (kPhases / (2 * kPi)));
  const uint64_t bits = RoundFrontBits(std::bit_cast<uint64_t>(amplitude), LayoutOf(PhysicalType::kFloat64), shift);
  return {bits, static_cast<uint32_t>(static_cast<int>(states) & static_cast<int>(kPhases - 1))};
}

void FromPolar(Polar polar, PhysicalType type, uint64_t* re, uint64_t* im) {
  const auto amplitude = std::bit_cast<double>(polar.amplitude);
  *re = RoundTo(amplitude * kPhaseCosines[polar.phase], type);
  *im = RoundTo(amplitude * kPhaseSines[polar.phase], type);
}

LineCodes PolarCodes(const std::byte* values, PhysicalType type, uint32_t columns, std::vector<uint32_t> lines,
                     uint32_t shift) {
  LineCodes codes{.kind = LineKind::kPolar, .lines = std::move(lines), .shift = shift};
  const uint32_t points = columns / 2;
  std::vector<Polar> polars;
  uint64_t base = std::numeric_limits<uint64_t>::max();
  for (const uint32_t line : codes.lines) {
    for (uint32_t t = 0; t < points; ++t) {
      const size_t at = size_t{line} * columns + 2 * t;
      const double re = ToDouble(BitsAt(values, type, at), type), im = ToDouble(BitsAt(values, type, at + 1), type);
      Polar polar;
      if (std::isfinite(re) && std::isfinite(im)) polar = ToPolar(re, im, shift);
      polars.push_back(polar);
      if (polar.amplitude != 0) base = std::min(base, polar.amplitude >> shift);
    }
  }
  codes.base = base == std::numeric_limits<uint64_t>::max() ? 1 : base;
  codes.integers.resize(codes.lines.size() * columns);
  for (size_t i = 0; i < codes.lines.size(); ++i) {
    for (uint32_t t = 0; t < points; ++t) {
      const Polar polar = polars[i * points + t];
      const auto amplitude = FrontInteger(false, polar.amplitude >> shift, codes.base);
      codes.integers[i * columns + t] = amplitude.value_or(0);
      codes.integers[i * columns + points + t] = static_cast<int32_t>(amplitude.has_value() ? polar.phase : 0);
    }
  }
  return codes;
}

}  // namespace cortex::zptv

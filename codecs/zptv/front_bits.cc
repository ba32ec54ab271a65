#include "codecs/zptv/front_bits.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace cortex::zptv {

uint32_t MantissaBitsFor(double bound) {
  uint32_t bits = 0;
  while (bits < 52 && std::ldexp(1.0, -static_cast<int>(bits) - 1) > bound) ++bits;
  return bits;
}

uint64_t RoundFrontBits(uint64_t bits, FloatLayout layout, uint32_t shift) {
  if (shift == 0) return bits;
  const uint64_t sign = bits & uint64_t{1} << (layout.bits - 1);
  const uint64_t magnitude = bits ^ sign;
  return sign | ((magnitude + (uint64_t{1} << (shift - 1))) >> shift << shift);
}

std::optional<int32_t> FrontInteger(bool negative, uint64_t front, uint64_t base) {
  if (front == 0) return negative ? std::nullopt : std::optional<int32_t>(0);
  const uint64_t size = front - base + 1;
  if (size > static_cast<uint64_t>(kMaxInteger)) return std::nullopt;
  return negative ? -static_cast<int32_t>(size) : static_cast<int32_t>(size);
}

namespace {

// The wide form of bits, for arithmetic that does not end at int.
template <typename Bits>
using Wide = std::conditional_t<sizeof(Bits) == 8, uint64_t, uint32_t>;

template <typename Bits>
struct FrontLayout {
  static constexpr unsigned kSignBit = 8 * sizeof(Bits) - 1;
  static constexpr Wide<Bits> kMagnitude = (Wide<Bits>{1} << kSignBit) - 1;
};

template <typename Bits>
void RoundAll(const std::byte* values, size_t count, uint32_t shift, std::byte* out) {
  const Wide<Bits> half = shift == 0 ? 0 : Wide<Bits>{1} << (shift - 1);
  for (size_t i = 0; i < count; ++i) {
    const Wide<Bits> bits = LoadBits<Bits>(values + i * sizeof(Bits));
    const Wide<Bits> magnitude = bits & FrontLayout<Bits>::kMagnitude;
    const auto rounded = static_cast<Bits>((bits ^ magnitude) | (magnitude + half) >> shift << shift);
    std::memcpy(out + i * sizeof(Bits), &rounded, sizeof(Bits));
  }
}

// m of a value; kNone if it is special or its bits below the shift are not all zero.
template <typename Bits>
struct Fronts {
  Wide<Bits> normal, infinity, dropped;  // smallest magnitudes of their kinds; the bits below the shift
  uint32_t shift;

  static constexpr Wide<Bits> kNone = std::numeric_limits<Wide<Bits>>::max();
  Fronts(PhysicalType type, uint32_t shift)
      : normal(Wide<Bits>{1} << LayoutOf(type).mantissa_bits),
        infinity(FrontLayout<Bits>::kMagnitude - (normal - 1)),
        dropped((Wide<Bits>{1} << shift) - 1),
        shift(shift) {}
  Wide<Bits> Of(Wide<Bits> bits) const {
    const Wide<Bits> magnitude = bits & FrontLayout<Bits>::kMagnitude;
    const bool zero = bits == 0, usable = magnitude - normal < infinity - normal && (magnitude & dropped) == 0;
    return zero ? 0 : usable ? magnitude >> shift : kNone;
  }
};

template <typename Bits>
void AddFrontBits(const std::byte* values, PhysicalType type, uint32_t columns, LineCodes* codes) {
  const Fronts<Bits> fronts(type, codes->shift);
  Wide<Bits> base = Fronts<Bits>::kNone;
  for (const uint32_t line : codes->lines) {
    const std::byte* const from = values + size_t{line} * columns * sizeof(Bits);
    for (uint32_t c = 0; c < columns; ++c) {  // less one, so that 0 is above all others, as kNone is
      const Wide<Bits> front = fronts.Of(LoadBits<Bits>(from + c * sizeof(Bits)));
      base = std::min<Wide<Bits>>(base, front == Fronts<Bits>::kNone ? front : front - 1);
    }
  }
  codes->base = base == Fronts<Bits>::kNone ? 1 : uint64_t{base} + 1;
  codes->integers.resize(codes->lines.size() * columns);
  int32_t* next = codes->integers.data();
  for (const uint32_t line : codes->lines) {
    const std::byte* const from = values + size_t{line} * columns * sizeof(Bits);
    for (uint32_t c = 0; c < columns; ++c, ++next) {
      const Wide<Bits> bits = LoadBits<Bits>(from + c * sizeof(Bits)), front = fronts.Of(bits);
      const uint64_t size = front == 0 ? 0 : front - codes->base + 1;
      if (front == Fronts<Bits>::kNone || size > static_cast<uint64_t>(kMaxInteger)) {
        codes->exceptions.push_back({static_cast<uint32_t>(next - codes->integers.data()), bits});
        continue;  // its integer is 0
      }
      const auto magnitude = static_cast<int32_t>(size);
      *next = bits >> FrontLayout<Bits>::kSignBit != 0 ? -magnitude : magnitude;
    }
  }
}

}  // namespace

void RoundFrontBits(const std::byte* values, PhysicalType type, size_t count, uint32_t shift, std::byte* out) {
  if (type == PhysicalType::kFloat64) return RoundAll<uint64_t>(values, count, shift, out);
  if (type == PhysicalType::kFloat32) return RoundAll<uint32_t>(values, count, shift, out);
  RoundAll<uint16_t>(values, count, shift, out);
}

LineCodes FrontBitCodes(const std::byte* values, PhysicalType type, uint32_t columns, std::vector<uint32_t> lines,
                        uint32_t shift) {
  LineCodes codes{.kind = LineKind::kFrontBits, .lines = std::move(lines), .shift = shift};
  if (type == PhysicalType::kFloat64) {
    AddFrontBits<uint64_t>(values, type, columns, &codes);
  } else if (type == PhysicalType::kFloat32) {
    AddFrontBits<uint32_t>(values, type, columns, &codes);
  } else {
    AddFrontBits<uint16_t>(values, type, columns, &codes);
  }
  return codes;
}

}  // namespace cortex::zptv

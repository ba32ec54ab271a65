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

std::optional<uint64_t> FrontBitsOf(uint64_t bits, PhysicalType type, uint32_t shift) {
  if (IsSpecial(bits, type)) return std::nullopt;
  const uint64_t magnitude = bits & ((uint64_t{1} << (LayoutOf(type).bits - 1)) - 1);
  if ((magnitude >> shift << shift) != magnitude) return std::nullopt;
  return magnitude >> shift;
}

std::optional<int32_t> FrontInteger(bool negative, uint64_t front, uint64_t base) {
  if (front == 0) return negative ? std::nullopt : std::optional<int32_t>(0);
  const uint64_t size = front - base + 1;
  if (size > static_cast<uint64_t>(kMaxInteger)) return std::nullopt;
  return negative ? -static_cast<int32_t>(size) : static_cast<int32_t>(size);
}

LineCodes FrontBitCodes(const std::byte* values, PhysicalType type, uint32_t columns, std::vector<uint32_t> lines,
                        uint32_t shift) {
  LineCodes codes{.kind = LineKind::kFrontBits, .lines = std::move(lines), .shift = shift};
  const uint32_t sign_bit = LayoutOf(type).bits - 1;
  uint64_t base = std::numeric_limits<uint64_t>::max();
  for (const uint32_t line : codes.lines) {
    for (uint32_t c = 0; c < columns; ++c) {
      const auto front = FrontBitsOf(BitsAt(values, type, size_t{line} * columns + c), type, shift);
      if (front.value_or(0) != 0) base = std::min(base, *front);
    }
  }
  codes.base = base == std::numeric_limits<uint64_t>::max() ? 1 : base;
  codes.integers.reserve(codes.lines.size() * columns);
  for (const uint32_t line : codes.lines) {
    for (uint32_t c = 0; c < columns; ++c) {
      const uint64_t bits = BitsAt(values, type, size_t{line} * columns + c);
      const auto front = FrontBitsOf(bits, type, shift);
      std::optional<int32_t> integer;
      if (front.has_value()) integer = FrontInteger((bits >> sign_bit) != 0, *front, codes.base);
      if (!integer.has_value()) codes.exceptions.push_back({static_cast<uint32_t>(codes.integers.size()), bits});
      codes.integers.push_back(integer.value_or(0));
    }
  }
  return codes;
}

}  // namespace cortex::zptv

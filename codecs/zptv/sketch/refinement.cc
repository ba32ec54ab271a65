#include "codecs/zptv/sketch/refinement.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "codecs/simd/half.h"

namespace cortex {
namespace {

template <typename Bits>
constexpr Bits kSign = Bits{1} << (8 * sizeof(Bits) - 1);

// Bits of a float -> integers in the order of the numbers, and back.
template <typename Bits>
Bits Order(Bits bits) {
  return static_cast<Bits>((bits & kSign<Bits>) != 0 ? ~bits : bits | kSign<Bits>);
}
template <typename Bits>
Bits Unorder(Bits order) {
  return static_cast<Bits>((order & kSign<Bits>) != 0 ? order & ~kSign<Bits> : ~order);
}
template <typename Bits>
Bits ZigZag(Bits difference) {
  const Bits sign = static_cast<Bits>(0 - (difference >> (8 * sizeof(Bits) - 1)));
  return static_cast<Bits>(static_cast<Bits>(difference << 1) ^ sign);
}
template <typename Bits>
Bits UnZigZag(Bits z) {
  return static_cast<Bits>((z >> 1) ^ static_cast<Bits>(0 - (z & 1)));
}

uint16_t BaseBits(double base, uint16_t) { return ToHalf(base).bits; }
uint32_t BaseBits(double base, uint32_t) { return std::bit_cast<uint32_t>(static_cast<float>(base)); }
uint64_t BaseBits(double base, uint64_t) { return std::bit_cast<uint64_t>(base); }

// Reconstructions of a block, row by row.
class Bases {
 public:
  explicit Bases(const SketchBlock& block)
      : block_(block), unit_(std::ldexp(1.0, block.head().exponent)), row_(block.components()) {}

  const std::vector<double>& Row(uint32_t row) {
    const simd::SketchNorms norms = block_.norms(SketchBlock::Level::kFine);
    const double scale = static_cast<double>(norms.length[row]) * static_cast<double>(norms.inverse[row]);
    const uint8_t* const high = block_.high() + size_t{row} * block_.plane_bytes();
    const uint8_t* const low = block_.low() + size_t{row} * block_.plane_bytes();
    const float* const centroid = block_.centroid().data();
    const size_t split = std::min<size_t>(block_.plane_bytes(), row_.size());
    const auto base = [&](size_t i, int h, int l) {
      const double offset = scale * (16 * h + l - 136);
      return (static_cast<double>(centroid[i]) + offset) * unit_;
    };
    for (size_t i = 0; i < split; ++i) row_[i] = base(i, high[i] & 15, low[i] & 15);
    for (size_t i = split; i < row_.size(); ++i) row_[i] = base(i, high[i - split] >> 4, low[i - split] >> 4);
    return row_;
  }

 private:
  const SketchBlock& block_;
  double unit_;
  std::vector<double> row_;
};

template <typename Bits, class Step>
void ForEachValue(const SketchBlock& block, uint32_t first, uint32_t count, const std::byte* in, std::byte* out,
                  const Step& step) {
  Bases bases(block);
  for (uint32_t r = 0; r < count; ++r) {
    for (const double base : bases.Row(first + r)) {
      Bits bits;
      std::memcpy(&bits, in, sizeof(bits));
      bits = step(bits, Order(BaseBits(base, Bits{})));
      std::memcpy(out, &bits, sizeof(bits));
      in += sizeof(bits);
      out += sizeof(bits);
    }
  }
}

// Calls visit(Bits{}) with the unsigned integer as wide as the type.
template <class Visit>
void VisitWidth(PhysicalType type, const Visit& visit) {
  switch (WidthOf(type)) {
    case 2:
      return visit(uint16_t{});
    case 4:
      return visit(uint32_t{});
    default:
      return visit(uint64_t{});
  }
}

}  // namespace

void RefineSketch(const SketchBlock& block, uint32_t first, const ValueSpan& rows, std::byte* out) {
  VisitWidth(rows.shape.type, [&]<typename Bits>(Bits) {
    ForEachValue<Bits>(block, first, rows.row_count, rows.fixed, out,
                       [](Bits value, Bits base) { return ZigZag(static_cast<Bits>(Order(value) - base)); });
  });
}

void RestoreFromSketch(const SketchBlock& block, uint32_t first, uint32_t count, PhysicalType type,
                       const std::byte* refinement, std::byte* values) {
  VisitWidth(type, [&]<typename Bits>(Bits) {
    ForEachValue<Bits>(block, first, count, refinement, values,
                       [](Bits z, Bits base) { return Unorder(static_cast<Bits>(UnZigZag(z) + base)); });
  });
}

}  // namespace cortex

#include "tools/codec_report/contract_judge.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "codecs/simd/half.h"

namespace cortex {
namespace {

using Kind = ZptvContract::Kind;

constexpr long double kPi = 3.14159265358979323846264338327950288L;
constexpr long double kRoom = 1 + 1e-12L;  // what rounding adds to the encoder's own sums of squares

// Rows of a block, as codecs/zptv/FORMAT.md says.
uint32_t BlockRows(ValueShape shape) {
  if (shape.values_per_row >= 32) return std::clamp((512u << 10) / shape.row_bytes(), 1u, 64u);
  return 1024 / shape.values_per_row * 16;
}

class Judge {
 public:
  Judge(const ValueSpan& was, const ValueSpan& is, ZptvContract contract, uint32_t components)
      : was_(was), is_(is), contract_(contract), components_(components) {}

  ContractBreaches Verdict() {
    const size_t width = was_.shape.values_per_row, count = was_.row_count * width;
    const size_t block = BlockRows(was_.shape) * width;
    for (size_t begin = 0; begin < count; begin += block) {
      const size_t end = std::min(begin + block, count);
      const long double rms = contract_.kind == Kind::kRms ? RootMeanSquare(begin, end) : 0;
      for (size_t i = begin; i < end; i += components_) Note(NumberHolds(i, rms), i);
    }
    if (contract_.kind != Kind::kRowL2) return breaches_;
    for (size_t i = 0; i < count; i += width) Note(RowHolds(i, i + width), i);
    return breaches_;
  }

 private:
  static double At(const ValueSpan& rows, size_t i) {
    const auto load = [&](auto value) {
      std::memcpy(&value, rows.fixed + i * sizeof(value), sizeof(value));
      return value;
    };
    if (rows.shape.type == PhysicalType::kFloat64) return load(double{});
    if (rows.shape.type == PhysicalType::kFloat32) return load(float{});
    return ToFloat(load(Half{}));
  }
  long double Was(size_t i) const { return At(was_, i); }
  long double Is(size_t i) const { return At(is_, i); }

  void Note(bool holds, size_t i) {
    if (!holds && breaches_.count++ == 0) breaches_.first = i;
  }

  bool SameBits(size_t i) const {
    const size_t width = WidthOf(was_.shape.type);
    return std::memcmp(was_.fixed + i * width, is_.fixed + i * width, width) == 0;
  }

  // Values that come back bit for bit under every contract.
  bool IsSpecial(size_t i) const {
    const double v = At(was_, i);
    const double smallest = was_.shape.type == PhysicalType::kFloat64   ? 0x1p-1022
                            : was_.shape.type == PhysicalType::kFloat32 ? 0x1p-126
                                                                        : 0x1p-14;
    return !std::isfinite(v) || (v == 0 && std::signbit(v)) || (v != 0 && std::fabs(v) < smallest);
  }

  long double RootMeanSquare(size_t begin, size_t end) const {
    long double sum = 0;
    size_t finite = 0;
    for (size_t i = begin; i < end; ++i) {
      if (!std::isfinite(Was(i))) continue;
      sum += Was(i) * Was(i);
      ++finite;
    }
    return finite == 0 ? 0 : std::sqrt(sum * components_ / static_cast<long double>(finite));
  }

  // The number whose first component is value i.
  bool NumberHolds(size_t i, long double rms) const {
    bool same = true;
    long double error = 0, size = 0;
    for (size_t k = i; k < i + components_; ++k) {
      if (SameBits(k)) {
        if (std::isfinite(Was(k))) size += Was(k) * Was(k);
        continue;
      }
      if (IsSpecial(k)) return false;
      same = false;
      error += (Was(k) - Is(k)) * (Was(k) - Is(k));
      size += Was(k) * Was(k);
    }
    if (same) return true;
    for (size_t k = i; k < i + components_; ++k) {
      if (!std::isfinite(Was(k))) return false;  // half a number that is none
    }
    switch (contract_.kind) {
      case Kind::kLossless:
        return false;
      case Kind::kAbs:
        return std::sqrt(error) <= contract_.bound * kRoom;
      case Kind::kRms:
        return std::sqrt(error) <= contract_.bound * rms * kRoom;
      case Kind::kRowL2:
        return true;
      case Kind::kPoint:
        return std::sqrt(error) <= contract_.bound * std::sqrt(size) * kRoom;
      case Kind::kPhase16:
        return PolarHolds(i);
    }
    return false;
  }

  bool PolarHolds(size_t i) const {
    const long double amplitude = std::hypot(Was(i), Was(i + 1));
    const long double phase = std::atan2(Is(i + 1), Is(i));
    const long double turn = phase / (kPi / 8);
    const long double slack = was_.shape.type == PhysicalType::kFloat64 ? 1e-12L : 1e-5L;
    const long double off = std::remainder(std::atan2(Was(i + 1), Was(i)) - phase, 2 * kPi);
    return std::fabs(std::hypot(Is(i), Is(i + 1)) - amplitude) <= contract_.bound * amplitude * kRoom &&
           std::fabs(turn - std::nearbyint(turn)) <= slack && std::fabs(off) <= kPi / 16 + slack;
  }

  bool RowHolds(size_t begin, size_t end) const {
    long double error = 0, size = 0;
    for (size_t i = begin; i < end; ++i) {
      if (!std::isfinite(Was(i))) continue;
      error += (Was(i) - Is(i)) * (Was(i) - Is(i));
      size += Was(i) * Was(i);
    }
    return std::sqrt(error) <= contract_.bound * std::sqrt(size) * kRoom;
  }

  const ValueSpan& was_;
  const ValueSpan& is_;
  const ZptvContract contract_;
  const uint32_t components_;
  ContractBreaches breaches_;
};

}  // namespace

ContractBreaches JudgeContract(const ValueSpan& was, const ValueSpan& is, ZptvContract contract, uint32_t components) {
  return Judge(was, is, contract, components).Verdict();
}

}  // namespace cortex

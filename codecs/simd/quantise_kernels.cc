#include "codecs/simd/quantise_kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "codecs/simd/line_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "codecs/simd/quantise_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace cortex::simd {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128  // emulated vectors saturate where floats overflow

using reference::AnySpecial;
using reference::CountFinite;
using reference::FiniteSquares;
using reference::LargestFinite;
using reference::RoundingSquares;
using reference::RoundLine;
using reference::SquaredErrors;
using reference::SumRowSquares;
bool SpecialDoubles(const double* values, size_t count) { return AnySpecial(values, count); }
bool SpecialFloats(const float* values, size_t count) { return AnySpecial(values, count); }
bool SpecialHalves(const Half* values, size_t count) { return AnySpecial(values, count); }

#else

using D = hn::CappedTag<double, 8>;
using V = hn::Vec<D>;
constexpr size_t kLanes = hn::MaxLanes(D());
constexpr size_t kSums = 8;
constexpr size_t kParts = kSums / kLanes;

// Eight partial sums.
struct Sums {
  V part[kParts];

  HWY_INLINE Sums() {
    for (V& p : part) p = hn::Zero(D());
  }
  HWY_INLINE double Total() const {
    const D d;
    HWY_ALIGN double s[kSums];
    for (size_t k = 0; k < kParts; ++k) hn::Store(part[k], d, s + k * kLanes);
    return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
  }
};

// Calls visit(vector of values from i on, part of the sums, i) for all vectors; the last is filled up with zeros.
template <class Visit>
HWY_INLINE void ForVectors(const double* values, size_t count, const Visit& visit) {
  const D d;
  size_t i = 0;
  for (; i + kSums <= count; i += kSums) {
    for (size_t k = 0; k < kParts; ++k) visit(hn::LoadU(d, values + i + k * kLanes), k, i + k * kLanes);
  }
  if (i == count) return;
  HWY_ALIGN double padded[kSums] = {};
  std::copy(values + i, values + count, padded);
  for (size_t k = 0; k < kParts; ++k) visit(hn::Load(d, padded + k * kLanes), k, i + k * kLanes);
}

HWY_INLINE V Nearest(V x) {
  const D d;
  const V shift = hn::Set(d, 0x1.8p52);
  const V rounded = hn::Sub(hn::Add(x, shift), shift);
  return hn::IfThenElse(hn::Lt(hn::Abs(x), hn::Set(d, 0x1p51)), rounded, x);
}
HWY_INLINE auto Finite(V x) {
  const D d;
  return hn::Lt(hn::Abs(x), hn::Set(d, HUGE_VAL));
}

HWY_INLINE V RoundTo(V x, std::integral_constant<RoundedType, RoundedType::kDouble>) { return x; }
HWY_INLINE V RoundTo(V x, std::integral_constant<RoundedType, RoundedType::kFloat>) {
  const D d;
  const hn::Rebind<float, D> df;
  return hn::PromoteTo(d, hn::DemoteTo(df, x));
}
// Eleven significant bits, multiples of 2^-24 below the normal range, infinity from 65,520 on.
HWY_INLINE V RoundTo(V x, std::integral_constant<RoundedType, RoundedType::kHalf>) {
  const D d;
  const hn::RebindToSigned<D> di;
  const V magnitude = hn::Abs(x);
  const auto bits = hn::BitCast(di, magnitude);
  const auto odd = hn::And(hn::ShiftRight<42>(bits), hn::Set(di, 1));
  const auto up = hn::Add(bits, hn::Add(hn::Set(di, 0x1ffffffffff), odd));
  const V normal = hn::BitCast(d, hn::ShiftLeft<42>(hn::ShiftRight<42>(up)));
  const V large = hn::IfThenElse(hn::Lt(normal, hn::Set(d, 65536.0)), normal, hn::Set(d, HUGE_VAL));
  const V shift = hn::Set(d, 0x1p28);
  const V small = hn::Sub(hn::Add(magnitude, shift), shift);
  return hn::CopySign(hn::IfThenElse(hn::Lt(magnitude, hn::Set(d, 0x1p-14)), small, large), x);
}

template <RoundedType kType>
HWY_INLINE LineError RoundTyped(const double* values, size_t count, uint32_t components, double step,
                                int32_t* integers) {
  const D d;
  const hn::Rebind<int32_t, D> di;
  const V steps = hn::Set(d, step), inverses = hn::Set(d, 1 / step), limit = hn::Set(d, kLargestRounded);
  Sums sums;
  V largest = hn::Zero(d);
  const auto visit = [&](V x, size_t k, size_t i) HWY_ATTR {
    const V nearest = Nearest(hn::Mul(x, inverses));
    const V q = hn::IfThenElseZero(hn::Le(hn::Abs(nearest), limit), nearest);
    const V product = RoundTo(hn::Mul(q, steps), std::integral_constant<RoundedType, kType>());
    const V error = hn::IfThenElseZero(Finite(x), hn::Sub(x, product));
    const V square = hn::Mul(error, error);
    sums.part[k] = hn::Add(sums.part[k], square);
    const V number = components == 2 ? hn::Add(square, hn::Shuffle01(square)) : square;
    largest = hn::Max(largest, number);
    if (integers == nullptr) return;
    const auto ints = hn::DemoteTo(di, q);
    if (i + kLanes <= count) return hn::StoreU(ints, di, integers + i);
    HWY_ALIGN int32_t rest[kLanes];
    hn::Store(ints, di, rest);
    for (size_t l = 0; i + l < count; ++l) integers[i + l] = rest[l];
  };
  ForVectors(values, count, visit);
  return {hn::GetLane(hn::MaxOfLanes(d, largest)), sums.Total()};
}
LineError RoundLine(const double* values, size_t count, uint32_t components, double step, RoundedType type,
                    int32_t* integers) {
  if (type == RoundedType::kDouble) return RoundTyped<RoundedType::kDouble>(values, count, components, step, integers);
  if (type == RoundedType::kFloat) return RoundTyped<RoundedType::kFloat>(values, count, components, step, integers);
  return RoundTyped<RoundedType::kHalf>(values, count, components, step, integers);
}

double RoundingSquares(const double* values, size_t count, double step, double inverse) {
  const D d;
  const V steps = hn::Set(d, step), inverses = hn::Set(d, inverse);
  Sums sums;
  ForVectors(values, count, [&](V x, size_t k, size_t) HWY_ATTR {
    const V error = hn::Sub(x, hn::Mul(steps, Nearest(hn::Mul(x, inverses))));
    sums.part[k] = hn::Add(sums.part[k], hn::Mul(error, error));
  });
  return sums.Total();
}

double FiniteSquares(const double* values, size_t count, double scale) {
  const D d;
  const V scales = hn::Set(d, scale);
  Sums sums;
  ForVectors(values, count, [&](V x, size_t k, size_t) HWY_ATTR {
    const V scaled = hn::IfThenElseZero(Finite(x), hn::Mul(x, scales));
    sums.part[k] = hn::Add(sums.part[k], hn::Mul(scaled, scaled));
  });
  return sums.Total();
}

size_t CountFinite(const double* values, size_t count) {
  const D d;
  size_t finite = 0, i = 0;
  for (; i + kLanes <= count; i += kLanes) finite += hn::CountTrue(d, Finite(hn::LoadU(d, values + i)));
  return finite + reference::CountFinite(values + i, count - i);
}

double LargestFinite(const double* values, size_t count) {
  V largest = hn::Zero(D());
  ForVectors(values, count, [&](V x, size_t, size_t)
                                HWY_ATTR { largest = hn::Max(largest, hn::IfThenElseZero(Finite(x), hn::Abs(x))); });
  return hn::GetLane(hn::MaxOfLanes(D(), largest));
}

RowSquares SumRowSquares(const double* was, const double* is, size_t count, double scale) {
  const D d;
  const V scales = hn::Set(d, scale);
  Sums values, errors;
  const auto add = [&](V x, V y, size_t k) HWY_ATTR {
    const auto finite = Finite(x);
    const V scaled = hn::IfThenElseZero(finite, hn::Mul(x, scales));
    const V error = hn::IfThenElseZero(finite, hn::Sub(scaled, hn::Mul(y, scales)));
    values.part[k] = hn::Add(values.part[k], hn::Mul(scaled, scaled));
    errors.part[k] = hn::Add(errors.part[k], hn::Mul(error, error));
  };
  const size_t whole = count / kSums * kSums;
  ForVectors(was, whole, [&](V x, size_t k, size_t i) HWY_ATTR { add(x, hn::LoadU(d, is + i), k); });
  if (whole < count) {
    HWY_ALIGN double padded[kSums] = {};
    std::copy(is + whole, is + count, padded);
    ForVectors(was + whole, count - whole,
               [&](V x, size_t k, size_t i) HWY_ATTR { add(x, hn::Load(d, padded + i), k); });
  }
  return {values.Total(), errors.Total()};
}

SquareRange SquaredErrors(const double* was, const double* is, size_t numbers, uint32_t components, double* squares) {
  const D d;
  const V infinite = hn::Set(d, HUGE_VAL), zero = hn::Zero(d);
  V smallest = infinite, largest = zero;
  auto sound = hn::Eq(zero, zero);
  Sums sums;
  const size_t whole = numbers / kSums * kSums;
  for (size_t i = 0; i < whole; i += kLanes) {
    V dx, dy = zero;
    if (components == 2) {
      V re, im, re_now, im_now;
      hn::LoadInterleaved2(d, was + 2 * i, re, im);
      hn::LoadInterleaved2(d, is + 2 * i, re_now, im_now);
      dx = hn::Sub(re, re_now);
      dy = hn::Sub(im, im_now);
    } else {
      dx = hn::Sub(hn::LoadU(d, was + i), hn::LoadU(d, is + i));
    }
    const V square = hn::Add(hn::Mul(dx, dx), hn::Mul(dy, dy));
    hn::StoreU(square, d, squares + i);
    V& part = sums.part[i / kLanes % kParts];
    part = hn::Add(part, square);
    const auto some = hn::Gt(square, zero);
    const auto none = hn::And(hn::Eq(dx, zero), hn::Eq(dy, zero));
    sound = hn::And(sound, hn::And(hn::Lt(square, infinite), hn::Or(some, none)));
    largest = hn::IfThenElse(hn::Gt(square, largest), square, largest);
    smallest = hn::IfThenElse(hn::And(some, hn::Lt(square, smallest)), square, smallest);
  }
  const size_t at = whole * components;
  const SquareRange rest = reference::SquaredErrors(was + at, is + at, numbers - whole, components, squares + whole);
  return {std::min(rest.smallest, hn::GetLane(hn::MinOfLanes(d, smallest))),
          std::max(rest.largest, hn::GetLane(hn::MaxOfLanes(d, largest))), sums.Total() + rest.sum,
          rest.sound && hn::AllTrue(d, sound)};
}

// Magnitudes less the smallest normal one, modulo 2^width: those of specials are at or above the same of infinity. 0 is
// not special, and is taken for the smallest normal one.
template <typename Int>
HWY_INLINE bool AnySpecialBits(const Int* bits, size_t count, int mantissa_bits, size_t* done) {
  const hn::ScalableTag<Int> d;
  const size_t lanes = hn::Lanes(d);
  constexpr Int kSign = std::numeric_limits<Int>::min();
  const auto normal = static_cast<Int>(Int{1} << mantissa_bits);
  const auto infinity = static_cast<Int>(std::numeric_limits<Int>::max() - (normal - 1));
  const auto sign = hn::Set(d, kSign);
  // The sign bit turned over makes comparing signed what comparing unsigned is.
  const auto limit = hn::Set(d, static_cast<Int>((infinity - normal) ^ kSign));
  auto any = hn::Lt(hn::Zero(d), hn::Zero(d));
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto x = hn::LoadU(d, bits + i);
    const auto less = hn::Xor(hn::Sub(hn::AndNot(sign, x), hn::Set(d, normal)), sign);
    any = hn::Or(any, hn::And(hn::Not(hn::Lt(less, limit)), hn::Not(hn::Eq(x, hn::Zero(d)))));
  }
  *done = i;
  return !hn::AllFalse(d, any);
}
bool SpecialDoubles(const double* values, size_t count) {
  size_t done = 0;
  return AnySpecialBits(reinterpret_cast<const int64_t*>(values), count, 52, &done) ||
         reference::AnySpecial(values + done, count - done);
}
bool SpecialFloats(const float* values, size_t count) {
  size_t done = 0;
  return AnySpecialBits(reinterpret_cast<const int32_t*>(values), count, 23, &done) ||
         reference::AnySpecial(values + done, count - done);
}
bool SpecialHalves(const Half* values, size_t count) {
  size_t done = 0;
  return AnySpecialBits(reinterpret_cast<const int16_t*>(values), count, 10, &done) ||
         reference::AnySpecial(values + done, count - done);
}

#endif  // HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128

}  // namespace HWY_NAMESPACE
}  // namespace cortex::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cortex::simd {
namespace reference {
namespace {

double Nearest(double x) {
  constexpr double kShift = 0x1.8p52;
  return x > -0x1p51 && x < 0x1p51 ? (x + kShift) - kShift : x;
}
double RoundTo(double x, RoundedType type) {
  if (type == RoundedType::kFloat) return static_cast<float>(x);
  return type == RoundedType::kHalf ? ToFloat(RoundToHalf(x)) : x;
}

// Eight partial sums.
struct Sums {
  double s[8] = {};
  double Total() const { return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7])); }
};

template <typename Bits>
bool IsSpecialBits(Bits bits, int mantissa_bits) {
  constexpr Bits kSign = static_cast<Bits>(Bits{1} << (8 * sizeof(Bits) - 1));
  const auto magnitude = static_cast<Bits>(bits & ~kSign);
  const auto normal = static_cast<Bits>(Bits{1} << mantissa_bits);
  return bits != 0 && (magnitude < normal || magnitude >= static_cast<Bits>(kSign - normal));
}

}  // namespace

LineError RoundLine(const double* values, size_t count, uint32_t components, double step, RoundedType type,
                    int32_t* integers) {
  Sums sums;
  double largest = 0, number = 0;
  for (size_t i = 0; i < count; ++i) {
    const double nearest = Nearest(values[i] * (1 / step));
    const double q = std::fabs(nearest) <= kLargestRounded ? nearest : 0;  // NaN: 0
    if (integers != nullptr) integers[i] = static_cast<int32_t>(q);
    const double error = std::isfinite(values[i]) ? values[i] - RoundTo(q * step, type) : 0;
    sums.s[i % 8] += error * error;
    number = i % components == 0 ? error * error : number + error * error;
    if (i % components == components - 1) largest = std::max(largest, number);
  }
  return {largest, sums.Total()};
}

double RoundingSquares(const double* values, size_t count, double step, double inverse) {
  Sums sums;
  for (size_t i = 0; i < count; ++i) {
    const double error = values[i] - step * Nearest(values[i] * inverse);
    sums.s[i % 8] += error * error;
  }
  return sums.Total();
}

double FiniteSquares(const double* values, size_t count, double scale) {
  Sums sums;
  for (size_t i = 0; i < count; ++i) {
    const double scaled = std::isfinite(values[i]) ? values[i] * scale : 0;
    sums.s[i % 8] += scaled * scaled;
  }
  return sums.Total();
}

size_t CountFinite(const double* values, size_t count) {
  size_t finite = 0;
  for (size_t i = 0; i < count; ++i) finite += std::isfinite(values[i]);
  return finite;
}

double LargestFinite(const double* values, size_t count) {
  double largest = 0;
  for (size_t i = 0; i < count; ++i) {
    if (std::isfinite(values[i])) largest = std::max(largest, std::fabs(values[i]));
  }
  return largest;
}

RowSquares SumRowSquares(const double* was, const double* is, size_t count, double scale) {
  Sums values, errors;
  for (size_t i = 0; i < count; ++i) {
    const bool finite = std::isfinite(was[i]);
    const double scaled = finite ? was[i] * scale : 0, error = finite ? scaled - is[i] * scale : 0;
    values.s[i % 8] += scaled * scaled;
    errors.s[i % 8] += error * error;
  }
  return {values.Total(), errors.Total()};
}

SquareRange SquaredErrors(const double* was, const double* is, size_t numbers, uint32_t components, double* squares) {
  SquareRange range{.smallest = HUGE_VAL};
  Sums whole, rest;
  for (size_t i = 0; i < numbers; ++i) {
    const size_t re = i * components, im = re + 1;
    const double dx = was[re] - is[re], dy = components == 2 ? was[im] - is[im] : 0;
    const double square = squares[i] = dx * dx + dy * dy;
    range.sound &= square < HUGE_VAL && (square > 0 || (dx == 0 && dy == 0));
    (i < numbers / 8 * 8 ? whole : rest).s[i % 8] += square;
    if (square > range.largest) range.largest = square;
    if (square > 0 && square < range.smallest) range.smallest = square;
  }
  range.sum = whole.Total() + rest.Total();
  return range;
}

bool AnySpecial(const double* values, size_t count) {
  return std::any_of(values, values + count, [](double v) { return IsSpecialBits(std::bit_cast<uint64_t>(v), 52); });
}
bool AnySpecial(const float* values, size_t count) {
  return std::any_of(values, values + count, [](float v) { return IsSpecialBits(std::bit_cast<uint32_t>(v), 23); });
}
bool AnySpecial(const Half* values, size_t count) {
  return std::any_of(values, values + count, [](Half v) { return IsSpecialBits(v.bits, 10); });
}

}  // namespace reference

HWY_EXPORT(RoundLine);
HWY_EXPORT(RoundingSquares);
HWY_EXPORT(FiniteSquares);
HWY_EXPORT(CountFinite);
HWY_EXPORT(LargestFinite);
HWY_EXPORT(SumRowSquares);
HWY_EXPORT(SquaredErrors);
HWY_EXPORT(SpecialDoubles);
HWY_EXPORT(SpecialFloats);
HWY_EXPORT(SpecialHalves);

LineError RoundLine(const double* values, size_t count, uint32_t components, double step, RoundedType type,
                    int32_t* integers) {
  return HWY_DYNAMIC_DISPATCH(RoundLine)(values, count, components, step, type, integers);
}
double RoundingSquares(const double* values, size_t count, double step, double inverse) {
  return HWY_DYNAMIC_DISPATCH(RoundingSquares)(values, count, step, inverse);
}
double FiniteSquares(const double* values, size_t count, double scale) {
  return HWY_DYNAMIC_DISPATCH(FiniteSquares)(values, count, scale);
}
size_t CountFinite(const double* values, size_t count) { return HWY_DYNAMIC_DISPATCH(CountFinite)(values, count); }
double LargestFinite(const double* values, size_t count) {
  return HWY_DYNAMIC_DISPATCH(LargestFinite)(values, count);
}
RowSquares SumRowSquares(const double* was, const double* is, size_t count, double scale) {
  return HWY_DYNAMIC_DISPATCH(SumRowSquares)(was, is, count, scale);
}
SquareRange SquaredErrors(const double* was, const double* is, size_t numbers, uint32_t components, double* squares) {
  return HWY_DYNAMIC_DISPATCH(SquaredErrors)(was, is, numbers, components, squares);
}
bool AnySpecial(const double* values, size_t count) { return HWY_DYNAMIC_DISPATCH(SpecialDoubles)(values, count); }
bool AnySpecial(const float* values, size_t count) { return HWY_DYNAMIC_DISPATCH(SpecialFloats)(values, count); }
bool AnySpecial(const Half* values, size_t count) { return HWY_DYNAMIC_DISPATCH(SpecialHalves)(values, count); }

}  // namespace cortex::simd
#endif  // HWY_ONCE

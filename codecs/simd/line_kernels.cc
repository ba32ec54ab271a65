#include "codecs/simd/line_kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "codecs/simd/line_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace cortex::simd {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<double, 8>;
using V = hn::Vec<D>;

HWY_INLINE Half RoundHalf(double value) {
  const uint64_t bits = std::bit_cast<uint64_t>(value);
  const auto sign = static_cast<uint16_t>(bits >> 48 & 0x8000);
  const uint64_t magnitude = bits & 0x7fffffffffffffff;
  // Below the normal range adding 2^28 leaves multiples of 2^-24, rounded by the processor.
  const uint64_t small = std::bit_cast<uint64_t>(std::bit_cast<double>(magnitude) + 0x1p28) & 0x7ff;
  const uint64_t rounded = (magnitude + 0x1ffffffffff + (magnitude >> 42 & 1)) >> 42;
  const uint64_t normal = rounded - ((1023 - 15) << 10);
  const uint64_t large = normal < 0x7c00 ? normal : 0x7c00;
  return {static_cast<uint16_t>(sign | (magnitude < 0x3f10000000000000 ? small : large))};
}

HWY_INLINE double RoundTo(double value, double) { return value; }
HWY_INLINE float RoundTo(double value, float) { return static_cast<float>(value); }
HWY_INLINE Half RoundTo(double value, Half) { return RoundHalf(value); }

#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128  // emulated vectors saturate where floats overflow

template <typename T>
HWY_INLINE void Scale(const int32_t* ints, size_t columns, size_t lines, const double* steps, T* const* out) {
  for (size_t l = 0; l < lines; ++l) {
    for (size_t c = 0; c < columns; ++c) out[l][c] = RoundTo(ints[c * lines + l] * steps[l], T());
  }
}

void Turn(const int32_t* in, size_t rows, size_t columns, int32_t* out) {
  for (size_t r = 0; r < rows; ++r) {
    for (size_t c = 0; c < columns; ++c) out[c * rows + r] = in[r * columns + c];
  }
}

using reference::Differences;
using reference::DifferencesUp;
using reference::RescaledDifferencesUp;

#else

// RoundHalf of each lane, in the low 16 bits.
HWY_INLINE hn::VFromD<hn::RebindToSigned<D>> RoundHalves(V values) {
  const D d;
  const hn::RebindToSigned<D> di;
  const auto bits = hn::BitCast(di, values);
  const auto sign = hn::And(hn::ShiftRight<48>(bits), hn::Set(di, 0x8000));
  const auto magnitude = hn::And(bits, hn::Set(di, 0x7fffffffffffffff));
  const auto small = hn::And(hn::BitCast(di, hn::Add(hn::BitCast(d, magnitude), hn::Set(d, 0x1p28))), hn::Set(di, 0x7ff));
  const auto odd = hn::And(hn::ShiftRight<42>(magnitude), hn::Set(di, 1));
  const auto rounded = hn::ShiftRight<42>(hn::Add(magnitude, hn::Add(hn::Set(di, 0x1ffffffffff), odd)));
  const auto normal = hn::Sub(rounded, hn::Set(di, (1023 - 15) << 10));
  const auto infinity = hn::Set(di, 0x7c00);
  const auto large = hn::IfThenElse(hn::Lt(normal, infinity), normal, infinity);
  const auto is_small = hn::Lt(magnitude, hn::Set(di, 0x3f10000000000000));
  return hn::Or(sign, hn::IfThenElse(is_small, small, large));
}


// Tiles of as many lines as columns: integers are turned from columns to lines before they are scaled, so that each line
// is written in whole vectors.
using DI = hn::CappedTag<int32_t, 8>;
using VI = hn::Vec<DI>;
constexpr size_t kTile = hn::MaxLanes(DI());

struct Four {
  VI a, b, c, e;
};

// Within every block of four lanes: from four columns to four lines, or back.
HWY_INLINE Four Transpose(Four x) {
  const DI d;
  const hn::RepartitionToWide<DI> d64;
  const auto ab_low = hn::BitCast(d64, hn::InterleaveLower(d, x.a, x.b));
  const auto ab_high = hn::BitCast(d64, hn::InterleaveUpper(d, x.a, x.b));
  const auto ce_low = hn::BitCast(d64, hn::InterleaveLower(d, x.c, x.e));
  const auto ce_high = hn::BitCast(d64, hn::InterleaveUpper(d, x.c, x.e));
  return {hn::BitCast(d, hn::InterleaveLower(d64, ab_low, ce_low)),
          hn::BitCast(d, hn::InterleaveUpper(d64, ab_low, ce_low)),
          hn::BitCast(d, hn::InterleaveLower(d64, ab_high, ce_high)),
          hn::BitCast(d, hn::InterleaveUpper(d64, ab_high, ce_high))};
}

// The integers of kTile lines in a column, of which `here` exist.
HWY_INLINE VI LoadColumn(const int32_t* from, size_t here) {
  const DI d;
  if (here == kTile) return hn::LoadU(d, from);
  HWY_ALIGN int32_t padded[kTile] = {};
  for (size_t l = 0; l < here; ++l) padded[l] = from[l];
  return hn::Load(d, padded);
}
HWY_INLINE Four LoadColumns(const int32_t* from, size_t lines, size_t here) {
  return {LoadColumn(from, here), LoadColumn(from + lines, here), LoadColumn(from + 2 * lines, here),
          LoadColumn(from + 3 * lines, here)};
}

HWY_INLINE void StoreRounded(V values, double* to) { hn::StoreU(values, D(), to); }
HWY_INLINE void StoreRounded(V values, float* to) {
  const hn::Rebind<float, D> df;
  hn::StoreU(hn::DemoteTo(df, values), df, to);
}
HWY_INLINE void StoreRounded(V values, Half* to) {
  const hn::Rebind<uint16_t, D> dh;
  hn::StoreU(hn::TruncateTo(dh, hn::BitCast(hn::RebindToUnsigned<D>(), RoundHalves(values))), dh,
             reinterpret_cast<uint16_t*>(to));
}

template <typename T>
HWY_INLINE void StoreScaled(VI ints, double step, T* to) {
  const D d;
  const V steps = hn::Set(d, step);
#if HWY_TARGET == HWY_AVX3  // as many doubles as integers
  StoreRounded(hn::Mul(hn::PromoteTo(d, ints), steps), to);
#else
  const hn::Half<DI> half;
  StoreRounded(hn::Mul(hn::PromoteTo(d, hn::LowerHalf(half, ints)), steps), to);
  StoreRounded(hn::Mul(hn::PromoteTo(d, hn::UpperHalf(half, ints)), steps), to + kTile / 2);
#endif
}

#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX2  // processors that convert halves
// In float, where the product of every integer below 2^16 and a step of eight significant bits is exact.
constexpr bool kHasNarrow = true;
HWY_INLINE bool IsNarrowStep(double step) {
  return (std::bit_cast<uint64_t>(step) & ((uint64_t{1} << 45) - 1)) == 0 && step >= 0x1p-126 && step < 0x1p127;
}
HWY_INLINE VI Magnitude(VI ints) { return hn::Xor(ints, hn::ShiftRight<31>(ints)); }
HWY_INLINE bool AreNarrow(Four x, Four y) {
  const DI d;
  const VI of_x = hn::Or(hn::Or(Magnitude(x.a), Magnitude(x.b)), hn::Or(Magnitude(x.c), Magnitude(x.e)));
  const VI of_y = hn::Or(hn::Or(Magnitude(y.a), Magnitude(y.b)), hn::Or(Magnitude(y.c), Magnitude(y.e)));
  return hn::AllTrue(d, hn::Lt(hn::Or(of_x, of_y), hn::Set(d, 1 << 16)));
}
HWY_INLINE void StoreNarrow(VI ints, double step, float* to) {
  const hn::RebindToFloat<DI> d;
  hn::StoreU(hn::Mul(hn::ConvertTo(d, ints), hn::Set(d, static_cast<float>(step))), d, to);
}
HWY_INLINE void StoreNarrow(VI ints, double step, Half* to) {
  const hn::RebindToFloat<DI> d;
  const hn::Rebind<hwy::float16_t, DI> dh;
  const auto values = hn::Mul(hn::ConvertTo(d, ints), hn::Set(d, static_cast<float>(step)));
  hn::StoreU(hn::DemoteTo(dh, values), dh, reinterpret_cast<hwy::float16_t*>(to));
}
#else
constexpr bool kHasNarrow = false;
HWY_INLINE bool IsNarrowStep(double) { return false; }
HWY_INLINE bool AreNarrow(Four, Four) { return false; }
template <typename T>
HWY_INLINE void StoreNarrow(VI, double, T*) {}
#endif

// Where a tile goes: its lines from the first, and the column it begins at.
template <typename T>
struct TileOut {
  const double* steps;
  T* const* lines;
  size_t column;
  size_t here;  // lines that exist
  bool narrow;

  HWY_INLINE void Put(size_t line, VI ints) const {
    if (line >= here) return;
    if constexpr (sizeof(T) < sizeof(double)) {
      if (narrow) return StoreNarrow(ints, steps[line], lines[line] + column);
    }
    StoreScaled(ints, steps[line], lines[line] + column);
  }
};

template <class Out>
HWY_INLINE void PutTile(Four low, Four high, const Out& out) {
#if HWY_TARGET == HWY_SSE4  // one block a vector, four columns a tile
  out.Put(0, low.a);
  out.Put(1, low.b);
  out.Put(2, low.c);
  out.Put(3, low.e);
#else
  const DI d;
  out.Put(0, hn::ConcatLowerLower(d, high.a, low.a));
  out.Put(1, hn::ConcatLowerLower(d, high.b, low.b));
  out.Put(2, hn::ConcatLowerLower(d, high.c, low.c));
  out.Put(3, hn::ConcatLowerLower(d, high.e, low.e));
  out.Put(4, hn::ConcatUpperUpper(d, high.a, low.a));
  out.Put(5, hn::ConcatUpperUpper(d, high.b, low.b));
  out.Put(6, hn::ConcatUpperUpper(d, high.c, low.c));
  out.Put(7, hn::ConcatUpperUpper(d, high.e, low.e));
#endif
}

template <typename T>
HWY_INLINE void Scale(const int32_t* ints, size_t columns, size_t lines, const double* steps, T* const* out) {
  const bool narrow_steps = kHasNarrow && sizeof(T) < sizeof(double) && std::all_of(steps, steps + lines, IsNarrowStep);
  for (size_t first = 0; first < lines; first += kTile) {
    const size_t here = std::min(kTile, lines - first);
    size_t c = 0;
    for (; c + kTile <= columns; c += kTile) {
      const int32_t* from = ints + c * lines + first;
      const Four low = LoadColumns(from, lines, here);
      const Four high = LoadColumns(from + (kTile - 4) * lines, lines, here);
      const bool narrow = narrow_steps && AreNarrow(low, high);
      PutTile(Transpose(low), Transpose(high), TileOut<T>{steps + first, out + first, c, here, narrow});
    }
    for (; c < columns; ++c) {
      for (size_t l = first; l < first + here; ++l) out[l][c] = RoundTo(ints[c * lines + l] * steps[l], T());
    }
  }
}

// Integers at the same place of four or eight rows, as PutTile hands them out.
struct TileTurned {
  size_t stride;
  int32_t* to;

  HWY_INLINE void Put(size_t line, VI ints) const { hn::StoreU(ints, DI(), to + line * stride); }
};

void Turn(const int32_t* in, size_t rows, size_t columns, int32_t* out) {
  size_t r = 0;
  for (; r + kTile <= rows; r += kTile) {
    size_t c = 0;
    for (; c + kTile <= columns; c += kTile) {
      const int32_t* from = in + r * columns + c;
      const Four low = LoadColumns(from, columns, kTile);
      const Four high = LoadColumns(from + (kTile - 4) * columns, columns, kTile);
      PutTile(Transpose(low), Transpose(high), TileTurned{rows, out + c * rows + r});
    }
    for (; c < columns; ++c) {
      for (size_t k = r; k < r + kTile; ++k) out[c * rows + k] = in[k * columns + c];
    }
  }
  for (; r < rows; ++r) {
    for (size_t c = 0; c < columns; ++c) out[c * rows + r] = in[r * columns + c];
  }
}

void Differences(const int32_t* column, const int32_t* left, size_t lines, int32_t* out) {
  const DI d;
  size_t l = 0;
  for (; l + kTile <= lines; l += kTile) {
    const VI here = hn::LoadU(d, column + l);
    hn::StoreU(left == nullptr ? here : hn::Sub(here, hn::LoadU(d, left + l)), d, out + l);
  }
  reference::Differences(column + l, left == nullptr ? nullptr : left + l, lines - l, out + l);
}

// Lines from the second on, in whole vectors; the last one ends with the last line and may say again what was said.
template <class Visit>
HWY_INLINE void ForLinesUp(size_t lines, size_t lanes, const Visit& visit) {
  size_t l = 1;
  for (; l + lanes <= lines; l += lanes) visit(l);
  if (l < lines) visit(lines - lanes);
}

void DifferencesUp(const int32_t* column, const int32_t* left, size_t lines, int32_t* out) {
  const DI d;
  reference::DifferencesUp(column, left, lines <= kTile ? lines : 1, out);
  if (lines <= kTile) return;
  ForLinesUp(lines, kTile, [&](size_t l) HWY_ATTR {
    VI less = hn::Sub(hn::LoadU(d, column + l), hn::LoadU(d, column + l - 1));
    if (left != nullptr) less = hn::Sub(less, hn::Sub(hn::LoadU(d, left + l), hn::LoadU(d, left + l - 1)));
    hn::StoreU(less, d, out + l);
  });
}

void RescaledDifferencesUp(const int32_t* column, const double* ratios, size_t lines, int32_t* out) {
  const D d;
  const hn::Rebind<int32_t, D> di;
  const size_t lanes = hn::Lanes(d);
  const V limit = hn::Set(d, 0x1p30), shift = hn::Set(d, 0x1.8p52);
  reference::RescaledDifferencesUp(column, ratios, lines <= lanes ? lines : 1, out);
  if (lines <= lanes) return;
  ForLinesUp(lines, lanes, [&](size_t l) HWY_ATTR {
    // Held within the limits first, which are integers, is the same as rounded first. NaN (0 times an infinite ratio)
    // goes the way of what is too small.
    const V scaled = hn::Mul(hn::PromoteTo(d, hn::LoadU(di, column + l - 1)), hn::LoadU(d, ratios + l));
    const V low = hn::IfThenElse(hn::Gt(scaled, hn::Neg(limit)), scaled, hn::Neg(limit));
    const V held = hn::IfThenElse(hn::Lt(low, limit), low, limit);
    const auto above = hn::DemoteTo(di, hn::Sub(hn::Add(held, shift), shift));
    hn::StoreU(hn::Sub(hn::LoadU(di, column + l), above), di, out + l);
  });
}

#endif  // HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128

void ScaleDouble(const int32_t* i, size_t c, size_t l, const double* s, double* const* o) { Scale(i, c, l, s, o); }
void ScaleFloat(const int32_t* i, size_t c, size_t l, const double* s, float* const* o) { Scale(i, c, l, s, o); }
void ScaleHalf(const int32_t* i, size_t c, size_t l, const double* s, Half* const* o) { Scale(i, c, l, s, o); }

}  // namespace HWY_NAMESPACE
}  // namespace cortex::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cortex::simd {
namespace reference {
namespace {

int32_t Minus(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) - static_cast<uint32_t>(b));
}

}  // namespace

void Differences(const int32_t* column, const int32_t* left, size_t lines, int32_t* out) {
  for (size_t l = 0; l < lines; ++l) out[l] = left == nullptr ? column[l] : Minus(column[l], left[l]);
}

void DifferencesUp(const int32_t* column, const int32_t* left, size_t lines, int32_t* out) {
  for (size_t l = 0; l < lines; ++l) {
    out[l] = l == 0 ? column[l] : Minus(column[l], column[l - 1]);
    if (left != nullptr) out[l] = Minus(out[l], l == 0 ? left[l] : Minus(left[l], left[l - 1]));
  }
}

void RescaledDifferencesUp(const int32_t* column, const double* ratios, size_t lines, int32_t* out) {
  constexpr double kLimit = 0x1p30, kShift = 0x1.8p52;
  for (size_t l = 0; l < lines; ++l) {
    double scaled = l == 0 ? 0 : column[l - 1] * ratios[l];
    scaled = scaled > -kLimit ? scaled : -kLimit;
    scaled = scaled < kLimit ? scaled : kLimit;
    out[l] = Minus(column[l], static_cast<int32_t>((scaled + kShift) - kShift));
  }
}

}  // namespace reference


HWY_EXPORT(ScaleDouble);
HWY_EXPORT(ScaleFloat);
HWY_EXPORT(ScaleHalf);
HWY_EXPORT(Turn);
HWY_EXPORT(Differences);
HWY_EXPORT(DifferencesUp);
HWY_EXPORT(RescaledDifferencesUp);

void ScaleLines(const int32_t* ints, size_t columns, size_t lines, const double* steps, double* const* out) {
  HWY_DYNAMIC_DISPATCH(ScaleDouble)(ints, columns, lines, steps, out);
}
void ScaleLines(const int32_t* ints, size_t columns, size_t lines, const double* steps, float* const* out) {
  HWY_DYNAMIC_DISPATCH(ScaleFloat)(ints, columns, lines, steps, out);
}
void ScaleLines(const int32_t* ints, size_t columns, size_t lines, const double* steps, Half* const* out) {
  HWY_DYNAMIC_DISPATCH(ScaleHalf)(ints, columns, lines, steps, out);
}
void TransposeIntegers(const int32_t* in, size_t rows, size_t columns, int32_t* out) {
  HWY_DYNAMIC_DISPATCH(Turn)(in, rows, columns, out);
}

void Differences(const int32_t* column, const int32_t* left, size_t lines, int32_t* out) {
  HWY_DYNAMIC_DISPATCH(Differences)(column, left, lines, out);
}
void DifferencesUp(const int32_t* column, const int32_t* left, size_t lines, int32_t* out) {
  HWY_DYNAMIC_DISPATCH(DifferencesUp)(column, left, lines, out);
}
void RescaledDifferencesUp(const int32_t* column, const double* ratios, size_t lines, int32_t* out) {
  HWY_DYNAMIC_DISPATCH(RescaledDifferencesUp)(column, ratios, lines, out);
}

Half RoundToHalf(double value) { return HWY_STATIC_DISPATCH(RoundHalf)(value); }

}  // namespace cortex::simd
#endif  // HWY_ONCE

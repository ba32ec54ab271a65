#include "codecs/simd/line_kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "codecs/simd/line_kernels.cc"
#include "hwy/aligned_allocator.h"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace cortex::simd {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<double, 8>;
using V = hn::Vec<D>;

struct Complex {
  V re, im;
};
HWY_INLINE Complex Load(const double* re, const double* im, size_t at) {
  const D d;
  return {hn::Load(d, re + at), hn::Load(d, im + at)};
}
HWY_INLINE void Store(Complex z, double* re, double* im, size_t at) {
  const D d;
  hn::Store(z.re, d, re + at);
  hn::Store(z.im, d, im + at);
}
HWY_INLINE Complex Add(Complex a, Complex b) { return {hn::Add(a.re, b.re), hn::Add(a.im, b.im)}; }
HWY_INLINE Complex Sub(Complex a, Complex b) { return {hn::Sub(a.re, b.re), hn::Sub(a.im, b.im)}; }
HWY_INLINE Complex Mul(Complex a, V re, V im) {
  return {hn::Sub(hn::Mul(a.re, re), hn::Mul(a.im, im)), hn::Add(hn::Mul(a.re, im), hn::Mul(a.im, re))};
}
HWY_INLINE Complex TimesI(Complex a, bool inverse) {  // by i, or by -i forward
  return inverse ? Complex{hn::Neg(a.im), a.re} : Complex{a.im, hn::Neg(a.re)};
}

// One strip: as many lines as there are lanes, value t of all of them at [t * lanes].
struct Strip {
  double *re, *im, *other_re, *other_im;

  void Swap() {
    std::swap(re, other_re);
    std::swap(im, other_im);
  }
};

struct Pass {
  const FourierPlan* plan;
  bool inverse;
  size_t length;  // of the transforms still to do
  size_t stride;  // size / length

  Complex Root(size_t index) const {
    const D d;
    const size_t k = index % plan->size;
    const double sine = plan->sines[k];
    return {hn::Set(d, plan->cosines[k]), hn::Set(d, inverse ? sine : -sine)};
  }
};

HWY_INLINE Complex Twiddle(Complex z, const Pass& pass, size_t index) {
  if (index == 0) return z;
  const Complex w = pass.Root(index);
  return Mul(z, w.re, w.im);
}

HWY_INLINE void PassOfTwo(const Pass& pass, const Strip& strip) {
  const size_t lanes = hn::Lanes(D());
  const size_t half = pass.length / 2, s = pass.stride;
  for (size_t p = 0; p < half; ++p) {
    for (size_t q = 0; q < s; ++q) {
      const Complex a = Load(strip.re, strip.im, (q + s * p) * lanes);
      const Complex b = Load(strip.re, strip.im, (q + s * (p + half)) * lanes);
      Store(Add(a, b), strip.other_re, strip.other_im, (q + s * 2 * p) * lanes);
      Store(Twiddle(Sub(a, b), pass, p * s), strip.other_re, strip.other_im, (q + s * (2 * p + 1)) * lanes);
    }
  }
}

HWY_INLINE void PassOfFour(const Pass& pass, const Strip& strip) {
  const size_t lanes = hn::Lanes(D());
  const size_t m = pass.length / 4, s = pass.stride;
  for (size_t p = 0; p < m; ++p) {
    const Complex w1 = pass.Root(p * s), w2 = pass.Root(2 * p * s), w3 = pass.Root(3 * p * s);
    for (size_t q = 0; q < s; ++q) {
      const Complex x0 = Load(strip.re, strip.im, (q + s * p) * lanes);
      const Complex x1 = Load(strip.re, strip.im, (q + s * (p + m)) * lanes);
      const Complex x2 = Load(strip.re, strip.im, (q + s * (p + 2 * m)) * lanes);
      const Complex x3 = Load(strip.re, strip.im, (q + s * (p + 3 * m)) * lanes);
      const Complex a = Add(x0, x2), b = Sub(x0, x2), c = Add(x1, x3), e = TimesI(Sub(x1, x3), pass.inverse);
      Complex y1 = Add(b, e), y2 = Sub(a, c), y3 = Sub(b, e);
      if (p != 0) {
        y1 = Mul(y1, w1.re, w1.im);
        y2 = Mul(y2, w2.re, w2.im);
        y3 = Mul(y3, w3.re, w3.im);
      }
      const size_t to = (q + s * 4 * p) * lanes;
      Store(Add(a, c), strip.other_re, strip.other_im, to);
      Store(y1, strip.other_re, strip.other_im, to + s * lanes);
      Store(y2, strip.other_re, strip.other_im, to + 2 * s * lanes);
      Store(y3, strip.other_re, strip.other_im, to + 3 * s * lanes);
    }
  }
}

// Any radix, by its definition.
HWY_INLINE void PassOfPrime(const Pass& pass, size_t radix, const Strip& strip) {
  const size_t lanes = hn::Lanes(D());
  const size_t m = pass.length / radix, s = pass.stride;
  for (size_t p = 0; p < m; ++p) {
    for (size_t q = 0; q < s; ++q) {
      for (size_t k = 0; k < radix; ++k) {
        Complex sum = Load(strip.re, strip.im, (q + s * p) * lanes);
        for (size_t j = 1; j < radix; ++j) {
          const Complex x = Load(strip.re, strip.im, (q + s * (p + j * m)) * lanes);
          sum = Add(sum, Twiddle(x, pass, j * k % radix * (pass.plan->size / radix)));
        }
        Store(Twiddle(sum, pass, p * k * s), strip.other_re, strip.other_im, (q + s * (radix * p + k)) * lanes);
      }
    }
  }
}

// Stockham's passes: they sort on the way, so there is no bit reversal and every load is a whole vector.
HWY_INLINE void Transform(const FourierPlan& plan, bool inverse, Strip* strip) {
  Pass pass{&plan, inverse, plan.size, 1};
  for (const uint32_t factor : plan.factors) {
    if (factor == 4) {
      PassOfFour(pass, *strip);
    } else if (factor == 2) {
      PassOfTwo(pass, *strip);
    } else {
      PassOfPrime(pass, factor, *strip);
    }
    strip->Swap();
    pass.length /= factor;
    pass.stride *= factor;
  }
}

// Memory of one strip, in doubles: four arrays of `points` vectors.
struct StripMemory {
  explicit StripMemory(size_t points) : doubles(hwy::AllocateAligned<double>(4 * points * hn::Lanes(D()))) {
    const size_t n = points * hn::Lanes(D());
    strip = {doubles.get(), doubles.get() + n, doubles.get() + 2 * n, doubles.get() + 3 * n};
  }
  hwy::AlignedFreeUniquePtr<double[]> doubles;
  Strip strip;
};

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

// The steps of lines [first, first + lanes), zero past the last.
HWY_INLINE V LoadSteps(const double* steps, size_t first, size_t lines) {
  const D d;
  HWY_ALIGN double padded[8] = {};
  for (size_t i = 0; i < std::min(hn::Lanes(d), lines - first); ++i) padded[i] = steps[first + i];
  return hn::Load(d, padded);
}

// The products of column c, lines [first, first + lanes). Reads whole vectors only where they exist.
HWY_INLINE V LoadProducts(const int32_t* ints, size_t c, size_t first, size_t lines, V steps) {
  const D d;
  const hn::Rebind<int32_t, D> di;
  const int32_t* from = ints + c * lines + first;
  if (lines - first >= hn::Lanes(d)) return hn::Mul(hn::PromoteTo(d, hn::LoadU(di, from)), steps);
  HWY_ALIGN int32_t padded[8] = {};
  for (size_t i = 0; i < lines - first; ++i) padded[i] = from[i];
  return hn::Mul(hn::PromoteTo(d, hn::Load(di, padded)), steps);
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

template <typename T>
HWY_INLINE void PutTile(Four low, Four high, const TileOut<T>& out) {
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

#endif  // HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128

void ScaleDouble(const int32_t* i, size_t c, size_t l, const double* s, double* const* o) { Scale(i, c, l, s, o); }
void ScaleFloat(const int32_t* i, size_t c, size_t l, const double* s, float* const* o) { Scale(i, c, l, s, o); }
void ScaleHalf(const int32_t* i, size_t c, size_t l, const double* s, Half* const* o) { Scale(i, c, l, s, o); }

template <typename T>
HWY_INLINE void Inverse(const FourierPlan& plan, const int32_t* ints, size_t lines, const double* steps,
                        T* const* out) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  StripMemory memory(plan.size);
  for (size_t first = 0; first < lines; first += lanes) {
    Strip strip = memory.strip;
    const V step = LoadSteps(steps, first, lines);
    for (size_t k = 0; k < plan.size; ++k) {
      hn::Store(LoadProducts(ints, 2 * k, first, lines, step), d, strip.re + k * lanes);
      hn::Store(LoadProducts(ints, 2 * k + 1, first, lines, step), d, strip.im + k * lanes);
    }
    Transform(plan, /*inverse=*/true, &strip);
    for (size_t l = 0; l < std::min(lanes, lines - first); ++l) {
      T* to = out[first + l];
      for (size_t t = 0; t < plan.size; ++t) {
        to[2 * t] = static_cast<T>(strip.re[t * lanes + l]);
        to[2 * t + 1] = static_cast<T>(strip.im[t * lanes + l]);
      }
    }
  }
}
void InverseDouble(const FourierPlan& p, const int32_t* i, size_t l, const double* s, double* const* o) {
  Inverse(p, i, l, s, o);
}
void InverseFloat(const FourierPlan& p, const int32_t* i, size_t l, const double* s, float* const* o) {
  Inverse(p, i, l, s, o);
}

void Forward(const FourierPlan& plan, const double* const* values, size_t lines, double* const* out) {
  const size_t lanes = hn::Lanes(D());
  const auto size = static_cast<double>(plan.size);
  StripMemory memory(plan.size);
  for (size_t first = 0; first < lines; first += lanes) {
    Strip strip = memory.strip;
    for (size_t l = 0; l < lanes; ++l) {
      const double* from = values[std::min(first + l, lines - 1)];
      for (size_t t = 0; t < plan.size; ++t) {
        strip.re[t * lanes + l] = from[2 * t];
        strip.im[t * lanes + l] = from[2 * t + 1];
      }
    }
    Transform(plan, /*inverse=*/false, &strip);
    for (size_t l = 0; l < std::min(lanes, lines - first); ++l) {
      double* to = out[first + l];
      for (size_t k = 0; k < plan.size; ++k) {
        to[2 * k] = strip.re[k * lanes + l] / size;
        to[2 * k + 1] = strip.im[k * lanes + l] / size;
      }
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace cortex::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cortex::simd {

HWY_EXPORT(ScaleDouble);
HWY_EXPORT(ScaleFloat);
HWY_EXPORT(ScaleHalf);
HWY_EXPORT(InverseDouble);
HWY_EXPORT(InverseFloat);
HWY_EXPORT(Forward);

void ScaleLines(const int32_t* ints, size_t columns, size_t lines, const double* steps, double* const* out) {
  HWY_DYNAMIC_DISPATCH(ScaleDouble)(ints, columns, lines, steps, out);
}
void ScaleLines(const int32_t* ints, size_t columns, size_t lines, const double* steps, float* const* out) {
  HWY_DYNAMIC_DISPATCH(ScaleFloat)(ints, columns, lines, steps, out);
}
void ScaleLines(const int32_t* ints, size_t columns, size_t lines, const double* steps, Half* const* out) {
  HWY_DYNAMIC_DISPATCH(ScaleHalf)(ints, columns, lines, steps, out);
}
void InverseFourierLines(const FourierPlan& plan, const int32_t* ints, size_t lines, const double* steps,
                         double* const* out) {
  HWY_DYNAMIC_DISPATCH(InverseDouble)(plan, ints, lines, steps, out);
}
void InverseFourierLines(const FourierPlan& plan, const int32_t* ints, size_t lines, const double* steps,
                         float* const* out) {
  HWY_DYNAMIC_DISPATCH(InverseFloat)(plan, ints, lines, steps, out);
}
void ForwardFourierLines(const FourierPlan& plan, const double* const* values, size_t lines, double* const* out) {
  HWY_DYNAMIC_DISPATCH(Forward)(plan, values, lines, out);
}

Half RoundToHalf(double value) { return HWY_STATIC_DISPATCH(RoundHalf)(value); }

namespace reference {

void FourierLine(const FourierPlan& plan, bool inverse, double* re, double* im) {
  const size_t n = plan.size;
  std::vector<double> next_re(n), next_im(n);
  const auto twiddle = [&](size_t index, double* x, double* y) {
    if (index == 0) return;
    const double c = plan.cosines[index % n], s = inverse ? plan.sines[index % n] : -plan.sines[index % n];
    const double a = *x * c - *y * s;
    *y = *x * s + *y * c;
    *x = a;
  };
  size_t length = n, stride = 1;
  for (const uint32_t radix : plan.factors) {
    const size_t m = length / radix;
    for (size_t i = 0; i < m * stride; ++i) {
      const size_t p = i / stride, q = i % stride;
      double x[13], y[13], sum_x[13], sum_y[13];
      for (size_t j = 0; j < radix; ++j) {
        x[j] = re[q + stride * (p + j * m)];
        y[j] = im[q + stride * (p + j * m)];
      }
      if (radix == 2) {
        sum_x[0] = x[0] + x[1], sum_y[0] = y[0] + y[1], sum_x[1] = x[0] - x[1], sum_y[1] = y[0] - y[1];
      } else if (radix == 4) {
        const double ax = x[0] + x[2], ay = y[0] + y[2], bx = x[0] - x[2], by = y[0] - y[2];
        const double cx = x[1] + x[3], cy = y[1] + y[3], dx = x[1] - x[3], dy = y[1] - y[3];
        const double ex = inverse ? -dy : dy, ey = inverse ? dx : -dx;  // by i, forward by -i
        sum_x[0] = ax + cx, sum_y[0] = ay + cy, sum_x[1] = bx + ex, sum_y[1] = by + ey;
        sum_x[2] = ax - cx, sum_y[2] = ay - cy, sum_x[3] = bx - ex, sum_y[3] = by - ey;
      } else {
        for (size_t k = 0; k < radix; ++k) {
          sum_x[k] = x[0], sum_y[k] = y[0];
          for (size_t j = 1; j < radix; ++j) {
            double a = x[j], b = y[j];
            twiddle(j * k % radix * (n / radix), &a, &b);
            sum_x[k] += a, sum_y[k] += b;
          }
        }
      }
      for (size_t k = 0; k < radix; ++k) {
        twiddle(p * k * stride, &sum_x[k], &sum_y[k]);
        next_re[q + stride * (radix * p + k)] = sum_x[k];
        next_im[q + stride * (radix * p + k)] = sum_y[k];
      }
    }
    std::copy(next_re.begin(), next_re.end(), re);
    std::copy(next_im.begin(), next_im.end(), im);
    length = m;
    stride *= radix;
  }
}

}  // namespace reference
}  // namespace cortex::simd
#endif  // HWY_ONCE

#include "codecs/simd/scale_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "codecs/simd/scale_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace cortex::simd {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<double>;
using V = hn::Vec<D>;

HWY_INLINE V LoadWide(const int8_t* in) {
  const hn::Rebind<int8_t, D> d8;
  const hn::Rebind<int32_t, D> d32;
  return hn::PromoteTo(D(), hn::PromoteTo(d32, hn::LoadU(d8, in)));
}
HWY_INLINE V LoadWide(const int16_t* in) {
  const hn::Rebind<int16_t, D> d16;
  const hn::Rebind<int32_t, D> d32;
  return hn::PromoteTo(D(), hn::PromoteTo(d32, hn::LoadU(d16, in)));
}
HWY_INLINE V LoadWide(const int32_t* in) {
  const hn::Rebind<int32_t, D> d32;
  return hn::PromoteTo(D(), hn::LoadU(d32, in));
}
HWY_INLINE V LoadWide(const int64_t* in) {
  const hn::Rebind<int64_t, D> d64;
  return hn::ConvertTo(D(), hn::LoadU(d64, in));
}

HWY_INLINE void Put(V value, double* out) { hn::StoreU(value, D(), out); }
HWY_INLINE void Put(V value, float* out) {
  const hn::Rebind<float, D> df;
  hn::StoreU(hn::DemoteTo(df, value), df, out);
}

// The values of whole vectors; returns how many.
template <typename Int, typename Float>
HWY_INLINE size_t ScaleVectors(const Int* in, size_t count, Scale scale, Float* out) {
  const D d;
  const size_t lanes = hn::Lanes(d);
  const auto factor = hn::Set(d, scale.factor);
  size_t i = 0;
  if (scale.divide) {
    for (; i + lanes <= count; i += lanes) Put(hn::Div(LoadWide(in + i), factor), out + i);
  } else if (scale.factor == 1) {
    for (; i + lanes <= count; i += lanes) Put(LoadWide(in + i), out + i);
  } else {
    for (; i + lanes <= count; i += lanes) Put(hn::Mul(LoadWide(in + i), factor), out + i);
  }
  return i;
}

size_t Scale8To32(const int8_t* in, size_t n, Scale s, float* out) { return ScaleVectors(in, n, s, out); }
size_t Scale8To64(const int8_t* in, size_t n, Scale s, double* out) { return ScaleVectors(in, n, s, out); }
size_t Scale16To32(const int16_t* in, size_t n, Scale s, float* out) { return ScaleVectors(in, n, s, out); }
size_t Scale16To64(const int16_t* in, size_t n, Scale s, double* out) { return ScaleVectors(in, n, s, out); }
size_t Scale32To32(const int32_t* in, size_t n, Scale s, float* out) { return ScaleVectors(in, n, s, out); }
size_t Scale32To64(const int32_t* in, size_t n, Scale s, double* out) { return ScaleVectors(in, n, s, out); }
size_t Scale64To32(const int64_t* in, size_t n, Scale s, float* out) { return ScaleVectors(in, n, s, out); }
size_t Scale64To64(const int64_t* in, size_t n, Scale s, double* out) { return ScaleVectors(in, n, s, out); }

size_t WidenFloat(const float* in, size_t count, double* out) {
  const D d;
  const hn::Rebind<float, D> df;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(hn::PromoteTo(d, hn::LoadU(df, in + i)), d, out + i);
  return i;
}
size_t WidenHalf(const Half* in, size_t count, float* out) {
  const hn::ScalableTag<float> d;
  const hn::Rebind<hwy::float16_t, decltype(d)> dh;
  const size_t lanes = hn::Lanes(d);
  const auto* halves = reinterpret_cast<const hwy::float16_t*>(in);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(hn::PromoteTo(d, hn::LoadU(dh, halves + i)), d, out + i);
  return i;
}

}  // namespace HWY_NAMESPACE
}  // namespace cortex::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cortex::simd {

HWY_EXPORT(Scale8To32);
HWY_EXPORT(Scale8To64);
HWY_EXPORT(Scale16To32);
HWY_EXPORT(Scale16To64);
HWY_EXPORT(Scale32To32);
HWY_EXPORT(Scale32To64);
HWY_EXPORT(Scale64To32);
HWY_EXPORT(Scale64To64);

HWY_EXPORT(WidenFloat);
HWY_EXPORT(WidenHalf);

void WidenFloats(const float* in, size_t count, double* out) {
  for (size_t i = HWY_DYNAMIC_DISPATCH(WidenFloat)(in, count, out); i < count; ++i) out[i] = in[i];
}
void WidenFloats(const Half* in, size_t count, float* out) {
  for (size_t i = HWY_DYNAMIC_DISPATCH(WidenHalf)(in, count, out); i < count; ++i) out[i] = ToFloat(in[i]);
}
// Through float in the cache: no target widens halves to doubles in one step.
void WidenFloats(const Half* in, size_t count, double* out) {
  constexpr size_t kPiece = 512;
  float floats[kPiece];
  for (size_t done = 0; done < count; done += kPiece) {
    const size_t piece = count - done < kPiece ? count - done : kPiece;
    WidenFloats(in + done, piece, floats);
    WidenFloats(floats, piece, out + done);
  }
}

// One specialisation per pair of types: the vectors by the best target, the tail by the specification.
#define CORTEX_SCALE(Int, Float, Kernel)                                                      \
  template <>                                                                                 \
  void ScaleIntegers<Int, Float>(const Int* in, size_t count, Scale scale, Float* out) {      \
    const size_t done = HWY_DYNAMIC_DISPATCH(Kernel)(in, count, scale, out);                  \
    for (size_t i = done; i < count; ++i) out[i] = ScaleOne<Float>(int64_t{in[i]}, scale);    \
  }
CORTEX_SCALE(int8_t, float, Scale8To32)
CORTEX_SCALE(int8_t, double, Scale8To64)
CORTEX_SCALE(int16_t, float, Scale16To32)
CORTEX_SCALE(int16_t, double, Scale16To64)
CORTEX_SCALE(int32_t, float, Scale32To32)
CORTEX_SCALE(int32_t, double, Scale32To64)
CORTEX_SCALE(int64_t, float, Scale64To32)
CORTEX_SCALE(int64_t, double, Scale64To64)
#undef CORTEX_SCALE

}  // namespace cortex::simd
#endif  // HWY_ONCE

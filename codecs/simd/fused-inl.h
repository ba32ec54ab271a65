// a · b + c rounded once, on every target: SSE4 has no such instruction and asks std::fma lane by lane (slow, and
// right). Included once per target by the kernels, so the guard toggles (Highway's idiom for -inl.h files).
#if defined(CORTEX_CODECS_SIMD_FUSED_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CORTEX_CODECS_SIMD_FUSED_INL_H_
#undef CORTEX_CODECS_SIMD_FUSED_INL_H_
#else
#define CORTEX_CODECS_SIMD_FUSED_INL_H_
#endif

#include <cmath>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace cortex::simd {
namespace HWY_NAMESPACE {

template <class D, class V = hwy::HWY_NAMESPACE::Vec<D>>
HWY_INLINE V Fused(D d, V a, V b, V c) {
#if HWY_NATIVE_FMA
  (void)d;
  return hwy::HWY_NAMESPACE::MulAdd(a, b, c);
#else
  using T = hwy::HWY_NAMESPACE::TFromD<D>;
  constexpr size_t kLanes = hwy::HWY_NAMESPACE::MaxLanes(d);
  HWY_ALIGN T x[kLanes], y[kLanes], z[kLanes];
  hwy::HWY_NAMESPACE::Store(a, d, x);
  hwy::HWY_NAMESPACE::Store(b, d, y);
  hwy::HWY_NAMESPACE::Store(c, d, z);
  for (size_t i = 0; i < kLanes; ++i) z[i] = std::fma(x[i], y[i], z[i]);
  return hwy::HWY_NAMESPACE::Load(d, z);
#endif
}

}  // namespace HWY_NAMESPACE
}  // namespace cortex::simd
HWY_AFTER_NAMESPACE();

#endif  // CORTEX_CODECS_SIMD_FUSED_INL_H_

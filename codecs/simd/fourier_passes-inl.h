// The passes of a Fourier transform, on strips: as many lines at once as a vector has lanes, one lane a line. Included
// once per target by the kernels, so the guard toggles (Highway's idiom for -inl.h files).
#if defined(CORTEX_CODECS_SIMD_FOURIER_PASSES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef CORTEX_CODECS_SIMD_FOURIER_PASSES_INL_H_
#undef CORTEX_CODECS_SIMD_FOURIER_PASSES_INL_H_
#else
#define CORTEX_CODECS_SIMD_FOURIER_PASSES_INL_H_
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "codecs/simd/fourier_plan.h"
#include "hwy/aligned_allocator.h"
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
  return {hn::LoadU(d, re + at), hn::LoadU(d, im + at)};  // a first pass may read from anywhere
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

// What a pass reads.
struct PassIn {
  const double *re, *im;
};

HWY_INLINE void PassOfTwo(const Pass& pass, const PassIn& in, const Strip& strip) {
  const size_t lanes = hn::Lanes(D());
  const size_t half = pass.length / 2, s = pass.stride;
  for (size_t p = 0; p < half; ++p) {
    for (size_t q = 0; q < s; ++q) {
      const Complex a = Load(in.re, in.im, (q + s * p) * lanes);
      const Complex b = Load(in.re, in.im, (q + s * (p + half)) * lanes);
      Store(Add(a, b), strip.other_re, strip.other_im, (q + s * 2 * p) * lanes);
      Store(Twiddle(Sub(a, b), pass, p * s), strip.other_re, strip.other_im, (q + s * (2 * p + 1)) * lanes);
    }
  }
}

HWY_INLINE void PassOfFour(const Pass& pass, const PassIn& in, const Strip& strip) {
  const size_t lanes = hn::Lanes(D());
  const size_t m = pass.length / 4, s = pass.stride;
  for (size_t p = 0; p < m; ++p) {
    const Complex w1 = pass.Root(p * s), w2 = pass.Root(2 * p * s), w3 = pass.Root(3 * p * s);
    for (size_t q = 0; q < s; ++q) {
      const Complex x0 = Load(in.re, in.im, (q + s * p) * lanes);
      const Complex x1 = Load(in.re, in.im, (q + s * (p + m)) * lanes);
      const Complex x2 = Load(in.re, in.im, (q + s * (p + 2 * m)) * lanes);
      const Complex x3 = Load(in.re, in.im, (q + s * (p + 3 * m)) * lanes);
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
HWY_INLINE void PassOfPrime(const Pass& pass, size_t radix, const PassIn& in, const Strip& strip) {
  const size_t lanes = hn::Lanes(D());
  const size_t m = pass.length / radix, s = pass.stride;
  for (size_t p = 0; p < m; ++p) {
    for (size_t q = 0; q < s; ++q) {
      for (size_t k = 0; k < radix; ++k) {
        Complex sum = Load(in.re, in.im, (q + s * p) * lanes);
        for (size_t j = 1; j < radix; ++j) {
          const Complex x = Load(in.re, in.im, (q + s * (p + j * m)) * lanes);
          sum = Add(sum, Twiddle(x, pass, j * k % radix * (pass.plan->size / radix)));
        }
        Store(Twiddle(sum, pass, p * k * s), strip.other_re, strip.other_im, (q + s * (radix * p + k)) * lanes);
      }
    }
  }
}

// Stockham's passes: they sort on the way, so there is no bit reversal and every load is a whole vector. Reads from `re`
// and `im`, which may be the strip's own; the result is in the strip.
HWY_INLINE void TransformFrom(const FourierPlan& plan, bool inverse, const double* re, const double* im, Strip* strip) {
  Pass pass{&plan, inverse, plan.size, 1};
  for (const uint32_t factor : plan.factors) {
    const PassIn in{re, im};
    if (factor == 4) {
      PassOfFour(pass, in, *strip);
    } else if (factor == 2) {
      PassOfTwo(pass, in, *strip);
    } else {
      PassOfPrime(pass, factor, in, *strip);
    }
    strip->Swap();
    re = strip->re;
    im = strip->im;
    pass.length /= factor;
    pass.stride *= factor;
  }
}
HWY_INLINE void Transform(const FourierPlan& plan, bool inverse, Strip* strip) {
  TransformFrom(plan, inverse, strip->re, strip->im, strip);
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

}  // namespace HWY_NAMESPACE
}  // namespace cortex::simd
HWY_AFTER_NAMESPACE();

#endif  // CORTEX_CODECS_SIMD_FOURIER_PASSES_INL_H_

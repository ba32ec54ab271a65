#include "codecs/simd/fourier_kernels.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "codecs/simd/quantise_kernels.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "codecs/simd/fourier_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

#include "codecs/simd/fourier_passes-inl.h"  // once per target, so behind foreach_target.h

HWY_BEFORE_NAMESPACE();
namespace cortex::simd {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

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

// Strips of an encoder, one behind the other: real parts of all points, then imaginary ones.
struct StripRef {
  const double *re, *im;
};
HWY_INLINE StripRef StripAt(const FourierPlan& plan, const double* strips, size_t number) {
  const size_t n = plan.size * hn::Lanes(D());
  return {strips + 2 * number * n, strips + (2 * number + 1) * n};
}

void LoadStrips(const FourierPlan& plan, const double* const* values, size_t lines, double* strips) {
  const size_t lanes = hn::Lanes(D());
  for (size_t first = 0; first < lines; first += lanes) {
    double* const re = strips + 2 * plan.size * first;
    double* const im = re + plan.size * lanes;
    for (size_t l = 0; l < lanes; ++l) {
      const double* from = values[std::min(first + l, lines - 1)];
      for (size_t t = 0; t < plan.size; ++t) {
        re[t * lanes + l] = from[2 * t];
        im[t * lanes + l] = from[2 * t + 1];
      }
    }
  }
}

void ForwardStrips(const FourierPlan& plan, const double* strips, size_t lines, double* coefficients) {
  const D d;
  const size_t lanes = hn::Lanes(d), n = plan.size * lanes;
  const V size = hn::Set(d, static_cast<double>(plan.size));
  StripMemory memory(plan.size);
  for (size_t first = 0; first < lines; first += lanes) {
    const StripRef from = StripAt(plan, strips, first / lanes);
    Strip strip = memory.strip;
    TransformFrom(plan, /*inverse=*/false, from.re, from.im, &strip);
    double* const to = coefficients + 2 * plan.size * first;
    for (size_t i = 0; i < n; i += lanes) {
      hn::StoreU(hn::Div(hn::Load(d, strip.re + i), size), d, to + i);
      hn::StoreU(hn::Div(hn::Load(d, strip.im + i), size), d, to + n + i);
    }
  }
}

HWY_INLINE V Nearest(V x) {
  const D d;
  const V shift = hn::Set(d, 0x1.8p52);
  return hn::IfThenElse(hn::Lt(hn::Abs(x), hn::Set(d, 0x1p51)), hn::Sub(hn::Add(x, shift), shift), x);
}
// The integer of a coefficient, as a double.
HWY_INLINE V IntegerOf(V x, V inverse) {
  const V nearest = Nearest(hn::Mul(x, inverse));
  return hn::IfThenElseZero(hn::Le(hn::Abs(nearest), hn::Set(D(), kLargestRounded)), nearest);
}

HWY_INLINE V AsFloat(V x) {
  const D d;
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128  // emulated vectors saturate where floats overflow
  HWY_ALIGN double lanes[hn::MaxLanes(d)];
  hn::Store(x, d, lanes);
  for (double& v : lanes) v = static_cast<float>(v);
  return hn::Load(d, lanes);
#else
  const hn::Rebind<float, D> df;
  return hn::PromoteTo(d, hn::DemoteTo(df, x));
#endif
}

// One number per line of a strip.
HWY_INLINE V LoadOfLines(const double* of_lines, size_t first, size_t lines) {
  return LoadSteps(of_lines, first, lines);
}
HWY_INLINE void StoreOfLines(V values, size_t first, size_t lines, double* of_lines) {
  HWY_ALIGN double all[hn::MaxLanes(D())];
  hn::Store(values, D(), all);
  std::copy_n(all, std::min(hn::Lanes(D()), lines - first), of_lines + first);
}
HWY_INLINE bool AnyOfLines(const double* steps, size_t first, size_t lines) {
  const double* const end = steps + std::min(lines, first + hn::Lanes(D()));
  return std::any_of(steps + first, end, [](double step) { return step != 0; });
}

void StripSquares(const FourierPlan& plan, const double* coefficients, const double* steps, size_t lines,
                  double* sums) {
  const D d;
  const size_t lanes = hn::Lanes(d), n = plan.size * lanes;
  for (size_t first = 0; first < lines; first += lanes) {
    if (!AnyOfLines(steps, first, lines)) continue;
    const StripRef x = StripAt(plan, coefficients, first / lanes);
    const V step = LoadOfLines(steps, first, lines), inverse = hn::Div(hn::Set(d, 1.0), step);
    V sum = hn::Zero(d);
    for (size_t i = 0; i < n; i += lanes) {
      const V re = hn::LoadU(d, x.re + i), im = hn::LoadU(d, x.im + i);
      const V error_re = hn::Sub(re, hn::Mul(step, Nearest(hn::Mul(re, inverse))));
      const V error_im = hn::Sub(im, hn::Mul(step, Nearest(hn::Mul(im, inverse))));
      sum = hn::Add(sum, hn::Add(hn::Mul(error_re, error_re), hn::Mul(error_im, error_im)));
    }
    StoreOfLines(sum, first, lines, sums);
  }
}

void TrySteps(const FourierPlan& plan, const FourierTrials& trials, const double* steps, size_t lines) {
  const D d;
  const size_t lanes = hn::Lanes(d), n = plan.size * lanes;
  StripMemory memory(plan.size);
  for (size_t first = 0; first < lines; first += lanes) {
    if (!AnyOfLines(steps, first, lines)) continue;
    const StripRef x = StripAt(plan, trials.coefficients, first / lanes);
    const StripRef z = StripAt(plan, trials.values, first / lanes);
    const V step = LoadOfLines(steps, first, lines), inverse = hn::Div(hn::Set(d, 1.0), step);
    Strip strip = memory.strip;
    for (size_t i = 0; i < n; i += lanes) {
      hn::Store(hn::Mul(IntegerOf(hn::LoadU(d, x.re + i), inverse), step), d, strip.re + i);
      hn::Store(hn::Mul(IntegerOf(hn::LoadU(d, x.im + i), inverse), step), d, strip.im + i);
    }
    Transform(plan, /*inverse=*/true, &strip);
    V largest = hn::Zero(d), sum = hn::Zero(d);
    for (size_t i = 0; i < n; i += lanes) {
      V re = hn::Load(d, strip.re + i), im = hn::Load(d, strip.im + i);
      if (trials.to_float) re = AsFloat(re), im = AsFloat(im);
      if (trials.decoded != nullptr) {
        hn::StoreU(re, d, trials.decoded + 2 * plan.size * first + i);
        hn::StoreU(im, d, trials.decoded + 2 * plan.size * first + n + i);
      }
      const V dx = hn::Sub(hn::LoadU(d, z.re + i), re), dy = hn::Sub(hn::LoadU(d, z.im + i), im);
      const V square = hn::Add(hn::Mul(dx, dx), hn::Mul(dy, dy));
      largest = hn::Max(largest, square);
      sum = hn::Add(sum, square);
    }
    StoreOfLines(largest, first, lines, trials.largest);
    StoreOfLines(sum, first, lines, trials.sums);
  }
}

void RoundStrips(const FourierPlan& plan, const double* coefficients, const double* steps, size_t lines,
                 int32_t* ints) {
  const D d;
  const hn::Rebind<int32_t, D> di;
  const size_t lanes = hn::Lanes(d);
  HWY_ALIGN int32_t padded[2 * hn::MaxLanes(D())];
  for (size_t first = 0; first < lines; first += lanes) {
    const StripRef x = StripAt(plan, coefficients, first / lanes);
    const V inverse = hn::Div(hn::Set(d, 1.0), LoadOfLines(steps, first, lines));
    const size_t here = std::min(lanes, lines - first);
    for (size_t k = 0; k < plan.size; ++k) {
      hn::Store(hn::DemoteTo(di, IntegerOf(hn::LoadU(d, x.re + k * lanes), inverse)), di, padded);
      hn::Store(hn::DemoteTo(di, IntegerOf(hn::LoadU(d, x.im + k * lanes), inverse)), di, padded + lanes);
      std::copy_n(padded, here, ints + 2 * k * lines + first);
      std::copy_n(padded + lanes, here, ints + (2 * k + 1) * lines + first);
    }
  }
}

void FitStrips(const FourierPlan& plan, const FourierFits& fits, const double* steps, size_t lines) {
  const D d;
  const size_t lanes = hn::Lanes(d), n = 2 * plan.size * lanes;
  const V normal = hn::Set(d, fits.smallest_normal), infinite = hn::Set(d, HUGE_VAL), zero = hn::Zero(d);
  const hn::RebindToUnsigned<D> du;
  for (size_t first = 0; first < lines; first += lanes) {
    const double* const x = fits.coefficients + 2 * plan.size * first;
    const double* const given = fits.rounded + 2 * plan.size * first;
    const double* const values = fits.values + 2 * plan.size * first;
    const V inverse = hn::Div(hn::Set(d, 1.0), LoadOfLines(steps, first, lines));
    V largest = zero, squares = zero, distance = zero, special = zero;
    for (size_t i = 0; i < n; i += lanes) {
      const V here = hn::LoadU(d, x + i), value = hn::LoadU(d, values + i);
      const V off = hn::Sub(hn::Mul(here, inverse), IntegerOf(hn::LoadU(d, given + i), inverse));
      largest = hn::Max(largest, hn::Abs(here));
      squares = hn::Add(squares, hn::Mul(here, here));
      distance = hn::Max(distance, hn::Abs(off));
      const V magnitude = hn::Abs(value);
      const auto whole = hn::And(hn::Ge(magnitude, normal), hn::Lt(magnitude, infinite));
      const auto null = hn::MaskFromVec(hn::BitCast(
          d, hn::VecFromMask(du, hn::Eq(hn::BitCast(du, value), hn::Zero(du)))));  // +0, not −0
      special = hn::IfThenElse(hn::Or(whole, null), special, hn::Set(d, 1.0));
    }
    StoreOfLines(largest, first, lines, fits.largest);
    StoreOfLines(squares, first, lines, fits.squares);
    StoreOfLines(distance, first, lines, fits.distance);
    StoreOfLines(special, first, lines, fits.special);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace cortex::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cortex::simd {

HWY_EXPORT(InverseDouble);
HWY_EXPORT(InverseFloat);
HWY_EXPORT(Forward);
HWY_EXPORT(LoadStrips);
HWY_EXPORT(ForwardStrips);
HWY_EXPORT(StripSquares);
HWY_EXPORT(TrySteps);
HWY_EXPORT(RoundStrips);
HWY_EXPORT(FitStrips);

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


size_t FourierStripDoubles(const FourierPlan& plan, size_t lines) { return 2 * plan.size * ((lines + 7) / 8 * 8); }
void LoadFourierStrips(const FourierPlan& plan, const double* const* values, size_t lines, double* strips) {
  HWY_DYNAMIC_DISPATCH(LoadStrips)(plan, values, lines, strips);
}
void ForwardFourierStrips(const FourierPlan& plan, const double* strips, size_t lines, double* coefficients) {
  HWY_DYNAMIC_DISPATCH(ForwardStrips)(plan, strips, lines, coefficients);
}
void FourierRoundingSquares(const FourierPlan& plan, const double* coefficients, const double* steps, size_t lines,
                            double* sums) {
  HWY_DYNAMIC_DISPATCH(StripSquares)(plan, coefficients, steps, lines, sums);
}
void TryFourierSteps(const FourierPlan& plan, const FourierTrials& trials, const double* steps, size_t lines) {
  HWY_DYNAMIC_DISPATCH(TrySteps)(plan, trials, steps, lines);
}
void RoundFourierStrips(const FourierPlan& plan, const double* coefficients, const double* steps, size_t lines,
                        int32_t* ints) {
  HWY_DYNAMIC_DISPATCH(RoundStrips)(plan, coefficients, steps, lines, ints);
}
void FitFourierStrips(const FourierPlan& plan, const FourierFits& fits, const double* steps, size_t lines) {
  HWY_DYNAMIC_DISPATCH(FitStrips)(plan, fits, steps, lines);
}

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

#include "codecs/simd/distance_kernels.h"

#include <cmath>
#include <cstring>

#include "codecs/simd/field_math.h"
#include "codecs/simd/scalar_reference.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "codecs/simd/distance_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "codecs/simd/fused-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cortex::simd {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr size_t kStep = 16;  // values per step of the canonical computation

// The type arithmetic runs in, and the tag whose vectors divide 16 lanes evenly.
template <typename T>
struct Compute {
  using Type = T;
};
template <>
struct Compute<Half> {
  using Type = float;
};
template <typename T>
using Tag = hn::CappedTag<typename Compute<T>::Type, kStep>;

template <class D>
  requires(sizeof(hn::TFromD<D>) == 8)
HWY_INLINE hn::Vec<D> LoadRow(D d, const double* values) {
  return hn::LoadU(d, values);
}
template <class D>
  requires(sizeof(hn::TFromD<D>) == 4)
HWY_INLINE hn::Vec<D> LoadRow(D d, const float* values) {
  return hn::LoadU(d, values);
}
template <class D>
  requires(sizeof(hn::TFromD<D>) == 4)
HWY_INLINE hn::Vec<D> LoadRow(D d, const Half* values) {
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
  const hn::Rebind<hwy::float16_t, D> dh;
  return hn::PromoteTo(d, hn::LoadU(dh, reinterpret_cast<const hwy::float16_t*>(values)));
#else  // as cortex::ToFloat
  const hn::RebindToUnsigned<D> du;
  const hn::Rebind<uint16_t, D> d16;
  const auto bits = hn::PromoteTo(du, hn::LoadU(d16, reinterpret_cast<const uint16_t*>(values)));
  const auto magnitude = hn::ShiftLeft<13>(hn::And(bits, hn::Set(du, uint32_t{0x7fff})));
  const auto sign = hn::ShiftLeft<16>(hn::And(bits, hn::Set(du, uint32_t{0x8000})));
  const auto scaled = hn::BitCast(du, hn::Mul(hn::BitCast(d, magnitude), hn::Set(d, 0x1p112f)));
  const auto special = hn::Or(magnitude, hn::Set(du, uint32_t{0x7f800000}));
  const auto is_special = hn::Gt(magnitude, hn::Set(du, uint32_t{0x7bffu << 13}));
  return hn::BitCast(d, hn::Or(hn::IfThenElse(is_special, special, scaled), sign));
#endif
}

// Narrower rows than the arithmetic.
template <class D, typename T>
  requires(sizeof(hn::TFromD<D>) == 8 && sizeof(T) < 8)
HWY_INLINE hn::Vec<D> LoadRow(D d, const T* values) {
  return hn::PromoteTo(d, LoadRow(hn::Rebind<float, D>(), values));
}

// Sixteen accumulators in as many vectors as that takes.
template <class D>
struct Accumulators {
  static constexpr size_t kLanes = hn::MaxLanes(D());
  static constexpr size_t kVectors = kStep / kLanes;
  hn::Vec<D> v[kVectors];

  HWY_INLINE Accumulators() {
    for (size_t k = 0; k < kVectors; ++k) v[k] = hn::Zero(D());
  }
  HWY_INLINE double Finish() const {
    HWY_ALIGN hn::TFromD<D> a[kStep];
    for (size_t k = 0; k < kVectors; ++k) hn::Store(v[k], D(), a + k * kLanes);
    return static_cast<double>(AddTree(a));
  }
};

struct L2Step {
  template <class D, class V>
  static HWY_INLINE V Do(D d, V a, V b, V sum) {
    const V difference = hn::Sub(a, b);
    return Fused(d, difference, difference, sum);
  }
};
struct ProductStep {
  template <class D, class V>
  static HWY_INLINE V Do(D d, V a, V b, V sum) {
    return Fused(d, a, b, sum);
  }
};

// In the arithmetic of `a`; `b` may be narrower.
template <class Step, typename T, typename R>
HWY_INLINE double ReduceRow(const T* a, const R* b, size_t length) {
  const Tag<T> d;
  Accumulators<Tag<T>> sums;
  constexpr size_t kLanes = Accumulators<Tag<T>>::kLanes;
  size_t i = 0;
  for (; i + kStep <= length; i += kStep) {
    for (size_t k = 0; k < sums.kVectors; ++k) {
      sums.v[k] = Step::Do(d, LoadRow(d, a + i + k * kLanes), LoadRow(d, b + i + k * kLanes), sums.v[k]);
    }
  }
  if (i < length) {
    T rest_a[kStep] = {};
    R rest_b[kStep] = {};
    std::memcpy(rest_a, a + i, (length - i) * sizeof(T));
    std::memcpy(rest_b, b + i, (length - i) * sizeof(R));
    for (size_t k = 0; k < sums.kVectors; ++k) {
      sums.v[k] = Step::Do(d, LoadRow(d, rest_a + k * kLanes), LoadRow(d, rest_b + k * kLanes), sums.v[k]);
    }
  }
  return sums.Finish();
}

// Σ rᵢ² in the arithmetic of T.
template <typename T, typename R>
HWY_INLINE double ReduceNorm(const R* row, size_t length) {
  const Tag<T> d;
  Accumulators<Tag<T>> sums;
  constexpr size_t kLanes = Accumulators<Tag<T>>::kLanes;
  R rest[kStep] = {};
  for (size_t i = 0; i < length; i += kStep) {
    const R* step = row + i;
    if (length - i < kStep) {
      std::memcpy(rest, step, (length - i) * sizeof(R));
      step = rest;
    }
    for (size_t k = 0; k < sums.kVectors; ++k) {
      const auto values = LoadRow(d, step + k * kLanes);
      sums.v[k] = Fused(d, values, values, sums.v[k]);
    }
  }
  return sums.Finish();
}

template <class Step, typename T, typename R>
HWY_INLINE void ReduceRows(const T* query, const Rows<R>& rows, double* out) {
  for (size_t i = 0; i < rows.row_count; ++i) {
    out[i] = CanonicalNan(ReduceRow<Step>(query, rows.Row(i), rows.length));
  }
}
template <typename T, typename R>
HWY_INLINE void NormRows(const Rows<R>& rows, double* out) {
  for (size_t i = 0; i < rows.row_count; ++i) out[i] = CanonicalNan(ReduceNorm<T>(rows.Row(i), rows.length));
}

// T: type of the query and of the arithmetic; R: of the rows.
#define CORTEX_DEFINE(T, R, NAME)                                                                             \
  void L2##NAME(const T* q, const Rows<R>& rows, double* out) { ReduceRows<L2Step>(q, rows, out); }           \
  void Product##NAME(const T* q, const Rows<R>& rows, double* out) { ReduceRows<ProductStep>(q, rows, out); } \
  void Norm##NAME(const Rows<R>& rows, double* out) { NormRows<T>(rows, out); }
CORTEX_DEFINE(Half, Half, F16)
CORTEX_DEFINE(float, float, F32)
CORTEX_DEFINE(double, double, F64)
CORTEX_DEFINE(float, Half, F32F16)
CORTEX_DEFINE(double, Half, F64F16)
CORTEX_DEFINE(double, float, F64F32)
#undef CORTEX_DEFINE

#if HWY_TARGET == HWY_SCALAR

// One lane cannot swap re and im: the reference itself.
void HermitianF32(const float* a, const float* b, size_t length, HermitianSums* out) {
  *out = reference::Hermitian(absl::Span<const float>(a, length), absl::Span<const float>(b, length));
}
void HermitianF64(const double* a, const double* b, size_t length, HermitianSums* out) {
  *out = reference::Hermitian(absl::Span<const double>(a, length), absl::Span<const double>(b, length));
}
void PolarForm(const double* row, size_t n, double* amplitudes, double* phases) {
  reference::ToPolar({row, 2 * n}, amplitudes, phases);
}
double PolarDistance(const double* amplitudes, const double* phases, const double* row, size_t n) {
  return reference::PolarToQuery({amplitudes, n}, {phases, n}, {row, 2 * n});
}

#else

template <typename T>
HWY_INLINE void HermitianRow(const T* a, const T* b, size_t length, HermitianSums* out) {
  using D = Tag<T>;
  const D d;
  constexpr size_t kLanes = Accumulators<D>::kLanes;
  HWY_ALIGN T signs[kLanes];  // −0 in the odd lanes: conj(a) times b swapped
  for (size_t i = 0; i < kLanes; ++i) signs[i] = i % 2 == 0 ? T{0} : T{-0.0};
  const auto conjugate = hn::Load(d, signs);
  Accumulators<D> re, im, norm_b;
  T rest_a[kStep] = {};
  T rest_b[kStep] = {};
  for (size_t i = 0; i < length; i += kStep) {
    const T* step_a = a + i;
    const T* step_b = b + i;
    if (length - i < kStep) {
      std::memcpy(rest_a, step_a, (length - i) * sizeof(T));
      std::memcpy(rest_b, step_b, (length - i) * sizeof(T));
      step_a = rest_a;
      step_b = rest_b;
    }
    for (size_t k = 0; k < re.kVectors; ++k) {
      const auto x = hn::LoadU(d, step_a + k * kLanes);
      const auto y = hn::LoadU(d, step_b + k * kLanes);
      re.v[k] = Fused(d, x, y, re.v[k]);
      im.v[k] = Fused(d, hn::Xor(x, conjugate), hn::Reverse2(d, y), im.v[k]);
      norm_b.v[k] = Fused(d, y, y, norm_b.v[k]);
    }
  }
  *out = {re.Finish(), im.Finish(), norm_b.Finish()};
}
void HermitianF32(const float* a, const float* b, size_t length, HermitianSums* out) {
  HermitianRow(a, b, length, out);
}
void HermitianF64(const double* a, const double* b, size_t length, HermitianSums* out) {
  HermitianRow(a, b, length, out);
}

using DD = Tag<double>;
using VD = hn::Vec<DD>;

// Amplitude and phase of one vector of complex values; the same steps as Atan2 in field_math.cc.
HWY_INLINE void PolarOf(VD x, VD y, VD* amplitude, VD* phase) {
  const DD d;
  const auto zero = hn::Zero(d);
  *amplitude = hn::Sqrt(Fused(d, x, x, hn::Mul(y, y)));
  const auto ax = hn::Abs(x), ay = hn::Abs(y);
  const auto swap = hn::Gt(ay, ax);
  const auto low = hn::IfThenElse(swap, ax, ay);
  const auto high = hn::IfThenElse(swap, ay, ax);
  const auto upper = hn::Gt(low, hn::Mul(hn::Set(d, kTanPi8), high));
  const auto numerator = hn::IfThenElse(upper, hn::Sub(low, high), low);
  auto denominator = hn::IfThenElse(upper, hn::Add(low, high), high);
  denominator = hn::IfThenElse(hn::Eq(denominator, zero), hn::Set(d, 1.0), denominator);
  const auto t = hn::Div(numerator, denominator);
  const auto s = hn::Mul(t, t);
  auto poly = hn::Set(d, kAtanCoefficients[10]);
  for (int i = 9; i >= 0; --i) poly = Fused(d, poly, s, hn::Set(d, kAtanCoefficients[i]));
  auto part = Fused(d, hn::Mul(t, s), poly, t);
  auto quarters = hn::IfThenElseZero(upper, hn::Set(d, 1.0));
  part = hn::IfThenElse(swap, hn::Neg(part), part);
  quarters = hn::IfThenElse(swap, hn::Sub(hn::Set(d, 2.0), quarters), quarters);
  const auto left = hn::Lt(x, zero);
  part = hn::IfThenElse(left, hn::Neg(part), part);
  quarters = hn::IfThenElse(left, hn::Sub(hn::Set(d, 4.0), quarters), quarters);
  const auto rest = Fused(d, quarters, hn::Set(d, kQuarterPiLow), part);
  const auto angle = Fused(d, quarters, hn::Set(d, kQuarterPi), rest);
  *phase = hn::IfThenElse(hn::Lt(y, zero), hn::Neg(angle), angle);
}

void PolarForm(const double* row, size_t n, double* amplitudes, double* phases) {
  const DD d;
  constexpr size_t kLanes = hn::MaxLanes(DD());
  HWY_ALIGN double rest[2 * kLanes] = {};
  HWY_ALIGN double rest_amplitudes[kLanes];
  HWY_ALIGN double rest_phases[kLanes];
  for (size_t i = 0; i < n; i += kLanes) {
    VD x, y, amplitude, phase;
    if (n - i >= kLanes) {
      hn::LoadInterleaved2(d, row + 2 * i, x, y);
      PolarOf(x, y, &amplitude, &phase);
      hn::StoreU(amplitude, d, amplitudes + i);
      hn::StoreU(phase, d, phases + i);
      continue;
    }
    std::memcpy(rest, row + 2 * i, 2 * (n - i) * sizeof(double));
    hn::LoadInterleaved2(d, rest, x, y);
    PolarOf(x, y, &amplitude, &phase);
    hn::Store(amplitude, d, rest_amplitudes);
    hn::Store(phase, d, rest_phases);
    std::memcpy(amplitudes + i, rest_amplitudes, (n - i) * sizeof(double));
    std::memcpy(phases + i, rest_phases, (n - i) * sizeof(double));
  }
}

// Into (−π, π], from a difference of two phases.
HWY_INLINE VD WrapPhase(VD difference) {
  const DD d;
  const auto pi = hn::Set(d, kPi);
  const auto two_pi = hn::Set(d, kTwoPi);
  const auto above = hn::Gt(difference, pi);
  const auto below = hn::Le(difference, hn::Neg(pi));
  const auto turn = hn::IfThenElse(above, hn::Neg(two_pi), hn::IfThenElseZero(below, two_pi));
  return hn::Add(difference, turn);
}

double PolarDistance(const double* amplitudes, const double* phases, const double* row, size_t n) {
  const DD d;
  constexpr size_t kLanes = hn::MaxLanes(DD());
  Accumulators<DD> phase_sums, amplitude_sums;
  HWY_ALIGN double rest_row[2 * kStep] = {};
  HWY_ALIGN double rest_amplitudes[kStep] = {};
  HWY_ALIGN double rest_phases[kStep] = {};
  for (size_t i = 0; i < n; i += kStep) {
    const double* step_row = row + 2 * i;
    const double* step_amplitudes = amplitudes + i;
    const double* step_phases = phases + i;
    if (n - i < kStep) {
      std::memcpy(rest_row, step_row, 2 * (n - i) * sizeof(double));
      std::memcpy(rest_amplitudes, step_amplitudes, (n - i) * sizeof(double));
      std::memcpy(rest_phases, step_phases, (n - i) * sizeof(double));
      step_row = rest_row;
      step_amplitudes = rest_amplitudes;
      step_phases = rest_phases;
    }
    for (size_t k = 0; k < phase_sums.kVectors; ++k) {
      VD x, y, amplitude, phase;
      hn::LoadInterleaved2(d, step_row + 2 * k * kLanes, x, y);
      PolarOf(x, y, &amplitude, &phase);
      const auto turn = WrapPhase(hn::Sub(hn::LoadU(d, step_phases + k * kLanes), phase));
      phase_sums.v[k] = Fused(d, turn, turn, phase_sums.v[k]);
      const auto change = hn::Sub(hn::LoadU(d, step_amplitudes + k * kLanes), amplitude);
      amplitude_sums.v[k] = Fused(d, change, change, amplitude_sums.v[k]);
    }
  }
  return PolarFrom(phase_sums.Finish(), amplitude_sums.Finish(), n);
}

#endif  // HWY_TARGET == HWY_SCALAR

void PolarRows(const double* amplitudes, const double* phases, const Rows<double>& rows, double* out) {
  for (size_t i = 0; i < rows.row_count; ++i) out[i] = PolarDistance(amplitudes, phases, rows.Row(i), rows.length / 2);
}
void FidelityRows(const double* query, double squared_norm, const Rows<double>& rows, double* out) {
  for (size_t i = 0; i < rows.row_count; ++i) {
    HermitianSums sums;
    HermitianF64(query, rows.Row(i), rows.length, &sums);
    out[i] = FidelityFrom(sums.re, sums.im, squared_norm, sums.squared_norm_b);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace cortex::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cortex::simd {

namespace {

template <typename T>
Rows<T> OneRow(absl::Span<const T> row) {
  return {.data = row.data(), .row_count = 1, .length = row.size(), .stride = row.size()};
}

}  // namespace

// One query against many rows, which may be narrower than the query.
#define CORTEX_WRAP_ROWS(T, R, NAME)                                                             \
  HWY_EXPORT(L2##NAME);                                                                          \
  HWY_EXPORT(Product##NAME);                                                                     \
  HWY_EXPORT(Norm##NAME);                                                                        \
  void SquaredL2(absl::Span<const T> query, const Rows<R>& rows, double* out) {                  \
    HWY_DYNAMIC_DISPATCH(L2##NAME)(query.data(), rows, out);                                     \
  }                                                                                              \
  void InnerProduct(absl::Span<const T> query, const Rows<R>& rows, double* out) {               \
    HWY_DYNAMIC_DISPATCH(Product##NAME)(query.data(), rows, out);                                \
  }                                                                                              \
  void L2Distance(absl::Span<const T> query, const Rows<R>& rows, double* out) {                 \
    SquaredL2(query, rows, out);                                                                 \
    for (size_t i = 0; i < rows.row_count; ++i) out[i] = std::sqrt(out[i]);                      \
  }                                                                                              \
  void CosineDistance(absl::Span<const T> query, const Rows<R>& rows, double* out) {             \
    const double query_norm = SquaredNorm(query);                                                \
    InnerProduct(query, rows, out);                                                              \
    for (size_t i = 0; i < rows.row_count; ++i) {                                                \
      double row_norm;                                                                           \
      HWY_DYNAMIC_DISPATCH(Norm##NAME)(OneRow(absl::Span<const R>(rows.Row(i), rows.length)), &row_norm); \
      out[i] = CosineFrom(out[i], query_norm, row_norm);                                         \
    }                                                                                            \
  }
#define CORTEX_WRAP(T, NAME)                                                                             \
  CORTEX_WRAP_ROWS(T, T, NAME)                                                                           \
  double SquaredL2(absl::Span<const T> a, absl::Span<const T> b) {                                       \
    double out;                                                                                          \
    SquaredL2(a, OneRow(b), &out);                                                                       \
    return out;                                                                                          \
  }                                                                                                      \
  double InnerProduct(absl::Span<const T> a, absl::Span<const T> b) {                                    \
    double out;                                                                                          \
    InnerProduct(a, OneRow(b), &out);                                                                    \
    return out;                                                                                          \
  }                                                                                                      \
  double SquaredNorm(absl::Span<const T> a) {                                                            \
    double out;                                                                                          \
    HWY_DYNAMIC_DISPATCH(Norm##NAME)(OneRow(a), &out);                                                   \
    return out;                                                                                          \
  }                                                                                                      \
  double L2Distance(absl::Span<const T> a, absl::Span<const T> b) { return std::sqrt(SquaredL2(a, b)); } \
  double CosineDistance(absl::Span<const T> a, absl::Span<const T> b) {                                  \
    return CosineFrom(InnerProduct(a, b), SquaredNorm(a), SquaredNorm(b));                               \
  }
CORTEX_WRAP(Half, F16)
CORTEX_WRAP(float, F32)
CORTEX_WRAP(double, F64)
CORTEX_WRAP_ROWS(float, Half, F32F16)
CORTEX_WRAP_ROWS(double, Half, F64F16)
CORTEX_WRAP_ROWS(double, float, F64F32)
#undef CORTEX_WRAP
#undef CORTEX_WRAP_ROWS

HWY_EXPORT(HermitianF32);
HWY_EXPORT(HermitianF64);
HWY_EXPORT(PolarForm);
HWY_EXPORT(PolarRows);
HWY_EXPORT(FidelityRows);

ComplexNumber HermitianProduct(absl::Span<const float> a, absl::Span<const float> b) {
  HermitianSums sums;
  HWY_DYNAMIC_DISPATCH(HermitianF32)(a.data(), b.data(), a.size(), &sums);
  return {CanonicalNan(sums.re), CanonicalNan(sums.im)};
}
ComplexNumber HermitianProduct(absl::Span<const double> a, absl::Span<const double> b) {
  HermitianSums sums;
  HWY_DYNAMIC_DISPATCH(HermitianF64)(a.data(), b.data(), a.size(), &sums);
  return {CanonicalNan(sums.re), CanonicalNan(sums.im)};
}

void ToPolar(absl::Span<const double> row, double* amplitudes, double* phases) {
  HWY_DYNAMIC_DISPATCH(PolarForm)(row.data(), row.size() / 2, amplitudes, phases);
}

double FieldDistance(FieldMetric metric, absl::Span<const double> a, absl::Span<const double> b) {
  double out;
  FieldQuery(metric, a).Distances(OneRow(b), &out);
  return out;
}
double FieldDistance(FieldMetric metric, absl::Span<const float> a, absl::Span<const float> b) {
  double out;
  FieldQuery(metric, a).Distances(OneRow(b), &out);
  return out;
}

FieldQuery::FieldQuery(FieldMetric metric, absl::Span<const double> query)
    : metric_(metric), query_(query.begin(), query.end()) {
  Prepare();
}
FieldQuery::FieldQuery(FieldMetric metric, absl::Span<const float> query)
    : metric_(metric), query_(query.begin(), query.end()) {
  Prepare();
}

void FieldQuery::Prepare() {
  if (metric_ == FieldMetric::kPolar) {
    amplitudes_.resize(query_.size() / 2);
    phases_.resize(query_.size() / 2);
    ToPolar(query_, amplitudes_.data(), phases_.data());
  } else if (metric_ == FieldMetric::kFidelity) {
    squared_norm_ = SquaredNorm(absl::Span<const double>(query_));
  }
}

void FieldQuery::Distances(const Rows<double>& rows, double* out) const {
  switch (metric_) {
    case FieldMetric::kEuclidean:
      return L2Distance(absl::Span<const double>(query_), rows, out);
    case FieldMetric::kPolar:
      return HWY_DYNAMIC_DISPATCH(PolarRows)(amplitudes_.data(), phases_.data(), rows, out);
    case FieldMetric::kFidelity:
      return HWY_DYNAMIC_DISPATCH(FidelityRows)(query_.data(), squared_norm_, rows, out);
  }
}

void FieldQuery::Distances(const Rows<float>& rows, double* out) const {
  if (metric_ == FieldMetric::kEuclidean) return L2Distance(absl::Span<const double>(query_), rows, out);
  std::vector<double> wide(rows.length);
  for (size_t i = 0; i < rows.row_count; ++i) {
    const float* row = rows.Row(i);
    for (size_t k = 0; k < rows.length; ++k) wide[k] = row[k];
    Distances(OneRow(absl::Span<const double>(wide)), out + i);
  }
}

}  // namespace cortex::simd
#endif  // HWY_ONCE

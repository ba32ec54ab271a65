// The SIMD half of ExactSum. A block of values with largest exponent E is cut into slices on a fixed grid: adding x to
// S = 1.5 · 2^k rounds x to a multiple of ulp(S); the rounded part stays in S exactly, the rest x − (S' − S) is exact
// too and goes to the next, 43 bits finer slice. When no value reaches below the last slice, the slices hold the whole
// sum, as integers in the mantissas of S.
//
// Why 43 bits: at most 512 = 2^9 additions of |x| < 2^(E+1) keep S inside its binade if k = E + 11; ulp(S) is then
// 2^(E−41) and the rest is at most 2^(E−42), which is the next slice's "E + 1": 43 lower.
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "codecs/simd/exact_sum_block.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "codecs/simd/exact_sum_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"
#include "codecs/simd/fused-inl.h"

HWY_BEFORE_NAMESPACE();
namespace cortex::simd {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr int kSliceBits = 43;
constexpr int kFirstGrid = 41;  // the first slice's unit is 2^(E − 41)
// Independent accumulators hide the latency of addition and bound the additions to each: at most 256 values per lane.
constexpr size_t kChains = HWY_TARGET == HWY_SCALAR ? 4 : 2;

struct Range {
  bool usable;    // finite, not all zero
  bool zero;      // nothing but zeros
  int high, low;  // exponents of the largest and the smallest non-zero magnitude
};

Range ScanBlock(const double* values, size_t count) {
  const hn::ScalableTag<double> d;
  const size_t lanes = hn::Lanes(d);
  const auto infinity = hn::Set(d, std::numeric_limits<double>::infinity());
  const auto zero = hn::Zero(d);
  auto max0 = zero, max1 = zero, min0 = infinity, min1 = infinity, poison = zero;
  for (size_t i = 0; i < count; i += 2 * lanes) {
    const auto a = hn::Abs(hn::LoadU(d, values + i));
    const auto b = hn::Abs(hn::LoadU(d, values + i + lanes));
    poison = hn::MulAdd(hn::Add(a, b), zero, poison);  // NaN and infinity times 0 is NaN, and stays
    max0 = hn::Max(max0, a);
    max1 = hn::Max(max1, b);
    min0 = hn::Min(min0, hn::IfThenElse(hn::Eq(a, zero), infinity, a));
    min1 = hn::Min(min1, hn::IfThenElse(hn::Eq(b, zero), infinity, b));
  }
  const double max = hn::GetLane(hn::MaxOfLanes(d, hn::Max(max0, max1)));
  const double min = hn::GetLane(hn::MinOfLanes(d, hn::Min(min0, min1)));
  const double poisoned = hn::GetLane(hn::SumOfLanes(d, poison));
  if (poisoned != 0) return {false, false, 0, 0};
  if (max == 0) return {true, true, 0, 0};
  const auto exponent = [](double x) HWY_ATTR { return static_cast<int>(std::bit_cast<uint64_t>(x) >> 52) - 1023; };
  return {true, false, exponent(max), exponent(min)};
}

// Where the slices of a block start and what has been collected in them.
template <int kSlices>
struct Slices {
  using D = hn::ScalableTag<double>;
  hn::Vec<D> sums[kSlices][kChains];
  int top;  // every value is below 2^(top + 1)

  static HWY_INLINE double Start(int top, int slice) {
    const auto exponent = static_cast<uint64_t>(top - kFirstGrid + 52 - kSliceBits * slice + 1023);
    return std::bit_cast<double>(exponent << 52 | uint64_t{1} << 51);
  }
  HWY_INLINE explicit Slices(int top_in) : top(top_in) {
    for (int s = 0; s < kSlices; ++s) {
      for (size_t c = 0; c < kChains; ++c) sums[s][c] = hn::Set(D(), Start(top, s));
    }
  }
  // Adds x to slices [first, last).
  template <int kFirst, int kLast>
  HWY_INLINE void Add(size_t chain, hn::Vec<D> x) {
    for (int s = kFirst; s < kLast; ++s) {
      const auto sum = hn::Add(sums[s][chain], x);
      x = hn::Sub(x, hn::Sub(sum, sums[s][chain]));
      sums[s][chain] = sum;
    }
  }
  HWY_INLINE void Finish(ExactBlock* out) const {
    const hn::RebindToSigned<D> di;
    out->part_count = kSlices;
    for (int s = 0; s < kSlices; ++s) {
      const auto start = hn::Set(di, std::bit_cast<int64_t>(Start(top, s)));
      auto sum = hn::Zero(di);
      for (size_t c = 0; c < kChains; ++c) sum = hn::Add(sum, hn::Sub(hn::BitCast(di, sums[s][c]), start));
      out->parts[s] = hn::GetLane(hn::SumOfLanes(di, sum));
      out->positions[s] = top - kFirstGrid - kSliceBits * s;
    }
  }
};

template <int kSlices>
HWY_INLINE void SumValues(const double* values, size_t count, int top, ExactBlock* out) {
  const hn::ScalableTag<double> d;
  const size_t lanes = hn::Lanes(d);
  Slices<kSlices> slices(top);
  for (size_t i = 0; i < count; i += kChains * lanes) {
    for (size_t c = 0; c < kChains; ++c) {
      slices.template Add<0, kSlices>(c, hn::LoadU(d, values + i + c * lanes));
    }
  }
  slices.Finish(out);
}

// x² = high + low exactly; low is below half an ulp of high, so it skips the first slice.
template <int kHighSlices, int kSlices>
HWY_INLINE void SumSquares(const double* values, size_t count, int top, ExactBlock* out) {
  const hn::ScalableTag<double> d;
  const size_t lanes = hn::Lanes(d);
  Slices<kSlices> slices(top);
  for (size_t i = 0; i < count; i += kChains * lanes) {
    for (size_t c = 0; c < kChains; ++c) {
      const auto x = hn::LoadU(d, values + i + c * lanes);
      const auto high = hn::Mul(x, x);
      slices.template Add<0, kHighSlices>(c, high);
      if constexpr (kSlices > kHighSlices) {
        slices.template Add<1, kSlices>(c, Fused(d, x, x, hn::Neg(high)));
      }
    }
  }
  slices.Finish(out);
}

// Slices are enough when a value's last bit, at `low` − (mantissa_bits − 1), is not below the last slice's unit.
HWY_INLINE bool ValuesFit(const Range& r, int mantissa_bits, int slices) {
  return r.low - (mantissa_bits - 1) >= r.high - kFirstGrid - kSliceBits * (slices - 1);
}
// Bits of x² from 2^(2·high + 2) down to 2^(2·low − bits_below).
HWY_INLINE bool SquaresFit(const Range& r, int bits_below, int slices) {
  return 2 * r.low - bits_below >= 2 * r.high + 1 - kFirstGrid - kSliceBits * (slices - 1);
}

bool SumPrepared(const double* values, size_t count, int mantissa_bits, bool squares, ExactBlock* out) {
  const Range range = ScanBlock(values, count);
  out->part_count = 0;
  if (!range.usable) return false;
  if (range.zero) return true;
  if (!squares) {
    if (range.high > 900 || range.high < -800) return false;  // the slices' constants must be normal numbers
    if (ValuesFit(range, mantissa_bits, 1)) return SumValues<1>(values, count, range.high, out), true;
    if (ValuesFit(range, mantissa_bits, 2)) return SumValues<2>(values, count, range.high, out), true;
    if (ValuesFit(range, mantissa_bits, 3)) return SumValues<3>(values, count, range.high, out), true;
    return false;
  }
  // The low part of a square must not underflow: 2·low − 104 >= −1,074, implied by the two bounds.
  if (range.high > 440 || range.high < -400) return false;
  const int top = 2 * range.high + 1;
  if (mantissa_bits <= 26) {  // the square of a float is one double
    if (SquaresFit(range, 2 * mantissa_bits - 2, 2)) return SumSquares<2, 2>(values, count, top, out), true;
    if (SquaresFit(range, 2 * mantissa_bits - 2, 3)) return SumSquares<3, 3>(values, count, top, out), true;
    return false;
  }
  if (SquaresFit(range, 52, 2) && SquaresFit(range, 104, 3)) return SumSquares<2, 3>(values, count, top, out), true;
  if (SquaresFit(range, 52, 3) && SquaresFit(range, 104, 4)) return SumSquares<3, 4>(values, count, top, out), true;
  return false;
}

// Copies to whole vectors: unselected rows and padding become +0, which adds nothing.
HWY_INLINE size_t PrepareDoubles(const double* values, size_t count, const uint64_t* selection, double* out) {
  const hn::ScalableTag<double> d;
  const size_t lanes = hn::Lanes(d);
  const size_t padded = (count + 63) / 64 * 64;
  std::memcpy(out, values, count * sizeof(double));
  std::memset(out + count, 0, (padded - count) * sizeof(double));
  if (selection == nullptr) return padded;
  for (size_t i = 0; i < padded; i += lanes) {
    const uint64_t bits = selection[i / 64] >> (i % 64);
    const auto keep = hn::LoadMaskBits(d, reinterpret_cast<const uint8_t*>(&bits));
    hn::Store(hn::IfThenElseZero(keep, hn::Load(d, out + i)), d, out + i);
  }
  return padded;
}

bool BlockF64(const double* values, size_t count, const uint64_t* selection, bool squares, ExactBlock* out) {
  if (selection == nullptr && count % 64 == 0) return SumPrepared(values, count, 53, squares, out);
  HWY_ALIGN double prepared[kExactBlock];
  return SumPrepared(prepared, PrepareDoubles(values, count, selection, prepared), 53, squares, out);
}

bool BlockF32(const float* values, size_t count, const uint64_t* selection, bool squares, ExactBlock* out) {
  const hn::ScalableTag<double> d;
  const hn::Rebind<float, decltype(d)> df;
  const size_t lanes = hn::Lanes(d);
  HWY_ALIGN double wide[kExactBlock];
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) hn::Store(hn::PromoteTo(d, hn::LoadU(df, values + i)), d, wide + i);
  for (; i < count; ++i) wide[i] = values[i];
  if (selection == nullptr && count % 64 == 0) return SumPrepared(wide, count, 24, squares, out);
  HWY_ALIGN double prepared[kExactBlock];
  return SumPrepared(prepared, PrepareDoubles(wide, count, selection, prepared), 24, squares, out);
}

}  // namespace HWY_NAMESPACE
}  // namespace cortex::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cortex::simd {

HWY_EXPORT(BlockF64);
HWY_EXPORT(BlockF32);

bool SumBlock(const double* values, size_t count, const uint64_t* selection, bool squares, ExactBlock* out) {
  return HWY_DYNAMIC_DISPATCH(BlockF64)(values, count, selection, squares, out);
}
bool SumBlock(const float* values, size_t count, const uint64_t* selection, bool squares, ExactBlock* out) {
  return HWY_DYNAMIC_DISPATCH(BlockF32)(values, count, selection, squares, out);
}

}  // namespace cortex::simd
#endif  // HWY_ONCE

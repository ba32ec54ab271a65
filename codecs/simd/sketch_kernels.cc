#include "codecs/simd/sketch_kernels.h"

#include <algorithm>
#include <limits>

#include "codecs/simd/scalar_reference.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "codecs/simd/sketch_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace cortex::simd {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Where vectors are emulated (the scalar target of clang) the reference is as fast.
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128

void Coarse(const uint8_t* high, size_t rows, size_t plane_bytes, const int8_t* query, double* products) {
  reference::CoarseProducts(high, rows, plane_bytes, query, products);
}
void Fine(const uint8_t* high, const uint8_t* low, const uint32_t* indices, size_t count, size_t plane_bytes,
          const int16_t* query, double* products) {
  reference::FineProducts(high, low, indices, count, plane_bytes, query, products);
}
void Turns(const uint8_t* plane, size_t rows, size_t plane_bytes, const uint16_t* query, double* squares) {
  reference::SquaredTurns(plane, rows, plane_bytes, query, squares);
}

#else

using D8 = hn::ScalableTag<uint8_t>;
using D16 = hn::ScalableTag<int16_t>;
using D32 = hn::ScalableTag<int32_t>;
using V8 = hn::Vec<D8>;
using V16 = hn::Vec<D16>;
using V32 = hn::Vec<D32>;

// Sums of pairs of neighbours: nibble · query byte. Highway 1.0.3 has no name for this instruction.
HWY_INLINE V16 PairProducts(V8 nibbles, const int8_t* query) {
  const hn::ScalableTag<int8_t> d;
  const auto q = hn::LoadU(d, query);
#if HWY_TARGET == HWY_AVX3
  return V16{_mm512_maddubs_epi16(nibbles.raw, q.raw)};
#elif HWY_TARGET == HWY_AVX2
  return V16{_mm256_maddubs_epi16(nibbles.raw, q.raw)};
#else
  return V16{_mm_maddubs_epi16(nibbles.raw, q.raw)};
#endif
}
HWY_INLINE V32 AddPairs(V32 sum, V16 values, V16 factors) {
  V32 unused = hn::Zero(D32());
  return hn::ReorderWidenMulAccumulate(D32(), values, factors, sum, unused);
}

// A pair is at most 2 · 15 · 127 = 3,810 in size: eight of them fit 16 bits, two of which a vector of bytes gives.
constexpr size_t kVectorsPerWidening = 4;

// `kRows` rows at once share the loads of the query.
template <size_t kRows>
HWY_INLINE void CoarseRows(const uint8_t* high, size_t plane_bytes, const int8_t* query, int32_t* sums) {
  const D8 d8;
  const D16 d16;
  const size_t step = hn::Lanes(d8);
  const V8 nibble = hn::Set(d8, uint8_t{15});
  const V16 ones = hn::Set(d16, int16_t{1});
  V32 wide[kRows];
  for (size_t r = 0; r < kRows; ++r) wide[r] = hn::Zero(D32());
  for (size_t j = 0; j < plane_bytes;) {
    V16 narrow[kRows];
    for (size_t r = 0; r < kRows; ++r) narrow[r] = hn::Zero(d16);
    const size_t end = HWY_MIN(plane_bytes, j + kVectorsPerWidening * step);
    for (; j < end; j += step) {
      for (size_t r = 0; r < kRows; ++r) {
        const V8 bytes = hn::LoadU(d8, high + r * plane_bytes + j);
        const V8 first = hn::And(bytes, nibble);
        const V8 second = hn::And(hn::BitCast(d8, hn::ShiftRight<4>(hn::BitCast(d16, bytes))), nibble);
        narrow[r] = hn::Add(narrow[r], PairProducts(first, query + j));
        narrow[r] = hn::Add(narrow[r], PairProducts(second, query + plane_bytes + j));
      }
    }
    for (size_t r = 0; r < kRows; ++r) wide[r] = AddPairs(wide[r], narrow[r], ones);
  }
  for (size_t r = 0; r < kRows; ++r) sums[r] = hn::GetLane(hn::SumOfLanes(D32(), wide[r]));
}

void Coarse(const uint8_t* high, size_t rows, size_t plane_bytes, const int8_t* query, double* products) {
  int32_t query_sum = 0;
  for (size_t j = 0; j < 2 * plane_bytes; ++j) query_sum += query[j];
  constexpr size_t kRows = 4;
  int32_t sums[kRows];
  size_t i = 0;
  for (; i + kRows <= rows; i += kRows) {
    CoarseRows<kRows>(high + i * plane_bytes, plane_bytes, query, sums);
    for (size_t r = 0; r < kRows; ++r) products[i + r] = sums[r] - 8 * query_sum;
  }
  for (; i < rows; ++i) {
    CoarseRows<1>(high + i * plane_bytes, plane_bytes, query, sums);
    products[i] = sums[0] - 8 * query_sum;
  }
}

// Bytes up to 255 times entries up to 16,383: 64 additions of two such pairs and two more stay below 2^31.
constexpr size_t kFlushBytes = 1024;

HWY_INLINE V32 AddBytes(V32 sum, V8 bytes, const int16_t* query) {
  const D16 d16;
  const hn::Half<D8> dh;
  const V16 first = hn::PromoteTo(d16, hn::LowerHalf(dh, bytes));
  const V16 second = hn::PromoteTo(d16, hn::UpperHalf(dh, bytes));
  sum = AddPairs(sum, first, hn::LoadU(d16, query));
  return AddPairs(sum, second, hn::LoadU(d16, query + hn::Lanes(d16)));
}

HWY_INLINE int64_t FineRow(const uint8_t* high, const uint8_t* low, size_t plane_bytes, const int16_t* query) {
  const D8 d8;
  const D16 d16;
  const size_t step = hn::Lanes(d8);
  const V8 low_half = hn::Set(d8, uint8_t{0x0f});
  const V8 high_half = hn::Set(d8, uint8_t{0xf0});
  int64_t total = 0;
  for (size_t j = 0; j < plane_bytes;) {
    V32 sum = hn::Zero(D32());
    const size_t end = HWY_MIN(plane_bytes, j + kFlushBytes);
    for (; j < end; j += step) {
      const V8 h = hn::LoadU(d8, high + j), l = hn::LoadU(d8, low + j);
      const V8 h_up = hn::BitCast(d8, hn::ShiftLeft<4>(hn::BitCast(d16, h)));
      const V8 l_down = hn::BitCast(d8, hn::ShiftRight<4>(hn::BitCast(d16, l)));
      sum = AddBytes(sum, hn::Or(hn::And(h_up, high_half), hn::And(l, low_half)), query + j);
      sum = AddBytes(sum, hn::Or(hn::And(h, high_half), hn::And(l_down, low_half)), query + plane_bytes + j);
    }
    // Lanes are far below 2^31, their sum may not be.
    HWY_ALIGN int32_t lanes[hn::MaxLanes(D32())];
    hn::Store(sum, D32(), lanes);
    for (size_t k = 0; k < hn::Lanes(D32()); ++k) total += lanes[k];
  }
  return total;
}

void Fine(const uint8_t* high, const uint8_t* low, const uint32_t* indices, size_t count, size_t plane_bytes,
          const int16_t* query, double* products) {
  int64_t query_sum = 0;
  for (size_t j = 0; j < 2 * plane_bytes; ++j) query_sum += query[j];
  for (size_t i = 0; i < count; ++i) {
    const size_t at = indices[i] * plane_bytes;
    products[i] = static_cast<double>(FineRow(high + at, low + at, plane_bytes, query) - 136 * query_sum);
  }
}

// Differences wrap around the circle as 16-bit integers do. A pair of squares is at most 2^27, and a vector of bytes
// gives each lane four of them: three vectors stay below 2^31.
constexpr size_t kTurnVectorsPerFlush = 3;

HWY_INLINE V32 AddTurns(V32 sum, V8 nibbles, const uint16_t* query) {
  const D16 d16;
  const hn::Half<D8> dh;
  for (size_t half = 0; half < 2; ++half) {
    const auto bytes = half == 0 ? hn::LowerHalf(dh, nibbles) : hn::UpperHalf(dh, nibbles);
    const V16 phase = hn::LoadU(d16, reinterpret_cast<const int16_t*>(query) + half * hn::Lanes(d16));
    const V16 turn = hn::ShiftRight<2>(hn::Sub(phase, hn::ShiftLeft<12>(hn::PromoteTo(d16, bytes))));
    sum = AddPairs(sum, turn, turn);
  }
  return sum;
}

void Turns(const uint8_t* plane, size_t rows, size_t plane_bytes, const uint16_t* query, double* squares) {
  const D8 d8;
  const D16 d16;
  const size_t step = hn::Lanes(d8);
  const V8 nibble = hn::Set(d8, uint8_t{15});
  for (size_t i = 0; i < rows; ++i) {
    int64_t total = 0;
    for (size_t j = 0; j < plane_bytes;) {
      V32 sum = hn::Zero(D32());
      const size_t end = HWY_MIN(plane_bytes, j + kTurnVectorsPerFlush * step);
      for (; j < end; j += step) {
        const V8 bytes = hn::LoadU(d8, plane + i * plane_bytes + j);
        const V8 second = hn::And(hn::BitCast(d8, hn::ShiftRight<4>(hn::BitCast(d16, bytes))), nibble);
        sum = AddTurns(sum, hn::And(bytes, nibble), query + j);
        sum = AddTurns(sum, second, query + plane_bytes + j);
      }
      HWY_ALIGN int32_t lanes[hn::MaxLanes(D32())];
      hn::Store(sum, D32(), lanes);
      for (size_t k = 0; k < hn::Lanes(D32()); ++k) total += lanes[k];
    }
    squares[i] = static_cast<double>(total);
  }
}

#endif  // HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128

// Rows in whole vectors; returns how many.
size_t Intervals(const SketchInterval& q, const SketchNorms& norms, const double* products, size_t rows, double* lower,
                 double* upper) {
  const hn::ScalableTag<double> d;
  const hn::Rebind<float, decltype(d)> df;
  const size_t lanes = hn::Lanes(d);
  const auto infinity = hn::Set(d, std::numeric_limits<double>::infinity());
  const auto zero = hn::Zero(d);
  const auto row_value = [&](const float* from, size_t i) { return hn::PromoteTo(d, hn::LoadU(df, from + i)); };
  size_t i = 0;
  for (; i + lanes <= rows; i += lanes) {
    const auto squared = row_value(norms.squared, i);
    const auto length = row_value(norms.length, i);
    const auto residual = row_value(norms.residual, i);
    const auto g = hn::Mul(hn::Mul(hn::Set(d, q.step), row_value(norms.inverse, i)), hn::LoadU(d, products + i));
    const auto p = hn::Mul(length, g);
    const auto error = hn::Set(d, q.query_error);
    const auto along = hn::Max(zero, hn::Sub(hn::Abs(g), error));
    const auto across = hn::Max(zero, hn::Sub(hn::Set(d, q.wide_squared), hn::Mul(along, along)));
    const auto half =
        hn::Mul(hn::Add(hn::Mul(length, error), hn::Mul(hn::Sqrt(across), residual)), hn::Set(d, 2 + q.slack));
    const auto squares = hn::Add(hn::Set(d, q.query_squared), squared);
    const auto middle = hn::Sub(squares, hn::Add(p, p));
    const auto wide = hn::Add(half, hn::Mul(hn::Set(d, q.slack), squares));
    const auto unit = hn::Set(d, q.unit_squared);
    const auto underflow = hn::Set(d, q.underflow);
    const auto low = hn::Mul(hn::Mul(hn::Sub(middle, wide), hn::Set(d, q.shrink)), unit);
    const auto high = hn::Add(hn::Mul(hn::Mul(hn::Add(middle, wide), hn::Set(d, q.grow)), unit), underflow);
    const auto decidable = hn::Lt(residual, infinity);
    const auto finite = hn::Lt(high, hn::Set(d, q.overflow));
    hn::StoreU(hn::IfThenElse(decidable, hn::Max(zero, hn::Sub(low, underflow)), hn::Neg(infinity)), d, lower + i);
    hn::StoreU(hn::IfThenElse(hn::And(decidable, finite), high, infinity), d, upper + i);
  }
  return i;
}

}  // namespace HWY_NAMESPACE
}  // namespace cortex::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cortex::simd {

HWY_EXPORT(Coarse);
HWY_EXPORT(Fine);
HWY_EXPORT(Turns);
HWY_EXPORT(Intervals);

void CoarseProducts(const uint8_t* high, size_t rows, size_t plane_bytes, const int8_t* query, double* products) {
  HWY_DYNAMIC_DISPATCH(Coarse)(high, rows, plane_bytes, query, products);
}
void FineProducts(const uint8_t* high, const uint8_t* low, const uint32_t* indices, size_t count, size_t plane_bytes,
                  const int16_t* query, double* products) {
  HWY_DYNAMIC_DISPATCH(Fine)(high, low, indices, count, plane_bytes, query, products);
}
void SquaredTurns(const uint8_t* plane, size_t rows, size_t plane_bytes, const uint16_t* query, double* squares) {
  HWY_DYNAMIC_DISPATCH(Turns)(plane, rows, plane_bytes, query, squares);
}
void SketchIntervals(const SketchInterval& q, const SketchNorms& norms, const double* products, size_t rows,
                     double* lower, double* upper) {
  const size_t done = HWY_DYNAMIC_DISPATCH(Intervals)(q, norms, products, rows, lower, upper);
  const SketchNorms rest{norms.squared + done, norms.length + done, norms.inverse + done, norms.residual + done};
  reference::SketchIntervals(q, rest, products + done, rows - done, lower + done, upper + done);
}

}  // namespace cortex::simd
#endif  // HWY_ONCE

#include "codecs/simd/aggregate_kernels.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "codecs/simd/aggregate_pass.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "codecs/simd/aggregate_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace cortex::simd {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D>
HWY_INLINE hn::Mask<D> MaskOf(D d, uint64_t bits) {
  return hn::LoadMaskBits(d, reinterpret_cast<const uint8_t*>(&bits));
}

void PassI64(const int64_t* values, size_t count, const uint64_t* selection, IntPass* out) {
  const hn::ScalableTag<int64_t> d;
  const hn::ScalableTag<uint64_t> du;
  const size_t lanes = hn::Lanes(d);
  const auto sign = hn::Set(du, uint64_t{1} << 63);
  const auto low_mask = hn::Set(du, uint64_t{0xffffffff});
  const auto no_min = hn::Set(d, std::numeric_limits<int64_t>::max());
  const auto no_max = hn::Set(d, std::numeric_limits<int64_t>::min());
  auto min = no_min, max = no_max;
  auto low = hn::Zero(du), high = hn::Zero(du);
  HWY_ALIGN int64_t padded[64] = {};
  for (size_t begin = 0; begin < count; begin += 64) {
    const size_t rows = HWY_MIN(count - begin, size_t{64});
    uint64_t bits = selection == nullptr ? ~uint64_t{0} : selection[begin / 64];
    const int64_t* in = values + begin;
    if (rows < 64) {
      bits &= (uint64_t{1} << rows) - 1;
      for (size_t i = 0; i < rows; ++i) padded[i] = in[i];
      in = padded;
    }
    if (bits == 0) continue;
    out->count += hwy::PopCount(bits);
    for (size_t i = 0; i < 64; i += lanes) {
      const auto v = hn::LoadU(d, in + i);
      const auto keep = MaskOf(d, bits >> i);
      const auto keep_u = MaskOf(du, bits >> i);
      const auto biased = hn::Xor(hn::BitCast(du, v), sign);
      low = hn::Add(low, hn::IfThenElseZero(keep_u, hn::And(biased, low_mask)));
      high = hn::Add(high, hn::IfThenElseZero(keep_u, hn::ShiftRight<32>(biased)));
      min = hn::Min(min, hn::IfThenElse(keep, v, no_min));
      max = hn::Max(max, hn::IfThenElse(keep, v, no_max));
    }
  }
  out->low_sum = hn::GetLane(hn::SumOfLanes(du, low));
  out->high_sum = hn::GetLane(hn::SumOfLanes(du, high));
  HWY_ALIGN int64_t lane_min[64];
  HWY_ALIGN int64_t lane_max[64];
  hn::Store(min, d, lane_min);
  hn::Store(max, d, lane_max);
  out->min = lane_min[0];
  out->max = lane_max[0];
  for (size_t i = 1; i < lanes; ++i) {
    out->min = HWY_MIN(out->min, lane_min[i]);
    out->max = HWY_MAX(out->max, lane_max[i]);
  }
}

void PassF64(const double* values, size_t count, const uint64_t* selection, FloatSummary* out) {
  const hn::ScalableTag<double> d;
  const size_t lanes = hn::Lanes(d);
  const auto no_min = hn::Set(d, std::numeric_limits<double>::infinity());
  const auto no_max = hn::Neg(no_min);
  auto min = no_min, max = no_max;
  HWY_ALIGN double padded[64] = {};
  for (size_t begin = 0; begin < count; begin += 64) {
    const size_t rows = HWY_MIN(count - begin, size_t{64});
    uint64_t bits = selection == nullptr ? ~uint64_t{0} : selection[begin / 64];
    const double* in = values + begin;
    if (rows < 64) {
      bits &= (uint64_t{1} << rows) - 1;
      for (size_t i = 0; i < rows; ++i) padded[i] = in[i];
      in = padded;
    }
    if (bits == 0) continue;
    out->count += hwy::PopCount(bits);
    uint64_t numbers = 0;
    for (size_t i = 0; i < 64; i += lanes) {
      const auto v = hn::LoadU(d, in + i);
      const auto keep = hn::And(MaskOf(d, bits >> i), hn::Eq(v, v));
      uint64_t part = 0;
      hn::StoreMaskBits(d, keep, reinterpret_cast<uint8_t*>(&part));
      numbers |= part << i;
      min = hn::Min(min, hn::IfThenElse(keep, v, no_min));
      max = hn::Max(max, hn::IfThenElse(keep, v, no_max));
    }
    out->nan_count += hwy::PopCount(bits & ~numbers);
  }
  HWY_ALIGN double lane_min[64];
  HWY_ALIGN double lane_max[64];
  hn::Store(min, d, lane_min);
  hn::Store(max, d, lane_max);
  for (size_t i = 0; i < lanes; ++i) {
    out->min_number = HWY_MIN(out->min_number, lane_min[i]);
    out->max_number = HWY_MAX(out->max_number, lane_max[i]);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace cortex::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cortex::simd {

HWY_EXPORT(PassI64);
HWY_EXPORT(PassF64);

namespace {

// Rows widened at a time: a multiple of 64, small enough for the cache.
constexpr size_t kStripe = 1024;
// Rows per PassI64, below the 2^32 its sums allow.
constexpr size_t kPassRows = size_t{1} << 30;

const uint64_t* SelectionAt(const uint64_t* selection, size_t first) {
  return selection == nullptr ? nullptr : selection + first / 64;
}

template <typename Wide, typename T>
auto SummarizeWidened(absl::Span<const T> values, const uint64_t* selection) {
  decltype(Summarize(absl::Span<const Wide>(), nullptr)) total;
  Wide wide[kStripe];
  for (size_t first = 0; first < values.size(); first += kStripe) {
    const size_t rows = std::min(kStripe, values.size() - first);
    for (size_t i = 0; i < rows; ++i) {
      if constexpr (std::is_same_v<T, Half>) {
        wide[i] = ToFloat(values[first + i]);
      } else {
        wide[i] = values[first + i];
      }
    }
    total.Merge(Summarize(absl::Span<const Wide>(wide, rows), SelectionAt(selection, first)));
  }
  return total;
}

}  // namespace

void IntSummary::Merge(const IntSummary& other) {
  count += other.count;
  min = std::min(min, other.min);
  max = std::max(max, other.max);
  sum += other.sum;
}

IntSummary Summarize(absl::Span<const int64_t> values, const uint64_t* selection) {
  IntSummary total;
  for (size_t first = 0; first < values.size(); first += kPassRows) {
    const size_t rows = std::min(kPassRows, values.size() - first);
    IntPass pass;
    HWY_DYNAMIC_DISPATCH(PassI64)(values.data() + first, rows, SelectionAt(selection, first), &pass);
    IntSummary part;
    part.count = pass.count;
    part.min = pass.min;
    part.max = pass.max;
    part.sum = (static_cast<Int128>(pass.high_sum) << 32) + static_cast<Int128>(pass.low_sum) -
               (static_cast<Int128>(pass.count) << 63);
    total.Merge(part);
  }
  return total;
}

IntSummary Summarize(absl::Span<const int32_t> values, const uint64_t* selection) {
  return SummarizeWidened<int64_t>(values, selection);
}
IntSummary Summarize(absl::Span<const int16_t> values, const uint64_t* selection) {
  return SummarizeWidened<int64_t>(values, selection);
}
IntSummary Summarize(absl::Span<const int8_t> values, const uint64_t* selection) {
  return SummarizeWidened<int64_t>(values, selection);
}

double FloatSummary::Min() const {
  if (count != 0 && count == nan_count) return std::numeric_limits<double>::quiet_NaN();
  return min_number + 0.0;  // -0 becomes +0
}

double FloatSummary::Max() const {
  if (count != 0 && count == nan_count) return std::numeric_limits<double>::quiet_NaN();
  return max_number + 0.0;
}

void FloatSummary::Merge(const FloatSummary& other) {
  count += other.count;
  nan_count += other.nan_count;
  min_number = std::min(min_number, other.min_number);
  max_number = std::max(max_number, other.max_number);
}

FloatSummary Summarize(absl::Span<const double> values, const uint64_t* selection) {
  FloatSummary summary;
  HWY_DYNAMIC_DISPATCH(PassF64)(values.data(), values.size(), selection, &summary);
  return summary;
}
FloatSummary Summarize(absl::Span<const float> values, const uint64_t* selection) {
  return SummarizeWidened<double>(values, selection);
}
FloatSummary Summarize(absl::Span<const Half> values, const uint64_t* selection) {
  return SummarizeWidened<double>(values, selection);
}

}  // namespace cortex::simd
#endif  // HWY_ONCE

#include "codecs/simd/predicate_kernels.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "codecs/simd/scalar_reference.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "codecs/simd/predicate_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace cortex::simd {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class D, class M>
HWY_INLINE uint64_t BitsOf(D d, M mask) {
  uint64_t bits = 0;
  hn::StoreMaskBits(d, mask, reinterpret_cast<uint8_t*>(&bits));
  return bits;
}

// Runs `test` over 64 rows at a time; words that are already empty cost nothing.
template <typename T, class Test>
HWY_INLINE void AndTest(const T* values, size_t count, const Test& test, uint64_t* selection) {
  const hn::ScalableTag<T> d;
  const size_t lanes = hn::Lanes(d);
  const size_t words = count / 64;
  for (size_t w = 0; w < words; ++w) {
    if (selection[w] == 0) continue;
    uint64_t bits = 0;
    for (size_t i = 0; i < 64; i += lanes) {
      bits |= BitsOf(d, test(d, hn::LoadU(d, values + w * 64 + i))) << i;
    }
    selection[w] &= bits;
  }
  const size_t rest = count % 64;
  if (rest == 0) return;
  HWY_ALIGN T padded[64] = {};
  std::memcpy(padded, values + words * 64, rest * sizeof(T));
  uint64_t bits = 0;
  for (size_t i = 0; i < 64; i += lanes) bits |= BitsOf(d, test(d, hn::Load(d, padded + i))) << i;
  selection[words] &= bits | (~uint64_t{0} << rest);
}

template <typename T>
struct InInterval {
  T lower, upper;
  template <class D, class V>
  HWY_INLINE auto operator()(D d, V v) const {
    const auto low = hn::Set(d, lower);
    const auto high = hn::Set(d, upper);
    if constexpr (hwy::IsFloat<T>()) {
      return hn::And(hn::Le(low, v), hn::Le(v, high));
    } else {  // integers compare by < only
      return hn::Not(hn::Or(hn::Lt(v, low), hn::Lt(high, v)));
    }
  }
};

template <typename T>
struct NotEqualTo {
  T value;
  template <class D, class V>
  HWY_INLINE auto operator()(D d, V v) const {
    return hn::Not(hn::Eq(v, hn::Set(d, value)));
  }
};

template <typename T>
struct InSet {
  const T* set;
  size_t size;
  template <class D, class V>
  HWY_INLINE auto operator()(D d, V v) const {
    auto found = hn::MaskFromVec(hn::Zero(d));
    for (size_t i = 0; i < size; ++i) found = hn::Or(found, hn::Eq(v, hn::Set(d, set[i])));
    return found;
  }
};

// float16 bits as integers in the order of the numbers: -0 is -1, +0 is 0, NaN beyond the infinities.
template <class D, class V>
HWY_INLINE V OrderedHalf(D d, V v) {
  return hn::Xor(v, hn::And(hn::ShiftRight<15>(v), hn::Set(d, int16_t{0x7fff})));
}

struct InHalfInterval {
  int16_t lower, upper;
  template <class D, class V>
  HWY_INLINE auto operator()(D d, V v) const {
    return InInterval<int16_t>{lower, upper}(d, OrderedHalf(d, v));
  }
};

struct InHalfSet {
  const Half* set;
  size_t size;
  template <class D, class V>
  HWY_INLINE auto operator()(D d, V v) const {
    const auto minus_zero = hn::Set(d, static_cast<int16_t>(-0x8000));
    v = hn::IfThenZeroElse(hn::Eq(v, minus_zero), v);
    auto found = hn::MaskFromVec(hn::Zero(d));
    for (size_t i = 0; i < size; ++i) {
      uint16_t bits = set[i].bits;
      if ((bits & 0x7fff) > 0x7c00) continue;  // NaN equals nothing
      if (bits == 0x8000) bits = 0;
      found = hn::Or(found, hn::Eq(v, hn::Set(d, static_cast<int16_t>(bits))));
    }
    return found;
  }
};

#define CORTEX_FOR_EACH_TYPE(X) \
  X(int8_t, I8)                 \
  X(int16_t, I16) X(int32_t, I32) X(int64_t, I64) X(uint32_t, U32) X(uint64_t, U64) X(float, F32) X(double, F64)
#define CORTEX_DEFINE(T, NAME)                                                                        \
  void Interval##NAME(const T* values, size_t count, T lower, T upper, uint64_t* selection) {         \
    AndTest(values, count, InInterval<T>{lower, upper}, selection);                                   \
  }                                                                                                   \
  void Set##NAME(const T* values, size_t count, const T* set, size_t set_size, uint64_t* selection) { \
    AndTest(values, count, InSet<T>{set, set_size}, selection);                                       \
  }
CORTEX_FOR_EACH_TYPE(CORTEX_DEFINE)
#undef CORTEX_DEFINE

void NotEqualI64(const int64_t* values, size_t count, int64_t value, uint64_t* selection) {
  AndTest(values, count, NotEqualTo<int64_t>{value}, selection);
}
void NotEqualF64(const double* values, size_t count, double value, uint64_t* selection) {
  AndTest(values, count, NotEqualTo<double>{value}, selection);
}
void IntervalHalf(const int16_t* values, size_t count, int16_t lower, int16_t upper, uint64_t* selection) {
  AndTest(values, count, InHalfInterval{lower, upper}, selection);
}
void SetHalf(const int16_t* values, size_t count, const Half* set, size_t set_size, uint64_t* selection) {
  AndTest(values, count, InHalfSet{set, set_size}, selection);
}

// One bit per code out of the bitmap; 32-bit gathers exist from AVX2 on.
void CodesIn(const uint32_t* codes, size_t count, const uint64_t* kept, uint32_t code_count, uint64_t* selection) {
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3
  const hn::ScalableTag<uint32_t> d;
  const hn::RebindToSigned<decltype(d)> di;
  const size_t lanes = hn::Lanes(d);
  const auto limit = hn::Set(d, code_count);
  const auto one = hn::Set(d, uint32_t{1});
  const auto* kept32 = reinterpret_cast<const uint32_t*>(kept);
  const size_t words = count / 64;
  for (size_t w = 0; w < words; ++w) {
    if (selection[w] == 0) continue;
    uint64_t bits = 0;
    for (size_t i = 0; i < 64; i += lanes) {
      const auto code = hn::LoadU(d, codes + w * 64 + i);
      const auto known = hn::Lt(code, limit);
      const auto index = hn::IfThenElseZero(known, hn::ShiftRight<5>(code));
      const auto word = hn::GatherIndex(d, kept32, hn::BitCast(di, index));
      const auto bit = hn::And(hn::Shr(word, hn::And(code, hn::Set(d, uint32_t{31}))), one);
      bits |= BitsOf(d, hn::And(known, hn::Eq(bit, one))) << i;
    }
    selection[w] &= bits;
  }
  reference::AndCodesIn({codes + words * 64, count % 64}, kept, code_count, selection + words);
#else
  reference::AndCodesIn({codes, count}, kept, code_count, selection);
#endif
}

struct LessThan {
  template <class V>
  HWY_INLINE auto operator()(V a, V b) const {
    return hn::Lt(a, b);
  }
};
struct LessOrEqual {
  template <class V>
  HWY_INLINE auto operator()(V a, V b) const {
    if constexpr (hwy::IsFloat<hn::LaneType<V>>()) {
      return hn::Le(a, b);
    } else {
      return hn::Not(hn::Lt(b, a));
    }
  }
};
struct Equal {
  template <class V>
  HWY_INLINE auto operator()(V a, V b) const {
    return hn::Eq(a, b);
  }
};

template <typename T, class Test>
HWY_INLINE void AndPairs(const T* left, const T* right, size_t count, const Test& test, uint64_t flip,
                         uint64_t* selection) {
  const hn::ScalableTag<T> d;
  const size_t lanes = hn::Lanes(d);
  for (size_t begin = 0; begin < count; begin += 64) {
    const size_t rows = HWY_MIN(count - begin, size_t{64});
    HWY_ALIGN T padded_left[64];
    HWY_ALIGN T padded_right[64];
    const T* l = left + begin;
    const T* r = right + begin;
    if (rows < 64) {
      std::memset(padded_left, 0, sizeof(padded_left));
      std::memset(padded_right, 0, sizeof(padded_right));
      std::memcpy(padded_left, l, rows * sizeof(T));
      std::memcpy(padded_right, r, rows * sizeof(T));
      l = padded_left;
      r = padded_right;
    }
    uint64_t bits = 0;
    for (size_t i = 0; i < 64; i += lanes) {
      bits |= BitsOf(d, test(hn::LoadU(d, l + i), hn::LoadU(d, r + i))) << i;
    }
    bits ^= flip;
    if (rows < 64) bits |= ~uint64_t{0} << rows;
    selection[begin / 64] &= bits;
  }
}

template <typename T>
HWY_INLINE void ComparePairs(Comparison comparison, const T* left, const T* right, size_t count, uint64_t* selection) {
  switch (comparison) {
    case Comparison::kLess:
      return AndPairs(left, right, count, LessThan(), 0, selection);
    case Comparison::kGreater:
      return AndPairs(right, left, count, LessThan(), 0, selection);
    case Comparison::kLessEqual:
      return AndPairs(left, right, count, LessOrEqual(), 0, selection);
    case Comparison::kGreaterEqual:
      return AndPairs(right, left, count, LessOrEqual(), 0, selection);
    case Comparison::kEqual:
      return AndPairs(left, right, count, Equal(), 0, selection);
    case Comparison::kNotEqual:
      return AndPairs(left, right, count, Equal(), ~uint64_t{0}, selection);
  }
}
void CompareI64(Comparison comparison, const int64_t* left, const int64_t* right, size_t count, uint64_t* selection) {
  ComparePairs(comparison, left, right, count, selection);
}
void CompareF64(Comparison comparison, const double* left, const double* right, size_t count, uint64_t* selection) {
  ComparePairs(comparison, left, right, count, selection);
}

}  // namespace HWY_NAMESPACE
}  // namespace cortex::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cortex::simd {

#define CORTEX_WRAP(T, NAME)                                                                                           \
  HWY_EXPORT(Interval##NAME);                                                                                          \
  HWY_EXPORT(Set##NAME);                                                                                               \
  void AndInterval(absl::Span<const T> values, T lower, T upper, uint64_t* selection) {                                \
    HWY_DYNAMIC_DISPATCH(Interval##NAME)(values.data(), values.size(), lower, upper, selection);                       \
  }                                                                                                                    \
  [[maybe_unused]] static void InSet##NAME(absl::Span<const T> values, absl::Span<const T> set, uint64_t* selection) { \
    HWY_DYNAMIC_DISPATCH(Set##NAME)(values.data(), values.size(), set.data(), set.size(), selection);                  \
  }
CORTEX_FOR_EACH_TYPE(CORTEX_WRAP)
#undef CORTEX_WRAP

#define CORTEX_SET(T, NAME)                                                                 \
  void AndInSet(absl::Span<const T> values, absl::Span<const T> set, uint64_t* selection) { \
    InSet##NAME(values, set, selection);                                                    \
  }
CORTEX_SET(int8_t, I8)
CORTEX_SET(int16_t, I16)
CORTEX_SET(int32_t, I32)
CORTEX_SET(int64_t, I64)
CORTEX_SET(float, F32)
CORTEX_SET(double, F64)
#undef CORTEX_SET

namespace {

// No value satisfies this interval of ordered halves.
constexpr int16_t kNothingLower = std::numeric_limits<int16_t>::max();
constexpr int16_t kNothingUpper = std::numeric_limits<int16_t>::min();

bool IsNan(Half half) { return (half.bits & 0x7fff) > 0x7c00; }
int16_t OrderedBits(Half half) {
  const auto bits = static_cast<int16_t>(half.bits);
  return static_cast<int16_t>(bits ^ ((bits >> 15) & 0x7fff));
}

}  // namespace

HWY_EXPORT(IntervalHalf);
HWY_EXPORT(SetHalf);
HWY_EXPORT(CodesIn);
HWY_EXPORT(CompareI64);
HWY_EXPORT(CompareF64);
HWY_EXPORT(NotEqualI64);
HWY_EXPORT(NotEqualF64);

void AndInterval(absl::Span<const Half> values, Half lower, Half upper, uint64_t* selection) {
  // -0 = +0: a zero bound includes both.
  int16_t low = (lower.bits & 0x7fff) == 0 ? int16_t{-1} : OrderedBits(lower);
  int16_t high = (upper.bits & 0x7fff) == 0 ? int16_t{0} : OrderedBits(upper);
  if (IsNan(lower) || IsNan(upper)) {
    low = kNothingLower;
    high = kNothingUpper;
  }
  HWY_DYNAMIC_DISPATCH(IntervalHalf)
  (reinterpret_cast<const int16_t*>(values.data()), values.size(), low, high, selection);
}

void AndInSet(absl::Span<const Half> values, absl::Span<const Half> set, uint64_t* selection) {
  HWY_DYNAMIC_DISPATCH(SetHalf)
  (reinterpret_cast<const int16_t*>(values.data()), values.size(), set.data(), set.size(), selection);
}

void AndCodesIn(absl::Span<const uint32_t> codes, const uint64_t* codes_kept, uint32_t code_count,
                uint64_t* selection) {
  if (code_count == 0) {  // the bitmap may have no word to look at
    AndInterval(codes, uint32_t{1}, uint32_t{0}, selection);
    return;
  }
  HWY_DYNAMIC_DISPATCH(CodesIn)(codes.data(), codes.size(), codes_kept, code_count, selection);
}

void AndCompare(Comparison comparison, absl::Span<const int64_t> left, absl::Span<const int64_t> right,
                uint64_t* selection) {
  HWY_DYNAMIC_DISPATCH(CompareI64)(comparison, left.data(), right.data(), left.size(), selection);
}
void AndCompare(Comparison comparison, absl::Span<const double> left, absl::Span<const double> right,
                uint64_t* selection) {
  HWY_DYNAMIC_DISPATCH(CompareF64)(comparison, left.data(), right.data(), left.size(), selection);
}

void AndCompare(Comparison comparison, absl::Span<const int64_t> left, int64_t right, uint64_t* selection) {
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  switch (comparison) {
    case Comparison::kLess:
      return right == kMin ? AndInterval(left, kMax, kMin, selection) : AndInterval(left, kMin, right - 1, selection);
    case Comparison::kLessEqual:
      return AndInterval(left, kMin, right, selection);
    case Comparison::kEqual:
      return AndInterval(left, right, right, selection);
    case Comparison::kNotEqual:
      return HWY_DYNAMIC_DISPATCH(NotEqualI64)(left.data(), left.size(), right, selection);
    case Comparison::kGreaterEqual:
      return AndInterval(left, right, kMax, selection);
    case Comparison::kGreater:
      return right == kMax ? AndInterval(left, kMax, kMin, selection) : AndInterval(left, right + 1, kMax, selection);
  }
}

void AndCompare(Comparison comparison, absl::Span<const double> left, double right, uint64_t* selection) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  switch (comparison) {
    case Comparison::kLess:
      return right == -kInf ? AndInterval(left, kInf, -kInf, selection)
                            : AndInterval(left, -kInf, std::nextafter(right, -kInf), selection);
    case Comparison::kLessEqual:
      return AndInterval(left, -kInf, right, selection);
    case Comparison::kEqual:
      return AndInterval(left, right, right, selection);
    case Comparison::kNotEqual:
      return HWY_DYNAMIC_DISPATCH(NotEqualF64)(left.data(), left.size(), right, selection);
    case Comparison::kGreaterEqual:
      return AndInterval(left, right, kInf, selection);
    case Comparison::kGreater:
      return right == kInf ? AndInterval(left, kInf, -kInf, selection)
                           : AndInterval(left, std::nextafter(right, kInf), kInf, selection);
  }
}

}  // namespace cortex::simd
#endif  // HWY_ONCE

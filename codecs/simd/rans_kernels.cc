#include "codecs/simd/rans_kernels.h"

#include <array>

#include "codecs/simd/scalar_reference.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "codecs/simd/rans_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

#ifndef CORTEX_CODECS_SIMD_RANS_KERNELS_ONCE_
#define CORTEX_CODECS_SIMD_RANS_KERNELS_ONCE_
namespace cortex::simd {

// Row m: lane l of a refill mask m takes word (number of lanes below l in m).
inline constexpr std::array<std::array<uint8_t, 8>, 256> kWordOfLane = [] {
  std::array<std::array<uint8_t, 8>, 256> rows{};
  for (unsigned mask = 0; mask < 256; ++mask) {
    for (unsigned lane = 0; lane < 8; ++lane) {
      rows[mask][lane] = static_cast<uint8_t>(std::popcount(mask & ((1u << lane) - 1)));
    }
  }
  return rows;
}();

}  // namespace cortex::simd
#endif  // CORTEX_CODECS_SIMD_RANS_KERNELS_ONCE_

HWY_BEFORE_NAMESPACE();
namespace cortex::simd {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR

// One lane at a time is what the reference does.
size_t DecodeSymbols(const uint32_t* slots, size_t groups, RansCursor* cursor, uint8_t* out) {
  return reference::RansDecodeSymbols(slots, groups, cursor, out);
}
size_t DecodeValues(const uint32_t* slots, size_t groups, RansCursor* cursor, int32_t* out) {
  return reference::RansDecodeValues(slots, groups, cursor, out);
}

#else

using D = hn::CappedTag<uint32_t, 16>;
using V = hn::Vec<D>;
constexpr size_t kWidth = hn::MaxLanes(D());
constexpr size_t kVectors = kRansLanes / kWidth;

// Lanes below 2^16 take the next words, in order.
HWY_INLINE V Refill(V x, const std::byte** words) {
  const D d;
  const hn::Rebind<uint16_t, D> d16;
  const auto low = hn::Eq(hn::ShiftRight<16>(x), hn::Zero(d));
  const auto next = hn::PromoteTo(d, hn::LoadU(d16, reinterpret_cast<const uint16_t*>(*words)));
#if HWY_TARGET == HWY_AVX3
  *words += sizeof(uint16_t) * static_cast<size_t>(std::popcount(static_cast<unsigned>(low.raw)));
  const V spread{_mm512_maskz_expand_epi32(low.raw, next.raw)};
#else
  uint8_t bits[8];
  hn::StoreMaskBits(d, low, bits);
  *words += sizeof(uint16_t) * static_cast<size_t>(std::popcount(static_cast<unsigned>(bits[0])));
  const hn::Rebind<uint8_t, D> d8;
  const auto word_of_lane = hn::PromoteTo(d, hn::LoadU(d8, kWordOfLane[bits[0]].data()));
  const V spread = hn::TableLookupLanes(next, hn::IndicesFromVec(d, word_of_lane));
#endif
  return hn::IfThenElse(low, hn::Or(hn::ShiftLeft<16>(x), spread), x);
}

// Takes `counts` raw bits (at most 16) from every lane.
HWY_INLINE V TakeRawBits(V counts, V* x, const std::byte** words) {
  const D d;
  const V one = hn::Set(d, 1u);
  const V bits = hn::And(*x, hn::Sub(hn::Shl(one, counts), one));
  *x = Refill(hn::Shr(*x, counts), words);
  return bits;
}

// From tokens to values; z < 32 in all lanes is the common case and reads nothing.
HWY_INLINE void FinishValues(V (&tokens)[kVectors], V (&x)[kVectors], const std::byte** words, int32_t* out) {
  const D d;
  const hn::RebindToSigned<D> di;
  V most = tokens[0];
  for (size_t k = 1; k < kVectors; ++k) most = hn::Max(most, tokens[k]);
  if (!hn::AllTrue(d, hn::Lt(most, hn::Set(d, kRansDirectTokens)))) {
    const V at_once = hn::Set(d, uint32_t{kRansRawBitsAtOnce});
    V counts[kVectors];
    V most_bits = hn::Zero(d);
    for (size_t k = 0; k < kVectors; ++k) {
      const V token = tokens[k];
      const auto direct = hn::Lt(token, hn::Set(d, kRansDirectTokens));
      counts[k] = hn::IfThenZeroElse(direct, hn::Sub(hn::ShiftRight<3>(token), hn::Set(d, 2u)));
      const V leading = hn::Or(hn::And(token, hn::Set(d, 7u)), hn::Set(d, 8u));
      const V base = hn::IfThenElse(direct, token, hn::Shl(leading, counts[k]));
      tokens[k] = hn::Add(base, TakeRawBits(hn::Min(counts[k], at_once), &x[k], words));
      most_bits = hn::Max(most_bits, counts[k]);
    }
    if (!hn::AllFalse(d, hn::Gt(most_bits, at_once))) {
      for (size_t k = 0; k < kVectors; ++k) {
        const V rest = hn::Sub(hn::Max(counts[k], at_once), at_once);
        tokens[k] = hn::Add(tokens[k], hn::ShiftLeft<16>(TakeRawBits(rest, &x[k], words)));
      }
    }
  }
  for (size_t k = 0; k < kVectors; ++k) {
    const V sign = hn::Sub(hn::Zero(d), hn::And(tokens[k], hn::Set(d, 1u)));
    hn::StoreU(hn::BitCast(di, hn::Xor(hn::ShiftRight<1>(tokens[k]), sign)), di, out + k * kWidth);
  }
}

HWY_INLINE void FinishSymbols(const V (&tokens)[kVectors], uint8_t* out) {
  const hn::Rebind<uint8_t, D> d8;
  for (size_t k = 0; k < kVectors; ++k) hn::StoreU(hn::TruncateTo(d8, tokens[k]), d8, out + k * kWidth);
}

template <typename Out>
HWY_INLINE size_t DecodeGroups(const uint32_t* slots, size_t groups, RansCursor* cursor, Out* out) {
  const D d;
  const hn::RebindToSigned<D> di;
  const V slot_mask = hn::Set(d, kRansSlots - 1);
  const V byte_mask = hn::Set(d, 0xffu);
  V x[kVectors];
  for (size_t k = 0; k < kVectors; ++k) x[k] = hn::LoadU(d, cursor->states + k * kWidth);
  const std::byte* words = cursor->words;
  size_t group = 0;
  for (; group < groups && cursor->end - words >= static_cast<ptrdiff_t>(kRansGroupBytes); ++group) {
    V tokens[kVectors];
    for (size_t k = 0; k < kVectors; ++k) {
      const V entry = hn::GatherIndex(d, slots, hn::BitCast(di, hn::And(x[k], slot_mask)));
      const V quotient = hn::ShiftRight<kRansSlotBits>(x[k]);
      const V bias = hn::And(hn::ShiftRight<8>(entry), slot_mask);
      x[k] = hn::Add(hn::Mul(hn::ShiftRight<20>(entry), quotient), bias);
      tokens[k] = hn::And(entry, byte_mask);
    }
    for (size_t k = 0; k < kVectors; ++k) x[k] = Refill(x[k], &words);
    if constexpr (sizeof(Out) == 1) {
      FinishSymbols(tokens, out + group * kRansLanes);
    } else {
      FinishValues(tokens, x, &words, out + group * kRansLanes);
    }
  }
  for (size_t k = 0; k < kVectors; ++k) hn::StoreU(x[k], d, cursor->states + k * kWidth);
  cursor->words = words;
  return group;
}
size_t DecodeSymbols(const uint32_t* slots, size_t groups, RansCursor* cursor, uint8_t* out) {
  return DecodeGroups(slots, groups, cursor, out);
}
size_t DecodeValues(const uint32_t* slots, size_t groups, RansCursor* cursor, int32_t* out) {
  return DecodeGroups(slots, groups, cursor, out);
}

#endif  // HWY_TARGET == HWY_SCALAR

}  // namespace HWY_NAMESPACE
}  // namespace cortex::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cortex::simd {

HWY_EXPORT(DecodeSymbols);
HWY_EXPORT(DecodeValues);

size_t RansDecodeSymbols(const uint32_t* slots, size_t groups, RansCursor* cursor, uint8_t* out) {
  return HWY_DYNAMIC_DISPATCH(DecodeSymbols)(slots, groups, cursor, out);
}
size_t RansDecodeValues(const uint32_t* slots, size_t groups, RansCursor* cursor, int32_t* out) {
  return HWY_DYNAMIC_DISPATCH(DecodeValues)(slots, groups, cursor, out);
}
void RansDecodeRest(const uint32_t* slots, size_t lanes, RansCursor* cursor, uint8_t* out) {
  reference::RansDecodeGroup(slots, lanes, cursor, out);
}
void RansDecodeRest(const uint32_t* slots, size_t lanes, RansCursor* cursor, int32_t* out) {
  reference::RansDecodeGroup(slots, lanes, cursor, out);
}

}  // namespace cortex::simd
#endif  // HWY_ONCE

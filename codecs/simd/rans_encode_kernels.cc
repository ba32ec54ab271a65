#include "codecs/simd/rans_encode_kernels.h"

#include <algorithm>
#include <bit>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "codecs/simd/rans_encode_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace cortex::simd {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128

// One lane at a time is what the end of a run does.
template <typename In>
HWY_INLINE void PutGroups(const RansEncodeTable& table, const In* in, size_t groups, RansPutCursor* cursor) {
  for (size_t group = groups; group-- > 0;) RansPutRest(table, in + group * kRansLanes, kRansLanes, cursor);
}
void PutSymbols(const RansEncodeTable& table, const uint8_t* in, size_t groups, RansPutCursor* cursor) {
  PutGroups(table, in, groups, cursor);
}
void PutValues(const RansEncodeTable& table, const int32_t* in, size_t groups, RansPutCursor* cursor) {
  PutGroups(table, in, groups, cursor);
}
size_t Tokens(const int32_t*, size_t, uint8_t*) { return 0; }
size_t Reverse(const uint16_t*, size_t, std::byte*) { return 0; }

#else

using D = hn::CappedTag<uint32_t, 16>;
using V = hn::Vec<D>;
constexpr size_t kWidth = hn::MaxLanes(D());
constexpr size_t kVectors = kRansLanes / kWidth;

// Lanes stand in reverse here: lane 31 first, so that words leave in the order in which they are put.
struct Lanes {
  V v[kVectors];
};

HWY_INLINE V ZigZag(V value) {
  const D d;
  const hn::RebindToSigned<D> di;
  return hn::Xor(hn::ShiftLeft<1>(value), hn::BitCast(d, hn::ShiftRight<31>(hn::BitCast(di, value))));
}

// A class is the exponent and three bits of mantissa, as in a float; what a float cannot hold is shifted first.
HWY_INLINE V TokenOf(V z) {
  const D d;
  const hn::RebindToSigned<D> di;
  const hn::RebindToFloat<D> df;
  const auto small = hn::Eq(hn::ShiftRight<24>(z), hn::Zero(d));
  const V exact = hn::IfThenElse(small, z, hn::ShiftRight<8>(z));
  const V bits = hn::BitCast(d, hn::ConvertTo(df, hn::BitCast(di, exact)));
  const V less = hn::IfThenElse(small, hn::Set(d, 8u * 128), hn::Set(d, 8u * 120));
  const V token = hn::Sub(hn::ShiftRight<20>(bits), less);
  return hn::IfThenElse(hn::Lt(z, hn::Set(d, kRansDirectTokens)), z, token);
}

// The lanes of `full` move their low halves to the words.
template <class M>
HWY_INLINE V Spill(M full, V x, uint16_t** next) {
  const D d;
  const hn::Rebind<uint16_t, D> d16;
  hn::StoreU(hn::TruncateTo(d16, hn::Compress(x, full)), d16, *next);
  *next += hn::CountTrue(d, full);
  return hn::IfThenElse(full, hn::ShiftRight<16>(x), x);
}

// `counts` (at most 16) low bits of each lane of `bits`.
HWY_INLINE V PutRawBits(V x, V bits, V counts, uint16_t** next) {
  const D d;
  const V over = hn::Shr(hn::ShiftRight<16>(x), hn::Sub(hn::Set(d, 16u), counts));
  x = Spill(hn::Not(hn::Eq(over, hn::Zero(d))), x, next);
  const V one = hn::Set(d, 1u);
  return hn::Or(hn::Shl(x, counts), hn::And(bits, hn::Sub(hn::Shl(one, counts), one)));
}

HWY_INLINE V PutSymbol(const RansEncodeTable& table, V x, V symbol, V* least, uint16_t** next) {
  const D d;
  const hn::RebindToSigned<D> di;
  const hn::RepartitionToWide<D> d64;
  const auto index = hn::BitCast(di, symbol);
  const V entry = hn::GatherIndex(d, table.symbols, index);
  const V m = hn::GatherIndex(d, table.reciprocals, index);
  const V twelve = hn::Set(d, 0xfffu);
  const V frequency = hn::And(entry, twelve);
  *least = hn::Min(*least, frequency);
  x = Spill(hn::Not(hn::Lt(hn::ShiftRight<20>(x), frequency)), x, next);
  const V y = hn::Add(x, hn::ShiftRight<28>(entry));
  const auto even = hn::MulEven(y, m);
  const auto odd = hn::MulEven(hn::BitCast(d, hn::ShiftRight<32>(hn::BitCast(d64, y))),
                               hn::BitCast(d, hn::ShiftRight<32>(hn::BitCast(d64, m))));
  const V high = hn::OddEven(hn::BitCast(d, odd), hn::BitCast(d, hn::ShiftRight<32>(even)));
  const V quotient = hn::Shr(high, hn::And(hn::ShiftRight<24>(entry), hn::Set(d, 15u)));
  const V start = hn::And(hn::ShiftRight<12>(entry), twelve);
  return hn::Add(hn::Add(x, start), hn::Mul(quotient, hn::Sub(hn::Set(d, kRansSlots), frequency)));
}

HWY_INLINE Lanes LoadReversed(const uint32_t* from) {
  const D d;
  Lanes lanes;
  for (size_t k = 0; k < kVectors; ++k) {
    lanes.v[k] = hn::Reverse(d, hn::LoadU(d, from + kRansLanes - (k + 1) * kWidth));
  }
  return lanes;
}

struct Put {
  const RansEncodeTable& table;
  Lanes x;
  uint16_t* next;
  V least;

  HWY_INLINE void Symbols(const Lanes& symbols) {
    for (size_t k = 0; k < kVectors; ++k) x.v[k] = PutSymbol(table, x.v[k], symbols.v[k], &least, &next);
  }
  HWY_INLINE void Values(const Lanes& values) {
    const D d;
    Lanes z, tokens;
    V any = hn::Zero(d);
    for (size_t k = 0; k < kVectors; ++k) {
      z.v[k] = ZigZag(values.v[k]);
      any = hn::Or(any, z.v[k]);
    }
    if (hn::AllTrue(d, hn::Lt(any, hn::Set(d, kRansDirectTokens)))) return Symbols(z);
    const V at_once = hn::Set(d, uint32_t{kRansRawBitsAtOnce});
    Lanes counts;
    for (size_t k = 0; k < kVectors; ++k) {
      tokens.v[k] = TokenOf(z.v[k]);
      const auto direct = hn::Lt(tokens.v[k], hn::Set(d, kRansDirectTokens));
      counts.v[k] = hn::IfThenZeroElse(direct, hn::Sub(hn::ShiftRight<3>(tokens.v[k]), hn::Set(d, 2u)));
    }
    if (!hn::AllTrue(d, hn::Lt(any, hn::Set(d, 1u << 20)))) {  // some have more than 16 raw bits
      for (size_t k = 0; k < kVectors; ++k) {
        const V rest = hn::Sub(hn::Max(counts.v[k], at_once), at_once);
        x.v[k] = PutRawBits(x.v[k], hn::ShiftRight<16>(z.v[k]), rest, &next);
      }
    }
    for (size_t k = 0; k < kVectors; ++k) x.v[k] = PutRawBits(x.v[k], z.v[k], hn::Min(counts.v[k], at_once), &next);
    Symbols(tokens);
  }
};

HWY_INLINE Put Begin(const RansEncodeTable& table, const RansPutCursor& cursor) {
  return {table, LoadReversed(cursor.states), cursor.next, hn::Set(D(), cursor.least_frequency)};
}
HWY_INLINE void End(const Put& put, RansPutCursor* cursor) {
  const D d;
  for (size_t k = 0; k < kVectors; ++k) {
    hn::StoreU(hn::Reverse(d, put.x.v[k]), d, cursor->states + kRansLanes - (k + 1) * kWidth);
  }
  cursor->next = put.next;
  cursor->least_frequency = hn::GetLane(hn::MinOfLanes(d, put.least));
}

void PutSymbols(const RansEncodeTable& table, const uint8_t* symbols, size_t groups, RansPutCursor* cursor) {
  const D d;
  const hn::Rebind<uint8_t, D> d8;
  Put put = Begin(table, *cursor);
  for (size_t group = groups; group-- > 0;) {
    Lanes lanes;
    const uint8_t* const end = symbols + (group + 1) * kRansLanes;
    for (size_t k = 0; k < kVectors; ++k) {
      lanes.v[k] = hn::Reverse(d, hn::PromoteTo(d, hn::LoadU(d8, end - (k + 1) * kWidth)));
    }
    put.Symbols(lanes);
  }
  End(put, cursor);
}

void PutValues(const RansEncodeTable& table, const int32_t* values, size_t groups, RansPutCursor* cursor) {
  Put put = Begin(table, *cursor);
  const auto* bits = reinterpret_cast<const uint32_t*>(values);
  for (size_t group = groups; group-- > 0;) put.Values(LoadReversed(bits + group * kRansLanes));
  End(put, cursor);
}

size_t Tokens(const int32_t* values, size_t count, uint8_t* tokens) {
  const D d;
  const hn::Rebind<uint8_t, D> d8;
  const auto* bits = reinterpret_cast<const uint32_t*>(values);
  size_t i = 0;
  for (; i + kWidth <= count; i += kWidth) {
    hn::StoreU(hn::TruncateTo(d8, TokenOf(ZigZag(hn::LoadU(d, bits + i)))), d8, tokens + i);
  }
  return i;
}

size_t Reverse(const uint16_t* in, size_t count, std::byte* out) {
  const hn::ScalableTag<uint16_t> d;
  const hn::Repartition<uint8_t, decltype(d)> bytes;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto words = hn::Reverse(d, hn::LoadU(d, in + count - i - lanes));
    hn::StoreU(hn::BitCast(bytes, words), bytes, reinterpret_cast<uint8_t*>(out) + i * sizeof(uint16_t));
  }
  return i;
}

#endif  // HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128

}  // namespace HWY_NAMESPACE
}  // namespace cortex::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cortex::simd {

HWY_EXPORT(PutSymbols);
HWY_EXPORT(PutValues);
HWY_EXPORT(Tokens);
HWY_EXPORT(Reverse);

namespace {

// No branches: whether a state is full is a matter of chance, and a mispredicted branch costs more than all the rest.
uint32_t SpillIf(bool full, uint32_t x, uint16_t** next) {
  **next = static_cast<uint16_t>(x);
  *next += static_cast<size_t>(full);
  return x >> (16 * static_cast<unsigned>(full));
}

// Bits [first, first + 16) of each z, as far as they are among its raw bits.
void PutRawBits(const uint32_t* z, unsigned first, size_t lanes, RansPutCursor* cursor) {
  for (size_t l = lanes; l-- > 0;) {
    const unsigned all = RansRawBits(RansTokenOf(z[l]));
    const unsigned count = std::min(std::max(all, first) - first, kRansRawBitsAtOnce);
    const uint32_t x = SpillIf(uint64_t{cursor->states[l]} << count >> 32 != 0, cursor->states[l], &cursor->next);
    cursor->states[l] = x << count | ((z[l] >> first) & ((1u << count) - 1));
  }
}

}  // namespace

void RansEncodeTable::Set(size_t symbol, uint32_t start, uint32_t frequency) {
  if (frequency == 0) return;
  const auto s = static_cast<unsigned>(std::bit_width(frequency) - 1);
  const uint64_t power = uint64_t{1} << (32 + s);
  uint64_t m = (power + frequency - 1) / frequency;
  const bool one_more = m >> 32 != 0 || m * frequency - power > 1u << 11;
  if (one_more) --m;
  reciprocals[symbol] = static_cast<uint32_t>(m);
  symbols[symbol] = frequency | start << 12 | s << 24 | uint32_t{one_more} << 28;
}

void RansPutSymbols(const RansEncodeTable& table, const uint8_t* symbols, size_t groups, RansPutCursor* cursor) {
  HWY_DYNAMIC_DISPATCH(PutSymbols)(table, symbols, groups, cursor);
}
void RansPutValues(const RansEncodeTable& table, const int32_t* values, size_t groups, RansPutCursor* cursor) {
  HWY_DYNAMIC_DISPATCH(PutValues)(table, values, groups, cursor);
}

void RansPutRest(const RansEncodeTable& table, const uint8_t* symbols, size_t lanes, RansPutCursor* cursor) {
  for (size_t l = lanes; l-- > 0;) {
    const uint32_t entry = table.symbols[symbols[l]], frequency = entry & 0xfff;
    cursor->least_frequency = std::min(cursor->least_frequency, frequency);
    const uint32_t x = SpillIf(cursor->states[l] >> 20 >= frequency, cursor->states[l], &cursor->next);
    const uint64_t product = uint64_t{x + (entry >> 28)} * table.reciprocals[symbols[l]];
    const auto quotient = static_cast<uint32_t>(product >> 32 >> (entry >> 24 & 15));
    cursor->states[l] = x + (entry >> 12 & 0xfff) + quotient * (kRansSlots - frequency);
  }
}
void RansPutRest(const RansEncodeTable& table, const int32_t* values, size_t lanes, RansPutCursor* cursor) {
  uint32_t z[kRansLanes], any = 0;
  uint8_t tokens[kRansLanes];
  for (size_t l = 0; l < lanes; ++l) {
    z[l] = RansZigZag(values[l]);
    tokens[l] = static_cast<uint8_t>(RansTokenOf(z[l]));
    any |= z[l];
  }
  if (RansRawBits(RansTokenOf(any)) > kRansRawBitsAtOnce) PutRawBits(z, kRansRawBitsAtOnce, lanes, cursor);
  if (any >= kRansDirectTokens) PutRawBits(z, 0, lanes, cursor);
  RansPutRest(table, tokens, lanes, cursor);
}

void ReverseWords(const uint16_t* in, size_t count, std::byte* out) {
  const size_t done = HWY_DYNAMIC_DISPATCH(Reverse)(in, count, out);
  for (size_t i = done; i < count; ++i) std::memcpy(out + i * sizeof(uint16_t), in + count - 1 - i, sizeof(uint16_t));
}

void RansTokens(const int32_t* values, size_t count, uint8_t* tokens) {
  const size_t done = HWY_DYNAMIC_DISPATCH(Tokens)(values, count, tokens);
  for (size_t i = done; i < count; ++i) tokens[i] = static_cast<uint8_t>(RansTokenOf(RansZigZag(values[i])));
}

}  // namespace cortex::simd
#endif  // HWY_ONCE

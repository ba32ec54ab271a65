#include "codecs/simd/unpack_kernels.h"

#include <algorithm>
#include <cstring>

#include "codecs/simd/scalar_reference.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "codecs/simd/unpack_kernels.cc"
#include "hwy/foreach_target.h"  // IWYU pragma: keep
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace cortex::simd {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// Row r of all lanes lies in word r·width / W of each lane's stream, and in the next one if it straddles; the shifts
// are the same for every lane, so one loop serves all widths.
template <typename T>
HWY_INLINE void Unpack(const T* packed, unsigned width, size_t count, T base, T* values) {
  constexpr size_t kBits = 8 * sizeof(T);
  constexpr size_t kLanes = kPackedBlockValues / kBits;
  const hn::CappedTag<T, kLanes> d;
  const size_t step = hn::Lanes(d);
  const size_t rows = (count + kLanes - 1) / kLanes;
  const auto base_v = hn::Set(d, base);
  if (width == 0) {
    for (size_t i = 0; i < rows * kLanes; i += step) hn::StoreU(base_v, d, values + i);
    return;
  }
  const auto mask = hn::Set(d, static_cast<T>(~T{0}) >> (kBits - width));
  for (size_t r = 0; r < rows; ++r) {
    const size_t bit = r * width;
    const T* word = packed + bit / kBits * kLanes;
    const auto shift = static_cast<int>(bit % kBits);
    T* out = values + r * kLanes;
    if (shift + width <= kBits) {
      for (size_t l = 0; l < kLanes; l += step) {
        const auto v = hn::ShiftRightSame(hn::LoadU(d, word + l), shift);
        hn::StoreU(hn::Add(hn::And(v, mask), base_v), d, out + l);
      }
      continue;
    }
    const auto back = static_cast<int>(kBits) - shift;
    for (size_t l = 0; l < kLanes; l += step) {
      const auto low = hn::ShiftRightSame(hn::LoadU(d, word + l), shift);
      const auto high = hn::ShiftLeftSame(hn::LoadU(d, word + kLanes + l), back);
      hn::StoreU(hn::Add(hn::And(hn::Or(low, high), mask), base_v), d, out + l);
    }
  }
}
void Unpack32(const uint32_t* packed, unsigned width, size_t count, uint32_t base, uint32_t* values) {
  Unpack(packed, width, count, base, values);
}
void Unpack64(const uint64_t* packed, unsigned width, size_t count, uint64_t base, uint64_t* values) {
  Unpack(packed, width, count, base, values);
}

template <typename T>
HWY_INLINE void ZigZag(bool encode, T* values, size_t count) {
  const hn::ScalableTag<T> d;
  const hn::RebindToSigned<decltype(d)> di;
  const size_t lanes = hn::Lanes(d);
  const auto one = hn::Set(d, T{1});
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto v = hn::LoadU(d, values + i);
    if (encode) {
      const auto sign = hn::BitCast(d, hn::BroadcastSignBit(hn::BitCast(di, v)));
      hn::StoreU(hn::Xor(hn::Add(v, v), sign), d, values + i);
    } else {
      const auto sign = hn::Sub(hn::Zero(d), hn::And(v, one));
      hn::StoreU(hn::Xor(hn::ShiftRight<1>(v), sign), d, values + i);
    }
  }
  for (; i < count; ++i) {
    const T v = values[i];
    values[i] = encode ? (v << 1) ^ (T{0} - (v >> 63)) : (v >> 1) ^ (T{0} - (v & 1));
  }
}
void ZigZag64(bool encode, uint64_t* values, size_t count) { ZigZag(encode, values, count); }

template <typename Wide, typename T>
HWY_INLINE void NarrowTo(const Wide* values, size_t count, T* narrow) {
  const hn::ScalableTag<Wide> d;
  const hn::Rebind<T, decltype(d)> dn;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) hn::StoreU(hn::TruncateTo(dn, hn::LoadU(d, values + i)), dn, narrow + i);
  for (; i < count; ++i) narrow[i] = static_cast<T>(values[i]);
}
void Narrow32To8(const uint32_t* values, size_t count, uint8_t* narrow) { NarrowTo(values, count, narrow); }
void Narrow32To16(const uint32_t* values, size_t count, uint16_t* narrow) { NarrowTo(values, count, narrow); }
void Narrow64To32(const uint64_t* values, size_t count, uint32_t* narrow) { NarrowTo(values, count, narrow); }

// Codes below 2^31 (checked by the caller) index a table of 32- or 64-bit values.
void Gather32(const uint32_t* codes, size_t count, const uint32_t* table, uint32_t* out) {
  const hn::ScalableTag<uint32_t> d;
  const hn::RebindToSigned<decltype(d)> di;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(hn::GatherIndex(d, table, hn::BitCast(di, hn::LoadU(d, codes + i))), d, out + i);
  }
  for (; i < count; ++i) out[i] = table[codes[i]];
}
void Gather64(const uint32_t* codes, size_t count, const uint64_t* table, uint64_t* out) {
  const hn::ScalableTag<uint64_t> d;
  const hn::RebindToSigned<decltype(d)> di;
  const hn::Rebind<uint32_t, decltype(d)> dc;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto index = hn::BitCast(di, hn::PromoteTo(d, hn::LoadU(dc, codes + i)));
    hn::StoreU(hn::GatherIndex(d, table, index), d, out + i);
  }
  for (; i < count; ++i) out[i] = table[codes[i]];
}

template <typename T>
HWY_INLINE void Or(const T* bits, size_t count, T* values) {
  const hn::ScalableTag<T> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(hn::Or(hn::LoadU(d, bits + i), hn::LoadU(d, values + i)), d, values + i);
  }
  for (; i < count; ++i) values[i] |= bits[i];
}
void Or32(const uint32_t* bits, size_t count, uint32_t* values) { Or(bits, count, values); }
void Or64(const uint64_t* bits, size_t count, uint64_t* values) { Or(bits, count, values); }

uint32_t Max32(const uint32_t* values, size_t count) {
  const hn::ScalableTag<uint32_t> d;
  const size_t lanes = hn::Lanes(d);
  auto max = hn::Zero(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) max = hn::Max(max, hn::LoadU(d, values + i));
  uint32_t result = hn::GetLane(hn::MaxOfLanes(d, max));
  for (; i < count; ++i) result = HWY_MAX(result, values[i]);
  return result;
}

void MinMax64(const int64_t* values, size_t count, int64_t* min, int64_t* max) {
  const hn::ScalableTag<int64_t> d;
  const size_t lanes = hn::Lanes(d);
  auto low = hn::Set(d, values[0]);
  auto high = low;
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto v = hn::LoadU(d, values + i);
    low = hn::Min(low, v);
    high = hn::Max(high, v);
  }
  HWY_ALIGN int64_t lows[hn::MaxLanes(d)];
  HWY_ALIGN int64_t highs[hn::MaxLanes(d)];
  hn::Store(low, d, lows);
  hn::Store(high, d, highs);
  *min = lows[0];
  *max = highs[0];
  for (size_t l = 1; l < lanes; ++l) {
    *min = HWY_MIN(*min, lows[l]);
    *max = HWY_MAX(*max, highs[l]);
  }
  for (; i < count; ++i) {
    *min = HWY_MIN(*min, values[i]);
    *max = HWY_MAX(*max, values[i]);
  }
}

using DB = hn::ScalableTag<uint8_t>;

// One vector of every plane at a time; eight-byte values go through two four-byte halves in the cache.
size_t Split(const uint8_t* values, size_t count, unsigned width, uint8_t* planes) {
  const DB d;
  const size_t lanes = hn::Lanes(d);
  const size_t whole = count / lanes * lanes;
  for (size_t i = 0; i < whole; i += lanes) {
    const uint8_t* in = values + i * width;
    if (width == 2) {
      hn::Vec<DB> p0, p1;
      hn::LoadInterleaved2(d, in, p0, p1);
      hn::StoreU(p0, d, planes + i);
      hn::StoreU(p1, d, planes + count + i);
      continue;
    }
    HWY_ALIGN uint32_t halves[2][hn::MaxLanes(d)];
    if (width == 8) {
      const hn::ScalableTag<uint32_t> d32;
      for (size_t k = 0; k < lanes; k += hn::Lanes(d32)) {
        hn::Vec<decltype(d32)> low, high;
        hn::LoadInterleaved2(d32, reinterpret_cast<const uint32_t*>(in + k * 8), low, high);
        hn::Store(low, d32, halves[0] + k);
        hn::Store(high, d32, halves[1] + k);
      }
    }
    for (unsigned half = 0; half < width / 4; ++half) {
      hn::Vec<DB> p0, p1, p2, p3;
      hn::LoadInterleaved4(d, width == 8 ? reinterpret_cast<const uint8_t*>(halves[half]) : in, p0, p1, p2, p3);
      uint8_t* out = planes + half * 4 * count + i;
      hn::StoreU(p0, d, out);
      hn::StoreU(p1, d, out + count);
      hn::StoreU(p2, d, out + 2 * count);
      hn::StoreU(p3, d, out + 3 * count);
    }
  }
  return whole;
}

size_t Unsplit(const uint8_t* planes, size_t count, unsigned width, uint8_t* values) {
  const DB d;
  const size_t lanes = hn::Lanes(d);
  const size_t whole = count / lanes * lanes;
  for (size_t i = 0; i < whole; i += lanes) {
    uint8_t* out = values + i * width;
    if (width == 2) {
      hn::StoreInterleaved2(hn::LoadU(d, planes + i), hn::LoadU(d, planes + count + i), d, out);
      continue;
    }
    HWY_ALIGN uint32_t halves[2][hn::MaxLanes(d)];
    for (unsigned half = 0; half < width / 4; ++half) {
      const uint8_t* in = planes + half * 4 * count + i;
      hn::StoreInterleaved4(hn::LoadU(d, in), hn::LoadU(d, in + count), hn::LoadU(d, in + 2 * count),
                            hn::LoadU(d, in + 3 * count), d,
                            width == 8 ? reinterpret_cast<uint8_t*>(halves[half]) : out);
    }
    if (width == 8) {
      const hn::ScalableTag<uint32_t> d32;
      for (size_t k = 0; k < lanes; k += hn::Lanes(d32)) {
        hn::StoreInterleaved2(hn::Load(d32, halves[0] + k), hn::Load(d32, halves[1] + k), d32,
                              reinterpret_cast<uint32_t*>(out + k * 8));
      }
    }
  }
  return whole;
}

}  // namespace HWY_NAMESPACE
}  // namespace cortex::simd
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cortex::simd {

HWY_EXPORT(Unpack32);
HWY_EXPORT(Unpack64);
HWY_EXPORT(ZigZag64);
HWY_EXPORT(Narrow32To8);
HWY_EXPORT(Narrow32To16);
HWY_EXPORT(Narrow64To32);
HWY_EXPORT(Gather32);
HWY_EXPORT(Gather64);
HWY_EXPORT(Or32);
HWY_EXPORT(Or64);
HWY_EXPORT(Max32);
HWY_EXPORT(MinMax64);
HWY_EXPORT(Split);
HWY_EXPORT(Unsplit);

namespace {

template <typename T>
void Pack(absl::Span<const T> values, unsigned width, std::byte* packed) {
  constexpr size_t kBits = 8 * sizeof(T);
  constexpr size_t kLanes = kPackedBlockValues / kBits;
  if (width == 0) return;
  T words[kPackedBlockValues] = {};
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t lane = i % kLanes;
    const size_t bit = i / kLanes * width;
    const size_t word = bit / kBits, shift = bit % kBits;
    words[word * kLanes + lane] |= values[i] << shift;
    if (shift + width > kBits) words[(word + 1) * kLanes + lane] |= values[i] >> (kBits - shift);
  }
  std::memcpy(packed, words, PackedBytes(values.size(), width, kBits));
}

template <typename T>
T One(const std::byte* packed, unsigned width, size_t i) {
  constexpr size_t kBits = 8 * sizeof(T);
  constexpr size_t kLanes = kPackedBlockValues / kBits;
  if (width == 0) return 0;
  const size_t bit = i / kLanes * width;
  const size_t word = bit / kBits * kLanes + i % kLanes, shift = bit % kBits;
  T low;
  std::memcpy(&low, packed + word * sizeof(T), sizeof(T));
  T value = low >> shift;
  if (shift + width > kBits) {
    T high;
    std::memcpy(&high, packed + (word + kLanes) * sizeof(T), sizeof(T));
    value |= high << (kBits - shift);
  }
  return value & (static_cast<T>(~T{0}) >> (kBits - width));
}

}  // namespace

void PackBits(absl::Span<const uint32_t> values, unsigned width, std::byte* packed) { Pack(values, width, packed); }
void PackBits(absl::Span<const uint64_t> values, unsigned width, std::byte* packed) { Pack(values, width, packed); }

void UnpackBits(const std::byte* packed, unsigned width, size_t count, uint32_t base, uint32_t* values) {
  HWY_DYNAMIC_DISPATCH(Unpack32)(reinterpret_cast<const uint32_t*>(packed), width, count, base, values);
}
void UnpackBits(const std::byte* packed, unsigned width, size_t count, uint64_t base, uint64_t* values) {
  HWY_DYNAMIC_DISPATCH(Unpack64)(reinterpret_cast<const uint64_t*>(packed), width, count, base, values);
}
uint32_t UnpackOne32(const std::byte* packed, unsigned width, size_t i) { return One<uint32_t>(packed, width, i); }
uint64_t UnpackOne64(const std::byte* packed, unsigned width, size_t i) { return One<uint64_t>(packed, width, i); }

// Scalar on purpose: one addition per value is one cycle per 8 bytes, which no log-step SIMD scan beats by much.
void PrefixSum(uint64_t start, absl::Span<uint64_t> values) {
  for (uint64_t& value : values) value = start += value;
}
void Deltas(uint64_t start, absl::Span<const uint64_t> values, uint64_t* deltas) {
  for (size_t i = 0; i < values.size(); ++i) {
    const uint64_t value = values[i];
    deltas[i] = value - start;
    start = value;
  }
}

void ZigZagEncode(absl::Span<uint64_t> values) { HWY_DYNAMIC_DISPATCH(ZigZag64)(true, values.data(), values.size()); }
void ZigZagDecode(absl::Span<uint64_t> values) { HWY_DYNAMIC_DISPATCH(ZigZag64)(false, values.data(), values.size()); }

void Narrow(absl::Span<const uint32_t> values, uint8_t* narrow) {
  HWY_DYNAMIC_DISPATCH(Narrow32To8)(values.data(), values.size(), narrow);
}
void Narrow(absl::Span<const uint32_t> values, uint16_t* narrow) {
  HWY_DYNAMIC_DISPATCH(Narrow32To16)(values.data(), values.size(), narrow);
}
void Narrow(absl::Span<const uint64_t> values, uint32_t* narrow) {
  HWY_DYNAMIC_DISPATCH(Narrow64To32)(values.data(), values.size(), narrow);
}

void GatherTable(absl::Span<const uint32_t> codes, const uint16_t* table, uint16_t* out) {
  for (size_t i = 0; i < codes.size(); ++i) out[i] = table[codes[i]];
}
void GatherTable(absl::Span<const uint32_t> codes, const uint32_t* table, uint32_t* out) {
  HWY_DYNAMIC_DISPATCH(Gather32)(codes.data(), codes.size(), table, out);
}
void GatherTable(absl::Span<const uint32_t> codes, const uint64_t* table, uint64_t* out) {
  HWY_DYNAMIC_DISPATCH(Gather64)(codes.data(), codes.size(), table, out);
}

void OrInto(absl::Span<const uint32_t> bits, uint32_t* values) {
  HWY_DYNAMIC_DISPATCH(Or32)(bits.data(), bits.size(), values);
}
void OrInto(absl::Span<const uint64_t> bits, uint64_t* values) {
  HWY_DYNAMIC_DISPATCH(Or64)(bits.data(), bits.size(), values);
}

uint32_t MaxOf(absl::Span<const uint32_t> values) { return HWY_DYNAMIC_DISPATCH(Max32)(values.data(), values.size()); }
void MinMaxOf(absl::Span<const int64_t> values, int64_t* min, int64_t* max) {
  HWY_DYNAMIC_DISPATCH(MinMax64)(values.data(), values.size(), min, max);
}

void SplitBytes(const std::byte* values, size_t count, unsigned width, std::byte* planes) {
  const size_t done = HWY_DYNAMIC_DISPATCH(Split)(reinterpret_cast<const uint8_t*>(values), count, width,
                                                  reinterpret_cast<uint8_t*>(planes));
  for (size_t i = done; i < count; ++i) {
    for (unsigned k = 0; k < width; ++k) planes[k * count + i] = values[i * width + k];
  }
}
void UnsplitBytes(const std::byte* planes, size_t count, unsigned width, std::byte* values) {
  const size_t done = HWY_DYNAMIC_DISPATCH(Unsplit)(reinterpret_cast<const uint8_t*>(planes), count, width,
                                                    reinterpret_cast<uint8_t*>(values));
  for (size_t i = done; i < count; ++i) {
    for (unsigned k = 0; k < width; ++k) values[i * width + k] = planes[k * count + i];
  }
}

}  // namespace cortex::simd
#endif  // HWY_ONCE

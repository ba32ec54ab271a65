#include "codecs/simd/scalar_reference.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include "codecs/simd/unpack_kernels.h"

namespace cortex::simd::reference {
namespace {

constexpr size_t kAccumulators = 16;

bool Selected(const uint64_t* selection, size_t i) {
  return selection == nullptr || (selection[i / 64] >> (i % 64) & 1) != 0;
}

// sum[i mod 16] = fma(x, y, sum[i mod 16]) over a row padded with +0 to a multiple of 16, then the tree.
template <typename T, typename Left, typename Right>
double Accumulate(size_t length, Left left, Right right) {
  T sums[kAccumulators] = {};
  const size_t padded = (length + kAccumulators - 1) / kAccumulators * kAccumulators;
  for (size_t i = 0; i < padded; ++i) {
    const T x = i < length ? left(i) : T{0};
    const T y = i < length ? right(i) : T{0};
    sums[i % kAccumulators] = std::fma(x, y, sums[i % kAccumulators]);
  }
  return static_cast<double>(AddTree(sums));
}

template <typename T>
double L2(absl::Span<const T> a, absl::Span<const T> b) {
  using C = decltype(Number(T()));
  const auto difference = [&](size_t i) { return Number(a[i]) - Number(b[i]); };
  return CanonicalNan(Accumulate<C>(a.size(), difference, difference));
}

template <typename T>
double Product(absl::Span<const T> a, absl::Span<const T> b) {
  using C = decltype(Number(T()));
  return CanonicalNan(Accumulate<C>(
      a.size(), [&](size_t i) { return Number(a[i]); }, [&](size_t i) { return Number(b[i]); }));
}

template <typename T>
HermitianSums HermitianOf(absl::Span<const T> a, absl::Span<const T> b) {
  const auto x = [&](size_t i) { return a[i]; };
  const auto y = [&](size_t i) { return b[i]; };
  const auto conjugate = [&](size_t i) { return i % 2 == 0 ? a[i] : -a[i]; };
  const auto swapped = [&](size_t i) { return b[i ^ 1]; };
  return {Accumulate<T>(a.size(), x, y), Accumulate<T>(a.size(), conjugate, swapped), Accumulate<T>(a.size(), y, y)};
}

double WrapPhase(double difference) {
  if (difference > kPi) return difference - kTwoPi;
  if (difference <= -kPi) return difference + kTwoPi;
  return difference;
}

template <typename T>
void Unpack(const std::byte* packed, unsigned width, size_t count, T base, T* values) {
  for (size_t i = 0; i < count; ++i) {
    if constexpr (sizeof(T) == 4) {
      values[i] = base + UnpackOne32(packed, width, i);
    } else {
      values[i] = base + UnpackOne64(packed, width, i);
    }
  }
}

uint32_t RansRefill(uint32_t x, RansCursor* cursor) {
  if (x >= kRansLowestState) return x;
  uint16_t word;
  std::memcpy(&word, cursor->words, sizeof(word));
  cursor->words += sizeof(word);
  return x << 16 | word;
}

void RansTokens(const uint32_t* slots, size_t lanes, RansCursor* cursor, uint32_t* tokens) {
  for (size_t l = 0; l < lanes; ++l) {
    uint32_t& x = cursor->states[l];
    const uint32_t entry = slots[x % kRansSlots];
    x = RansRefill((entry >> 20) * (x / kRansSlots) + (entry >> 8) % kRansSlots, cursor);
    tokens[l] = entry & 0xff;
  }
}

uint32_t RansTakeRawBits(unsigned count, uint32_t* x, RansCursor* cursor) {
  const uint32_t bits = *x & ((1u << count) - 1);
  *x = RansRefill(*x >> count, cursor);
  return bits;
}

template <typename Out>
size_t RansGroups(const uint32_t* slots, size_t groups, RansCursor* cursor, Out* out) {
  size_t group = 0;
  for (; group < groups && cursor->end - cursor->words >= static_cast<ptrdiff_t>(kRansGroupBytes); ++group) {
    RansDecodeGroup(slots, kRansLanes, cursor, out + group * kRansLanes);
  }
  return group;
}

}  // namespace

void AndCodesIn(absl::Span<const uint32_t> codes, const uint64_t* codes_kept, uint32_t code_count,
                uint64_t* selection) {
  for (size_t i = 0; i < codes.size(); ++i) {
    const uint32_t code = codes[i];
    KeepIf(code < code_count && (codes_kept[code / 64] >> (code % 64) & 1) != 0, i, selection);
  }
}

IntSummary Summarize(absl::Span<const int64_t> values, const uint64_t* selection) {
  IntSummary summary;
  for (size_t i = 0; i < values.size(); ++i) {
    if (Selected(selection, i)) summary.Merge({1, values[i], values[i], values[i]});
  }
  return summary;
}

FloatSummary Summarize(absl::Span<const double> values, const uint64_t* selection) {
  FloatSummary summary;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!Selected(selection, i)) continue;
    if (std::isnan(values[i])) {
      summary.Merge({.count = 1, .nan_count = 1});
    } else {
      summary.Merge({1, 0, values[i], values[i]});
    }
  }
  return summary;
}

double SquaredL2(absl::Span<const Half> a, absl::Span<const Half> b) { return L2(a, b); }
double SquaredL2(absl::Span<const float> a, absl::Span<const float> b) { return L2(a, b); }
double SquaredL2(absl::Span<const double> a, absl::Span<const double> b) { return L2(a, b); }
double InnerProduct(absl::Span<const Half> a, absl::Span<const Half> b) { return Product(a, b); }
double InnerProduct(absl::Span<const float> a, absl::Span<const float> b) { return Product(a, b); }
double InnerProduct(absl::Span<const double> a, absl::Span<const double> b) { return Product(a, b); }
HermitianSums Hermitian(absl::Span<const float> a, absl::Span<const float> b) { return HermitianOf(a, b); }
HermitianSums Hermitian(absl::Span<const double> a, absl::Span<const double> b) { return HermitianOf(a, b); }

void ToPolar(absl::Span<const double> row, double* amplitudes, double* phases) {
  for (size_t k = 0; k < row.size() / 2; ++k) {
    const double re = row[2 * k], im = row[2 * k + 1];
    amplitudes[k] = std::sqrt(std::fma(re, re, im * im));
    phases[k] = Atan2(im, re);
  }
}

double PolarToQuery(absl::Span<const double> amplitudes, absl::Span<const double> phases,
                    absl::Span<const double> row) {
  const size_t n = row.size() / 2;
  std::vector<double> row_amplitudes(n), row_phases(n);
  ToPolar(row, row_amplitudes.data(), row_phases.data());
  const auto turn = [&](size_t k) { return WrapPhase(phases[k] - row_phases[k]); };
  const auto change = [&](size_t k) { return amplitudes[k] - row_amplitudes[k]; };
  return PolarFrom(Accumulate<double>(n, turn, turn), Accumulate<double>(n, change, change), n);
}

double FieldDistance(FieldMetric metric, absl::Span<const double> a, absl::Span<const double> b) {
  if (metric == FieldMetric::kEuclidean) return std::sqrt(SquaredL2(a, b));
  if (metric == FieldMetric::kFidelity) {
    const HermitianSums sums = Hermitian(a, b);
    return FidelityFrom(sums.re, sums.im, InnerProduct(a, a), sums.squared_norm_b);
  }
  std::vector<double> amplitudes(a.size() / 2), phases(a.size() / 2);
  ToPolar(a, amplitudes.data(), phases.data());
  return PolarToQuery(amplitudes, phases, b);
}

void UnpackBits(const std::byte* packed, unsigned width, size_t count, uint32_t base, uint32_t* values) {
  Unpack(packed, width, count, base, values);
}
void UnpackBits(const std::byte* packed, unsigned width, size_t count, uint64_t base, uint64_t* values) {
  Unpack(packed, width, count, base, values);
}

size_t RansDecodeSymbols(const uint32_t* slots, size_t groups, RansCursor* cursor, uint8_t* out) {
  return RansGroups(slots, groups, cursor, out);
}
size_t RansDecodeValues(const uint32_t* slots, size_t groups, RansCursor* cursor, int32_t* out) {
  return RansGroups(slots, groups, cursor, out);
}
void RansDecodeGroup(const uint32_t* slots, size_t lanes, RansCursor* cursor, uint8_t* out) {
  uint32_t tokens[kRansLanes];
  RansTokens(slots, lanes, cursor, tokens);
  for (size_t l = 0; l < lanes; ++l) out[l] = static_cast<uint8_t>(tokens[l]);
}
void RansDecodeGroup(const uint32_t* slots, size_t lanes, RansCursor* cursor, int32_t* out) {
  uint32_t tokens[kRansLanes];
  uint32_t z[kRansLanes];
  RansTokens(slots, lanes, cursor, tokens);
  for (size_t l = 0; l < lanes; ++l) {
    const unsigned low_bits = std::min(RansRawBits(tokens[l]), kRansRawBitsAtOnce);
    z[l] = RansTokenBase(tokens[l]) + RansTakeRawBits(low_bits, &cursor->states[l], cursor);
  }
  for (size_t l = 0; l < lanes; ++l) {
    const unsigned high_bits = std::max(RansRawBits(tokens[l]), kRansRawBitsAtOnce) - kRansRawBitsAtOnce;
    z[l] += RansTakeRawBits(high_bits, &cursor->states[l], cursor) << kRansRawBitsAtOnce;
    out[l] = RansUnZigZag(z[l]);
  }
}

void CoarseProducts(const uint8_t* high, size_t rows, size_t plane_bytes, const int8_t* query, double* products) {
  for (size_t i = 0; i < rows; ++i) {
    int64_t sum = 0;
    for (size_t j = 0; j < plane_bytes; ++j) {
      const int byte = high[i * plane_bytes + j];
      sum += query[j] * (byte % 16 - 8) + query[plane_bytes + j] * (byte / 16 - 8);
    }
    products[i] = static_cast<double>(sum);
  }
}

void FineProducts(const uint8_t* high, const uint8_t* low, const uint32_t* indices, size_t count, size_t plane_bytes,
                  const int16_t* query, double* products) {
  for (size_t i = 0; i < count; ++i) {
    int64_t sum = 0;
    for (size_t j = 0; j < plane_bytes; ++j) {
      const int h = high[indices[i] * plane_bytes + j], l = low[indices[i] * plane_bytes + j];
      sum += query[j] * (16 * (h % 16) + l % 16 - 136) + query[plane_bytes + j] * (16 * (h / 16) + l / 16 - 136);
    }
    products[i] = static_cast<double>(sum);
  }
}

void SquaredTurns(const uint8_t* plane, size_t rows, size_t plane_bytes, const uint16_t* query, double* squares) {
  const auto squared = [](uint16_t phase, int nibble) {
    const int64_t turn = static_cast<int16_t>(static_cast<uint16_t>(phase - (nibble << 12))) / 4;
    return turn * turn;
  };
  for (size_t i = 0; i < rows; ++i) {
    int64_t sum = 0;
    for (size_t j = 0; j < plane_bytes; ++j) {
      const int byte = plane[i * plane_bytes + j];
      sum += squared(query[j], byte % 16) + squared(query[plane_bytes + j], byte / 16);
    }
    squares[i] = static_cast<double>(sum);
  }
}

void SketchIntervals(const SketchInterval& q, const SketchNorms& norms, const double* products, size_t rows,
                     double* lower, double* upper) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < rows; ++i) {
    const double squared = norms.squared[i], length = norms.length[i], residual = norms.residual[i];
    const double g = q.step * norms.inverse[i] * products[i];
    const double p = length * g;
    const double along = std::max(0.0, std::abs(g) - q.query_error);
    const double across = std::max(0.0, q.wide_squared - along * along);
    const double half = (length * q.query_error + std::sqrt(across) * residual) * (2 + q.slack);
    const double squares = q.query_squared + squared;
    const double middle = squares - (p + p);
    const double wide = half + q.slack * squares;
    const double low = (middle - wide) * q.shrink * q.unit_squared;
    const double high = (middle + wide) * q.grow * q.unit_squared + q.underflow;
    const bool decidable = residual < kInfinity;
    lower[i] = decidable ? std::max(0.0, low - q.underflow) : -kInfinity;
    upper[i] = decidable && high < q.overflow ? high : kInfinity;
  }
}

}  // namespace cortex::simd::reference

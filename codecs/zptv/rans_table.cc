#include "codecs/zptv/rans_table.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "codecs/bytes/status_macros.h"

namespace cortex {
namespace {

using simd::kRansSlots;

constexpr unsigned kLengthBits = 4;
constexpr uint32_t kMaxZeroRun = 1u << kLengthBits;

// Bits into bytes, LSB first.
class BitWriter {
 public:
  explicit BitWriter(std::string* out) : out_(out) {}
  void Put(uint32_t bits, unsigned count) {
    pending_ |= bits << used_;
    for (used_ += count; used_ >= 8; used_ -= 8) {
      out_->push_back(static_cast<char>(pending_));
      pending_ >>= 8;
    }
  }
  void Finish() {
    if (used_ != 0) out_->push_back(static_cast<char>(pending_));
  }

 private:
  std::string* out_;
  uint32_t pending_ = 0;
  unsigned used_ = 0;
};

class BitReader {
 public:
  explicit BitReader(ByteReader* in) : in_(in) {}
  absl::Status Get(unsigned count, uint32_t* bits) {
    while (held_ < count) {
      uint8_t byte = 0;
      RETURN_IF_ERROR(in_->Read(&byte));
      pending_ |= uint32_t{byte} << held_;
      held_ += 8;
    }
    *bits = pending_ & ((1u << count) - 1);
    pending_ >>= count;
    held_ -= count;
    return absl::OkStatus();
  }
  bool padded_with_zeros() const { return pending_ == 0; }

 private:
  ByteReader* in_;
  uint32_t pending_ = 0;
  unsigned held_ = 0;
};

double Log2Bits(uint64_t count, double share) {
  return count == 0 ? 0 : -static_cast<double>(count) * std::log2(share);
}

// The symbol whose frequency f changes for the least bits: a step up from f gains about count / (f + 1/2), a step down
// loses about count / (f − 1/2). Compared as integers, so that every machine chooses alike.
size_t BestStep(const RansCounts& counts, absl::Span<const uint16_t> frequencies, bool up) {
  size_t best = kRansSymbols;
  uint64_t best_count = 0, best_halves = 1;
  for (size_t s = 0; s < kRansSymbols; ++s) {
    if (counts[s] == 0 || (!up && frequencies[s] == 1)) continue;
    const uint64_t halves = up ? 2u * frequencies[s] + 1 : 2u * frequencies[s] - 1;
    const uint64_t left = counts[s] * best_halves, right = best_count * halves;
    if (best == kRansSymbols || (up ? left > right : left < right)) {
      best = s;
      best_count = counts[s];
      best_halves = halves;
    }
  }
  return best;
}

}  // namespace

void CountSymbols(absl::Span<const uint8_t> symbols, RansCounts* counts) {
  // Four sets of counters: equal neighbours would wait for each other's increment. Not worth clearing them for a few.
  constexpr size_t kFew = 256;
  size_t i = 0;
  if (symbols.size() >= kFew) {
    std::array<RansCounts, 3> more = {};
    for (; i + 4 <= symbols.size(); i += 4) {
      ++(*counts)[symbols[i]];
      ++more[0][symbols[i + 1]];
      ++more[1][symbols[i + 2]];
      ++more[2][symbols[i + 3]];
    }
    for (size_t s = 0; s < kRansSymbols; ++s) (*counts)[s] += more[0][s] + more[1][s] + more[2][s];
  }
  for (; i < symbols.size(); ++i) ++(*counts)[symbols[i]];
}

void CountValueTokens(absl::Span<const int32_t> values, RansCounts* counts) {
  uint8_t tokens[4096];
  for (size_t first = 0; first < values.size(); first += sizeof(tokens)) {
    const size_t here = std::min(sizeof(tokens), values.size() - first);
    simd::RansTokens(values.data() + first, here, tokens);
    CountSymbols({tokens, here}, counts);
  }
}

double EstimatedSymbolBits(const RansCounts& counts) {
  uint64_t total = 0;
  for (const uint32_t count : counts) total += count;
  double bits = 0;
  for (const uint32_t count : counts) bits += Log2Bits(count, static_cast<double>(count) / static_cast<double>(total));
  return bits;
}

double EstimatedValueBits(const RansCounts& counts) {
  uint64_t raw_bits = 0;
  for (uint32_t token = 0; token < simd::kRansTokens; ++token) {
    raw_bits += uint64_t{counts[token]} * simd::RansRawBits(token);
  }
  return EstimatedSymbolBits(counts) + static_cast<double>(raw_bits);
}

RansTable RansTable::FromCounts(const RansCounts& counts) {
  RansTable table;
  uint64_t total = 0;
  size_t present = 0, last = 0;
  for (size_t s = 0; s < kRansSymbols; ++s) {
    total += counts[s];
    if (counts[s] != 0) ++present, last = s;
  }
  if (present < 2) {  // a companion that never occurs
    table.frequencies_[last] = kRansSlots - 1;
    table.frequencies_[last == 0 ? 1 : 0] = 1;
    return table;
  }
  int64_t missing = kRansSlots;
  for (size_t s = 0; s < kRansSymbols; ++s) {
    if (counts[s] == 0) continue;
    const uint64_t rounded = (2 * uint64_t{kRansSlots} * counts[s] + total) / (2 * total);
    table.frequencies_[s] = static_cast<uint16_t>(std::max<uint64_t>(rounded, 1));
    missing -= table.frequencies_[s];
  }
  for (; missing > 0; --missing) ++table.frequencies_[BestStep(counts, table.frequencies_, true)];
  for (; missing < 0; ++missing) --table.frequencies_[BestStep(counts, table.frequencies_, false)];
  return table;
}

void RansTable::AppendTo(std::string* out) const {
  size_t last = kRansSymbols - 1;
  while (frequencies_[last] == 0) --last;
  out->push_back(static_cast<char>(last));
  BitWriter bits(out);
  for (size_t s = 0; s <= last; ++s) {
    const uint32_t frequency = frequencies_[s];
    const auto length = static_cast<unsigned>(std::bit_width(frequency));
    bits.Put(length, kLengthBits);
    if (frequency != 0) {
      bits.Put(frequency - (1u << (length - 1)), length - 1);
      continue;
    }
    uint32_t run = 1;
    while (run < kMaxZeroRun && frequencies_[s + run] == 0) ++run;  // ends at `last`, which is not zero
    bits.Put(run - 1, kLengthBits);
    s += run - 1;
  }
  bits.Finish();
}

absl::StatusOr<RansTable> RansTable::Parse(ByteReader* in) {
  uint8_t last = 0;
  RETURN_IF_ERROR(in->Read(&last));
  RansTable table;
  BitReader bits(in);
  uint32_t sum = 0;
  for (uint32_t s = 0; s <= last; ++s) {
    uint32_t length = 0, rest = 0;
    RETURN_IF_ERROR(bits.Get(kLengthBits, &length));
    if (length > simd::kRansSlotBits) {
      return absl::DataLossError(absl::StrFormat("entropy table: symbol %d has a frequency of %d bits", s, length));
    }
    RETURN_IF_ERROR(bits.Get(length == 0 ? kLengthBits : length - 1, &rest));
    if (length == 0) {
      s += rest;
      continue;
    }
    table.frequencies_[s] = static_cast<uint16_t>((1u << (length - 1)) + rest);
    sum += table.frequencies_[s];
  }
  if (sum != kRansSlots || table.frequencies_[last] == 0 || !bits.padded_with_zeros()) {
    return absl::DataLossError(
        absl::StrFormat("entropy table: frequencies of symbols 0 to %d sum to %d, not to %d", last, sum, kRansSlots));
  }
  return table;
}

double RansTable::SymbolBits(const RansCounts& counts) const {
  double bits = 0;
  for (size_t s = 0; s < kRansSymbols; ++s) {
    if (counts[s] != 0 && frequencies_[s] == 0) return std::numeric_limits<double>::infinity();
    bits += Log2Bits(counts[s], static_cast<double>(frequencies_[s]) / kRansSlots);
  }
  return bits;
}

RansEncoder::RansEncoder(const RansTable& table) {
  uint32_t start = 0;
  for (size_t s = 0; s < kRansSymbols; ++s) {
    table_.Set(s, start, table.frequency(s));
    start += table.frequency(s);
  }
}

RansDecoder::RansDecoder(const RansTable& table) : slots_(new uint32_t[kRansSlots]) {
  uint32_t slot = 0;
  for (size_t s = 0; s < kRansSymbols; ++s) {
    const uint32_t frequency = table.frequency(s);
    const uint32_t entry = static_cast<uint32_t>(s) | frequency << 20;
    for (uint32_t bias = 0; bias < frequency; ++bias) slots_[slot++] = entry | bias << 8;
  }
}

}  // namespace cortex

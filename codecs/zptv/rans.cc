#include "codecs/zptv/rans.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "absl/strings/str_format.h"

namespace cortex {
namespace {

using simd::kRansGroupBytes;
using simd::kRansLanes;
using simd::kRansLowestState;
using simd::kRansRawBitsAtOnce;

constexpr size_t kStateBytes = kRansLanes * sizeof(uint32_t);
constexpr size_t kMaxWordsPerValue = kRansGroupBytes / kRansLanes / sizeof(uint16_t);

// What decoding reads first is written last, so the encoder runs backwards through runs, groups, phases and lanes and
// fills its words from the end. No branches: whether a state is full is a matter of chance, and a mispredicted branch
// costs more than all the rest of a step.
class BackwardEncoder {
 public:
  // One word is spare: the place in front of the last word is always written to.
  explicit BackwardEncoder(size_t max_words)
      : words_(new uint16_t[max_words + 1]), end_(words_.get() + max_words + 1), next_(end_) {
    std::fill_n(states_, kRansLanes, kRansLowestState);
  }

  void PutSymbols(const RansEncoder& encoder, const uint8_t* symbols, size_t lanes) {
    uint16_t* next = next_;
    uint32_t least_frequency = least_frequency_;
    for (size_t l = lanes; l-- > 0;) {
      const RansEncoder::Symbol& symbol = encoder.symbol(symbols[l]);
      least_frequency = std::min<uint32_t>(least_frequency, symbol.frequency);
      // The states that stay below 2^32 are those below frequency · 2^20.
      const uint32_t x = SpillIf(states_[l] >> 20 >= symbol.frequency, states_[l], &next);
      const auto quotient = static_cast<uint32_t>(static_cast<unsigned __int128>(x) * symbol.reciprocal >> 64);
      states_[l] = x + symbol.bias + quotient * symbol.complement;
    }
    next_ = next;
    least_frequency_ = least_frequency;
  }

  void PutValues(const RansEncoder& encoder, const int32_t* values, size_t lanes) {
    uint32_t z[kRansLanes];
    uint8_t tokens[kRansLanes];
    uint32_t any = 0;
    for (size_t l = 0; l < lanes; ++l) {
      z[l] = simd::RansZigZag(values[l]);
      tokens[l] = static_cast<uint8_t>(z[l]);
      any |= z[l];
    }
    if (any >= simd::kRansDirectTokens) {
      uint8_t counts[kRansLanes];
      for (size_t l = 0; l < lanes; ++l) {
        tokens[l] = static_cast<uint8_t>(simd::RansTokenOf(z[l]));
        counts[l] = static_cast<uint8_t>(simd::RansRawBits(tokens[l]));
      }
      if (simd::RansRawBits(simd::RansTokenOf(any)) > kRansRawBitsAtOnce)
        PutRawBits(z, counts, kRansRawBitsAtOnce, lanes);
      PutRawBits(z, counts, 0, lanes);
    }
    PutSymbols(encoder, tokens, lanes);
  }

  bool knew_every_symbol() const { return least_frequency_ != 0; }
  void AppendTo(std::string* out) const {
    out->append(reinterpret_cast<const char*>(states_), kStateBytes);
    out->append(reinterpret_cast<const char*>(next_), static_cast<size_t>(end_ - next_) * sizeof(uint16_t));
  }

 private:
  // Moves the low half of `x` to the words if it is full.
  static uint32_t SpillIf(bool full, uint32_t x, uint16_t** next) {
    (*next)[-1] = static_cast<uint16_t>(x);
    *next -= static_cast<ptrdiff_t>(full);
    return x >> (16 * static_cast<unsigned>(full));
  }
  // Bits [first, first + 16) of each z, as far as they are among its `counts` raw bits.
  void PutRawBits(const uint32_t* z, const uint8_t* counts, unsigned first, size_t lanes) {
    uint16_t* next = next_;
    for (size_t l = lanes; l-- > 0;) {
      const unsigned count = std::min(std::max<unsigned>(counts[l], first) - first, kRansRawBitsAtOnce);
      const uint32_t x = SpillIf(uint64_t{states_[l]} << count >> 32 != 0, states_[l], &next);
      states_[l] = x << count | ((z[l] >> first) & ((1u << count) - 1));
    }
    next_ = next;
  }

  std::unique_ptr<uint16_t[]> words_;
  uint16_t* end_;
  uint16_t* next_;  // the word written last
  uint32_t states_[kRansLanes];
  uint32_t least_frequency_ = simd::kRansSlots;  // of the symbols put
};

void DecodeGroups(const uint32_t* slots, size_t groups, simd::RansCursor* cursor, uint8_t** out) {
  *out += kRansLanes * simd::RansDecodeSymbols(slots, groups, cursor, *out);
}
void DecodeGroups(const uint32_t* slots, size_t groups, simd::RansCursor* cursor, int32_t** out) {
  *out += kRansLanes * simd::RansDecodeValues(slots, groups, cursor, *out);
}

}  // namespace

absl::Status EncodeRans(absl::Span<const RansRun> runs, std::string* out) {
  size_t max_words = 0;
  for (const RansRun& run : runs) max_words += run.symbols.size() + run.values.size() * kMaxWordsPerValue;
  BackwardEncoder encoder(max_words);
  const auto backwards = [](size_t count, const auto& put) {
    for (size_t end = count; end > 0;) {
      const size_t begin = (end - 1) / kRansLanes * kRansLanes;
      put(begin, end - begin);
      end = begin;
    }
  };
  for (size_t r = runs.size(); r-- > 0;) {
    const RansRun& run = runs[r];
    backwards(run.symbols.size(),
              [&](size_t begin, size_t lanes) { encoder.PutSymbols(*run.encoder, run.symbols.data() + begin, lanes); });
    backwards(run.values.size(),
              [&](size_t begin, size_t lanes) { encoder.PutValues(*run.encoder, run.values.data() + begin, lanes); });
  }
  if (!encoder.knew_every_symbol()) {
    return absl::InvalidArgumentError("entropy coding: a symbol has no frequency in its table");
  }
  encoder.AppendTo(out);
  return absl::OkStatus();
}

absl::StatusOr<RansReader> RansReader::Open(absl::Span<const std::byte> stream) {
  if (stream.size() < kStateBytes) {
    return absl::DataLossError(
        absl::StrFormat("entropy stream truncated: states take %d bytes, %d are there", kStateBytes, stream.size()));
  }
  RansReader reader;
  std::memcpy(reader.states_, stream.data(), kStateBytes);
  reader.words_ = stream.subspan(kStateBytes);
  const uint32_t lowest = *std::min_element(reader.states_, reader.states_ + kRansLanes);
  if (lowest < kRansLowestState) {
    return absl::DataLossError(absl::StrFormat("entropy stream: state %d is below %d", lowest, kRansLowestState));
  }
  return reader;
}

simd::RansCursor RansReader::Cursor() const {
  simd::RansCursor cursor;
  std::memcpy(cursor.states, states_, kStateBytes);
  cursor.words = (in_tail_ ? tail_.data() : words_.data()) + position_;
  cursor.end = in_tail_ ? tail_.data() + tail_bytes_ + kRansGroupBytes : words_.data() + words_.size();
  return cursor;
}

void RansReader::Take(const simd::RansCursor& cursor) {
  std::memcpy(states_, cursor.states, kStateBytes);
  position_ = static_cast<size_t>(cursor.words - (in_tail_ ? tail_.data() : words_.data()));
}

void RansReader::MoveToTail() {
  tail_bytes_ = words_.size() - position_;
  tail_.fill(std::byte{0});
  if (tail_bytes_ != 0) std::memcpy(tail_.data(), words_.data() + position_, tail_bytes_);
  in_tail_ = true;
  position_ = 0;
}

template <typename Out>
absl::Status RansReader::ReadRun(const RansDecoder& decoder, absl::Span<Out> out) {
  Out* next = out.data();
  Out* const end = out.data() + out.size();
  const auto decode = [&](simd::RansCursor* cursor) {
    DecodeGroups(decoder.slots(), static_cast<size_t>(end - next) / kRansLanes, cursor, &next);
    const auto rest = static_cast<size_t>(end - next);
    if (rest > 0 && rest < kRansLanes && cursor->end - cursor->words >= static_cast<ptrdiff_t>(kRansGroupBytes)) {
      simd::RansDecodeRest(decoder.slots(), rest, cursor, next);
      next = end;
    }
  };
  simd::RansCursor cursor = Cursor();
  decode(&cursor);
  Take(cursor);
  if (next != end && !in_tail_) {
    MoveToTail();
    cursor = Cursor();
    decode(&cursor);
    Take(cursor);
  }
  if (in_tail_ && (next != end || position_ > tail_bytes_)) {
    return absl::DataLossError(
        absl::StrFormat("entropy stream truncated: its %d bytes of words end before its symbols", words_.size()));
  }
  return absl::OkStatus();
}

absl::Status RansReader::Finish() const {
  const size_t left = (in_tail_ ? tail_bytes_ : words_.size()) - position_;
  const bool at_start = std::all_of(states_, states_ + kRansLanes, [](uint32_t x) { return x == kRansLowestState; });
  if (left == 0 && at_start) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrFormat("entropy stream damaged: %d bytes left over, states %s", left, at_start ? "fit" : "do not fit"));
}

template absl::Status RansReader::ReadRun(const RansDecoder&, absl::Span<uint8_t>);
template absl::Status RansReader::ReadRun(const RansDecoder&, absl::Span<int32_t>);

}  // namespace cortex

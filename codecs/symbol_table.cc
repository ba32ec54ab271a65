#include "codecs/symbol_table.h"

#include <algorithm>
#include <cstring>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_format.h"

namespace cortex {
namespace {

constexpr int kRounds = 5;
// Numbers of what stands in a coded text: symbols from 0, bytes that had none from 256.
constexpr uint32_t kFirstByte = 256;
constexpr uint32_t kNumbers = kFirstByte + 256;

uint64_t LoadBytes(std::string_view text) {
  uint64_t bytes = 0;
  std::memcpy(&bytes, text.data(), std::min<size_t>(text.size(), kMaxSymbolBytes));
  return bytes;
}

uint64_t Mask(uint32_t length) { return ~uint64_t{0} >> (64 - 8 * length); }

Symbol Joined(const Symbol& a, const Symbol& b) {
  if (a.length == kMaxSymbolBytes) return a;
  const uint32_t length = std::min(a.length + b.length, kMaxSymbolBytes);
  return {(a.bytes | b.bytes << (8 * a.length)) & Mask(length), length};
}

// How often symbols, and pairs of neighbours, occur in the coded sample.
struct Counts {
  std::vector<uint32_t> single = std::vector<uint32_t>(kNumbers);
  std::vector<uint32_t> pair = std::vector<uint32_t>(size_t{kNumbers} * kNumbers);
  std::vector<uint32_t> seen;  // pairs that are not 0

  void AddPair(uint32_t a, uint32_t b) {
    const uint32_t at = a * kNumbers + b;
    if (pair[at]++ == 0) seen.push_back(at);
  }
  void Clear() {
    std::fill(single.begin(), single.end(), 0);
    for (const uint32_t at : seen) pair[at] = 0;
    seen.clear();
  }
};

Symbol SymbolOf(uint32_t number, absl::Span<const Symbol> symbols) {
  return number < kFirstByte ? symbols[number] : Symbol{number - kFirstByte, 1};
}

void CountSample(absl::Span<const std::string_view> sample, absl::Span<const Symbol> symbols, Counts* counts) {
  const SymbolEncoder encoder(symbols);
  for (std::string_view text : sample) {
    uint32_t before = kNumbers;
    while (!text.empty()) {
      const auto first = static_cast<uint8_t>(text.front());
      const int match = encoder.Match(text);
      const uint32_t number = match < 0 ? kFirstByte + first : static_cast<uint32_t>(match);
      const uint32_t length = SymbolOf(number, symbols).length;
      ++counts->single[number];
      if (before < kNumbers) counts->AddPair(before, number);
      // A long symbol is also a chance for its first byte alone.
      if (length > 1) {
        ++counts->single[kFirstByte + first];
        if (before < kNumbers) counts->AddPair(before, kFirstByte + first);
      }
      before = number;
      text.remove_prefix(length);
    }
  }
}

using Gain = std::pair<uint64_t, Symbol>;

// The symbols that cover most bytes of the sample.
std::vector<Symbol> Best(const Counts& counts, absl::Span<const Symbol> symbols) {
  absl::flat_hash_map<std::pair<uint64_t, uint32_t>, uint64_t> gains;
  const auto add = [&](const Symbol& symbol, uint32_t count) {
    gains[{symbol.bytes, symbol.length}] += uint64_t{count} * symbol.length;
  };
  for (uint32_t a = 0; a < kNumbers; ++a) {
    if (counts.single[a] != 0) add(SymbolOf(a, symbols), counts.single[a]);
  }
  for (const uint32_t at : counts.seen) {
    // What occurs once in a sample is chance.
    const Symbol left = SymbolOf(at / kNumbers, symbols);
    if (counts.pair[at] == 1 || left.length == kMaxSymbolBytes) continue;
    add(Joined(left, SymbolOf(at % kNumbers, symbols)), counts.pair[at]);
  }
  std::vector<Gain> order;
  order.reserve(gains.size());
  for (const auto& [symbol, gain] : gains) order.push_back({gain, {symbol.first, symbol.second}});
  const auto better = [](const Gain& a, const Gain& b) {
    return std::tie(b.first, a.second.length, a.second.bytes) < std::tie(a.first, b.second.length, b.second.bytes);
  };
  std::sort(order.begin(), order.end(), better);
  if (order.size() > kMaxSymbols) order.resize(kMaxSymbols);
  std::vector<Symbol> best;
  for (const Gain& gain : order) best.push_back(gain.second);
  return best;
}

}  // namespace

std::vector<Symbol> FindSymbols(absl::Span<const std::string_view> sample) {
  std::vector<Symbol> symbols;
  Counts counts;
  for (int round = 0; round < kRounds; ++round) {
    counts.Clear();
    CountSample(sample, symbols, &counts);
    symbols = Best(counts, symbols);
  }
  return symbols;
}

SymbolEncoder::SymbolEncoder(absl::Span<const Symbol> symbols)
    : symbols_(symbols.begin(), symbols.end()), begin_((1 << 16) + 1) {
  single_.fill(-1);
  for (size_t i = 0; i < symbols_.size(); ++i) {
    if (symbols_[i].length == 1) {
      single_[symbols_[i].bytes] = static_cast<int16_t>(i);
    } else {
      order_.push_back(static_cast<uint8_t>(i));
    }
  }
  const auto pair = [&](uint8_t i) { return symbols_[i].bytes & 0xffff; };
  std::stable_sort(order_.begin(), order_.end(), [&](uint8_t a, uint8_t b) {
    return std::pair(pair(a), kMaxSymbolBytes - symbols_[a].length) <
           std::pair(pair(b), kMaxSymbolBytes - symbols_[b].length);
  });
  for (const uint8_t i : order_) ++begin_[pair(i) + 1];
  for (size_t p = 0; p + 1 < begin_.size(); ++p) begin_[p + 1] += begin_[p];
}

int SymbolEncoder::Match(std::string_view text) const {
  const uint64_t word = LoadBytes(text);
  const size_t pair = word & 0xffff;
  for (size_t i = begin_[pair]; i < begin_[pair + 1]; ++i) {
    const Symbol& symbol = symbols_[order_[i]];
    if (symbol.length <= text.size() && (word & Mask(symbol.length)) == symbol.bytes) return order_[i];
  }
  return single_[word & 0xff];
}

void SymbolEncoder::Append(std::string_view text, std::string* out) const {
  while (!text.empty()) {
    const int match = Match(text);
    if (match < 0) {
      out->push_back(static_cast<char>(kSymbolEscape));
      out->push_back(text.front());
      text.remove_prefix(1);
    } else {
      out->push_back(static_cast<char>(match));
      text.remove_prefix(symbols_[static_cast<size_t>(match)].length);
    }
  }
}

absl::StatusOr<SymbolDecoder> SymbolDecoder::Create(absl::Span<const Symbol> symbols) {
  if (symbols.size() > kMaxSymbols) return absl::DataLossError(absl::StrFormat("%d symbols", symbols.size()));
  SymbolDecoder decoder;
  for (size_t i = 0; i < symbols.size(); ++i) {
    if (symbols[i].length == 0 || symbols[i].length > kMaxSymbolBytes) {
      return absl::DataLossError(absl::StrFormat("symbol of %d bytes", symbols[i].length));
    }
    decoder.bytes_[i] = symbols[i].bytes;
    decoder.lengths_[i] = static_cast<uint8_t>(symbols[i].length);
  }
  return decoder;
}

absl::StatusOr<size_t> SymbolDecoder::Decode(absl::Span<const uint8_t> codes, char* out) const {
  char* to = out;
  for (size_t i = 0; i < codes.size(); ++i) {
    const uint8_t code = codes[i];
    // Eight bytes whatever the length: the next symbol overwrites what is too much.
    std::memcpy(to, &bytes_[code], kMaxSymbolBytes);
    to += lengths_[code];
    if (lengths_[code] != 0) continue;
    if (code != kSymbolEscape || ++i == codes.size()) {
      return absl::DataLossError(absl::StrFormat("symbol code %d has no text", code));
    }
    *to++ = static_cast<char>(codes[i]);
  }
  return static_cast<size_t>(to - out);
}

}  // namespace cortex

// A table of up to 255 byte strings of 1 to 8 bytes that one byte each stands for, found in a sample of the strings
// to be compressed. What no symbol covers is an escape (255) and the byte itself. Strings are coded one by one, so
// any of them decodes alone. Source: Boncz, Neumann, Leis, "FSST: Fast Random Access String Compression", VLDB 2020
// (sections 3 and 4).
#ifndef CORTEX_CODECS_SYMBOL_TABLE_H_
#define CORTEX_CODECS_SYMBOL_TABLE_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace cortex {

inline constexpr size_t kMaxSymbols = 255;
inline constexpr uint32_t kMaxSymbolBytes = 8;
inline constexpr uint8_t kSymbolEscape = 255;

struct Symbol {
  uint64_t bytes = 0;  // the first is the lowest; those beyond the length are zero
  uint32_t length = 0;

  bool operator==(const Symbol&) const = default;
};

// Finds the symbols that save most on `sample`: five rounds of coding it with the symbols of the round before, and
// keeping the best of those and of their neighbours put together. Same sample, same symbols.
std::vector<Symbol> FindSymbols(absl::Span<const std::string_view> sample);

// Looks up the longest symbol a text begins with.
class SymbolEncoder {
 public:
  // At most kMaxSymbols, distinct.
  explicit SymbolEncoder(absl::Span<const Symbol> symbols);

  // Appends the codes of `text`; at most twice as many bytes.
  void Append(std::string_view text, std::string* out) const;

  // Number of the longest symbol that `text`, not empty, begins with, or -1.
  int Match(std::string_view text) const;

 private:
  std::vector<Symbol> symbols_;
  // Those of two bytes and more by their first two, longest first: of a pair, order_[begin_[pair], begin_[pair + 1]).
  std::vector<uint8_t> order_;
  std::vector<uint16_t> begin_;
  std::array<int16_t, 256> single_;  // those of one byte, or -1
};

// Codes to text. Immutable and thread-safe.
class SymbolDecoder {
 public:
  // Errors: DATA_LOSS if there are more symbols than codes, or one of an impossible length.
  static absl::StatusOr<SymbolDecoder> Create(absl::Span<const Symbol> symbols);

  // Bytes `out` must have room for: what the codes may come to, and what is written beyond.
  static constexpr size_t RoomFor(size_t code_bytes) { return kMaxSymbolBytes * (code_bytes + 1); }

  // Writes the text of `codes` to `out` and returns its length. Errors: DATA_LOSS for a code without a symbol, or an
  // escape at the end.
  absl::StatusOr<size_t> Decode(absl::Span<const uint8_t> codes, char* out) const;

 private:
  SymbolDecoder() = default;

  std::array<uint64_t, 256> bytes_ = {};
  std::array<uint8_t, 256> lengths_ = {};  // 0: no such symbol (the escape has none either)
};

}  // namespace cortex

#endif  // CORTEX_CODECS_SYMBOL_TABLE_H_

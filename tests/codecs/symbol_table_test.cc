#include "codecs/symbol_table.h"

#include <catch2/catch.hpp>
#include <random>

#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

std::string Decode(const std::vector<Symbol>& symbols, std::string_view codes) {
  const SymbolDecoder decoder = REQUIRE_OK_AND_TAKE(SymbolDecoder::Create(symbols));
  std::string text(SymbolDecoder::RoomFor(codes.size()), '\0');
  const absl::Span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(codes.data()), codes.size());
  text.resize(REQUIRE_OK_AND_TAKE(decoder.Decode(bytes, text.data())));
  return text;
}

std::string Encode(const std::vector<Symbol>& symbols, std::string_view text) {
  std::string codes;
  SymbolEncoder(symbols).Append(text, &codes);
  return codes;
}

TEST_CASE("FindSymbols finds what repeats, and strings of it take a fraction", "[codecs]") {
  std::vector<std::string> urls;
  for (int i = 0; i < 300; ++i) urls.push_back("http://www.example.org/item/" + std::to_string(i * 7919 % 1000));
  const std::vector<std::string_view> sample(urls.begin(), urls.end());
  const std::vector<Symbol> symbols = FindSymbols(sample);
  REQUIRE(symbols.size() <= kMaxSymbols);
  REQUIRE(symbols == FindSymbols(sample));
  size_t raw = 0, coded = 0;
  for (const std::string& url : urls) {
    const std::string codes = Encode(symbols, url);
    REQUIRE(Decode(symbols, codes) == url);
    raw += url.size();
    coded += codes.size();
  }
  REQUIRE(coded * 5 < raw);
}

TEST_CASE("SymbolEncoder takes the longest symbol and escapes what has none", "[codecs]") {
  const auto symbol = [](std::string_view text) {
    Symbol out{0, static_cast<uint32_t>(text.size())};
    for (size_t i = 0; i < text.size(); ++i) out.bytes |= uint64_t{static_cast<uint8_t>(text[i])} << (8 * i);
    return out;
  };
  const std::vector<Symbol> symbols = {symbol("a"), symbol("ab"), symbol("abcdefgh"), symbol(std::string_view("\0", 1))};
  REQUIRE(Encode(symbols, "abcdefghabcdefgaz") ==
          std::string("\x02\x01\xff""c\xff""d\xff""e\xff""f\xff""g\x00\xffz", 15));
  for (const std::string& text : {std::string("ab"), std::string("\0\0a", 3), std::string("\xff\xfe"), std::string()}) {
    REQUIRE(Decode(symbols, Encode(symbols, text)) == text);
  }
}

TEST_CASE("Symbols of any bytes round-trip", "[codecs]") {
  std::mt19937_64 random(3);
  for (const uint64_t letters : {1u, 2u, 5u, 256u}) {
    std::vector<std::string> texts;
    for (int i = 0; i < 200; ++i) {
      std::string text(random() % 70, '\0');
      for (char& c : text) c = static_cast<char>(random() % letters);
      texts.push_back(text);
    }
    const std::vector<Symbol> symbols = FindSymbols(std::vector<std::string_view>(texts.begin(), texts.begin() + 100));
    for (const std::string& text : texts) REQUIRE(Decode(symbols, Encode(symbols, text)) == text);
  }
}

TEST_CASE("SymbolDecoder refuses codes and tables that cannot be", "[codecs]") {
  REQUIRE_STATUS(SymbolDecoder::Create({Symbol{0, 9}}), absl::StatusCode::kDataLoss, "9 bytes");
  REQUIRE_STATUS(SymbolDecoder::Create({Symbol{0, 0}}), absl::StatusCode::kDataLoss, "0 bytes");
  REQUIRE_STATUS(SymbolDecoder::Create(std::vector<Symbol>(256, Symbol{1, 1})), absl::StatusCode::kDataLoss, "256");
  const SymbolDecoder decoder = REQUIRE_OK_AND_TAKE(SymbolDecoder::Create({Symbol{'a', 1}}));
  char out[64];
  REQUIRE_STATUS(decoder.Decode({1}, out), absl::StatusCode::kDataLoss, "code 1");
  REQUIRE_STATUS(decoder.Decode({0, kSymbolEscape}, out), absl::StatusCode::kDataLoss, "code 255");
}

}  // namespace
}  // namespace cortex

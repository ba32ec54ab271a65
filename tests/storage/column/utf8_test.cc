#include "storage/column/utf8.h"

#include <cstdint>
#include <string>

#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

std::string Encode(uint32_t code_point) {
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | ((code_point >> shift) & 0x3f)); };
  if (code_point < 0x80) return {static_cast<char>(code_point)};
  if (code_point < 0x800) return {static_cast<char>(0xc0 | (code_point >> 6)), tail(0)};
  if (code_point < 0x10000) return {static_cast<char>(0xe0 | (code_point >> 12)), tail(6), tail(0)};
  return {static_cast<char>(0xf0 | (code_point >> 18)), tail(12), tail(6), tail(0)};
}

TEST_CASE("IsValidUtf8 accepts every scalar value and refuses surrogates", "[storage][column]") {
  bool as_expected = true;
  for (uint32_t code_point = 0; code_point < 0x120000; ++code_point) {
    const bool scalar = code_point <= 0x10ffff && (code_point < 0xd800 || code_point > 0xdfff);
    as_expected &= IsValidUtf8(Encode(code_point)) == scalar;
  }
  REQUIRE(as_expected);
}

TEST_CASE("IsValidUtf8 refuses overlong, cut and stray bytes wherever they stand", "[storage][column]") {
  const std::string bad = GENERATE(std::string("\x80"), std::string("\xc0\x80"), std::string("\xc1\xbf"),
                                   std::string("\xe0\x9f\xbf"), std::string("\xf0\x8f\xbf\xbf"),
                                   std::string("\xf5\x80\x80\x80"), std::string("\xff"), std::string("\xe2\x82"),
                                   std::string("\xf0\x9f\x98"), std::string("\xed\xa0\x80"));
  for (size_t before = 0; before < 20; ++before) {
    CAPTURE(before);
    REQUIRE_FALSE(IsValidUtf8(std::string(before, 'a') + bad));
    REQUIRE_FALSE(IsValidUtf8(std::string(before, 'a') + bad + std::string(20, 'b')));
  }
}

TEST_CASE("IsAscii sees a high byte at every position", "[storage][column]") {
  for (size_t size = 0; size < 40; ++size) {
    std::string text(size, 'a');
    REQUIRE(IsAscii(text));
    for (size_t i = 0; i < size; ++i) {
      text[i] = '\x80';
      REQUIRE_FALSE(IsAscii(text));
      text[i] = 'a';
    }
  }
}

}  // namespace
}  // namespace cortex

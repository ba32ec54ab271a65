#include "storage/column/utf8.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace cortex {
namespace {

constexpr uint64_t kHighBits = 0x8080808080808080;

// Bytes of the well-formed sequence at the start of `bytes` (not ASCII, not empty), or 0.
size_t SequenceBytes(std::string_view bytes) {
  const auto at = [&](size_t i) -> uint8_t { return i < bytes.size() ? static_cast<uint8_t>(bytes[i]) : 0; };
  const auto is_tail = [&](size_t i) { return (at(i) & 0xc0) == 0x80; };
  const uint8_t lead = at(0);
  if (lead >= 0xc2 && lead <= 0xdf) return is_tail(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const uint8_t low = lead == 0xe0 ? 0xa0 : 0x80;   // below: overlong
    const uint8_t high = lead == 0xed ? 0x9f : 0xbf;  // above: surrogates
    return at(1) >= low && at(1) <= high && is_tail(2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const uint8_t low = lead == 0xf0 ? 0x90 : 0x80;   // below: overlong
    const uint8_t high = lead == 0xf4 ? 0x8f : 0xbf;  // above: beyond U+10FFFF
    return at(1) >= low && at(1) <= high && is_tail(2) && is_tail(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool IsAscii(std::string_view bytes) {
  uint64_t seen = 0;
  size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + i, 8);
    seen |= word;
  }
  for (; i < bytes.size(); ++i) seen |= static_cast<uint8_t>(bytes[i]);
  return (seen & kHighBits) == 0;
}

bool IsValidUtf8(std::string_view bytes) {
  while (!bytes.empty()) {
    uint64_t word = kHighBits;
    if (bytes.size() >= 8) std::memcpy(&word, bytes.data(), 8);
    if ((word & kHighBits) == 0) {
      bytes.remove_prefix(8);
      continue;
    }
    const size_t step = static_cast<uint8_t>(bytes.front()) < 0x80 ? 1 : SequenceBytes(bytes);
    if (step == 0) return false;
    bytes.remove_prefix(step);
  }
  return true;
}

}  // namespace cortex

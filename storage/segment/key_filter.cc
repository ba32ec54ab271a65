#include "storage/segment/key_filter.h"

#include <algorithm>
#include <cstring>

namespace cortex {
namespace {

constexpr uint32_t kBitsPerKey = 21;  // halves: 10.5
constexpr size_t kWordsPerBlock = kKeyFilterBlockBytes / sizeof(uint32_t);

// Odd constants of the published block form; part of the file format.
constexpr uint32_t kSalts[kWordsPerBlock] = {0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d,
                                             0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31};

// The one bit of word i: the low half of the hash, multiplied, its top five bits. The high half chooses the block.
uint32_t BitOf(uint64_t hash, size_t i) { return uint32_t{1} << ((static_cast<uint32_t>(hash) * kSalts[i]) >> 27); }

}  // namespace

uint64_t KeyFilterBlocks(uint64_t key_count) {
  const uint64_t bits = key_count * kBitsPerKey / 2;
  return std::max<uint64_t>(1, (bits + kKeyFilterBlockBytes * 8 - 1) / (kKeyFilterBlockBytes * 8));
}

std::string BuildKeyFilter(absl::Span<const uint64_t> hashes, uint64_t key_count) {
  const uint64_t blocks = KeyFilterBlocks(key_count);
  std::string filter(blocks * kKeyFilterBlockBytes, '\0');
  for (const uint64_t hash : hashes) {
    char* const block = filter.data() + KeyFilterBlockOffset(hash, blocks);
    uint32_t words[kWordsPerBlock];
    std::memcpy(words, block, sizeof(words));
    for (size_t i = 0; i < kWordsPerBlock; ++i) words[i] |= BitOf(hash, i);
    std::memcpy(block, words, sizeof(words));
  }
  return filter;
}

uint64_t KeyFilterBlockOffset(uint64_t hash, uint64_t block_count) {
  return (((hash >> 32) * block_count) >> 32) * kKeyFilterBlockBytes;
}

bool KeyFilterBlockMayContain(absl::Span<const std::byte> block, uint64_t hash) {
  uint32_t words[kWordsPerBlock];
  std::memcpy(words, block.data(), sizeof(words));
  uint32_t missing = 0;
  for (size_t i = 0; i < kWordsPerBlock; ++i) missing |= BitOf(hash, i) & ~words[i];
  return missing == 0;
}

bool KeyFilterMayContain(std::string_view filter, uint64_t hash) {
  if (filter.empty() || filter.size() % kKeyFilterBlockBytes != 0) return true;
  const uint64_t offset = KeyFilterBlockOffset(hash, filter.size() / kKeyFilterBlockBytes);
  return KeyFilterBlockMayContain({reinterpret_cast<const std::byte*>(filter.data()) + offset, kKeyFilterBlockBytes},
                                  hash);
}

}  // namespace cortex

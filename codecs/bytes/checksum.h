// The one checksum of all our files: XXH3, 64 bits, seed 0. Detects damage, does not resist an attacker.
#ifndef CORTEX_CODECS_BYTES_CHECKSUM_H_
#define CORTEX_CODECS_BYTES_CHECKSUM_H_

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/types/span.h"

namespace cortex {

uint64_t Checksum64(absl::Span<const std::byte> bytes);
uint64_t Checksum64(std::string_view bytes);

// Hash of a key as sharding, key filters and key indexes use it. Equal to Checksum64; part of the file format.
inline uint64_t HashKey(std::string_view key) { return Checksum64(key); }

}  // namespace cortex

#endif  // CORTEX_CODECS_BYTES_CHECKSUM_H_

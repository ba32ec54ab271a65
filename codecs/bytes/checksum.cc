#include "codecs/bytes/checksum.h"

#include <xxhash.h>

namespace cortex {

uint64_t Checksum64(absl::Span<const std::byte> bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

uint64_t Checksum64(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

}  // namespace cortex

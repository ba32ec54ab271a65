// Zstd: strings that a dictionary does not help, in zstd frames of 64 KiB (archives: 256 KiB), their lengths
// coded apart. FORMAT.md, "zstd".
#ifndef CORTEX_CODECS_ZSTD_BLOCKS_H_
#define CORTEX_CODECS_ZSTD_BLOCKS_H_

#include "codecs/codec.h"

namespace cortex {

const Codec* ZstdCodec();

}  // namespace cortex

#endif  // CORTEX_CODECS_ZSTD_BLOCKS_H_

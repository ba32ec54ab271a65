// Byte-split zstd: the bytes of a block of rows grouped by significance (BYTE_STREAM_SPLIT of Parquet), each plane one
// zstd frame, or raw where it does not compress: mantissa noise then costs a copy, not a decompression. Blocks are
// small for wide rows, so that one row costs one block. FORMAT.md, "byte_split_zstd".
#ifndef CORTEX_CODECS_BYTE_SPLIT_ZSTD_H_
#define CORTEX_CODECS_BYTE_SPLIT_ZSTD_H_

#include "codecs/codec.h"

namespace cortex {

const Codec* ByteSplitZstdCodec();

}  // namespace cortex

#endif  // CORTEX_CODECS_BYTE_SPLIT_ZSTD_H_

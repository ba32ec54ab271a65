// Blocks of fixed-width rows as zstd frames, bytes in place: for values that come back whole (the same readings again
// and again), where splitting them into planes would hide the repetition. Bytes in FORMAT.md.
#ifndef CORTEX_CODECS_ZSTD_ROWS_H_
#define CORTEX_CODECS_ZSTD_ROWS_H_

#include "codecs/codec.h"

namespace cortex {

const Codec* ZstdRowsCodec();

}  // namespace cortex

#endif  // CORTEX_CODECS_ZSTD_ROWS_H_

// Run length: where each run of equal rows ends, and one row per run. FORMAT.md, "run_length".
#ifndef CORTEX_CODECS_RUN_LENGTH_H_
#define CORTEX_CODECS_RUN_LENGTH_H_

#include "codecs/codec.h"

namespace cortex {

const Codec* RunLengthCodec();

}  // namespace cortex

#endif  // CORTEX_CODECS_RUN_LENGTH_H_

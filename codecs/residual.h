// Integers less what their neighbours predict, entropy-coded: counts of instruments row by row, time stamps, readings.
// The smallest encoding of integers that vary; residual_block has the method, FORMAT.md the bytes.
#ifndef CORTEX_CODECS_RESIDUAL_H_
#define CORTEX_CODECS_RESIDUAL_H_

#include "codecs/codec.h"

namespace cortex {

const Codec* ResidualCodec();

}  // namespace cortex

#endif  // CORTEX_CODECS_RESIDUAL_H_

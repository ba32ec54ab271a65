// Constant: one row, repeated. FORMAT.md, "constant".
#ifndef CORTEX_CODECS_CONSTANT_H_
#define CORTEX_CODECS_CONSTANT_H_

#include "codecs/codec.h"

namespace cortex {

const Codec* ConstantCodec();

}  // namespace cortex

#endif  // CORTEX_CODECS_CONSTANT_H_

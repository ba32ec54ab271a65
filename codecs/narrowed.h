// Floats that fit a narrower float type without losing a bit, as a nested chunk of that type. FORMAT.md, "narrowed".
#ifndef CORTEX_CODECS_NARROWED_H_
#define CORTEX_CODECS_NARROWED_H_

#include "codecs/codec.h"

namespace cortex {

const Codec* NarrowedCodec();

}  // namespace cortex

#endif  // CORTEX_CODECS_NARROWED_H_

// Plain: values as they are, so that a mapped chunk is scanned without copying. FORMAT.md, "plain".
#ifndef CORTEX_CODECS_PLAIN_H_
#define CORTEX_CODECS_PLAIN_H_

#include "codecs/codec.h"

namespace cortex {

const Codec* PlainCodec();

}  // namespace cortex

#endif  // CORTEX_CODECS_PLAIN_H_

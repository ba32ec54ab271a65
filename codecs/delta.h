// Delta: the differences of neighbours, as offsets from the smallest difference of their block of 1,024; what regular
// time stamps and counters want. FORMAT.md, "delta".
#ifndef CORTEX_CODECS_DELTA_H_
#define CORTEX_CODECS_DELTA_H_

#include "codecs/codec.h"

namespace cortex {

const Codec* DeltaCodec();

}  // namespace cortex

#endif  // CORTEX_CODECS_DELTA_H_

// Real floats, cut in two: the front bits (sign, exponent, first mantissa bits) take few values and become codes of a
// small dictionary, the others are noise and are packed as they are. Decodes at memory speed where decimals do not
// apply. Source: ALP-RD (Afroozeh, Kuffó and Boncz, SIGMOD 2023, section 3.4); FORMAT.md, "front_bits".
#ifndef CORTEX_CODECS_FRONT_BITS_H_
#define CORTEX_CODECS_FRONT_BITS_H_

#include "codecs/codec.h"

namespace cortex {

const Codec* FrontBitsCodec();

}  // namespace cortex

#endif  // CORTEX_CODECS_FRONT_BITS_H_

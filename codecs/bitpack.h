// Bitpack: integers as offsets from the smallest of their block of 1,024 (frame of reference; Goldstein, Ramakrishnan
// and Shaft, ICDE 1998), bit-packed, with outliers apart. FORMAT.md, "bitpack".
#ifndef CORTEX_CODECS_BITPACK_H_
#define CORTEX_CODECS_BITPACK_H_

#include "codecs/codec.h"

namespace cortex {

const Codec* BitPackCodec();

}  // namespace cortex

#endif  // CORTEX_CODECS_BITPACK_H_

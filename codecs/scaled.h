// Floats that are integers in disguise, as integers of a nested chunk: decimal readings, instrument counts, fixed
// point. See scale_finder for how the integers are found, FORMAT.md for the bytes.
#ifndef CORTEX_CODECS_SCALED_H_
#define CORTEX_CODECS_SCALED_H_

#include "codecs/codec.h"

namespace cortex {

const Codec* ScaledCodec();

}  // namespace cortex

#endif  // CORTEX_CODECS_SCALED_H_

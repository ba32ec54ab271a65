// Dictionary: the distinct values, sorted, and one bit-packed code per row. Strings and single fixed-width values.
// Sorted, so that an interval of values is an interval of codes. FORMAT.md, "dictionary".
#ifndef CORTEX_CODECS_DICTIONARY_H_
#define CORTEX_CODECS_DICTIONARY_H_

#include "codecs/codec.h"

namespace cortex {

const Codec* DictionaryCodec();

}  // namespace cortex

#endif  // CORTEX_CODECS_DICTIONARY_H_

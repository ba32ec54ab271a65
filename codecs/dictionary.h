// Dictionary: the distinct values, sorted, and one code per row: bit-packed, or (coded_dictionary) in a nested chunk, as
// entropy-coded integers or runs. Strings and single fixed-width values. Sorted, so that an interval of values is an
// interval of codes. FORMAT.md.
#ifndef CORTEX_CODECS_DICTIONARY_H_
#define CORTEX_CODECS_DICTIONARY_H_

#include "codecs/codec.h"

namespace cortex {

const Codec* DictionaryCodec();
const Codec* CodedDictionaryCodec();

}  // namespace cortex

#endif  // CORTEX_CODECS_DICTIONARY_H_

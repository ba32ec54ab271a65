// The fine sketch of each row as base layer, and exactly what is missing to the values: a column that carries its own
// search sketch for little more than the values alone take (zptv/sketch/README.md: measured). FORMAT.md, "sketched".
//
// Only for wide floats, and only chosen where the writer asks for it (EncodeOptions::sketch_share).
#ifndef CORTEX_CODECS_SKETCHED_H_
#define CORTEX_CODECS_SKETCHED_H_

#include "codecs/codec.h"

namespace cortex {

const Codec* SketchedCodec();

// The chunk begins with the euclidean section of its rows (zptv/sketch/section.h), of so many bytes.
uint64_t SketchedSectionBytes(ValueShape shape, uint32_t row_count);

}  // namespace cortex

#endif  // CORTEX_CODECS_SKETCHED_H_

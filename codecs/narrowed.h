// Floats that fit a narrower float type without losing a bit, as a nested chunk of that type. FORMAT.md, "narrowed".
#ifndef CORTEX_CODECS_NARROWED_H_
#define CORTEX_CODECS_NARROWED_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "codecs/codec.h"

namespace cortex {

const Codec* NarrowedCodec();

// Rows [first, first + count) of a narrowed chunk in their narrower type, in place, if its nested encoding stores them so
// (plain); otherwise, and for chunks of other encodings, nullopt. The bytes live as long as the chunk. Distances to a query
// of the column's type are the same bits on them (codecs/simd/distance_kernels.h), and nothing is widened or copied.
absl::StatusOr<std::optional<ValueSpan>> TryNarrowView(const EncodedChunk& chunk, uint32_t first, uint32_t count);

}  // namespace cortex

#endif  // CORTEX_CODECS_NARROWED_H_

// The explicit table EncodingId -> Codec. No static-initialiser magic: codec_registry.cc lists them all.
#ifndef CORTEX_CODECS_CODEC_REGISTRY_H_
#define CORTEX_CODECS_CODEC_REGISTRY_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "codecs/codec.h"

namespace cortex {

// All codecs, by ascending id.
absl::Span<const Codec* const> AllCodecs();

// Errors: UNIMPLEMENTED naming the number, for an encoding this version does not know.
absl::StatusOr<const Codec*> FindCodec(EncodingId id);

// FindCodec(id)->Open(...).
absl::StatusOr<std::unique_ptr<EncodedChunk>> OpenChunk(EncodingId id, const ByteSource* source, ValueShape shape,
                                                        uint32_t row_count);

}  // namespace cortex

#endif  // CORTEX_CODECS_CODEC_REGISTRY_H_

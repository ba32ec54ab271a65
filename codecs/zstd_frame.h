// One zstd frame in, one out, with contexts kept per thread (creating one costs more than a small block). The only file
// that knows zstd's interface.
#ifndef CORTEX_CODECS_ZSTD_FRAME_H_
#define CORTEX_CODECS_ZSTD_FRAME_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace cortex {

// Appends one frame. Errors: INTERNAL if zstd fails.
absl::Status AppendZstdFrame(absl::Span<const std::byte> bytes, int level, std::string* out);

// Fills `out` exactly. Errors: DATA_LOSS if the frame is damaged or holds another number of bytes.
absl::Status DecodeZstdFrame(absl::Span<const std::byte> frame, absl::Span<std::byte> out);

}  // namespace cortex

#endif  // CORTEX_CODECS_ZSTD_FRAME_H_

// Lines without integers: the bytes of their values, grouped by significance, each group through rANS where that pays.
//
// ```
// per byte of a value: ┌ mode u8 ┬ mode 0: the bytes · mode 1: table, stream bytes varint, stream ┐
// ```
#ifndef CORTEX_CODECS_ZPTV_RAW_LINES_H_
#define CORTEX_CODECS_ZPTV_RAW_LINES_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "codecs/bytes/byte_reader.h"
#include "codecs/zptv/line_shape.h"

namespace cortex::zptv {

// `values`: all lines of the block, one after the other.
absl::Status EncodeRawLines(const LineShape& shape, const std::byte* values, absl::Span<const uint32_t> lines,
                            std::string* out);
// out[i] takes line i. Errors: DATA_LOSS.
absl::Status DecodeRawLines(const LineShape& shape, ByteReader* in, absl::Span<std::byte* const> out);

}  // namespace cortex::zptv

#endif  // CORTEX_CODECS_ZPTV_RAW_LINES_H_

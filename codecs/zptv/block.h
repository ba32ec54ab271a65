// Blocks: which kind of section each line goes to. The encoder makes all that are possible and keeps the smallest.
//
// ```
// ┌ sections u8 ┬ section of each line u8 × lines ┬ (bytes varint, section) × sections ┐    no map for one section
// ```
#ifndef CORTEX_CODECS_ZPTV_BLOCK_H_
#define CORTEX_CODECS_ZPTV_BLOCK_H_

#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "codecs/zptv/contract.h"
#include "codecs/zptv/quantise.h"
#include "codecs/zptv/recover.h"

namespace cortex::zptv {

// Appends one block under `contract`; kLossless keeps every bit. `hints` are what blocks before it had; they change the
// bytes of what follows, never its values.
absl::Status EncodeBlock(const Block& block, ZptvContract contract, RecoverHints* hints, std::string* out);

// Fills `out` with `lines` lines, one after the other, aligned to the width. Errors: DATA_LOSS.
absl::Status DecodeBlock(const LineShape& shape, uint32_t lines, absl::Span<const std::byte> bytes, std::byte* out);

}  // namespace cortex::zptv

#endif  // CORTEX_CODECS_ZPTV_BLOCK_H_

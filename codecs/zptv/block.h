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

// The same for some lines of a block: out[l] takes line l, aligned to the width; nullptr: nobody wants it. Integers of a
// section are decoded together, but no line is reconstructed, and no section read, that is not wanted.
absl::Status DecodeLines(const LineShape& shape, absl::Span<const std::byte> bytes, absl::Span<std::byte* const> out);

}  // namespace cortex::zptv

#endif  // CORTEX_CODECS_ZPTV_BLOCK_H_

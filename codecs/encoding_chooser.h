// Picks the encoding of one chunk: every candidate estimates its size on a sample of the rows, the best score wins.
// Source of the idea: BtrBlocks (Kuschewski et al., SIGMOD 2023, section 3). Re-sampled for every chunk; a verdict is
// never inherited from the chunk before.
#ifndef CORTEX_CODECS_ENCODING_CHOOSER_H_
#define CORTEX_CODECS_ENCODING_CHOOSER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "codecs/codec.h"
#include "codecs/zptv/contract.h"

namespace cortex {

// What the column declares (DESIGN: column option `compression`).
enum class Compression : uint8_t { kNone, kAuto, kDictionary, kRunLength, kDelta, kZptv };

struct EncodedBytes {
  EncodingId encoding;
  std::string bytes;
  // What the values are in respect of those that were given; nullopt: the same bits.
  std::optional<ZptvStatement> statement;
};

struct EncodeOptions {
  Compression compression = Compression::kAuto;
  EncodingEffort effort = EncodingEffort::kLight;
  // kZptv only. Bounded: values may change within it, now. Lossless: every bit stays.
  ZptvContract contract;
  bool is_complex = false;  // values are re, im in turns
  // With a bounded contract: one bit per row, LSB first, set for rows that went through a contract before. They have
  // changed once and come back bit for bit. nullptr: no row did.
  const uint64_t* exact_rows = nullptr;
  // With a lossless contract: what the values went through before (kept in the statement).
  std::optional<ZptvStatement> made;
  // Vectors of floats that stay bit for bit are stored as sketches and refinements (sketched.h) where that takes at most
  // this share more than the best of the others; 0: never.
  double sketch_share = 0;
};

// Encodes `rows` with the best encoding that the options allow; falls back to plain where the declared one cannot
// hold the values. Deterministic: same rows, same bytes. Thread-safe.
// Errors: INVALID_ARGUMENT for a bound that cannot be (EncodeZptv).
absl::StatusOr<EncodedBytes> EncodeChunk(const ValueSpan& rows, const EncodeOptions& options);
// The same without a contract.
absl::StatusOr<EncodedBytes> EncodeChunk(const ValueSpan& rows, Compression compression, EncodingEffort effort);

// The same for the rows a nesting encoding leaves: any encoding that does not nest (nested_chunk.h).
absl::StatusOr<EncodedBytes> EncodeNested(const ValueSpan& rows, EncodingEffort effort);

// The same for the sorted entries of a dictionary: any encoding but dictionaries.
absl::StatusOr<EncodedBytes> EncodeEntries(const ValueSpan& rows, EncodingEffort effort);

}  // namespace cortex

#endif  // CORTEX_CODECS_ENCODING_CHOOSER_H_

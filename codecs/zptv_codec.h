// Floats, vectors and complex columns within a declared error, or exactly: the stages of codecs/zptv as an encoding.
//
// What is written is decoded again and checked against the contract, number by number, before it is returned; the
// errors it made stand in the header. The bytes are in codecs/zptv/FORMAT.md.
#ifndef CORTEX_CODECS_ZPTV_CODEC_H_
#define CORTEX_CODECS_ZPTV_CODEC_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "codecs/codec.h"
#include "codecs/zptv/contract.h"

namespace cortex {

// As a Codec it is lossless and takes values for real numbers.
const Codec* ZptvCodec();

struct ZptvOptions {
  ZptvContract contract;
  bool is_complex = false;  // values are re, im in turns
  // With a bounded contract: one bit per row, LSB first, set for rows that must come back bit for bit (they went through
  // a contract before). nullptr: none.
  const uint64_t* exact_rows = nullptr;
  // With a lossless contract: under which contract the values were made before, and with what error. Both are only
  // noted down, so that a file tells of its values' error however often they were re-coded.
  ZptvContract made_under;
  ZptvError made_error;
};

// Appends the encoding of `rows` (floats) to `out`. Deterministic; thread-safe. Memory: one block.
// Errors: INVALID_ARGUMENT if rows are not floats, the bound is not positive and finite, or PHASE16 meets real numbers;
// INTERNAL if the check of what was written fails.
absl::StatusOr<ZptvError> EncodeZptv(const ValueSpan& rows, const ZptvOptions& options, std::string* out);

}  // namespace cortex

#endif  // CORTEX_CODECS_ZPTV_CODEC_H_

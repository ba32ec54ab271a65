// The quantise stage: lines of a block to integers within a contract. Values change here and nowhere else.
#ifndef CORTEX_CODECS_ZPTV_QUANTISE_H_
#define CORTEX_CODECS_ZPTV_QUANTISE_H_

#include <vector>

#include "codecs/bytes/buffer.h"
#include "codecs/zptv/line_codes.h"
#include "codecs/zptv/line_shape.h"
#include "codecs/zptv/verify.h"

namespace cortex::zptv {

// The lines of one block, one after the other. `used` of lines · columns values exist, the others are filled up.
struct Block {
  LineShape shape;
  uint32_t lines = 0;
  size_t used = 0;
  const std::byte* values = nullptr;

  const std::byte* line(uint32_t l) const { return values + l * shape.line_bytes(); }
};

// Each of these takes the lines it can hold within the limit, numbers that do not fit as exceptions; what is missing in
// `lines` of the result the caller stores raw. An empty result is no result.

// Integers times a step. kAbs, kRms: one step for the block (a power of two for narrow columns: rows that come to lie
// side by side later then still share a lattice); kRowL2: one per line.
LineCodes QuantiseLattice(const Block& block, const BlockLimit& limit);

// The same for Fourier coefficients, step per line as large as the limit allows. Wide complex columns only; lines with a
// special value are left out, and so are lines whose step cannot be found again from their values. The result has no
// exceptions. None either if an estimate tells before the search that the lines would take clearly more than
// `most_bytes`.
LineCodes QuantiseFourier(const Block& block, const BlockLimit& limit, double most_bytes);

// kPoint: the front bits of each value.
LineCodes QuantiseFrontBits(const Block& block, const BlockLimit& limit);

// kPhase16.
LineCodes QuantisePolar(const Block& block, const BlockLimit& limit);

// The values `codes` stand for, line after line, exceptions included; aligned to 64 bytes.
Buffer Reconstruct(const LineShape& shape, const LineCodes& codes);

// Makes exceptions of all numbers that do not keep the limit, and drops lines with too many of them.
void Settle(const Block& block, const BlockLimit& limit, LineCodes* codes);

}  // namespace cortex::zptv

#endif  // CORTEX_CODECS_ZPTV_QUANTISE_H_

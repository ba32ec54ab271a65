// Symbol statistics of the entropy stage: frequencies normalised to 4,096, their bytes, and the two forms the coder
// and the decoder work with. Static and of order 0: what correlates is for the predictor in front.
//
// A table always gives at least two symbols a frequency, so that none has all 4,096 (12 bits hold each); a run of one
// symbol then costs 0.0004 bits per value.
//
// Bytes of a table (bits are LSB first, zeros pad the last byte):
// ```
// ┌ last symbol u8 ┬ for each symbol up to the last: 4 bits k, then …┐
//   k = 0: four bits n: this and the n following symbols have frequency 0
//   k > 0: k − 1 bits f: frequency 2^(k−1) + f
// ```
#ifndef CORTEX_CODECS_ZPTV_RANS_TABLE_H_
#define CORTEX_CODECS_ZPTV_RANS_TABLE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "codecs/bytes/byte_reader.h"
#include "codecs/simd/rans_encode_kernels.h"
#include "codecs/simd/rans_kernels.h"

namespace cortex {

inline constexpr size_t kRansSymbols = 256;

// How often each symbol, or the token of each value, occurs.
using RansCounts = std::array<uint32_t, kRansSymbols>;
void CountSymbols(absl::Span<const uint8_t> symbols, RansCounts* counts);
void CountValueTokens(absl::Span<const int32_t> values, RansCounts* counts);

// Bits the symbols would take at best (order-0 entropy), without table and states; with the raw bits of their tokens.
// The coder comes within 0.5 % on blocks of 4,096 and more, so this ranks predictors.
double EstimatedSymbolBits(const RansCounts& counts);
double EstimatedValueBits(const RansCounts& counts);

// 256 frequencies, sum 4,096. A value, cheap to copy (512 bytes).
class RansTable {
 public:
  // The frequencies that cost fewest bits for `counts`, each symbol that occurs getting at least 1. Any counts are
  // good, all zero too.
  static RansTable FromCounts(const RansCounts& counts);

  // Reads what AppendTo wrote. Errors: DATA_LOSS.
  static absl::StatusOr<RansTable> Parse(ByteReader* in);
  void AppendTo(std::string* out) const;

  uint32_t frequency(size_t symbol) const { return frequencies_[symbol]; }

  // Bits that symbols occurring `counts` times take with this table; infinite if one of them has no frequency.
  double SymbolBits(const RansCounts& counts) const;

  bool operator==(const RansTable&) const = default;

 private:
  std::array<uint16_t, kRansSymbols> frequencies_ = {};
};

// A table as the coder uses it: division by a frequency is a multiplication (2 KB).
class RansEncoder {
 public:
  explicit RansEncoder(const RansTable& table);
  const simd::RansEncodeTable& table() const { return table_; }

 private:
  simd::RansEncodeTable table_;
};

// A table as the decoder uses it: a slot for each of 4,096 residues (16 KB; building it takes about 2 µs). Immutable.
class RansDecoder {
 public:
  explicit RansDecoder(const RansTable& table);
  const uint32_t* slots() const { return slots_.get(); }

 private:
  std::unique_ptr<uint32_t[]> slots_;
};

}  // namespace cortex

#endif  // CORTEX_CODECS_ZPTV_RANS_TABLE_H_

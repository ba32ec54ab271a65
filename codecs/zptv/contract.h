// What a `zptv` column promises about the error of its values, and what an encoded chunk says it made.
#ifndef CORTEX_CODECS_ZPTV_CONTRACT_H_
#define CORTEX_CODECS_ZPTV_CONTRACT_H_

#include <cstdint>

namespace cortex {

// z is a value, ẑ what is read back; both are one number, or one complex number in complex columns. Under every
// contract NaN (with its payload), ±infinity, −0 and subnormals come back bit for bit, and so does whatever cannot be
// held within the bound. Numbers are part of the file format.
struct ZptvContract {
  enum class Kind : uint8_t {
    kLossless,  // bit for bit; what `zptv` without a bound means
    kAbs,       // |z − ẑ| <= bound
    kRms,       // |z − ẑ| <= bound · root mean square of the finite values of the block (64 rows of a wide column)
    kRowL2,     // ‖x − x̂‖ <= bound · ‖x‖ for every row x of a vector column
    kPoint,     // |z − ẑ| <= bound · |z|; zero stays zero
    kPhase16,   // complex only: the phase of ẑ is a multiple of π/8 within π/16 of that of z, and
                // ||z| − |ẑ|| <= bound · |z|
  };
  Kind kind = Kind::kLossless;
  double bound = 0;
};

// Errors of the finite values, relative to what the bound is relative to: ABS 1, RMS the root mean square of the block,
// ROW_L2 the norm of the row (one error per row), POINT and PHASE16 |z|. So `max` is at most the bound, except under
// PHASE16, where it is |z − ẑ| / |z| and holds the phase's share too (at most √(bound² + 0.04 · (1 + bound))).
struct ZptvError {
  double max = 0;
  double rms = 0;
};

// What a chunk says of its values.
struct ZptvStatement {
  ZptvContract contract;
  ZptvError error;
};

}  // namespace cortex

#endif  // CORTEX_CODECS_ZPTV_CONTRACT_H_

// Residuals to bytes and back: the columns of a plane in groups of like magnitude, each group with its own table, all of
// them in one rANS stream. Columns of Fourier coefficients differ a hundredfold; one table for all would cost up to two
// bits per value.
//
// ```
// ┌ groups u8 ┬ map ┬ tables ┬ stream bytes varint ┬ stream ┐
// groups: bits 0-3 how many tables, bit 7 some columns are zero throughout
// map:    which group each unit of `stride` columns belongs to, bit-packed LSB first in as many bits as the largest
//         number needs; with zero columns group 0 is theirs; absent if there is nothing to tell apart
// ```
#ifndef CORTEX_CODECS_ZPTV_RESIDUAL_CODER_H_
#define CORTEX_CODECS_ZPTV_RESIDUAL_CODER_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "codecs/bytes/byte_reader.h"
#include "codecs/zptv/predict.h"

namespace cortex::zptv {

// Appends the residuals. shape.ratios is not used.
absl::Status EncodeResiduals(const PlaneShape& shape, const int32_t* residuals, std::string* out);

// About how many bits their stream will take, states and tables left out.
double EstimatedResidualBits(const PlaneShape& shape, const int32_t* residuals);

// Fills `residuals`. Errors: DATA_LOSS.
absl::Status DecodeResiduals(const PlaneShape& shape, ByteReader* in, int32_t* residuals);

}  // namespace cortex::zptv

#endif  // CORTEX_CODECS_ZPTV_RESIDUAL_CODER_H_

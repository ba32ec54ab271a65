// The methods a report compares.
#ifndef CORTEX_TOOLS_CODEC_REPORT_METHODS_H_
#define CORTEX_TOOLS_CODEC_REPORT_METHODS_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "codecs/zptv/contract.h"
#include "tools/codec_report/measure.h"

namespace cortex::codec_report {

// Our encodings without loss: light (warm tier), heavy (cold tier).
std::vector<std::unique_ptr<Method>> OurLosslessMethods();
// zstd levels 3 and 19, byte split + zstd level 3, zfp in its reversible mode (two-dimensional: rows by values; floats
// only), each on a chunk at once.
std::vector<std::unique_ptr<Method>> LosslessRivals();

// "rms=1e-3", "phase16=0.1", "lossless": what follows zptv(…) in a column's definition. Errors: INVALID_ARGUMENT.
absl::StatusOr<ZptvContract> ParseContract(std::string_view text);

// ZPTV under `contract`; its note says what error the chunks state, relative as the contract's bound is.
std::unique_ptr<Method> ContractMethod(ZptvContract contract, bool is_complex);
// zfp with the absolute tolerance that `contract` comes to on these rows (ABS: the bound; RMS and ROW_L2: the bound times
// the root mean square of all values); nullptr for contracts zfp has nothing like.
std::unique_ptr<Method> ContractRival(ZptvContract contract, const ValueSpan& rows);

}  // namespace cortex::codec_report

#endif  // CORTEX_TOOLS_CODEC_REPORT_METHODS_H_

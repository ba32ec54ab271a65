// Encodes a column of floats under every contract at every bound of a list and judges what comes back.
#ifndef CORTEX_TOOLS_CODEC_REPORT_SWEEP_H_
#define CORTEX_TOOLS_CODEC_REPORT_SWEEP_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "codecs/zptv/contract.h"
#include "tools/codec_report/column.h"

namespace cortex::codec_report {

inline constexpr double kSweptBounds[] = {0.25, 0.1, 1e-2, 1e-3, 1e-4, 1e-6};

struct SweepResult {
  ZptvContract contract;
  uint64_t bytes = 0;
  ZptvError stated;        // the worst of the chunks
  uint64_t numbers = 0;    // judged
  uint64_t breaches = 0;
  uint64_t first_breach = 0;  // index of its value in the column, if there is one
};

// LOSSLESS, ABS, RMS, ROW_L2, POINT and, for complex columns, PHASE16, each but the first at all of kSweptBounds.
std::vector<ZptvContract> SweptContracts(const Column& column);

// One contract, in chunks as row groups are. What a chunk states of its error is judged with the rest: a maximum beyond
// the bound is a breach too. Errors: what the codec says.
absl::StatusOr<SweepResult> SweepContract(const Column& column, ZptvContract contract);

}  // namespace cortex::codec_report

#endif  // CORTEX_TOOLS_CODEC_REPORT_SWEEP_H_

// Whether decoded values keep a ZPTV contract: the bounds of codecs/zptv/contract.h written down a second time, number by
// number and in wider arithmetic, so that the encoder's own check is checked too. For tests and reports; slow.
#ifndef CORTEX_TOOLS_CODEC_REPORT_CONTRACT_JUDGE_H_
#define CORTEX_TOOLS_CODEC_REPORT_CONTRACT_JUDGE_H_

#include <cstddef>
#include <cstdint>

#include "codecs/values.h"
#include "codecs/zptv/contract.h"

namespace cortex {

struct ContractBreaches {
  uint64_t count = 0;  // numbers, under ROW_L2 numbers and rows
  uint64_t first = 0;  // index of the first one's first value, if there is one
};

// `was` is what one chunk was given, `is` what it gives back (floats of one shape, as many rows); `components` is 2 for
// columns of complex numbers, else 1.
ContractBreaches JudgeContract(const ValueSpan& was, const ValueSpan& is, ZptvContract contract, uint32_t components);

}  // namespace cortex

#endif  // CORTEX_TOOLS_CODEC_REPORT_CONTRACT_JUDGE_H_

// The methods a report compares.
#ifndef CORTEX_TOOLS_CODEC_REPORT_METHODS_H_
#define CORTEX_TOOLS_CODEC_REPORT_METHODS_H_

#include <memory>
#include <vector>

#include "tools/codec_report/measure.h"

namespace cortex::codec_report {

// Our encodings without loss: light (warm tier), heavy (cold tier).
std::vector<std::unique_ptr<Method>> OurLosslessMethods();
// zstd levels 3 and 19, byte split + zstd level 3, zfp in its reversible mode (two-dimensional: rows by values; floats
// only), each on a chunk at once.
std::vector<std::unique_ptr<Method>> LosslessRivals();

}  // namespace cortex::codec_report

#endif  // CORTEX_TOOLS_CODEC_REPORT_METHODS_H_

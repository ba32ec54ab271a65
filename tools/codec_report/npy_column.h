// The rows of an .npy file as a codec sees them.
#ifndef CORTEX_TOOLS_CODEC_REPORT_NPY_COLUMN_H_
#define CORTEX_TOOLS_CODEC_REPORT_NPY_COLUMN_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tools/codec_report/column.h"

namespace cortex::codec_report {

// Errors: as NpyFile::Open; INVALID_ARGUMENT for element types no column has.
absl::StatusOr<std::unique_ptr<ColumnFile>> OpenNpyColumn(const std::string& path, bool widen);

}  // namespace cortex::codec_report

#endif  // CORTEX_TOOLS_CODEC_REPORT_NPY_COLUMN_H_

// The fields of a .csv file as columns: int64 where every cell is a whole number, float64 where every cell is a number,
// otherwise strings.
#ifndef CORTEX_TOOLS_CODEC_REPORT_CSV_COLUMNS_H_
#define CORTEX_TOOLS_CODEC_REPORT_CSV_COLUMNS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tools/codec_report/column.h"

namespace cortex::codec_report {

// Errors: as CsvReader; INVALID_ARGUMENT for a record without as many fields as the header line.
absl::StatusOr<std::unique_ptr<ColumnFile>> OpenCsvColumns(const std::string& path);

}  // namespace cortex::codec_report

#endif  // CORTEX_TOOLS_CODEC_REPORT_CSV_COLUMNS_H_

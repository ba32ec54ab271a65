// A column to report on: named rows of a physical type, borrowed from the file they were read from.
#ifndef CORTEX_TOOLS_CODEC_REPORT_COLUMN_H_
#define CORTEX_TOOLS_CODEC_REPORT_COLUMN_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "codecs/values.h"

namespace cortex::codec_report {

struct Column {
  std::string name;
  ValueSpan rows;
  bool is_complex = false;  // values are re, im in turns

  // "complex128[256]", "int64", "string".
  std::string TypeName() const;
};

// The columns of one file, and the memory they lie in.
class ColumnFile {
 public:
  virtual ~ColumnFile() = default;
  virtual std::vector<Column> columns() const = 0;
};

// Opens an .npy file (one column, named after the file) or a .csv file (one per field of its header line). With
// `widen`, float32 and complex64 arrays become float64 and complex128, as a table that declares those would hold
// them. Errors: INVALID_ARGUMENT for what is neither, or for elements no column has.
absl::StatusOr<std::unique_ptr<ColumnFile>> OpenColumnFile(const std::string& path, bool widen);

}  // namespace cortex::codec_report

#endif  // CORTEX_TOOLS_CODEC_REPORT_COLUMN_H_

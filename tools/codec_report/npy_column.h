// The rows of an .npy file as a codec sees them.
#ifndef CORTEX_TOOLS_CODEC_REPORT_NPY_COLUMN_H_
#define CORTEX_TOOLS_CODEC_REPORT_NPY_COLUMN_H_

#include <string>

#include "absl/status/statusor.h"
#include "codecs/values.h"
#include "tools/client/npy.h"

namespace cortex::codec_report {

class NpyColumn {
 public:
  // With `widen`, float32 and complex64 become float64 and complex128, as a table that declares those would hold them.
  // Errors: as NpyFile::Open; INVALID_ARGUMENT for element types no column has.
  static absl::StatusOr<NpyColumn> Open(const std::string& path, bool widen);

  ValueSpan rows() const;
  bool is_complex() const { return dtype_[0] == 'c'; }
  // "complex128[256]", "int64".
  std::string TypeName() const;

 private:
  NpyColumn(client::NpyFile file, ValueShape shape) : file_(std::move(file)), shape_(shape) {}

  client::NpyFile file_;
  ValueShape shape_;
  std::string dtype_;
  ValueBuffer widened_;  // empty unless widened
};

}  // namespace cortex::codec_report

#endif  // CORTEX_TOOLS_CODEC_REPORT_NPY_COLUMN_H_

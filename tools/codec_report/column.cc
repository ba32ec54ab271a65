#include "tools/codec_report/column.h"

#include <filesystem>

#include "absl/strings/str_format.h"
#include "tools/codec_report/csv_columns.h"
#include "tools/codec_report/npy_column.h"

namespace cortex::codec_report {

std::string Column::TypeName() const {
  const ValueShape shape = rows.shape;
  if (shape.type == PhysicalType::kBytes) return "string";
  if (shape.type == PhysicalType::kBool) return "bool";
  const uint32_t width = WidthOf(shape.type), per_row = shape.values_per_row / (is_complex ? 2 : 1);
  const std::string name = is_complex ? absl::StrFormat("complex%d", 16 * width)
                                      : absl::StrFormat("%s%d", IsFloat(shape.type) ? "float" : "int", 8 * width);
  return per_row == 1 ? name : absl::StrFormat("%s[%d]", name, per_row);
}

absl::StatusOr<std::unique_ptr<ColumnFile>> OpenColumnFile(const std::string& path, bool widen) {
  const std::filesystem::path extension = std::filesystem::path(path).extension();
  if (extension == ".npy") return OpenNpyColumn(path, widen);
  if (extension == ".csv") return OpenCsvColumns(path);
  return absl::InvalidArgumentError("not an .npy or .csv file");
}

}  // namespace cortex::codec_report

#include "tools/codec_report/npy_column.h"

#include <map>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/simd/scale_kernels.h"

namespace cortex::codec_report {
namespace {

using enum PhysicalType;

// Unsigned numbers have the bits of signed ones of their width, which is all a codec sees.
const std::map<std::string, PhysicalType>& TypesOfNumPy() {
  static const auto* types = new std::map<std::string, PhysicalType>{
      {"b1", kBool},  {"i1", kInt8},    {"u1", kInt8},    {"i2", kInt16},   {"u2", kInt16},
      {"i4", kInt32}, {"u4", kInt32},   {"i8", kInt64},   {"u8", kInt64},   {"M8[ns]", kInt64},
      {"f2", kFloat16}, {"f4", kFloat32}, {"f8", kFloat64}, {"c8", kFloat32}, {"c16", kFloat64}};
  return *types;
}

}  // namespace

absl::StatusOr<NpyColumn> NpyColumn::Open(const std::string& path, bool widen) {
  ASSIGN_OR_RETURN(client::NpyFile file, client::NpyFile::Open(path));
  const std::string dtype = file.header().dtype;
  const auto type = TypesOfNumPy().find(dtype);
  if (type == TypesOfNumPy().end()) {
    return absl::InvalidArgumentError(absl::StrFormat("no column has elements of type %s", dtype));
  }
  if (file.row_count() > (uint64_t{1} << 31)) return absl::InvalidArgumentError("more than 2^31 rows");
  const auto per_row = static_cast<uint32_t>(file.row_length() * (dtype[0] == 'c' ? 2 : 1));
  NpyColumn column(std::move(file), ValueShape{type->second, per_row});
  column.dtype_ = dtype;
  if (widen && type->second == kFloat32) {
    const ValueSpan narrow = column.rows();
    column.widened_.Reset({kFloat64, per_row});
    simd::WidenFloats(reinterpret_cast<const float*>(narrow.fixed), size_t{narrow.row_count} * per_row,
                      reinterpret_cast<double*>(column.widened_.ExtendFixed(narrow.row_count)));
    column.shape_ = column.widened_.shape();
  }
  return column;
}

ValueSpan NpyColumn::rows() const {
  if (widened_.row_count() != 0) return widened_.span();
  const auto rows = static_cast<uint32_t>(file_.row_count());
  return {.shape = shape_,
          .row_count = rows,
          .fixed = reinterpret_cast<const std::byte*>(file_.Rows(0, rows).data())};
}

std::string NpyColumn::TypeName() const {
  const uint32_t width = WidthOf(shape_.type);
  std::string name;
  uint32_t per_row = shape_.values_per_row;
  if (is_complex()) {
    name = absl::StrFormat("complex%d", 16 * width);
    per_row /= 2;
  } else if (shape_.type == kBool) {
    name = "bool";
  } else {
    name = absl::StrFormat("%s%d", IsFloat(shape_.type) ? "float" : "int", 8 * width);
  }
  return per_row == 1 ? name : absl::StrFormat("%s[%d]", name, per_row);
}

}  // namespace cortex::codec_report

#include "tools/codec_report/npy_column.h"

#include <filesystem>
#include <map>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/simd/scale_kernels.h"
#include "tools/client/npy.h"

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

class NpyColumn final : public ColumnFile {
 public:
  NpyColumn(std::string name, client::NpyFile file, ValueShape shape, bool is_complex)
      : name_(std::move(name)), file_(std::move(file)), shape_(shape), is_complex_(is_complex) {}

  std::vector<Column> columns() const override { return {{name_, rows(), is_complex_}}; }

  void Widen() {
    const ValueSpan narrow = rows();
    widened_.Reset({kFloat64, shape_.values_per_row});
    simd::WidenFloats(reinterpret_cast<const float*>(narrow.fixed), size_t{narrow.row_count} * shape_.values_per_row,
                      reinterpret_cast<double*>(widened_.ExtendFixed(narrow.row_count)));
  }

 private:
  ValueSpan rows() const {
    if (widened_.row_count() != 0) return widened_.span();
    const auto count = static_cast<uint32_t>(file_.row_count());
    return {.shape = shape_,
            .row_count = count,
            .fixed = reinterpret_cast<const std::byte*>(file_.Rows(0, count).data())};
  }

  std::string name_;
  client::NpyFile file_;
  ValueShape shape_;
  bool is_complex_;
  ValueBuffer widened_;  // empty unless widened
};

}  // namespace

absl::StatusOr<std::unique_ptr<ColumnFile>> OpenNpyColumn(const std::string& path, bool widen) {
  ASSIGN_OR_RETURN(client::NpyFile file, client::NpyFile::Open(path));
  const std::string dtype = file.header().dtype;
  const auto type = TypesOfNumPy().find(dtype);
  if (type == TypesOfNumPy().end()) {
    return absl::InvalidArgumentError(absl::StrFormat("no column has elements of type %s", dtype));
  }
  if (file.row_count() > (uint64_t{1} << 31)) return absl::InvalidArgumentError("more than 2^31 rows");
  const bool is_complex = dtype[0] == 'c';
  const ValueShape shape{type->second, static_cast<uint32_t>(file.row_length() * (is_complex ? 2 : 1))};
  auto column = std::make_unique<NpyColumn>(std::filesystem::path(path).stem().string(), std::move(file), shape,
                                            is_complex);
  if (widen && shape.type == kFloat32) column->Widen();
  return column;
}

}  // namespace cortex::codec_report

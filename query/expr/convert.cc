#include "query/expr/convert.h"

#include <charconv>
#include <utility>

#include "codecs/simd/half.h"

namespace cortex::query {
namespace {

double Load(PhysicalType type, const std::byte* in, size_t i) {
  switch (type) {
    case PhysicalType::kFloat16:
      return ToFloat(reinterpret_cast<const Half*>(in)[i]);
    case PhysicalType::kFloat32:
      return reinterpret_cast<const float*>(in)[i];
    default:
      return reinterpret_cast<const double*>(in)[i];
  }
}

template <typename T>
std::string ShortestText(T value) {
  char buffer[64];
  return {buffer, std::to_chars(buffer, buffer + sizeof(buffer), value).ptr};
}

}  // namespace

void ConvertFloats(PhysicalType from, const std::byte* in, size_t count, PhysicalType to, std::byte* out) {
  for (size_t i = 0; i < count; ++i) {
    const double value = Load(from, in, i);
    switch (to) {
      case PhysicalType::kFloat16:
        reinterpret_cast<Half*>(out)[i] = ToHalf(value);
        break;
      case PhysicalType::kFloat32:
        reinterpret_cast<float*>(out)[i] = static_cast<float>(value);
        break;
      default:
        reinterpret_cast<double*>(out)[i] = value;
        break;
    }
  }
}

BatchColumn ConvertVector(const BatchColumn& column, const DataType& to) {
  if (column.type == to) return column;
  const ValueShape shape = to.shape();
  const uint32_t rows = column.constant ? 1 : column.row_count;
  Column out(to);
  std::byte* target = out.mutable_values()->ExtendFixed(rows);
  ConvertFloats(column.values.shape.type, column.values.fixed, size_t{rows} * shape.values_per_row, shape.type, target);
  out.FinishAppend(rows, column.validity, 0);
  BatchColumn view = BatchColumn::Of(std::move(out));
  view.constant = column.constant;
  view.row_count = column.row_count;
  return view;
}

std::string FloatText(double value) { return ShortestText(value); }
std::string FloatText(float value) { return ShortestText(value); }

}  // namespace cortex::query

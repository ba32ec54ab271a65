#include "tests/cql/value_text.h"

#include <charconv>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "codecs/simd/half.h"
#include "query/cql/time_literal.h"

namespace cortex::testing {
namespace {

template <typename T>
std::string Shortest(T value) {
  if (value != value) return "nan";
  char buffer[64];
  return {buffer, std::to_chars(buffer, buffer + sizeof(buffer), value).ptr};
}

std::string NumberText(PhysicalType type, const std::byte* values, size_t i) {
  switch (type) {
    case PhysicalType::kBool:
      return values[i] != std::byte{0} ? "true" : "false";
    case PhysicalType::kInt8:
      return absl::StrFormat("%d", reinterpret_cast<const int8_t*>(values)[i]);
    case PhysicalType::kInt16:
      return absl::StrFormat("%d", reinterpret_cast<const int16_t*>(values)[i]);
    case PhysicalType::kInt32:
      return absl::StrFormat("%d", reinterpret_cast<const int32_t*>(values)[i]);
    case PhysicalType::kInt64:
      return absl::StrFormat("%d", reinterpret_cast<const int64_t*>(values)[i]);
    case PhysicalType::kFloat16:
      return Shortest(ToFloat(reinterpret_cast<const Half*>(values)[i]));
    case PhysicalType::kFloat32:
      return Shortest(reinterpret_cast<const float*>(values)[i]);
    case PhysicalType::kFloat64:
      return Shortest(reinterpret_cast<const double*>(values)[i]);
    case PhysicalType::kBytes:
      break;
  }
  return "?";
}

// One element of a vector or a scalar: a number, or two for complex values.
std::string ElementText(const Column& column, const std::byte* values, size_t element) {
  const PhysicalType type = column.type().shape().type;
  if (!column.type().is_complex()) return NumberText(type, values, element);
  return "(" + NumberText(type, values, 2 * element) + ", " + NumberText(type, values, 2 * element + 1) + ")";
}

std::string ListText(const Column& column, uint32_t row) {
  std::string text;
  for (uint32_t i = column.list_offsets()[row]; i < column.list_offsets()[row + 1]; ++i) {
    if (!text.empty()) text += ", ";
    const ValueSpan elements = column.elements();
    text += column.type().kind == TypeKind::kListString ? std::string(elements.StringAt(i))
                                                        : NumberText(PhysicalType::kFloat32, elements.fixed, i);
  }
  return "[" + text + "]";
}

}  // namespace

std::string ValueText(const Column& column, uint32_t row) {
  const DataType& type = column.type();
  if (column.IsNull(row)) return "NULL";
  if (type.is_list()) return ListText(column, row);
  if (type.kind == TypeKind::kString) return std::string(column.StringAt(row));
  if (type.kind == TypeKind::kBytes) return "X'" + absl::BytesToHexString(std::string(column.StringAt(row))) + "'";
  const std::byte* values = column.FixedAt(row).data();
  if (type.kind == TypeKind::kTimestamp) return cql::FormatTimestamp(*reinterpret_cast<const int64_t*>(values));
  if (!type.is_vector()) return ElementText(column, values, 0);
  std::string text;
  for (uint32_t i = 0; i < type.length; ++i) text += (i == 0 ? "" : ", ") + ElementText(column, values, i);
  return "[" + text + "]";
}

}  // namespace cortex::testing

#include "server/json_value.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/simd/half.h"
#include "query/cql/time_literal.h"

namespace cortex {
namespace {

using Json = google::protobuf::Value;

constexpr double kExactIntegers = 9007199254740992.0;  // 2^53: doubles hold every integer up to here

absl::Status Expects(std::string_view what, const Json& json) {
  std::string got = json.ShortDebugString();
  if (got.size() > 60) got = got.substr(0, 57) + "...";
  return absl::InvalidArgumentError(absl::StrFormat("expects %s, got {%s}", what, got));
}

std::optional<double> SpecialFloat(std::string_view text) {
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity") return std::numeric_limits<double>::infinity();
  if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
  return std::nullopt;
}

std::optional<double> ToDouble(const Json& json) {
  if (json.kind_case() == Json::kNumberValue) return json.number_value();
  if (json.kind_case() == Json::kStringValue) return SpecialFloat(json.string_value());
  return std::nullopt;
}

std::optional<int64_t> ToInteger(const Json& json) {
  if (json.kind_case() == Json::kNumberValue) {
    const double value = json.number_value();
    if (!(std::fabs(value) <= kExactIntegers) || value != std::trunc(value)) return std::nullopt;
    return static_cast<int64_t>(value);
  }
  if (json.kind_case() != Json::kStringValue) return std::nullopt;
  const std::string& text = json.string_value();
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <typename T>
void Store(T value, std::byte* out) {
  std::memcpy(out, &value, sizeof(T));
}

// Writes a float of any width; false if a finite value would become infinite.
bool StoreFloat(PhysicalType type, double value, std::byte* out) {
  if (type == PhysicalType::kFloat64) {
    Store(value, out);
    return true;
  }
  const float narrow = static_cast<float>(value);
  const Half half = ToHalf(value);
  const bool overflow = type == PhysicalType::kFloat32 ? std::isinf(narrow) : std::isinf(ToFloat(half));
  if (std::isfinite(value) && overflow) return false;
  if (type == PhysicalType::kFloat32) {
    Store(narrow, out);
  } else {
    Store(half.bits, out);
  }
  return true;
}

bool StoreInteger(PhysicalType type, int64_t value, std::byte* out) {
  const auto store = [&](auto narrow) {
    if (narrow != value) return false;
    Store(narrow, out);
    return true;
  };
  switch (type) {
    case PhysicalType::kInt8:
      return store(static_cast<int8_t>(value));
    case PhysicalType::kInt16:
      return store(static_cast<int16_t>(value));
    case PhysicalType::kInt32:
      return store(static_cast<int32_t>(value));
    default:
      return store(value);
  }
}

// Numbers of a vector or complex value in storage order; [re, im] pairs and flat numbers may both come.
absl::Status FlattenNumbers(const google::protobuf::ListValue& list, size_t wanted, std::vector<double>* out) {
  for (const Json& item : list.values()) {
    if (item.kind_case() == Json::kListValue) {
      if (item.list_value().values_size() != 2) return Expects("a pair [re, im]", item);
      for (const Json& part : item.list_value().values()) {
        const std::optional<double> number = ToDouble(part);
        if (!number) return Expects("a number", part);
        out->push_back(*number);
      }
    } else {
      const std::optional<double> number = ToDouble(item);
      if (!number) return Expects("a number", item);
      out->push_back(*number);
    }
    if (out->size() > wanted) break;
  }
  return absl::OkStatus();
}

absl::Status AppendFloats(const Json& json, Column* column) {
  const DataType& type = column->type();
  const ValueShape shape = type.shape();
  std::vector<double> numbers;
  if (json.kind_case() == Json::kListValue) {
    if (!type.is_complex()) {  // a nested pair has no meaning here
      for (const Json& item : json.list_value().values()) {
        if (item.kind_case() == Json::kListValue) return Expects("a number", item);
      }
    }
    RETURN_IF_ERROR(FlattenNumbers(json.list_value(), shape.values_per_row, &numbers));
  } else if (const std::optional<double> number = ToDouble(json); number && shape.values_per_row == 1) {
    numbers.push_back(*number);
  } else {
    return Expects(type.is_vector() || type.is_complex() ? "an array of numbers" : "a number", json);
  }
  if (numbers.size() != shape.values_per_row) {
    return absl::InvalidArgumentError(
        absl::StrFormat("wrong dimension: %s takes %d numbers, got %s%d", type.ToString(), shape.values_per_row,
                        numbers.size() > shape.values_per_row ? "at least " : "", numbers.size()));
  }
  std::vector<std::byte> row(shape.row_bytes());
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (!StoreFloat(shape.type, numbers[i], row.data() + i * WidthOf(shape.type))) {
      return absl::InvalidArgumentError(absl::StrFormat("%g does not fit into %s", numbers[i], type.ToString()));
    }
  }
  std::memcpy(column->ExtendFixed(1), row.data(), row.size());
  return absl::OkStatus();
}

absl::Status AppendInteger(const Json& json, Column* column) {
  const std::optional<int64_t> value = ToInteger(json);
  if (!value) return Expects("a whole number (beyond 2^53 as text)", json);
  std::byte bytes[8];
  const ValueShape shape = column->type().shape();
  if (!StoreInteger(shape.type, *value, bytes)) {
    return absl::InvalidArgumentError(absl::StrFormat("%d does not fit into %s", *value, column->type().ToString()));
  }
  std::memcpy(column->ExtendFixed(1), bytes, shape.row_bytes());
  return absl::OkStatus();
}

absl::Status AppendTimestamp(const Json& json, Column* column) {
  std::optional<int64_t> value = ToInteger(json);
  if (!value && json.kind_case() == Json::kStringValue) {
    ASSIGN_OR_RETURN(value, cql::ParseTimestamp(json.string_value()));
  }
  if (!value) return Expects("RFC 3339 text or whole nanoseconds", json);
  column->AppendScalar<int64_t>(*value);
  return absl::OkStatus();
}

absl::Status AppendBytes(const Json& json, Column* column) {
  std::string bytes;
  if (json.kind_case() != Json::kStringValue || !absl::Base64Unescape(json.string_value(), &bytes)) {
    return Expects("base64 text", json);
  }
  column->AppendString(bytes);
  return absl::OkStatus();
}

absl::Status AppendList(const Json& json, Column* column) {
  if (json.kind_case() != Json::kListValue) return Expects("an array", json);
  std::vector<std::string_view> strings;
  std::vector<float> floats;
  for (const Json& item : json.list_value().values()) {
    if (column->type().kind == TypeKind::kListString) {
      if (item.kind_case() != Json::kStringValue) return Expects("a string", item);
      strings.push_back(item.string_value());
    } else {
      const std::optional<double> number = ToDouble(item);
      if (!number) return Expects("a number", item);
      std::byte bytes[sizeof(float)];
      if (!StoreFloat(PhysicalType::kFloat32, *number, bytes)) return Expects("a number within float32", item);
      floats.push_back(static_cast<float>(*number));
    }
  }
  if (column->type().kind == TypeKind::kListString) {
    column->AppendStringList(strings);
  } else {
    column->AppendFloatList(floats);
  }
  return absl::OkStatus();
}

// The double that people would write for a float: 0.1f becomes 0.1, not 0.10000000149011612; reading it back gives the
// same float.
double Shortest(float value) {
  if (!std::isfinite(value)) return value;
  char text[32];
  const auto end = std::to_chars(text, text + sizeof(text), value).ptr;
  double out = 0;
  std::from_chars(text, end, out);
  return out;
}

void NumberToJson(double value, Json* json) {
  if (std::isnan(value)) {
    json->set_string_value("NaN");
  } else if (std::isinf(value)) {
    json->set_string_value(value > 0 ? "Infinity" : "-Infinity");
  } else {
    json->set_number_value(value);
  }
}

void IntegerToJson(int64_t value, Json* json) {
  if (value >= -(int64_t{1} << 53) && value <= (int64_t{1} << 53)) {
    json->set_number_value(static_cast<double>(value));
  } else {
    json->set_string_value(std::to_string(value));
  }
}

template <typename T>
T Load(const std::byte* bytes, size_t i) {
  T value;
  std::memcpy(&value, bytes + i * sizeof(T), sizeof(T));
  return value;
}

void ScalarToJson(PhysicalType type, const std::byte* bytes, size_t i, Json* json) {
  switch (type) {
    case PhysicalType::kBool:
      return json->set_bool_value(Load<uint8_t>(bytes, i) != 0);
    case PhysicalType::kInt8:
      return IntegerToJson(Load<int8_t>(bytes, i), json);
    case PhysicalType::kInt16:
      return IntegerToJson(Load<int16_t>(bytes, i), json);
    case PhysicalType::kInt32:
      return IntegerToJson(Load<int32_t>(bytes, i), json);
    case PhysicalType::kInt64:
      return IntegerToJson(Load<int64_t>(bytes, i), json);
    case PhysicalType::kFloat16:
      return NumberToJson(Shortest(ToFloat(Half{Load<uint16_t>(bytes, i)})), json);
    case PhysicalType::kFloat32:
      return NumberToJson(Shortest(Load<float>(bytes, i)), json);
    case PhysicalType::kFloat64:
      return NumberToJson(Load<double>(bytes, i), json);
    case PhysicalType::kBytes:
      return;  // strings are written by CellToJson
  }
}

void FixedToJson(const Column& column, uint32_t row, Json* json) {
  const DataType& type = column.type();
  const ValueShape shape = type.shape();
  const std::byte* bytes = column.FixedAt(row).data();
  if (type.kind == TypeKind::kTimestamp) {
    return json->set_string_value(cql::FormatTimestamp(Load<int64_t>(bytes, 0)));
  }
  if (shape.values_per_row == 1 && !type.is_vector()) return ScalarToJson(shape.type, bytes, 0, json);
  google::protobuf::ListValue* list = json->mutable_list_value();
  for (size_t i = 0; i < shape.values_per_row; ++i) {
    google::protobuf::ListValue* target = list;
    if (type.is_complex() && type.is_vector()) {
      target = i % 2 == 0 ? list->add_values()->mutable_list_value()
                          : list->mutable_values(list->values_size() - 1)->mutable_list_value();
    }
    ScalarToJson(shape.type, bytes, i, target->add_values());
  }
}

void ListToJson(const Column& column, uint32_t row, Json* json) {
  google::protobuf::ListValue* list = json->mutable_list_value();
  const ValueSpan elements = column.elements();
  for (uint32_t i = column.list_offsets()[row]; i < column.list_offsets()[row + 1]; ++i) {
    if (column.type().kind == TypeKind::kListString) {
      list->add_values()->set_string_value(std::string(elements.StringAt(i)));
    } else {
      ScalarToJson(PhysicalType::kFloat32, elements.fixed, i, list->add_values());
    }
  }
}

}  // namespace

absl::Status AppendJson(const Json& json, Column* column) {
  if (json.kind_case() == Json::kNullValue || json.kind_case() == Json::KIND_NOT_SET) {
    column->AppendNull();
    return absl::OkStatus();
  }
  switch (column->type().kind) {
    case TypeKind::kBool:
      if (json.kind_case() != Json::kBoolValue) return Expects("true or false", json);
      column->AppendScalar<uint8_t>(json.bool_value() ? 1 : 0);
      return absl::OkStatus();
    case TypeKind::kInt8:
    case TypeKind::kInt16:
    case TypeKind::kInt32:
    case TypeKind::kInt64:
      return AppendInteger(json, column);
    case TypeKind::kTimestamp:
      return AppendTimestamp(json, column);
    case TypeKind::kString:
      if (json.kind_case() != Json::kStringValue) return Expects("a string", json);
      column->AppendString(json.string_value());
      return absl::OkStatus();
    case TypeKind::kBytes:
      return AppendBytes(json, column);
    case TypeKind::kListString:
    case TypeKind::kListFloat32:
      return AppendList(json, column);
    default:
      return AppendFloats(json, column);
  }
}

void CellToJson(const Column& column, uint32_t row, Json* json) {
  if (column.IsNull(row)) return json->set_null_value(google::protobuf::NULL_VALUE);
  if (column.type().kind == TypeKind::kString) return json->set_string_value(std::string(column.StringAt(row)));
  if (column.type().kind == TypeKind::kBytes) {
    const std::string_view bytes = column.StringAt(row);
    return json->set_string_value(absl::Base64Escape({bytes.data(), bytes.size()}));
  }
  if (column.type().is_list()) return ListToJson(column, row, json);
  FixedToJson(column, row, json);
}

absl::StatusOr<Column> ColumnFromJsonList(const google::protobuf::ListValue& list) {
  if (list.values_size() == 0) return absl::InvalidArgumentError("an empty list has no type; pass a typed vector");
  Json json;
  *json.mutable_list_value() = list;
  const auto length = static_cast<uint32_t>(list.values_size());
  DataType type = DataType::Vector(TypeKind::kFloat64, length);
  if (list.values(0).kind_case() == Json::kListValue) type = DataType::Vector(TypeKind::kComplex128, length);
  const bool text = list.values(0).kind_case() == Json::kStringValue && !SpecialFloat(list.values(0).string_value());
  if (text) type = DataType::ListString();
  RETURN_IF_ERROR(ValidateType(type));
  Column column(type);
  RETURN_IF_ERROR(AppendJson(json, &column));
  return column;
}

}  // namespace cortex

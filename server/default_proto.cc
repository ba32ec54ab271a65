#include "server/default_proto.h"

#include <google/protobuf/struct.pb.h>

#include <cmath>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "server/batch_proto.h"
#include "server/json_value.h"
#include "server/status_mapping.h"

namespace cortex {
namespace {

// As a JSON client would write it, so that one set of rules decides what fits which type.
google::protobuf::Value AsJson(const wire::Value& value) {
  google::protobuf::Value json;
  switch (value.kind_case()) {
    case wire::Value::kBoolValue:
      json.set_bool_value(value.bool_value());
      break;
    case wire::Value::kInt64Value:
      json.set_string_value(absl::StrFormat("%d", value.int64_value()));
      break;
    case wire::Value::kTimestampNs:
      json.set_string_value(absl::StrFormat("%d", value.timestamp_ns()));
      break;
    case wire::Value::kDoubleValue:
      if (std::isfinite(value.double_value())) {
        json.set_number_value(value.double_value());
      } else {
        json.set_string_value(std::isnan(value.double_value()) ? "NaN"
                              : value.double_value() > 0       ? "Infinity"
                                                               : "-Infinity");
      }
      break;
    case wire::Value::kStringValue:
      json.set_string_value(value.string_value());
      break;
    case wire::Value::kBytesValue:
      json.set_string_value(absl::Base64Escape(value.bytes_value()));
      break;
    default:
      *json.mutable_list_value() = value.list();
  }
  return json;
}

// Kinds of values whose JSON is text must not be taken for text of another meaning.
bool KindFits(const wire::Value& value, const DataType& type) {
  switch (value.kind_case()) {
    case wire::Value::kInt64Value:
      return type.kind >= TypeKind::kInt8 && type.kind <= TypeKind::kInt64;
    case wire::Value::kTimestampNs:
      return type.kind == TypeKind::kTimestamp;
    case wire::Value::kBytesValue:
      return type.kind == TypeKind::kBytes;
    case wire::Value::kStringValue:
      return type.kind == TypeKind::kString;
    case wire::Value::kDoubleValue:
      return type.kind >= TypeKind::kFloat16 && type.kind <= TypeKind::kFloat64;
    default:
      return true;
  }
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Column>> DefaultFromProto(const wire::Value& value, const DataType& type,
                                                               const std::string& field) {
  if (value.kind_case() == wire::Value::KIND_NOT_SET || value.kind_case() == wire::Value::kNullValue) return nullptr;
  const auto refused = [&](std::string_view why) {
    return InvalidField(field, absl::StrFormat("default value is not one %s: %s", type.ToString(), why));
  };
  if (value.kind_case() == wire::Value::kVector) {
    ASSIGN_OR_RETURN(Column vector, ColumnFromValue(value, field));
    if (vector.type() != type) return refused("it is " + vector.type().ToString());
    return std::make_shared<const Column>(std::move(vector));
  }
  if (!KindFits(value, type)) return refused("a value of another kind");
  auto column = std::make_shared<Column>(type);
  const absl::Status appended = AppendJson(AsJson(value), column.get());
  if (!appended.ok()) return refused(std::string(appended.message()));
  return column;
}

void DefaultToProto(const Column& value, wire::Value* proto) {
  switch (value.type().kind) {
    case TypeKind::kString:
      return proto->set_string_value(std::string(value.StringAt(0)));
    case TypeKind::kBytes:
      return proto->set_bytes_value(std::string(value.StringAt(0)));
    case TypeKind::kTimestamp:
      return proto->set_timestamp_ns(value.values_as<int64_t>()[0]);
    case TypeKind::kVector: {
      TypeToProto(value.type(), proto->mutable_vector()->mutable_type());
      const auto bytes = value.FixedAt(0);
      return proto->mutable_vector()->set_values(bytes.data(), bytes.size());
    }
    default:
      break;
  }
  google::protobuf::Value json;
  CellToJson(value, 0, &json);
  switch (json.kind_case()) {
    case google::protobuf::Value::kBoolValue:
      return proto->set_bool_value(json.bool_value());
    case google::protobuf::Value::kListValue:
      *proto->mutable_list() = json.list_value();
      return;
    default:
      break;
  }
  // Numbers: JSON would lose large integers.
  switch (value.type().kind) {
    case TypeKind::kInt8:
      return proto->set_int64_value(value.values_as<int8_t>()[0]);
    case TypeKind::kInt16:
      return proto->set_int64_value(value.values_as<int16_t>()[0]);
    case TypeKind::kInt32:
      return proto->set_int64_value(value.values_as<int32_t>()[0]);
    case TypeKind::kInt64:
      return proto->set_int64_value(value.values_as<int64_t>()[0]);
    case TypeKind::kFloat32:
      return proto->set_double_value(value.values_as<float>()[0]);
    case TypeKind::kFloat64:
      return proto->set_double_value(value.values_as<double>()[0]);
    default:
      return proto->set_double_value(json.number_value());
  }
}

}  // namespace cortex

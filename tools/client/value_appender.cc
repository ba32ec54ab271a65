#include "tools/client/value_appender.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/bytes/string_view.h"
#include "codecs/simd/half.h"

namespace cortex::client {
namespace {

template <typename T>
void AppendPacked(T value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

bool ParseDouble(std::string_view text, double* value) {
  if (text == "Infinity") text = "inf";
  if (text == "-Infinity") text = "-inf";
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}

bool ParseInt64(std::string_view text, int64_t* value) {
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}

bool IsText(const v1::DataType& type) {
  return type.kind() == v1::DataType::KIND_STRING || type.kind() == v1::DataType::KIND_BYTES;
}

bool IsList(const v1::DataType& type) {
  return type.kind() == v1::DataType::KIND_LIST_STRING || type.kind() == v1::DataType::KIND_LIST_FLOAT32;
}

}  // namespace

absl::Status ParseTimestamp(std::string_view text, int64_t* ns) {
  if (ParseInt64(text, ns)) return absl::OkStatus();
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, AbslView(text), &time, &error)) {
    return absl::InvalidArgumentError(absl::StrFormat("not a time (RFC 3339 or integer nanoseconds): %s", text));
  }
  *ns = absl::ToUnixNanos(time);
  return absl::OkStatus();
}

ValueAppender::ValueAppender(std::string name, const v1::DataType& type)
    : name_(std::move(name)), type_(type), width_(FixedWidth(type)) {}

absl::Status ValueAppender::Expected(std::string_view what, std::string_view got) const {
  return absl::InvalidArgumentError(absl::StrFormat("column %s: expected %s, got %s", name_, what, got.substr(0, 60)));
}

void ValueAppender::AppendNull() {
  values_.append(width_, '\0');
  if (validity_.size() * 8 <= row_count_) validity_ += '\0';
  has_null_ = true;
}

void ValueAppender::MarkPresent() {
  if (validity_.size() * 8 <= row_count_) validity_ += '\0';
  validity_.back() = static_cast<char>(validity_.back() | 1 << (row_count_ % 8));
}

absl::Status ValueAppender::AppendJson(const JsonValue& value) {
  const size_t values_before = values_.size(), element_offsets_before = element_offsets_.size();
  const uint32_t elements_before = element_count_;
  absl::Status status;
  if (value.kind == JsonValue::Kind::kNull) {
    AppendNull();
  } else {
    status = type_.kind() == v1::DataType::KIND_VECTOR ? AppendVector(value)
             : IsList(type_)                            ? AppendList(value)
                                                        : AppendScalar(type_.kind(), value);
    if (!status.ok()) {  // leave no part of a value behind
      values_.resize(values_before);
      element_offsets_.resize(element_offsets_before);
      element_count_ = elements_before;
      return status;
    }
    MarkPresent();
  }
  if (width_ == 0) {
    const bool counts_elements = IsList(type_);
    AppendPacked<uint32_t>(counts_elements ? element_count_ : static_cast<uint32_t>(values_.size()), &offsets_);
  }
  ++row_count_;
  return absl::OkStatus();
}

absl::Status ValueAppender::AppendText(std::string_view text, bool quoted) {
  if (text.empty() && !quoted) return AppendJson(JsonValue());
  JsonValue value;
  if (IsText(type_) || type_.kind() == v1::DataType::KIND_TIMESTAMP) {
    value.kind = JsonValue::Kind::kString;
    value.text = text;
  } else if (type_.kind() == v1::DataType::KIND_BOOL && (text == "0" || text == "1")) {
    value.kind = JsonValue::Kind::kBool;
    value.boolean = text == "1";
  } else {
    absl::StatusOr<JsonValue> parsed = ParseJson(text);
    if (!parsed.ok()) return Expected(TypeName(type_), text);
    value = *std::move(parsed);
  }
  return AppendJson(value);
}

absl::Status ValueAppender::AppendInteger(size_t width, std::string_view text) {
  int64_t value = 0;
  const int64_t limit = width == 8 ? std::numeric_limits<int64_t>::max() : (int64_t{1} << (8 * width - 1)) - 1;
  if (!ParseInt64(text, &value) || value > limit || value < -limit - 1) return Expected(TypeName(type_), text);
  values_.append(reinterpret_cast<const char*>(&value), width);  // little-endian, so the low bytes come first
  return absl::OkStatus();
}

absl::Status ValueAppender::AppendReal(v1::DataType::Kind kind, std::string_view text) {
  double value = 0;
  if (!ParseDouble(text, &value)) return Expected("a number", text);
  if (kind == v1::DataType::KIND_FLOAT64) {
    AppendPacked(value, &values_);
  } else if (kind == v1::DataType::KIND_FLOAT32) {
    AppendPacked(static_cast<float>(value), &values_);
  } else {
    AppendPacked(ToHalf(value).bits, &values_);
  }
  return absl::OkStatus();
}

absl::Status ValueAppender::AppendComplex(v1::DataType::Kind kind, const JsonValue& value) {
  if (value.kind != JsonValue::Kind::kArray || value.items.size() != 2) return Expected("[re, im]", value.text);
  const auto part = kind == v1::DataType::KIND_COMPLEX64 ? v1::DataType::KIND_FLOAT32 : v1::DataType::KIND_FLOAT64;
  for (const JsonValue& item : value.items) RETURN_IF_ERROR(AppendScalar(part, item));
  return absl::OkStatus();
}

absl::Status ValueAppender::AppendScalar(v1::DataType::Kind kind, const JsonValue& value) {
  switch (kind) {
    case v1::DataType::KIND_BOOL:
      if (value.kind != JsonValue::Kind::kBool) return Expected("true or false", value.text);
      values_ += value.boolean ? '\1' : '\0';
      return absl::OkStatus();
    case v1::DataType::KIND_STRING:
      if (value.kind != JsonValue::Kind::kString) return Expected("a string", value.text);
      values_ += value.text;
      return absl::OkStatus();
    case v1::DataType::KIND_BYTES: {
      std::string bytes;
      if (value.kind != JsonValue::Kind::kString || !absl::Base64Unescape(value.text, &bytes)) {
        return Expected("base64 text", value.text);
      }
      values_ += bytes;
      return absl::OkStatus();
    }
    case v1::DataType::KIND_TIMESTAMP: {
      int64_t ns = 0;
      RETURN_IF_ERROR(ParseTimestamp(value.text, &ns));
      AppendPacked(ns, &values_);
      return absl::OkStatus();
    }
    case v1::DataType::KIND_COMPLEX64:
    case v1::DataType::KIND_COMPLEX128:
      return AppendComplex(kind, value);
    case v1::DataType::KIND_FLOAT16:
    case v1::DataType::KIND_FLOAT32:
    case v1::DataType::KIND_FLOAT64:
      if (value.kind != JsonValue::Kind::kNumber) return Expected("a number", value.text);
      return AppendReal(kind, value.text);
    default:
      if (value.kind != JsonValue::Kind::kNumber) return Expected("an integer", value.text);
      return AppendInteger(ScalarWidth(kind), value.text);
  }
}

absl::Status ValueAppender::AppendVector(const JsonValue& value) {
  if (value.kind != JsonValue::Kind::kArray || value.items.size() != type_.length()) {
    return Expected(absl::StrFormat("an array of %d elements", type_.length()),
                    value.kind == JsonValue::Kind::kArray ? absl::StrFormat("%d", value.items.size()) : value.text);
  }
  for (const JsonValue& item : value.items) RETURN_IF_ERROR(AppendScalar(type_.element(), item));
  return absl::OkStatus();
}

absl::Status ValueAppender::AppendList(const JsonValue& value) {
  if (value.kind != JsonValue::Kind::kArray) return Expected("an array", value.text);
  const bool strings = type_.kind() == v1::DataType::KIND_LIST_STRING;
  for (const JsonValue& item : value.items) {
    RETURN_IF_ERROR(AppendScalar(strings ? v1::DataType::KIND_STRING : v1::DataType::KIND_FLOAT32, item));
    if (strings) AppendPacked<uint32_t>(static_cast<uint32_t>(values_.size()), &element_offsets_);
    ++element_count_;
  }
  return absl::OkStatus();
}

void ValueAppender::TakeColumn(v1::ColumnValues* out) {
  const std::string zero(sizeof(uint32_t), '\0');
  out->set_name(name_);
  *out->mutable_type() = type_;
  if (has_null_) out->set_validity(std::move(validity_));
  if (width_ == 0) out->set_offsets(zero + offsets_);
  if (type_.kind() == v1::DataType::KIND_LIST_STRING) out->set_element_offsets(zero + element_offsets_);
  out->set_values(std::move(values_));
  values_.clear(), validity_.clear(), offsets_.clear(), element_offsets_.clear();
  row_count_ = element_count_ = 0;
  has_null_ = false;
}

}  // namespace cortex::client

#include "tools/client/wire_column.h"

#include <charconv>
#include <cmath>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "absl/time/time.h"
#include "codecs/bytes/string_view.h"
#include "codecs/simd/half.h"
#include "tools/client/json_value.h"

namespace cortex::client {
namespace {

constexpr uint32_t kShownElements = 4;  // of a vector or list in a table for people

template <typename T>
T Load(std::string_view bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

template <typename T>
std::string ShortestReal(T value, TextStyle style) {
  if (!std::isfinite(value)) {
    const std::string name = std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
    return style == TextStyle::kJson ? "\"" + name + "\"" : name;
  }
  char buffer[40];
  const auto result = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return std::string(buffer, result.ptr);
}

// One scalar in JSON-compatible text (complex as [re, im]).
std::string ScalarText(std::string_view bytes, v1::DataType::Kind kind, TextStyle style) {
  switch (kind) {
    case v1::DataType::KIND_BOOL: return bytes[0] != 0 ? "true" : "false";
    case v1::DataType::KIND_INT8: return absl::StrFormat("%d", Load<int8_t>(bytes));
    case v1::DataType::KIND_INT16: return absl::StrFormat("%d", Load<int16_t>(bytes));
    case v1::DataType::KIND_INT32: return absl::StrFormat("%d", Load<int32_t>(bytes));
    case v1::DataType::KIND_INT64: return absl::StrFormat("%d", Load<int64_t>(bytes));
    case v1::DataType::KIND_FLOAT16: return ShortestReal(ToFloat(Half{Load<uint16_t>(bytes)}), style);
    case v1::DataType::KIND_FLOAT32: return ShortestReal(Load<float>(bytes), style);
    case v1::DataType::KIND_FLOAT64: return ShortestReal(Load<double>(bytes), style);
    case v1::DataType::KIND_COMPLEX64:
      return "[" + ShortestReal(Load<float>(bytes), style) + "," + ShortestReal(Load<float>(bytes.substr(4)), style) + "]";
    case v1::DataType::KIND_COMPLEX128:
      return "[" + ShortestReal(Load<double>(bytes), style) + "," + ShortestReal(Load<double>(bytes.substr(8)), style) + "]";
    case v1::DataType::KIND_TIMESTAMP: {
      const std::string time =
          absl::FormatTime(absl::RFC3339_full, absl::FromUnixNanos(Load<int64_t>(bytes)), absl::UTCTimeZone());
      const size_t zone = time.rfind("+00:00");
      const std::string text = zone == std::string::npos ? time : time.substr(0, zone) + "Z";
      return style == TextStyle::kJson ? QuoteJson(text) : text;
    }
    default: return "";
  }
}

bool IsText(const v1::DataType& type) {
  return type.kind() == v1::DataType::KIND_STRING || type.kind() == v1::DataType::KIND_BYTES;
}

// True if `offsets` holds count + 1 uint32 from 0 that never fall and end at most at `limit`.
bool ValidOffsets(const std::string& offsets, uint64_t count, uint64_t limit) {
  if (offsets.size() != (count + 1) * sizeof(uint32_t)) return false;
  uint32_t before = 0;
  for (uint64_t i = 0; i <= count; ++i) {
    const auto value = Load<uint32_t>(std::string_view(offsets).substr(i * sizeof(uint32_t)));
    if (value < before || value > limit || (i == 0 && value != 0)) return false;
    before = value;
  }
  return true;
}

}  // namespace

absl::StatusOr<WireColumn> WireColumn::Open(const v1::ColumnValues& column, const v1::DataType& type, uint32_t row_count) {
  const auto bad = [&](std::string_view what) {
    return absl::DataLossError(absl::StrFormat("column %s of the answer is malformed: %s", column.name(), what));
  };
  if (!column.validity().empty() && column.validity().size() < (uint64_t{row_count} + 7) / 8) return bad("validity");
  const WireColumn view(column, type);
  if (view.width_ > 0) {
    if (column.values().size() != view.width_ * row_count) return bad("size of the values");
  } else if (!column.codes().empty() || (IsText(type) && column.offsets().empty() && row_count > 0)) {
    if (column.codes().size() != uint64_t{row_count} * sizeof(uint32_t)) return bad("number of codes");
    for (uint32_t row = 0; row < row_count; ++row) {
      if (!view.IsNull(row) && view.Offset(column.codes(), row) >= static_cast<uint32_t>(column.dictionary_size())) {
        return bad("code outside the dictionary");
      }
    }
  } else if (IsText(type)) {
    if (!ValidOffsets(column.offsets(), row_count, column.values().size())) return bad("offsets");
  } else {
    if (!ValidOffsets(column.offsets(), row_count, UINT32_MAX)) return bad("offsets");
    const uint32_t elements = view.Offset(column.offsets(), row_count);
    const bool fits = type.kind() == v1::DataType::KIND_LIST_STRING
                          ? ValidOffsets(column.element_offsets(), elements, column.values().size())
                          : column.values().size() == uint64_t{elements} * sizeof(float);
    if (!fits) return bad("elements");
  }
  return view;
}

uint32_t WireColumn::Offset(const std::string& offsets, uint32_t index) const {
  return Load<uint32_t>(std::string_view(offsets).substr(size_t{index} * sizeof(uint32_t)));
}

bool WireColumn::IsNull(uint32_t row) const {
  const std::string& validity = column_->validity();
  return !validity.empty() && (static_cast<uint8_t>(validity[row / 8]) >> (row % 8) & 1) == 0;
}

std::string_view WireColumn::Bytes(uint32_t row) const {
  const std::string_view values = column_->values();
  if (width_ > 0) return values.substr(row * width_, width_);
  if (!column_->codes().empty()) return column_->dictionary(static_cast<int>(Offset(column_->codes(), row)));
  const uint32_t begin = Offset(column_->offsets(), row);
  return values.substr(begin, Offset(column_->offsets(), row + 1) - begin);
}

int64_t WireColumn::Integer(uint32_t row) const {
  const std::string_view bytes = Bytes(row);
  switch (type_->kind()) {
    case v1::DataType::KIND_BOOL:
    case v1::DataType::KIND_INT8: return Load<int8_t>(bytes);
    case v1::DataType::KIND_INT16: return Load<int16_t>(bytes);
    case v1::DataType::KIND_INT32: return Load<int32_t>(bytes);
    case v1::DataType::KIND_INT64:
    case v1::DataType::KIND_TIMESTAMP: return Load<int64_t>(bytes);
    default: return 0;
  }
}

double WireColumn::Number(uint32_t row) const {
  switch (type_->kind()) {
    case v1::DataType::KIND_FLOAT16: return ToFloat(Half{Load<uint16_t>(Bytes(row))});
    case v1::DataType::KIND_FLOAT32: return Load<float>(Bytes(row));
    case v1::DataType::KIND_FLOAT64: return Load<double>(Bytes(row));
    default: return static_cast<double>(Integer(row));
  }
}

std::string WireColumn::Text(uint32_t row, TextStyle style) const {
  if (IsNull(row)) return style == TextStyle::kCsv ? "" : style == TextStyle::kJson ? "null" : "NULL";
  switch (type_->kind()) {
    case v1::DataType::KIND_STRING:
      return style == TextStyle::kJson ? QuoteJson(Bytes(row)) : std::string(Bytes(row));
    case v1::DataType::KIND_BYTES: {
      const std::string text = absl::Base64Escape(AbslView(Bytes(row)));
      return style == TextStyle::kJson ? QuoteJson(text) : text;
    }
    case v1::DataType::KIND_VECTOR: return VectorText(Bytes(row), type_->element(), style);
    case v1::DataType::KIND_LIST_STRING:
    case v1::DataType::KIND_LIST_FLOAT32: return ListText(row, style);
    default: return ScalarText(Bytes(row), type_->kind(), style);
  }
}

std::string WireColumn::VectorText(std::string_view bytes, v1::DataType::Kind element, TextStyle style) const {
  const size_t width = ScalarWidth(element);
  const size_t count = bytes.size() / width;
  const size_t shown = style == TextStyle::kTable && count > kShownElements ? kShownElements : count;
  std::string text = "[";
  for (size_t i = 0; i < shown; ++i) {
    if (i > 0) text += ",";
    // Inside arrays the text is JSON also for CSV, so NaN is quoted.
    text += ScalarText(bytes.substr(i * width, width), element, style == TextStyle::kTable ? style : TextStyle::kJson);
  }
  if (shown < count) text += absl::StrFormat(",.. %d", count);
  return text + "]";
}

std::string WireColumn::ListText(uint32_t row, TextStyle style) const {
  const uint32_t begin = Offset(column_->offsets(), row), end = Offset(column_->offsets(), row + 1);
  const std::string_view values = column_->values();
  if (type_->kind() == v1::DataType::KIND_LIST_FLOAT32) {
    return VectorText(values.substr(begin * sizeof(float), (end - begin) * sizeof(float)), v1::DataType::KIND_FLOAT32, style);
  }
  const uint32_t shown_end = style == TextStyle::kTable && end - begin > kShownElements ? begin + kShownElements : end;
  std::string text = "[";
  for (uint32_t i = begin; i < shown_end; ++i) {
    const uint32_t from = Offset(column_->element_offsets(), i);
    const std::string_view item = values.substr(from, Offset(column_->element_offsets(), i + 1) - from);
    if (i > begin) text += ",";
    text += style == TextStyle::kTable ? std::string(item) : QuoteJson(item);
  }
  if (shown_end < end) text += absl::StrFormat(",.. %d", end - begin);
  return text + "]";
}

absl::StatusOr<std::vector<WireColumn>> OpenColumns(const v1::ResultSchema& schema, const v1::ColumnBatch& batch,
                                                   int count) {
  if (batch.columns_size() != count || schema.columns_size() != count) {
    return absl::DataLossError("an answer does not have the columns that were selected");
  }
  std::vector<WireColumn> columns;
  for (int i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(WireColumn column,
                     WireColumn::Open(batch.columns(i), schema.columns(i).type(), batch.row_count()));
    columns.push_back(column);
  }
  return columns;
}

}  // namespace cortex::client

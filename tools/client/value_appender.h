// Builds one wire column value by value, from JSON or CSV text.
#ifndef CORTEX_TOOLS_CLIENT_VALUE_APPENDER_H_
#define CORTEX_TOOLS_CLIENT_VALUE_APPENDER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "cortex/datastore/v1/types.pb.h"
#include "tools/client/json_value.h"
#include "tools/client/wire_type.h"

namespace cortex::client {

class ValueAppender final {
 public:
  ValueAppender(std::string name, const v1::DataType& type);

  // Appends one value; JSON null is NULL. Errors: INVALID_ARGUMENT naming the column and what it expects.
  absl::Status AppendJson(const JsonValue& value);
  // Appends one CSV field: an empty unquoted field is NULL; vectors and lists are JSON arrays.
  absl::Status AppendText(std::string_view text, bool quoted);

  uint32_t row_count() const { return row_count_; }
  // Bytes gathered so far, roughly.
  size_t size_bytes() const { return values_.size() + offsets_.size() + element_offsets_.size(); }
  // Moves the column out and starts a new, empty one.
  void TakeColumn(v1::ColumnValues* out);

 private:
  absl::Status Expected(std::string_view what, std::string_view got) const;
  void AppendNull();
  void MarkPresent();
  absl::Status AppendScalar(v1::DataType::Kind kind, const JsonValue& value);
  absl::Status AppendComplex(v1::DataType::Kind kind, const JsonValue& value);
  absl::Status AppendVector(const JsonValue& value);
  absl::Status AppendList(const JsonValue& value);
  absl::Status AppendReal(v1::DataType::Kind kind, std::string_view text);
  absl::Status AppendInteger(size_t width, std::string_view text);

  const std::string name_;
  const v1::DataType type_;
  const size_t width_;  // bytes of a fixed-width value; 0 otherwise
  uint32_t row_count_ = 0;
  uint32_t element_count_ = 0;
  bool has_null_ = false;
  std::string values_, validity_, offsets_, element_offsets_;
};

// Nanoseconds since 1970-01-01 UTC of "2026-01-31T12:00:00.123Z" (RFC 3339) or of an integer.
absl::Status ParseTimestamp(std::string_view text, int64_t* ns);

}  // namespace cortex::client

#endif  // CORTEX_TOOLS_CLIENT_VALUE_APPENDER_H_

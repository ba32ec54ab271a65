#include "query/cql/position.h"

#include "absl/strings/str_format.h"

namespace cortex::cql {

absl::Status ErrorAt(Position at, absl::StatusCode code, std::string_view message) {
  if (at.line == 0) return absl::Status(code, std::string(message));
  return absl::Status(code, absl::StrFormat("line %d:%d: %s", at.line, at.column, message));
}

absl::Status InvalidAt(Position at, std::string_view message) {
  return ErrorAt(at, absl::StatusCode::kInvalidArgument, message);
}

absl::Status UnsupportedAt(Position at, std::string_view feature, std::string_view hint) {
  std::string message = absl::StrFormat("%s is not supported in this release", feature);
  if (!hint.empty()) message += absl::StrFormat("; %s", hint);
  return ErrorAt(at, absl::StatusCode::kUnimplemented, message);
}

}  // namespace cortex::cql

// A small JSON reader for the values of columns: null, booleans, numbers, strings and nested arrays; objects are refused.
// Numbers keep their text, so that an int64 or a float64 is parsed only once its column is known.
#ifndef CORTEX_TOOLS_CLIENT_JSON_VALUE_H_
#define CORTEX_TOOLS_CLIENT_JSON_VALUE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace cortex::client {

struct JsonValue {
  enum class Kind { kNull, kBool, kNumber, kString, kArray };

  Kind kind = Kind::kNull;
  bool boolean = false;
  std::string text;              // the string, or the digits of the number; "NaN", "Infinity" and "-Infinity" are numbers
  std::vector<JsonValue> items;  // of an array
};

// Parses the whole of `text`. Errors: INVALID_ARGUMENT with the byte position. At most 4 levels of arrays.
absl::StatusOr<JsonValue> ParseJson(std::string_view text);

// `text` as a JSON string, quotes included.
std::string QuoteJson(std::string_view text);

}  // namespace cortex::client

#endif  // CORTEX_TOOLS_CLIENT_JSON_VALUE_H_

// Where something stands in a query text, and the errors that say so: `line 1:23: unknown column "scor"`.
#ifndef CORTEX_QUERY_CQL_POSITION_H_
#define CORTEX_QUERY_CQL_POSITION_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace cortex::cql {

// 1-based. Columns count characters (code points), not bytes; a tab is one character. Line 0 = no place in any text.
struct Position {
  uint32_t line = 0;
  uint32_t column = 0;

  // Positions take no part in the equality of trees: the same query laid out differently is the same query.
  friend bool operator==(const Position&, const Position&) { return true; }
};

// `line <l>:<c>: <message>` with the given code; the plain message if `at` names no place.
absl::Status ErrorAt(Position at, absl::StatusCode code, std::string_view message);

// INVALID_ARGUMENT: the text breaks the grammar or names or types do not fit.
absl::Status InvalidAt(Position at, std::string_view message);

// UNIMPLEMENTED: `feature` is valid, this release does not have it. Message: `line 1:30: JOIN is not supported in this
// release`, followed by `; <hint>` if there is one.
absl::Status UnsupportedAt(Position at, std::string_view feature, std::string_view hint = {});

}  // namespace cortex::cql

#endif  // CORTEX_QUERY_CQL_POSITION_H_

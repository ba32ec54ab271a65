// Timestamps and intervals as text. A timestamp is int64 nanoseconds since 1970-01-01T00:00:00Z (years 1677 to 2262);
// an interval is int64 nanoseconds, so months and years, which have no fixed length, are refused.
#ifndef CORTEX_QUERY_CQL_TIME_LITERAL_H_
#define CORTEX_QUERY_CQL_TIME_LITERAL_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace cortex::cql {

// `2026-03-01`, `2026-03-01T12:30`, `2026-03-01 12:30:05.123456789`, each optionally followed by `Z` or `+hh:mm`;
// without a zone the text is UTC. Errors: INVALID_ARGUMENT without a position (the caller knows it).
absl::StatusOr<int64_t> ParseTimestamp(std::string_view text);

// `24 hours`, `1 day 12 hours`, `-5 minutes`, `250 ms`. Units: ns us ms and second minute hour day week with plural.
absl::StatusOr<int64_t> ParseInterval(std::string_view text);

// Nanoseconds of one unit (`hour`, `DAYS`, `ms`); 0 if the word is no unit of time.
int64_t UnitNanoseconds(std::string_view unit);

// `2026-03-01T12:30:05.123456789Z`; the fraction has 0, 3, 6 or 9 digits.
std::string FormatTimestamp(int64_t timestamp_ns);

// The largest unit that divides exactly: `24 hours` gives `1 day`, 90 s gives `90 seconds`.
std::string FormatInterval(int64_t interval_ns);

}  // namespace cortex::cql

#endif  // CORTEX_QUERY_CQL_TIME_LITERAL_H_

#include "query/cql/time_literal.h"

#include <limits>

#include "tests/support/status_assertions.h"

using cortex::cql::FormatInterval;
using cortex::cql::FormatTimestamp;
using cortex::cql::ParseInterval;
using cortex::cql::ParseTimestamp;

namespace {
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr int64_t kSecond = 1'000'000'000;
}  // namespace

TEST_CASE("ParseTimestamp reads dates, times, fractions and zones", "[query][cql]") {
  CHECK(*ParseTimestamp("1970-01-01") == 0);
  CHECK(*ParseTimestamp("1970-01-01T00:00:01Z") == kSecond);
  CHECK(*ParseTimestamp("1970-01-01 00:01") == 60 * kSecond);
  CHECK(*ParseTimestamp("1970-01-01T00:00:00.000000001") == 1);
  CHECK(*ParseTimestamp("1970-01-01T00:00:00.5Z") == kSecond / 2);
  CHECK(*ParseTimestamp("1970-01-01T01:00:00+01:00") == 0);
  CHECK(*ParseTimestamp("1969-12-31T23:00:00-0100") == 0);
  CHECK(*ParseTimestamp("2024-02-29") == 1'709'164'800 * kSecond);
}

TEST_CASE("ParseTimestamp refuses what is no moment", "[query][cql]") {
  const char* bad = GENERATE("", "2026", "2026-13-01", "2026-02-29", "2026-00-10", "2026-01-01T", "2026-01-01T24:00",
                             "2026-01-01T10:61", "2026-01-01T10:00:00.", "2026-01-01T10:00:00.0000000001",
                             "2026-01-01X", "2026-01-01T10:00+25:00", "1600-01-01", "2300-01-01", "2026-01-01 10:00 ");
  CAPTURE(bad);
  REQUIRE_STATUS(ParseTimestamp(bad), kInvalid, "bad timestamp");
}

TEST_CASE("ParseInterval adds up its parts", "[query][cql]") {
  CHECK(*ParseInterval("24 hours") == 86'400 * kSecond);
  CHECK(*ParseInterval("1 day 12 Hours") == 129'600 * kSecond);
  CHECK(*ParseInterval("  250ms ") == kSecond / 4);
  CHECK(*ParseInterval("-5 minutes") == -300 * kSecond);
  const char* bad =
      GENERATE("", "hour", "5", "1 month", "1.5 hours", "9999999999999999999 ns", "300000000 days", "1 hour x");
  CAPTURE(bad);
  REQUIRE_STATUS(ParseInterval(bad), kInvalid, "bad interval");
}

TEST_CASE("Formatted moments and intervals read back", "[query][cql]") {
  const int64_t ns = GENERATE(int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{1'000}, int64_t{5'000'000}, kSecond,
                              -kSecond * 86'400, int64_t{1'767'225'600'123'456'789},
                              std::numeric_limits<int64_t>::max(), std::numeric_limits<int64_t>::min() + kSecond);
  CAPTURE(ns);
  CHECK(*ParseTimestamp(FormatTimestamp(ns)) == ns);
  CHECK(*ParseInterval(FormatInterval(ns)) == ns);
}

TEST_CASE("FormatInterval takes the largest unit that divides", "[query][cql]") {
  CHECK(FormatInterval(86'400 * kSecond) == "1 day");
  CHECK(FormatInterval(90 * kSecond) == "90 seconds");
  CHECK(FormatInterval(3 * 3'600 * kSecond) == "3 hours");
  CHECK(FormatInterval(1'500'000) == "1500 us");
}

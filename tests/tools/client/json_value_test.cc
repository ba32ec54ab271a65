#include "tools/client/json_value.h"

#include <catch2/catch.hpp>
#include "tests/support/status_assertions.h"

namespace cortex::client {
namespace {

TEST_CASE("ParseJson reads values and keeps the text of numbers", "[tools][client]") {
  REQUIRE(REQUIRE_OK_AND_TAKE(ParseJson(" null ")).kind == JsonValue::Kind::kNull);
  REQUIRE(REQUIRE_OK_AND_TAKE(ParseJson("true")).boolean);
  REQUIRE_FALSE(REQUIRE_OK_AND_TAKE(ParseJson("false")).boolean);
  REQUIRE(REQUIRE_OK_AND_TAKE(ParseJson("9223372036854775807")).text == "9223372036854775807");
  REQUIRE(REQUIRE_OK_AND_TAKE(ParseJson("NaN")).text == "NaN");
  const JsonValue list = REQUIRE_OK_AND_TAKE(ParseJson(R"(["a", [1, -2.5e3], []])"));
  REQUIRE(list.items.size() == 3);
  REQUIRE(list.items[1].items[1].text == "-2.5e3");
}

TEST_CASE("ParseJson decodes escapes to UTF-8", "[tools][client]") {
  REQUIRE(REQUIRE_OK_AND_TAKE(ParseJson(R"("a\"\\\n\u00e9\ud83d\ude00")")).text == "a\"\\\n\xC3\xA9\xF0\x9F\x98\x80");
  REQUIRE(REQUIRE_OK_AND_TAKE(ParseJson(QuoteJson("q\"\\\x01 é"))).text == "q\"\\\x01 é");
}

TEST_CASE("ParseJson refuses what is not a value, with the byte", "[tools][client]") {
  for (const char* text : {"", "{", "{}", "[1", "[1,]", "[1 2]", "\"a", "\"\\x\"", "\"\\u12\"", "\"\\ud83d\"", "\"\\udc00\"", "nul",
                           "1 2", "\"a\nb\"", "[[[[[1]]]]]"}) {
    CAPTURE(text);
    REQUIRE_STATUS(ParseJson(text), absl::StatusCode::kInvalidArgument, "at byte");
  }
}

}  // namespace
}  // namespace cortex::client

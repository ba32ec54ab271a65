#include "server/logging.h"

#include <catch2/catch.hpp>

namespace cortex {
namespace {

TEST_CASE("FormatLogLine writes one JSON object", "[server][logging]") {
  const std::string line = FormatLogLine(
      1'700'000'000'123'456, LogLevel::kInfo, "moved",
      {{"table", std::string("t")}, {"rows", uint64_t{3}}, {"ok", true}, {"ratio", 0.5}, {"delta", int64_t{-1}}});
  CHECK(line ==
        "{\"ts\":\"2023-11-14T22:13:20.123456Z\",\"level\":\"info\",\"msg\":\"moved\",\"table\":\"t\",\"rows\":3,"
        "\"ok\":true,\"ratio\":0.5,\"delta\":-1}");
}

TEST_CASE("JsonQuote lets no byte of a client break the line", "[server][logging]") {
  CHECK(JsonQuote("a\"b\\c") == "\"a\\\"b\\\\c\"");
  CHECK(JsonQuote("x\n\x1b[31m\x7f") == "\"x\\u000a\\u001b[31m\\u007f\"");
  CHECK(JsonQuote("caf\xc3\xa9 \xf0\x9f\x98\x80") == "\"caf\xc3\xa9 \xf0\x9f\x98\x80\"");
  CHECK(JsonQuote("bad \xff\xc0\xaf end") == "\"bad \\ufffd\\ufffd\\ufffd end\"");
  CHECK(JsonQuote("cut \xe2\x82") == "\"cut \\ufffd\\ufffd\"");
}

}  // namespace
}  // namespace cortex

#include "tools/cortexctl/text_table.h"

#include <catch2/catch.hpp>

#include "tools/cortexctl/command.h"

namespace cortex::ctl {
namespace {

using client::TextStyle;

TEST_CASE("TextTable aligns columns by what the screen shows", "[tools][cortexctl]") {
  TextTable table(TextStyle::kTable, {"name", "n"}, {false, true});
  table.AddRow({"é", "1"});
  table.AddRow({"two\nlines", "1000"});
  REQUIRE(table.TakeText().empty());
  REQUIRE(table.Finish() ==
          "name          n\n"
          "---------  ----\n"
          "é             1\n"
          "two lines  1000\n");
}

TEST_CASE("TextTable quotes CSV fields that need it and names columns once", "[tools][cortexctl]") {
  TextTable table(TextStyle::kCsv, {"a", "b,c"}, {false, false});
  table.AddRow({"plain", "say \"x\""});
  REQUIRE(table.TakeText() == "a,\"b,c\"\nplain,\"say \"\"x\"\"\"\n");
  table.AddRow({"", "2"});
  REQUIRE(table.Finish() == ",2\n");
}

TEST_CASE("TextTable writes one JSON object a line", "[tools][cortexctl]") {
  TextTable table(TextStyle::kJson, {"a", "b"}, {false, false});
  table.AddRow({TextCell(TextStyle::kJson, "x\"y"), "null"});
  REQUIRE(table.Finish() == "{\"a\":\"x\\\"y\",\"b\":null}\n");
}

TEST_CASE("Cells group digits and scale bytes for people only", "[tools][cortexctl]") {
  REQUIRE(CountCell(TextStyle::kTable, 1234567) == "1,234,567");
  REQUIRE(CountCell(TextStyle::kTable, 999) == "999");
  REQUIRE(CountCell(TextStyle::kJson, 1234567) == "1234567");
  REQUIRE(BytesCell(TextStyle::kTable, 999) == "999 B");
  REQUIRE(BytesCell(TextStyle::kTable, 12'345'678) == "12.3 MB");
  REQUIRE(BytesCell(TextStyle::kCsv, 12'345'678) == "12345678");
}

TEST_CASE("ExitCode tells the kinds of failure apart", "[tools][cortexctl]") {
  REQUIRE(ExitCode(absl::OkStatus()) == 0);
  REQUIRE(ExitCode(absl::InternalError("")) == 1);
  REQUIRE(ExitCode(absl::DataLossError("")) == 1);
  REQUIRE(ExitCode(absl::UnavailableError("")) == 3);
  REQUIRE(ExitCode(absl::NotFoundError("")) == 4);
  REQUIRE(ExitCode(absl::InvalidArgumentError("")) == 5);
  REQUIRE(ExitCode(absl::ResourceExhaustedError("")) == 6);
  REQUIRE(ExitCode(absl::DeadlineExceededError("")) == 7);
}

}  // namespace
}  // namespace cortex::ctl

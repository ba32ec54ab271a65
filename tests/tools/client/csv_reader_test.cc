#include "tools/client/csv_reader.h"

#include <catch2/catch.hpp>
#include "tests/support/status_assertions.h"

namespace cortex::client {
namespace {

std::vector<std::vector<std::string>> ReadAll(std::string_view text) {
  CsvReader reader(text);
  std::vector<std::vector<std::string>> records;
  std::vector<CsvField> fields;
  while (REQUIRE_OK_AND_TAKE(reader.Next(&fields))) {
    records.emplace_back();
    for (const CsvField& field : fields) records.back().push_back(field.quoted ? "<" + field.text + ">" : field.text);
  }
  return records;
}

TEST_CASE("CsvReader splits records and fields", "[tools][client]") {
  using Records = std::vector<std::vector<std::string>>;
  REQUIRE(ReadAll("a,b\n1,2\n") == Records{{"a", "b"}, {"1", "2"}});
  REQUIRE(ReadAll("a,b\r\n1,2") == Records{{"a", "b"}, {"1", "2"}});
  REQUIRE(ReadAll("\"x,\"\"y\"\"\nz\",\"\",\n") == Records{{"<x,\"y\"\nz>", "<>", ""}});
  REQUIRE(ReadAll("").empty());
}

TEST_CASE("CsvReader names the line of a broken quote", "[tools][client]") {
  std::vector<CsvField> fields;
  CsvReader open("a\n\"b\n");
  REQUIRE_OK(open.Next(&fields));
  REQUIRE_STATUS(open.Next(&fields), absl::StatusCode::kInvalidArgument, "line 2");
  CsvReader after("\"b\"c\n");
  REQUIRE_STATUS(after.Next(&fields), absl::StatusCode::kInvalidArgument, "after a closing quote");
}

}  // namespace
}  // namespace cortex::client

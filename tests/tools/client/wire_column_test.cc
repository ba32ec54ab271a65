// Values written by ValueAppender are read back by WireColumn; malformed columns are refused.
#include "tools/client/wire_column.h"

#include <catch2/catch.hpp>
#include "tests/support/status_assertions.h"
#include "tools/client/json_value.h"
#include "tools/client/value_appender.h"

namespace cortex::client {
namespace {

v1::DataType Type(v1::DataType::Kind kind, v1::DataType::Kind element = v1::DataType::KIND_UNSPECIFIED, uint32_t length = 0) {
  v1::DataType type;
  type.set_kind(kind);
  type.set_element(element);
  type.set_length(length);
  return type;
}

v1::ColumnValues Column(const v1::DataType& type, const std::vector<std::string>& json) {
  ValueAppender appender("c", type);
  for (const std::string& text : json) REQUIRE_OK(appender.AppendJson(REQUIRE_OK_AND_TAKE(ParseJson(text))));
  v1::ColumnValues column;
  appender.TakeColumn(&column);
  return column;
}

TEST_CASE("WireColumn reads back what ValueAppender wrote", "[tools][client]") {
  struct Case {
    v1::DataType type;
    std::vector<std::string> json;
  };
  const auto test_case = GENERATE(values<Case>({
      {Type(v1::DataType::KIND_BOOL), {"true", "null", "false"}},
      {Type(v1::DataType::KIND_INT8), {"-128", "127", "null"}},
      {Type(v1::DataType::KIND_INT64), {"-9223372036854775808", "9223372036854775807"}},
      {Type(v1::DataType::KIND_FLOAT16), {"0.5", "65504", "\"NaN\""}},
      {Type(v1::DataType::KIND_FLOAT32), {"0.1", "null", "-3e+30"}},
      {Type(v1::DataType::KIND_FLOAT64), {"0.1", "1e-300", "\"-Infinity\""}},
      {Type(v1::DataType::KIND_COMPLEX128), {"[1.5,-2]", "null"}},
      {Type(v1::DataType::KIND_TIMESTAMP), {"\"2026-01-31T12:00:00.000000001Z\"", "null"}},
      {Type(v1::DataType::KIND_STRING), {"\"\"", "null", "\"a,\\\"b\""}},
      {Type(v1::DataType::KIND_BYTES), {"\"AAEC\"", "\"\""}},
      {Type(v1::DataType::KIND_VECTOR, v1::DataType::KIND_FLOAT32, 3), {"[1,2.5,3]", "null", "[0,0,-1]"}},
      {Type(v1::DataType::KIND_VECTOR, v1::DataType::KIND_COMPLEX64, 2), {"[[1,2],[3,4]]", "null"}},
      {Type(v1::DataType::KIND_LIST_STRING), {"[\"a\",\"\"]", "null", "[]", "[\"b\"]"}},
      {Type(v1::DataType::KIND_LIST_FLOAT32), {"[0.5,1]", "[]", "null", "[2]"}},
  }));
  std::vector<std::string> json = test_case.json;
  for (std::string& text : json) {  // NaN and infinities are quoted on the way out only
    if (text == "\"NaN\"" || text == "\"-Infinity\"") text = text.substr(1, text.size() - 2);
  }
  const v1::ColumnValues column = Column(test_case.type, json);
  const auto rows = static_cast<uint32_t>(json.size());
  const WireColumn view = REQUIRE_OK_AND_TAKE(WireColumn::Open(column, test_case.type, rows));
  for (uint32_t row = 0; row < rows; ++row) REQUIRE(view.Text(row, TextStyle::kJson) == test_case.json[row]);
}

TEST_CASE("ValueAppender reads CSV fields by the type of the column", "[tools][client]") {
  ValueAppender strings("s", Type(v1::DataType::KIND_STRING));
  REQUIRE_OK(strings.AppendText("", true));
  REQUIRE_OK(strings.AppendText("", false));
  REQUIRE_OK(strings.AppendText("12", false));
  v1::ColumnValues column;
  strings.TakeColumn(&column);
  const v1::DataType type = Type(v1::DataType::KIND_STRING);
  const WireColumn view = REQUIRE_OK_AND_TAKE(WireColumn::Open(column, type, 3));
  REQUIRE(view.Text(0, TextStyle::kJson) == "\"\"");
  REQUIRE(view.IsNull(1));
  REQUIRE(view.Text(2, TextStyle::kCsv) == "12");
}

TEST_CASE("ValueAppender refuses values that do not fit and keeps no part of them", "[tools][client]") {
  ValueAppender small("n", Type(v1::DataType::KIND_INT8));
  REQUIRE_STATUS(small.AppendText("128", false), absl::StatusCode::kInvalidArgument, "column n: expected int8, got 128");
  REQUIRE_STATUS(small.AppendText("x", false), absl::StatusCode::kInvalidArgument, "expected int8");
  ValueAppender vectors("v", Type(v1::DataType::KIND_VECTOR, v1::DataType::KIND_FLOAT32, 2));
  REQUIRE_STATUS(vectors.AppendText("[1]", false), absl::StatusCode::kInvalidArgument, "array of 2 elements");
  REQUIRE_STATUS(vectors.AppendText("[1,true]", false), absl::StatusCode::kInvalidArgument, "expected a number");
  REQUIRE_OK(vectors.AppendText("[1,2]", false));
  v1::ColumnValues column;
  vectors.TakeColumn(&column);
  REQUIRE(column.values().size() == 8);
}

TEST_CASE("WireColumn refuses columns whose sizes do not fit", "[tools][client]") {
  const v1::DataType text = Type(v1::DataType::KIND_STRING);
  const v1::ColumnValues good = Column(text, {"\"ab\"", "\"c\""});
  v1::ColumnValues column = good;
  column.mutable_offsets()->pop_back();
  REQUIRE_STATUS(WireColumn::Open(column, text, 2), absl::StatusCode::kDataLoss, "offsets");
  column = good;
  column.set_values("a");
  REQUIRE_STATUS(WireColumn::Open(column, text, 2), absl::StatusCode::kDataLoss, "offsets");
  column.Clear();
  column.set_codes(std::string(8, '\1'));
  column.add_dictionary("x");
  REQUIRE_STATUS(WireColumn::Open(column, text, 2), absl::StatusCode::kDataLoss, "dictionary");
  const v1::DataType number = Type(v1::DataType::KIND_INT64);
  column.Clear();
  column.set_values(std::string(15, '\0'));
  REQUIRE_STATUS(WireColumn::Open(column, number, 2), absl::StatusCode::kDataLoss, "size");
  const v1::DataType list = Type(v1::DataType::KIND_LIST_STRING);
  column = Column(list, {"[\"a\"]"});
  column.set_element_offsets("");
  REQUIRE_STATUS(WireColumn::Open(column, list, 1), absl::StatusCode::kDataLoss, "elements");
}

TEST_CASE("WireColumn shortens long vectors for people only", "[tools][client]") {
  const v1::DataType type = Type(v1::DataType::KIND_VECTOR, v1::DataType::KIND_FLOAT32, 6);
  const v1::ColumnValues column = Column(type, {"[1,2,3,4,5,6]"});
  const WireColumn view = REQUIRE_OK_AND_TAKE(WireColumn::Open(column, type, 1));
  REQUIRE(view.Text(0, TextStyle::kTable) == "[1,2,3,4,.. 6]");
  REQUIRE(view.Text(0, TextStyle::kCsv) == "[1,2,3,4,5,6]");
}

}  // namespace
}  // namespace cortex::client

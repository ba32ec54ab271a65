#include "server/json_value.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "tests/server/wire_builders.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

google::protobuf::Value Json(const std::string& json) {
  return cortex::testing::FromJson<google::protobuf::Value>(json);
}

// What people see of the only row of a column.
std::string Shown(const Column& column) {
  google::protobuf::Value json;
  CellToJson(column, 0, &json);
  return cortex::testing::ToJson(json);
}

std::string Echo(DataType type, const std::string& json) {
  Column column(type);
  REQUIRE_OK(AppendJson(Json(json), &column));
  return Shown(column);
}

TEST_CASE("Cells come back as they were written", "[server][json]") {
  CHECK(Echo(DataType::Scalar(TypeKind::kFloat32), "0.1") == "0.1");  // not 0.10000000149011612
  CHECK(Echo(DataType::Scalar(TypeKind::kFloat64), "0.1") == "0.1");
  CHECK(Echo(DataType::Scalar(TypeKind::kFloat64), "\"-Infinity\"") == "\"-Infinity\"");
  CHECK(Echo(DataType::Scalar(TypeKind::kFloat16), "\"NaN\"") == "\"NaN\"");
  CHECK(Echo(DataType::Scalar(TypeKind::kInt64), "\"-9223372036854775808\"") == "\"-9223372036854775808\"");
  CHECK(Echo(DataType::Scalar(TypeKind::kInt64), "12") == "12");
  CHECK(Echo(DataType::Scalar(TypeKind::kTimestamp), "\"2026-03-01T12:30:05.5Z\"") == "\"2026-03-01T12:30:05.500Z\"");
  CHECK(Echo(DataType::Scalar(TypeKind::kComplex64), "[1,-2]") == "[1,-2]");
  CHECK(Echo(DataType::Vector(TypeKind::kComplex128, 2), "[[1,2],[3,4]]") == "[[1,2],[3,4]]");
  CHECK(Echo(DataType::Vector(TypeKind::kComplex128, 2), "[1,2,3,4]") == "[[1,2],[3,4]]");
  CHECK(Echo(DataType::Vector(TypeKind::kFloat16, 2), "[0.5,-1]") == "[0.5,-1]");
  CHECK(Echo(DataType::Vector(TypeKind::kFloat32, 1), "[0.25]") == "[0.25]");
  CHECK(Echo(DataType::ListString(), "[\"a\",\"\"]") == "[\"a\",\"\"]");
  CHECK(Echo(DataType::Scalar(TypeKind::kListFloat32), "[]") == "[]");
  CHECK(Echo(DataType::Scalar(TypeKind::kBytes), "\"AP8=\"") == "\"AP8=\"");
  CHECK(Echo(DataType::Scalar(TypeKind::kBool), "true") == "true");
  CHECK(Echo(DataType::String(), "null") == "null");
}

TEST_CASE("A float written for people reads back to the same bits", "[server][json]") {
  for (const float value : {0.1f, 1.0f / 3, 3.4028235e38f, 1e-45f, -0.0f, 16777217.0f}) {
    Column column(DataType::Scalar(TypeKind::kFloat32));
    column.AppendScalar(value);
    Column again(column.type());
    google::protobuf::Value json;
    CellToJson(column, 0, &json);
    REQUIRE_OK(AppendJson(json, &again));
    CHECK(std::memcmp(column.FixedAt(0).data(), again.FixedAt(0).data(), sizeof(float)) == 0);
  }
}

TEST_CASE("AppendJson leaves the column alone on error", "[server][json]") {
  Column column(DataType::Vector(TypeKind::kFloat32, 2));
  REQUIRE_STATUS(AppendJson(Json("[1, \"x\"]"), &column), absl::StatusCode::kInvalidArgument, "expects a number");
  CHECK(column.row_count() == 0);
  Column list(DataType::ListString());
  REQUIRE_STATUS(AppendJson(Json("[\"a\", 1]"), &list), absl::StatusCode::kInvalidArgument, "expects a string");
  CHECK(list.row_count() == 0);
  CHECK(list.elements().row_count == 0);
}

TEST_CASE("Long wrong values are shortened in messages", "[server][json]") {
  Column column(DataType::Scalar(TypeKind::kBool));
  const absl::Status status = AppendJson(Json("\"" + std::string(500, 'x') + "\""), &column);
  CHECK(status.message().size() < 120);
}

}  // namespace
}  // namespace cortex

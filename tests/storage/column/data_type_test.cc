#include "storage/column/data_type.h"

#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST_CASE("ParseType reads what ToString writes, for every type", "[storage][column]") {
  const auto table = testing::AllTypesTable();
  for (const ColumnDefinition& column : table->columns) {
    CAPTURE(column.type.ToString());
    REQUIRE_OK(ValidateType(column.type));
    const DataType parsed = REQUIRE_OK_AND_TAKE(ParseType(column.type.ToString()));
    REQUIRE(parsed == column.type);
  }
}

TEST_CASE("ParseType takes any case and spaces", "[storage][column]") {
  REQUIRE(REQUIRE_OK_AND_TAKE(ParseType(" VECTOR < Complex128 , 256 > ")) ==
          DataType::Vector(TypeKind::kComplex128, 256));
  REQUIRE(REQUIRE_OK_AND_TAKE(ParseType("list<String (64)>")) == DataType::ListString(64));
}

TEST_CASE("ParseType refuses what is no type", "[storage][column]") {
  const char* text = GENERATE("", "integer", "string(", "string(0)", "string(-1)", "string(9) x", "vector<float32>",
                              "vector<float32, >", "list<int32>", "vector<vector<float32, 2>, 2>", "bytes(3)",
                              "string(99999999999)");
  CAPTURE(text);
  REQUIRE_STATUS(ParseType(text), kInvalid, "unknown type");
}

TEST_CASE("ValidateType refuses impossible shapes", "[storage][column]") {
  REQUIRE_STATUS(ValidateType(DataType::Vector(TypeKind::kInt32, 4)), kInvalid, "vector of int32");
  REQUIRE_STATUS(ValidateType(DataType::Vector(TypeKind::kFloat32, 0)), kInvalid, "out of range: 0");
  REQUIRE_STATUS(ValidateType(DataType::Vector(TypeKind::kFloat32, 65'537)), kInvalid, "65537");
  REQUIRE_OK(ValidateType(DataType::Vector(TypeKind::kComplex128, 65'536)));
  REQUIRE_STATUS(ValidateType(DataType::String((1 << 20) + 1)), kInvalid, "1 MiB");
  REQUIRE_STATUS(ValidateType(DataType{.kind = TypeKind::kInt32, .length = 3}), kInvalid, "takes no length");
  REQUIRE_STATUS(ValidateType(DataType::Scalar(static_cast<TypeKind>(0))), kInvalid, "unknown type kind: 0");
  REQUIRE_STATUS(ValidateType(DataType::Scalar(static_cast<TypeKind>(17))), kInvalid, "unknown type kind: 17");
}

TEST_CASE("DataType shape counts complex values twice", "[storage][column]") {
  REQUIRE(DataType::Vector(TypeKind::kComplex128, 256).shape() == ValueShape{PhysicalType::kFloat64, 512});
  REQUIRE(DataType::Vector(TypeKind::kFloat16, 768).shape() == ValueShape{PhysicalType::kFloat16, 768});
  REQUIRE(DataType::Scalar(TypeKind::kComplex64).shape() == ValueShape{PhysicalType::kFloat32, 2});
  REQUIRE(DataType::ListString().shape() == ValueShape{PhysicalType::kBytes, 1});
}

}  // namespace
}  // namespace cortex

#include "storage/column/schema.h"

#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TableDefinition Valid() {
  return *testing::TestTable("t", {{"x", DataType::Scalar(TypeKind::kInt32)}});
}

TEST_CASE("ValidateDefinition accepts every type", "[storage][column]") {
  REQUIRE_OK(ValidateDefinition(*testing::AllTypesTable()));
}

TEST_CASE("ValidateDefinition names table and column of what is wrong", "[storage][column]") {
  TableDefinition table = Valid();
  SECTION("bad table name") {
    table.name = "9t";
    REQUIRE_STATUS(ValidateDefinition(table), kInvalid, "bad table name \"9t\"");
  }
  SECTION("reserved column name") {
    table.columns[2].name = "_commit";
    REQUIRE_STATUS(ValidateDefinition(table), kInvalid, "\"_commit\" is reserved");
  }
  SECTION("column twice") {
    table.columns[2].name = "time";
    REQUIRE_STATUS(ValidateDefinition(table), kInvalid, "used twice: table \"t\", column \"time\"");
  }
  SECTION("bad type") {
    table.columns[2].type = DataType::Vector(TypeKind::kFloat32, 0);
    REQUIRE_STATUS(ValidateDefinition(table), kInvalid, "column \"x\"");
  }
  SECTION("no key column") {
    table.key_column = "id";
    REQUIRE_STATUS(ValidateDefinition(table), kInvalid, "key column \"id\" is not a column");
  }
  SECTION("key of another type") {
    table.key_column = "x";
    REQUIRE_STATUS(ValidateDefinition(table), kInvalid, "key column must be string, got int32");
  }
  SECTION("nullable key") {
    table.columns[0].nullable = true;
    REQUIRE_STATUS(ValidateDefinition(table), kInvalid, "must not be nullable");
  }
  SECTION("time of another type") {
    table.time_column = "x";
    REQUIRE_STATUS(ValidateDefinition(table), kInvalid, "time column must be timestamp");
  }
  SECTION("fmo without its column") {
    table.sharding = ShardingKind::kFmo;
    REQUIRE_STATUS(ValidateDefinition(table), kInvalid, "fractal_dimension");
    // Sharding reads it as a double, whatever it is.
    for (const DataType& type : {DataType::String(), DataType::Scalar(TypeKind::kFloat32), DataType::ListString(),
                                 DataType::Vector(TypeKind::kFloat64, 2)}) {
      table.columns[2].name = "fractal_dimension";
      table.columns[2].type = type;
      REQUIRE_STATUS(ValidateDefinition(table), kInvalid, "fmo sharding reads a float64, got " + type.ToString());
    }
    table.columns[2].type = DataType::Scalar(TypeKind::kFloat64);
    REQUIRE_OK(ValidateDefinition(table));
  }
  SECTION("negative times") {
    int64_t* const times[] = {&table.policy.hot_max_age_ns, &table.policy.warm_max_age_ns, &table.policy.warm_min_age_ns,
                              &table.policy.ttl_ns, &table.history_ns};
    for (int64_t* const time_ns : times) {
      const int64_t before = *time_ns;
      *time_ns = -1;
      REQUIRE_STATUS(ValidateDefinition(table), kInvalid, "-1 ns: table \"t\"");
      *time_ns = before;
    }
  }
  SECTION("too many columns") {
    for (uint32_t i = 0; i < 1024; ++i) {
      table.columns.push_back({.id = ColumnId(10 + i), .name = "c" + std::to_string(i)});
    }
    REQUIRE_STATUS(ValidateDefinition(table), kInvalid, "too many columns: 1027");
  }
  SECTION("contracts") {
    using Kind = ZptvContract::Kind;
    ColumnDefinition& column = table.columns[2];
    const auto refuses = [&](DataType type, ZptvContract contract, std::string_view problem) {
      column.type = type;
      column.contract = contract;
      REQUIRE_STATUS(ValidateDefinition(table), kInvalid, std::string(problem));
    };
    const DataType scalar = DataType::Scalar(TypeKind::kFloat64), complex = DataType::Scalar(TypeKind::kComplex64);
    const DataType vector = DataType::Vector(TypeKind::kFloat16, 8);
    refuses(scalar, {Kind::kAbs, 0.1}, "only compression zptv takes a bound");
    column.compression = Compression::kZptv;
    refuses(scalar, {Kind::kAbs, 0}, "must be positive and finite, got 0");
    refuses(scalar, {Kind::kRms, -1}, "must be positive and finite");
    refuses(vector, {Kind::kRowL2, std::numeric_limits<double>::quiet_NaN()}, "must be positive and finite");
    refuses(vector, {Kind::kPoint, std::numeric_limits<double>::infinity()}, "must be positive and finite");
    refuses(DataType::Scalar(TypeKind::kInt64), {Kind::kAbs, 1}, "needs floats");
    refuses(DataType::String(), {Kind::kAbs, 1}, "needs floats");
    refuses(DataType::Scalar(TypeKind::kListFloat32), {Kind::kAbs, 1}, "needs floats");
    refuses(scalar, {Kind::kRowL2, 0.1}, "row_l2 is for vectors");
    refuses(vector, {Kind::kPhase16, 0.1}, "phase16 is for complex");
    refuses(scalar, {Kind::kLossless, 0.1}, "takes no bound");
    for (const DataType type : {scalar, complex, vector, DataType::Vector(TypeKind::kComplex128, 4)}) {
      for (const Kind kind : {Kind::kLossless, Kind::kAbs, Kind::kRms, Kind::kRowL2, Kind::kPoint, Kind::kPhase16}) {
        if ((kind == Kind::kRowL2 && !type.is_vector()) || (kind == Kind::kPhase16 && !type.is_complex())) continue;
        column.type = type;
        column.contract = {kind, kind == Kind::kLossless ? 0 : 1e-3};
        REQUIRE_OK(ValidateDefinition(table));
      }
    }
  }
}

TEST_CASE("IsValidName knows its alphabet and length", "[storage][column]") {
  REQUIRE(IsValidName("a"));
  REQUIRE(IsValidName("_a9_Z"));
  REQUIRE(IsValidName(std::string(128, 'x')));
  REQUIRE_FALSE(IsValidName(""));
  REQUIRE_FALSE(IsValidName("9a"));
  REQUIRE_FALSE(IsValidName("a-b"));
  REQUIRE_FALSE(IsValidName("ä"));
  REQUIRE_FALSE(IsValidName(std::string(129, 'x')));
}

TEST_CASE("NearestName finds typos and nothing else", "[storage][column]") {
  const std::vector<std::string> names = {"coherence_score", "entity_id", "lacunarity"};
  REQUIRE(NearestName("coherense_score", names) == "coherence_score");
  REQUIRE(NearestName("ENTITY_ID", names) == "entity_id");
  REQUIRE(NearestName("entityid", names) == "entity_id");
  REQUIRE(NearestName("lacuna", names) == std::nullopt);
  REQUIRE(NearestName("x", names) == std::nullopt);
  REQUIRE(NearestName(std::string(5000, 'x'), names) == std::nullopt);
}

}  // namespace
}  // namespace cortex

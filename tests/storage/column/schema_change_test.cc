#include "storage/column/schema_change.h"

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <utility>

#include "storage/column/column.h"
#include "storage/column/column_default.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

TableDefinition Table() {
  return *testing::TestTable("t", {{"score", DataType::Scalar(TypeKind::kInt32)}, {"name", DataType::String(8)}});
}

ColumnDefinition WithDefault(std::string name, Column value) {
  ColumnDefinition column;
  column.name = std::move(name);
  column.type = value.type();
  column.default_value = std::make_shared<const Column>(std::move(value));
  return column;
}

Column Number(int32_t number) {
  Column column(DataType::Scalar(TypeKind::kInt32));
  column.AppendScalar<int32_t>(number);
  return column;
}

Column Text(std::string_view text, uint32_t length = 8) {
  Column column(DataType::String(length));
  column.AppendString(text);
  return column;
}

TEST_CASE("A dropped column's name is free again, its id is not", "[storage][column]") {
  const TableDefinition table = Table();
  const ColumnId old_id = table.columns[3].id;
  const TableDefinition dropped = REQUIRE_OK_AND_TAKE(ApplyChange(table, DropColumn{"name"}));
  CHECK(dropped.columns.size() == 3);
  CHECK(dropped.schema_id == table.schema_id + 1);
  const TableDefinition added =
      REQUIRE_OK_AND_TAKE(ApplyChange(dropped, AddColumn{{.name = "name", .type = DataType::String()}}));
  CHECK(added.columns.back().id > old_id);
  CHECK(added.schema_id == table.schema_id + 2);
  CHECK(added.next_column_id > added.columns.back().id.value());
}

TEST_CASE("ApplyChange renames columns and the roles they have", "[storage][column]") {
  const TableDefinition table = Table();
  const TableDefinition renamed = REQUIRE_OK_AND_TAKE(ApplyChange(table, RenameColumn{"key", "entity"}));
  CHECK(renamed.key_column == "entity");
  CHECK(renamed.key().id == table.key().id);
  CHECK(REQUIRE_OK_AND_TAKE(ApplyChange(table, RenameColumn{"time", "at"})).time().id == table.time().id);
}

TEST_CASE("ApplyChange sets only what a policy change names", "[storage][column]") {
  TableDefinition table = Table();
  table.policy.hot_max_rows = 5;
  const TableDefinition set = REQUIRE_OK_AND_TAKE(ApplyChange(table, SetPolicy{.hot_max_age_ns = 7, .ttl_ns = 9}));
  CHECK(set.policy.hot_max_age_ns == 7);
  CHECK(set.policy.ttl_ns == 9);
  CHECK(set.policy.hot_max_rows == 5);
  CHECK(set.policy.warm_max_age_ns == table.policy.warm_max_age_ns);
  table.policy.warm_min_age_ns = 3;
  CHECK(REQUIRE_OK_AND_TAKE(ApplyChange(table, SetPolicy{.ttl_ns = 9})).policy.warm_min_age_ns == 3);
  CHECK(REQUIRE_OK_AND_TAKE(ApplyChange(table, SetPolicy{.warm_min_age_ns = 0})).policy.warm_min_age_ns == 0);
  const TableDefinition coded = REQUIRE_OK_AND_TAKE(ApplyChange(table, SetCompression{"score", Compression::kDelta}));
  CHECK(coded.columns[2].compression == Compression::kDelta);
}

TEST_CASE("ApplyChange refuses what would not do", "[storage][column]") {
  TableDefinition table = Table();
  using absl::StatusCode;
  REQUIRE_STATUS(ApplyChange(table, DropColumn{"key"}), StatusCode::kFailedPrecondition, "is the key column");
  REQUIRE_STATUS(ApplyChange(table, DropColumn{"time"}), StatusCode::kFailedPrecondition, "is the time column");
  REQUIRE_STATUS(ApplyChange(table, DropColumn{"scor"}), StatusCode::kNotFound, "did you mean \"score\"?");
  REQUIRE_STATUS(ApplyChange(table, RenameColumn{"score", "name"}), StatusCode::kAlreadyExists, "\"name\" exists");
  REQUIRE_STATUS(ApplyChange(table, RenameColumn{"score", "_end"}), StatusCode::kInvalidArgument, "reserved");
  REQUIRE_STATUS(ApplyChange(table, AddColumn{{.name = "score", .type = DataType::String()}}),
                 StatusCode::kAlreadyExists, "\"score\" exists");
  REQUIRE_STATUS(ApplyChange(table, AddColumn{{.name = "x", .type = DataType::String(), .nullable = false}}),
                 StatusCode::kInvalidArgument, "must be nullable or have a default");
  table.columns.push_back({.id = ColumnId(9), .name = "fractal_dimension", .type = DataType::Scalar(TypeKind::kFloat64)});
  table.sharding = ShardingKind::kFmo;
  REQUIRE_STATUS(ApplyChange(table, DropColumn{"fractal_dimension"}), StatusCode::kFailedPrecondition, "shard");
  REQUIRE_STATUS(ApplyChange(table, RenameColumn{"fractal_dimension", "f"}), StatusCode::kFailedPrecondition, "shard");
}

TEST_CASE("ValidateDefinition refuses defaults that no row could hold", "[storage][column]") {
  const auto refused = [](ColumnDefinition column, const std::string& why) {
    REQUIRE_STATUS(ApplyChange(Table(), AddColumn{std::move(column)}), absl::StatusCode::kInvalidArgument, why);
  };
  REQUIRE_OK(ApplyChange(Table(), AddColumn{WithDefault("x", Text("12345678"))}).status());
  refused(WithDefault("x", Text("123456789")), "default value too long: 9 bytes, at most 8");
  refused(WithDefault("x", Text("\xff")), "UTF-8");
  ColumnDefinition other = WithDefault("x", Number(1));
  other.type = DataType::Scalar(TypeKind::kInt64);
  refused(std::move(other), "default value is not one int64");
  Column null(DataType::Scalar(TypeKind::kInt32));
  null.AppendNull();
  refused(WithDefault("x", std::move(null)), "default value is not one int32");
}

TEST_CASE("DefaultMatches answers like a row that holds the default", "[storage][column]") {
  const auto equals = [](FilterValue value) {
    return ColumnPredicate{.filter = {.lower = FilterBound{value}, .upper = FilterBound{value}}};
  };
  const ColumnDefinition number = WithDefault("n", Number(-3));
  CHECK(DefaultMatches(number, equals(int64_t{-3})));
  CHECK_FALSE(DefaultMatches(number, equals(int64_t{3})));
  const ColumnDefinition text = WithDefault("s", Text("abc"));
  CHECK(DefaultMatches(text, equals(std::string("abc"))));
  CHECK_FALSE(DefaultMatches(text, equals(std::string("abd"))));
  CHECK(DefaultMatches(text, {.kind = ColumnPredicate::Kind::kIsNotNull}));
  CHECK_FALSE(DefaultMatches(text, {.kind = ColumnPredicate::Kind::kIsNull}));
  const ColumnDefinition none{.name = "x", .type = DataType::String()};
  CHECK(DefaultMatches(none, {.kind = ColumnPredicate::Kind::kIsNull}));
  CHECK_FALSE(DefaultMatches(none, {.kind = ColumnPredicate::Kind::kIsNotNull}));
  CHECK_FALSE(DefaultMatches(none, equals(std::string())));
}

}  // namespace
}  // namespace cortex

#include "storage/meta/table_codec.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <limits>
#include <string>

#include "cortex/storage/v1/catalog.pb.h"
#include "storage/column/column.h"
#include "storage/meta/proto_bytes.h"
#include "tests/storage/meta/meta_test_data.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"

namespace cortex::testing {
namespace {

storage::v1::TableDefinition Message() {
  storage::v1::TableDefinition message;
  REQUIRE(message.ParseFromString(REQUIRE_OK_AND_TAKE(EncodeTable(WideTable(3)))));
  return message;
}

void RequireDamaged(const storage::v1::TableDefinition& message, const std::string& what) {
  REQUIRE_STATUS(DecodeTable(SerializeDeterministic(message)), absl::StatusCode::kDataLoss, what);
}

TEST_CASE("Table codec brings every field back", "[storage][meta]") {
  const TableDefinition table = WideTable(3);
  const std::string bytes = REQUIRE_OK_AND_TAKE(EncodeTable(table));
  const TableDefinition back = REQUIRE_OK_AND_TAKE(DecodeTable(bytes));
  CHECK(back.id == table.id);
  CHECK(back.name == table.name);
  CHECK(back.kind == table.kind);
  CHECK(back.key_column == table.key_column);
  CHECK(back.time_column == table.time_column);
  CHECK(back.sharding == table.sharding);
  CHECK(back.schema_id == table.schema_id);
  CHECK(back.policy.hot_max_age_ns == table.policy.hot_max_age_ns);
  CHECK(back.policy.hot_max_rows == table.policy.hot_max_rows);
  CHECK(back.policy.hot_max_bytes == table.policy.hot_max_bytes);
  CHECK(back.policy.warm_max_age_ns == table.policy.warm_max_age_ns);
  CHECK(back.policy.warm_max_bytes == table.policy.warm_max_bytes);
  CHECK(back.policy.cold_partition == table.policy.cold_partition);
  REQUIRE(back.columns.size() == table.columns.size());
  for (size_t i = 0; i < table.columns.size(); ++i) {
    CAPTURE(table.columns[i].name);
    CHECK(back.columns[i].id == table.columns[i].id);
    CHECK(back.columns[i].name == table.columns[i].name);
    CHECK(back.columns[i].type == table.columns[i].type);
    CHECK(back.columns[i].nullable == table.columns[i].nullable);
    CHECK(back.columns[i].compression == table.columns[i].compression);
    CHECK(back.columns[i].contract.kind == table.columns[i].contract.kind);
    CHECK(back.columns[i].contract.bound == table.columns[i].contract.bound);
    CHECK(back.columns[i].metadata == table.columns[i].metadata);
  }
  CHECK(REQUIRE_OK_AND_TAKE(EncodeTable(back)) == bytes);
}

TEST_CASE("Table codec writes the bytes of format 1", "[storage][meta]") {
  TableDefinition table = SmallTable(2, "t");
  table.policy = {.hot_max_age_ns = 1, .hot_max_rows = 2, .hot_max_bytes = 3, .warm_max_age_ns = 4,
                  .warm_max_bytes = 5, .cold_partition = ColdPartition::kHour};
  table.columns[1].metadata = {{"u", "ns"}, {"b", "1"}};
  const std::string golden(
      "\x08\x02\x10\x01\x1a\x01t\x20\x01\x28\x01\x30\x02"
      "\x3a\x17\x08\x01\x12\x09" "entity_id\x1a\x04\x08\x0c\x18\x40\x28\x02\x30\x01"
      "\x3a\x1f\x08\x02\x12\x02ts\x1a\x02\x08\x0b\x28\x02\x30\x01"
      "\x42\x06\x0a\x01" "b\x12\x01" "1" "\x42\x07\x0a\x01u\x12\x02ns"
      "\x40\x01\x4a\x0c\x08\x01\x10\x03\x18\x02\x20\x04\x28\x05\x30\x01\x58\x03");
  CHECK(REQUIRE_OK_AND_TAKE(EncodeTable(table)) == golden);
  REQUIRE_OK(DecodeTable(golden));
}

TEST_CASE("Table codec keeps default values of every sort", "[storage][meta]") {
  TableDefinition table = SmallTable(1);
  const auto add = [&](const std::string& name, Column value) {
    ColumnDefinition column;
    column.id = ColumnId(table.next_column_id++);
    column.name = name;
    column.type = value.type();
    column.default_value = std::make_shared<const Column>(std::move(value));
    table.columns.push_back(std::move(column));
  };
  Column number(DataType::Scalar(TypeKind::kInt64)), text(DataType::String(8)), vector(DataType::Vector(TypeKind::kFloat32, 3));
  Column list(DataType::ListString());
  number.AppendScalar<int64_t>(-7);
  text.AppendString("none");
  const float three[] = {1, 2, 3};
  std::memcpy(vector.ExtendFixed(1), three, sizeof(three));
  list.AppendStringList(std::vector<std::string_view>{"a", "", "b"});
  add("number", std::move(number));
  add("text", std::move(text));
  add("vector", std::move(vector));
  add("list", std::move(list));
  const TableDefinition back = REQUIRE_OK_AND_TAKE(DecodeTable(REQUIRE_OK_AND_TAKE(EncodeTable(table))));
  CHECK(back.next_column_id == table.next_column_id);
  for (size_t i = 2; i < table.columns.size(); ++i) {
    CAPTURE(table.columns[i].name);
    REQUIRE(back.columns[i].default_value != nullptr);
    CHECK(FirstDifference(*table.columns[i].default_value, *back.columns[i].default_value) == "");
  }
}

TEST_CASE("Table codec refuses a definition without ids or roles", "[storage][meta]") {
  TableDefinition table = SmallTable(1);
  SECTION("table id") { table.id = TableId(); }
  SECTION("schema id") { table.schema_id = 0; }
  SECTION("column id") { table.columns[1].id = ColumnId(); }
  SECTION("column id twice") { table.columns[1].id = table.columns[0].id; }
  SECTION("column id that would be given again") { table.next_column_id = table.columns[1].id.value(); }
  SECTION("key") { table.key_column = "gone"; }
  SECTION("time") { table.time_column = ""; }
  REQUIRE_STATUS(EncodeTable(table), absl::StatusCode::kInternal, "without ids, key or time column");
}

TEST_CASE("Table codec calls damaged bytes damaged", "[storage][meta]") {
  storage::v1::TableDefinition message = Message();
  SECTION("no message") {
    REQUIRE_STATUS(DecodeTable("\xff\xff\xff"), absl::StatusCode::kDataLoss, "does not parse");
    REQUIRE_STATUS(DecodeTable(""), absl::StatusCode::kDataLoss, "kind");
  }
  SECTION("kind") { message.set_kind(static_cast<storage::v1::TableKind>(3)), RequireDamaged(message, "kind: 3"); }
  SECTION("sharding") { message.clear_sharding(), RequireDamaged(message, "sharding"); }
  SECTION("key column") { message.set_key_column_id(99), RequireDamaged(message, "key column: 99"); }
  SECTION("time column") { message.clear_time_column_id(), RequireDamaged(message, "time column"); }
  SECTION("time column of another type") { message.set_time_column_id(1), RequireDamaged(message, "is damaged"); }
  SECTION("column id") { message.mutable_columns(2)->set_column_id(1), RequireDamaged(message, "ids"); }
  SECTION("table id") { message.clear_table_id(), RequireDamaged(message, "ids"); }
  SECTION("type") { message.mutable_columns(4)->mutable_type()->set_kind(17), RequireDamaged(message, "type: 17"); }
  SECTION("huge type") { message.mutable_columns(4)->mutable_type()->set_kind(~0u), RequireDamaged(message, "type"); }
  SECTION("element") {
    message.mutable_columns(14)->mutable_type()->set_element(0);
    RequireDamaged(message, "element type: 0");
  }
  SECTION("vector length") { message.mutable_columns(14)->mutable_type()->set_length(0), RequireDamaged(message, ""); }
  SECTION("compression") { message.mutable_columns(1)->clear_compression(), RequireDamaged(message, "compression"); }
  SECTION("contract") { message.mutable_columns(1)->clear_contract_kind(), RequireDamaged(message, "contract"); }
  SECTION("bound") {
    message.mutable_columns(1)->set_contract_bound(std::numeric_limits<double>::quiet_NaN());
    RequireDamaged(message, "contract bound");
  }
  SECTION("age") { message.mutable_tier_policy()->set_hot_max_age_ns(-1), RequireDamaged(message, "hot age: -1"); }
  SECTION("partition") { message.clear_tier_policy(), RequireDamaged(message, "cold partition"); }
  SECTION("name") { message.set_name("no name"), RequireDamaged(message, "is damaged"); }
}

TEST_CASE("Table codec survives truncation at every byte", "[storage][meta]") {
  const std::string bytes = REQUIRE_OK_AND_TAKE(EncodeTable(WideTable(3)));
  for (size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    // Cut between fields it parses, but then the tier policy, which comes last, is missing.
    REQUIRE_STATUS(DecodeTable(std::string_view(bytes).substr(0, size)), absl::StatusCode::kDataLoss, "");
  }
}

}  // namespace
}  // namespace cortex::testing

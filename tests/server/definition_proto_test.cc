#include "server/definition_proto.h"

#include <google/protobuf/util/message_differencer.h>

#include "tests/server/wire_builders.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

using cortex::testing::FromJson;

constexpr char kTable[] = R"({
  "name": "scores", "kind": "TABLE_KIND_ENTITIES", "keyColumn": "id", "timeColumn": "at",
  "columns": [
    {"name": "id", "type": {"kind": "KIND_STRING", "length": 64}, "compression": "COMPRESSION_DICTIONARY"},
    {"name": "at", "type": {"kind": "KIND_TIMESTAMP"}, "compression": "COMPRESSION_DELTA"},
    {"name": "field", "type": {"kind": "KIND_VECTOR", "element": "KIND_COMPLEX128", "length": 256}, "nullable": true,
     "compression": "COMPRESSION_ZPTV", "contract": {"kind": "KIND_LOSSLESS"}, "metadata": {"unit": "V"}}],
  "sharding": "SHARDING_STRATEGY_HASH",
  "tierPolicy": {"hotMaxAgeMs": "60000", "hotMaxRows": "1000", "coldPartition": "COLD_PARTITION_HOUR"},
  "historyMs": "86400000"})";

TEST_CASE("A definition survives the way in and out", "[server][definition]") {
  const auto proto = FromJson<wire::TableDefinition>(kTable);
  const TableDefinition definition = REQUIRE_OK_AND_TAKE(DefinitionFromProto(proto));
  REQUIRE_OK(ValidateDefinition(definition));
  CHECK(definition.policy.hot_max_age_ns == 60'000'000'000);
  CHECK(definition.policy.warm_max_age_ns == 0);
  wire::TableDefinition again;
  DefinitionToProto(definition, &again);
  CHECK(google::protobuf::util::MessageDifferencer::Equals(proto, again));
}

TEST_CASE("A definition without a policy gets the default policy", "[server][definition]") {
  auto proto = FromJson<wire::TableDefinition>(kTable);
  proto.clear_tier_policy();
  const TableDefinition definition = REQUIRE_OK_AND_TAKE(DefinitionFromProto(proto));
  CHECK(definition.policy.hot_max_rows == 1'000'000);
}

TEST_CASE("Default values survive the way in and out", "[server][definition]") {
  const auto proto = FromJson<wire::TableDefinition>(R"({
    "name": "d", "kind": "TABLE_KIND_EVENTS", "keyColumn": "id", "timeColumn": "at",
    "columns": [
      {"name": "b", "type": {"kind": "KIND_BOOL"}, "defaultValue": {"boolValue": false}},
      {"name": "i8", "type": {"kind": "KIND_INT8"}, "defaultValue": {"int64Value": "-7"}},
      {"name": "i64", "type": {"kind": "KIND_INT64"}, "defaultValue": {"int64Value": "9223372036854775807"}},
      {"name": "f16", "type": {"kind": "KIND_FLOAT16"}, "defaultValue": {"doubleValue": 0.5}},
      {"name": "f32", "type": {"kind": "KIND_FLOAT32"}, "defaultValue": {"doubleValue": "NaN"}},
      {"name": "f64", "type": {"kind": "KIND_FLOAT64"}, "defaultValue": {"doubleValue": 0.1}},
      {"name": "c", "type": {"kind": "KIND_COMPLEX128"}, "defaultValue": {"list": [1, -2]}},
      {"name": "t", "type": {"kind": "KIND_TIMESTAMP"}, "defaultValue": {"timestampNs": "17"}},
      {"name": "s", "type": {"kind": "KIND_STRING"}, "defaultValue": {"stringValue": "12"}},
      {"name": "y", "type": {"kind": "KIND_BYTES"}, "defaultValue": {"bytesValue": "/wA="}},
      {"name": "v", "type": {"kind": "KIND_VECTOR", "element": "KIND_FLOAT32", "length": 2},
       "defaultValue": {"vector": {"type": {"kind": "KIND_VECTOR", "element": "KIND_FLOAT32", "length": 2},
                                   "values": "AAAAPwAAgD8="}}},
      {"name": "l", "type": {"kind": "KIND_LIST_STRING"}, "defaultValue": {"list": ["a", ""]}}]})");
  const TableDefinition definition = REQUIRE_OK_AND_TAKE(DefinitionFromProto(proto));
  wire::TableDefinition again;
  DefinitionToProto(definition, &again);
  for (int i = 0; i < proto.columns_size(); ++i) {
    CAPTURE(proto.columns(i).name());
    REQUIRE(definition.columns[i].default_value != nullptr);
    CHECK(testing::ToJson(again.columns(i).default_value()) == testing::ToJson(proto.columns(i).default_value()));
  }
}

TEST_CASE("Defaults of another kind or range are refused", "[server][definition]") {
  const auto refuses = [](const std::string& type, const std::string& value, const std::string& message) {
    const auto proto = FromJson<wire::TableDefinition>(
        R"({"name": "d", "kind": "TABLE_KIND_EVENTS", "columns": [{"name": "x", "type": {"kind": ")" + type +
        R"("}, "defaultValue": )" + value + "}]}");
    REQUIRE_STATUS(DefinitionFromProto(proto), absl::StatusCode::kInvalidArgument, message);
  };
  refuses("KIND_INT8", R"({"int64Value": "128"})", "128 does not fit into int8");
  refuses("KIND_INT8", R"({"stringValue": "1"})", "a value of another kind");
  refuses("KIND_STRING", R"({"int64Value": "1"})", "a value of another kind");
  refuses("KIND_TIMESTAMP", R"({"int64Value": "1"})", "a value of another kind");
  refuses("KIND_BOOL", R"({"list": [1]})", "default value is not one bool");
}

TEST_CASE("ChangeFromProto reads every kind of change", "[server][definition]") {
  const auto change = [](const std::string& json) {
    return REQUIRE_OK_AND_TAKE(ChangeFromProto(FromJson<wire::AlterTableRequest>(json)));
  };
  const auto add = std::get<AddColumn>(
      change(R"({"addColumn": {"name": "x", "type": {"kind": "KIND_INT8"}, "defaultValue": {"int64Value": 3}}})"));
  CHECK(add.column.default_value->values_as<int8_t>()[0] == 3);
  CHECK(std::get<DropColumn>(change(R"({"dropColumn": "x"})")).name == "x");
  CHECK(std::get<RenameColumn>(change(R"({"renameColumn": {"from": "x", "to": "y"}})")).to == "y");
  const auto set = change(R"({"setCompression": {"column": "x", "compression": "COMPRESSION_RLE"}})");
  CHECK(std::get<SetCompression>(set).compression == Compression::kRunLength);
  const auto policy = std::get<SetPolicy>(change(R"({"setTierPolicy": {"hotMaxRows": 5, "warmMinAgeMs": "6"}})"));
  CHECK(policy.hot_max_rows == uint64_t{5});
  CHECK(policy.hot_max_age_ns == int64_t{0});
  CHECK(policy.warm_min_age_ns == int64_t{6'000'000});
  // All of it: what is left out is given up.
  const auto emptied = std::get<SetPolicy>(change(R"({"setTierPolicy": {}})"));
  CHECK(emptied.warm_min_age_ns == int64_t{0});
  CHECK_FALSE(policy.history_ns.has_value());
  CHECK(std::get<SetPolicy>(change(R"({"setHistoryMs": "2"})")).history_ns == int64_t{2'000'000});
  REQUIRE_STATUS(ChangeFromProto(wire::AlterTableRequest()), absl::StatusCode::kInvalidArgument, "change is missing");
}

TEST_CASE("DefinitionFromProto refuses what it cannot keep", "[server][definition]") {
  const auto refuses = [](auto change, absl::StatusCode code, const std::string& message) {
    auto proto = FromJson<wire::TableDefinition>(kTable);
    change(&proto);
    REQUIRE_STATUS(DefinitionFromProto(proto), code, message);
  };
  using T = wire::TableDefinition*;
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  refuses([](T t) { t->clear_kind(); }, kInvalid, "EVENTS or ENTITIES");
  refuses([](T t) { t->mutable_columns(0)->clear_type(); }, kInvalid, "unknown type kind 0: column \"id\"");
  refuses([](T t) { t->mutable_columns(2)->mutable_type()->clear_element(); }, kInvalid, "needs an element kind");
  refuses([](T t) { t->mutable_columns(2)->mutable_type()->set_length(0); }, kInvalid, "column \"field\"");
  refuses([](T t) { t->mutable_columns(1)->mutable_type()->set_length(3); }, kInvalid, "only vectors and strings");
  refuses([](T t) { t->mutable_columns(1)->mutable_type()->set_element(wire::DataType::KIND_FLOAT32); }, kInvalid,
          "only vectors have an element");
  refuses([](T t) { t->mutable_columns(0)->set_compression(static_cast<wire::Compression>(77)); }, kInvalid,
          "unknown compression 77");
  refuses([](T t) { t->mutable_tier_policy()->set_hot_max_age_ms(-1); }, kInvalid, "out of range");
  refuses([](T t) { t->mutable_tier_policy()->set_hot_max_age_ms(INT64_MAX); }, kInvalid, "out of range");
  refuses([](T t) { t->set_sharding(static_cast<wire::ShardingStrategy>(9)); }, kInvalid, "unknown sharding");
  refuses([](T t) { t->mutable_tier_policy()->set_ttl_ms(-1); }, kInvalid, "duration out of range");
  refuses([](T t) { t->set_history_ms(-1); }, kInvalid, "duration out of range");
  refuses([](T t) { t->mutable_columns(0)->mutable_default_value()->set_int64_value(1); }, kInvalid,
          "default value is not one string");
}

TEST_CASE("TierFromProto knows three tiers", "[server][definition]") {
  CHECK(REQUIRE_OK_AND_TAKE(TierFromProto(wire::TIER_COLD, std::nullopt, "to")) == Tier::kCold);
  CHECK(REQUIRE_OK_AND_TAKE(TierFromProto(0, Tier::kHot, "tier")) == Tier::kHot);
  REQUIRE_STATUS(TierFromProto(0, std::nullopt, "to"), absl::StatusCode::kInvalidArgument, "unknown tier 0");
  REQUIRE_STATUS(TierFromProto(7, Tier::kHot, "tier"), absl::StatusCode::kInvalidArgument, "unknown tier 7");
}

}  // namespace
}  // namespace cortex

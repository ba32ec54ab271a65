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
  "tierPolicy": {"hotMaxAgeMs": "60000", "hotMaxRows": "1000", "coldPartition": "COLD_PARTITION_HOUR"}})";

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

TEST_CASE("DefinitionFromProto refuses what it cannot keep", "[server][definition]") {
  const auto refuses = [](auto change, absl::StatusCode code, const std::string& message) {
    auto proto = FromJson<wire::TableDefinition>(kTable);
    change(&proto);
    REQUIRE_STATUS(DefinitionFromProto(proto), code, message);
  };
  using T = wire::TableDefinition*;
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  constexpr auto kUnimplemented = absl::StatusCode::kUnimplemented;
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
  refuses([](T t) { t->mutable_columns(2)->mutable_default_value()->set_int64_value(1); }, kUnimplemented,
          "default values");
}

TEST_CASE("TierFromProto knows three tiers", "[server][definition]") {
  CHECK(REQUIRE_OK_AND_TAKE(TierFromProto(wire::TIER_COLD, std::nullopt, "to")) == Tier::kCold);
  CHECK(REQUIRE_OK_AND_TAKE(TierFromProto(0, Tier::kHot, "tier")) == Tier::kHot);
  REQUIRE_STATUS(TierFromProto(0, std::nullopt, "to"), absl::StatusCode::kInvalidArgument, "unknown tier 0");
  REQUIRE_STATUS(TierFromProto(7, Tier::kHot, "tier"), absl::StatusCode::kInvalidArgument, "unknown tier 7");
}

}  // namespace
}  // namespace cortex

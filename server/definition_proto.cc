#include "server/definition_proto.h"

#include <string>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "server/default_proto.h"
#include "server/status_mapping.h"

namespace cortex {
namespace {

constexpr int64_t kNanosPerMilli = 1'000'000;

// The numbers of both enums are one set (data_type.h); spot checks keep them so.
static_assert(wire::DataType::KIND_BOOL == static_cast<int>(TypeKind::kBool));
static_assert(wire::DataType::KIND_TIMESTAMP == static_cast<int>(TypeKind::kTimestamp));
static_assert(wire::DataType::KIND_LIST_FLOAT32 == static_cast<int>(TypeKind::kListFloat32));
static_assert(wire::COLD_PARTITION_MONTH == static_cast<int>(ColdPartition::kMonth));

absl::StatusOr<Compression> CompressionFromProto(wire::Compression proto, std::string_view field) {
  switch (proto) {
    case wire::COMPRESSION_NONE:
      return Compression::kNone;
    case wire::COMPRESSION_UNSPECIFIED:
    case wire::COMPRESSION_AUTO:
      return Compression::kAuto;
    case wire::COMPRESSION_DICTIONARY:
      return Compression::kDictionary;
    case wire::COMPRESSION_RLE:
      return Compression::kRunLength;
    case wire::COMPRESSION_DELTA:
      return Compression::kDelta;
    case wire::COMPRESSION_ZPTV:
      return Compression::kZptv;
    default:
      return InvalidField(field, absl::StrFormat("unknown compression %d", static_cast<int>(proto)));
  }
}

wire::Compression CompressionToProto(Compression compression) {
  switch (compression) {
    case Compression::kNone:
      return wire::COMPRESSION_NONE;
    case Compression::kAuto:
      return wire::COMPRESSION_AUTO;
    case Compression::kDictionary:
      return wire::COMPRESSION_DICTIONARY;
    case Compression::kRunLength:
      return wire::COMPRESSION_RLE;
    case Compression::kDelta:
      return wire::COMPRESSION_DELTA;
    case Compression::kZptv:
      return wire::COMPRESSION_ZPTV;
  }
  return wire::COMPRESSION_UNSPECIFIED;
}

absl::StatusOr<ZptvContract> ContractFromProto(const wire::ZptvContract& proto, std::string_view field) {
  ZptvContract contract;
  if (proto.kind() < 0 || proto.kind() > wire::ZptvContract::KIND_PHASE16) {
    return InvalidField(field, absl::StrFormat("unknown contract kind %d", static_cast<int>(proto.kind())));
  }
  if (proto.kind() != wire::ZptvContract::KIND_UNSPECIFIED) {
    contract.kind = static_cast<ZptvContract::Kind>(proto.kind() - wire::ZptvContract::KIND_LOSSLESS);
  }
  contract.bound = proto.bound();
  return contract;
}

absl::StatusOr<ColumnDefinition> ColumnFromProto(const wire::ColumnDefinition& proto, const std::string& field) {
  ColumnDefinition column;
  column.name = proto.name();
  absl::StatusOr<DataType> type = TypeFromProto(proto.type());
  if (!type.ok()) {
    return InvalidField(field + ".type",
                        absl::StrFormat("%s: column \"%s\"", std::string(type.status().message()), proto.name()));
  }
  column.type = *type;
  column.nullable = proto.nullable();
  ASSIGN_OR_RETURN(column.compression, CompressionFromProto(proto.compression(), field + ".compression"));
  ASSIGN_OR_RETURN(column.contract, ContractFromProto(proto.contract(), field + ".contract"));
  if (proto.has_default_value()) {
    ASSIGN_OR_RETURN(column.default_value,
                     DefaultFromProto(proto.default_value(), column.type, field + ".default_value"));
  }
  column.metadata.insert(proto.metadata().begin(), proto.metadata().end());
  return column;
}

absl::StatusOr<int64_t> MillisToNanos(int64_t ms, std::string_view field) {
  int64_t ns = 0;
  if (ms < 0 || __builtin_mul_overflow(ms, kNanosPerMilli, &ns)) {
    return InvalidField(field, absl::StrFormat("duration out of range: %d ms", ms));
  }
  return ns;
}

absl::StatusOr<TierPolicy> PolicyFromProto(const wire::TierPolicy& proto) {
  TierPolicy policy;
  ASSIGN_OR_RETURN(policy.hot_max_age_ns,
                   MillisToNanos(proto.hot_max_age_ms(), "definition.tier_policy.hot_max_age_ms"));
  ASSIGN_OR_RETURN(policy.warm_max_age_ns,
                   MillisToNanos(proto.warm_max_age_ms(), "definition.tier_policy.warm_max_age_ms"));
  policy.hot_max_rows = proto.hot_max_rows();
  policy.hot_max_bytes = proto.hot_max_bytes();
  policy.warm_max_bytes = proto.warm_max_bytes();
  const int partition = proto.cold_partition();
  if (partition < 0 || partition > wire::COLD_PARTITION_MONTH) {
    return InvalidField("definition.tier_policy.cold_partition", absl::StrFormat("unknown partition %d", partition));
  }
  if (partition != wire::COLD_PARTITION_UNSPECIFIED) policy.cold_partition = static_cast<ColdPartition>(partition);
  ASSIGN_OR_RETURN(policy.warm_min_age_ns,
                   MillisToNanos(proto.warm_min_age_ms(), "definition.tier_policy.warm_min_age_ms"));
  ASSIGN_OR_RETURN(policy.ttl_ns, MillisToNanos(proto.ttl_ms(), "definition.tier_policy.ttl_ms"));
  return policy;
}

void PolicyToProto(const TierPolicy& policy, wire::TierPolicy* proto) {
  proto->set_hot_max_age_ms(policy.hot_max_age_ns / kNanosPerMilli);
  proto->set_hot_max_bytes(policy.hot_max_bytes);
  proto->set_hot_max_rows(policy.hot_max_rows);
  proto->set_warm_max_age_ms(policy.warm_max_age_ns / kNanosPerMilli);
  proto->set_warm_max_bytes(policy.warm_max_bytes);
  proto->set_cold_partition(static_cast<wire::ColdPartition>(policy.cold_partition));
  proto->set_ttl_ms(policy.ttl_ns / kNanosPerMilli);
  proto->set_warm_min_age_ms(policy.warm_min_age_ns / kNanosPerMilli);
}

}  // namespace

absl::StatusOr<DataType> TypeFromProto(const wire::DataType& proto) {
  if (proto.kind() <= 0 || proto.kind() > wire::DataType::KIND_LIST_FLOAT32) {
    return absl::InvalidArgumentError(absl::StrFormat("unknown type kind %d", static_cast<int>(proto.kind())));
  }
  DataType type = DataType::Scalar(static_cast<TypeKind>(proto.kind()));
  type.length = proto.length();
  if (type.is_vector()) {
    if (proto.element() <= 0 || proto.element() > wire::DataType::KIND_LIST_FLOAT32) {
      return absl::InvalidArgumentError(
          absl::StrFormat("a vector needs an element kind, got %d", static_cast<int>(proto.element())));
    }
    type.element = static_cast<TypeKind>(proto.element());
  } else if (proto.element() != wire::DataType::KIND_UNSPECIFIED) {
    return absl::InvalidArgumentError(
        absl::StrFormat("only vectors have an element kind, type is %s", type.ToString()));
  } else if (type.length != 0 && !type.is_string() && type.kind != TypeKind::kListString) {
    return absl::InvalidArgumentError(
        absl::StrFormat("only vectors and strings have a length, type is %s, got %d", type.ToString(), type.length));
  }
  RETURN_IF_ERROR(ValidateType(type));
  return type;
}

void TypeToProto(const DataType& type, wire::DataType* proto) {
  proto->set_kind(static_cast<wire::DataType::Kind>(type.kind));
  if (type.is_vector()) proto->set_element(static_cast<wire::DataType::Kind>(type.element));
  proto->set_length(type.length);
}

absl::StatusOr<TableDefinition> DefinitionFromProto(const wire::TableDefinition& proto) {
  TableDefinition definition;
  definition.name = proto.name();
  switch (proto.kind()) {
    case wire::TABLE_KIND_EVENTS:
      definition.kind = TableKind::kEvents;
      break;
    case wire::TABLE_KIND_ENTITIES:
      definition.kind = TableKind::kEntities;
      break;
    default:
      return InvalidField("definition.kind",
                          absl::StrFormat("table kind must be EVENTS or ENTITIES: table \"%s\"", proto.name()));
  }
  definition.key_column = proto.key_column();
  definition.time_column = proto.time_column();
  for (int i = 0; i < proto.columns_size(); ++i) {
    const std::string field = absl::StrFormat("definition.columns[%d]", i);
    ASSIGN_OR_RETURN(ColumnDefinition column, ColumnFromProto(proto.columns(i), field));
    definition.columns.push_back(std::move(column));
  }
  switch (proto.sharding()) {
    case wire::SHARDING_STRATEGY_UNSPECIFIED:
    case wire::SHARDING_STRATEGY_HASH:
      definition.sharding = ShardingKind::kHash;
      break;
    case wire::SHARDING_STRATEGY_FMO:
      definition.sharding = ShardingKind::kFmo;
      break;
    default:
      return InvalidField("definition.sharding",
                          absl::StrFormat("unknown sharding strategy %d", static_cast<int>(proto.sharding())));
  }
  if (proto.has_tier_policy()) {
    ASSIGN_OR_RETURN(definition.policy, PolicyFromProto(proto.tier_policy()));
  }
  ASSIGN_OR_RETURN(definition.history_ns, MillisToNanos(proto.history_ms(), "definition.history_ms"));
  return definition;
}

void ContractToProto(const ZptvContract& contract, wire::ZptvContract* out) {
  out->set_kind(
      static_cast<wire::ZptvContract::Kind>(static_cast<int>(contract.kind) + wire::ZptvContract::KIND_LOSSLESS));
  out->set_bound(contract.bound);
}

void DefinitionToProto(const TableDefinition& definition, wire::TableDefinition* proto) {
  proto->set_name(definition.name);
  proto->set_kind(static_cast<wire::TableKind>(definition.kind));
  proto->set_key_column(definition.key_column);
  proto->set_time_column(definition.time_column);
  for (const ColumnDefinition& column : definition.columns) {
    wire::ColumnDefinition* out = proto->add_columns();
    out->set_name(column.name);
    TypeToProto(column.type, out->mutable_type());
    out->set_nullable(column.nullable);
    out->set_compression(CompressionToProto(column.compression));
    if (column.compression == Compression::kZptv) {
      ContractToProto(column.contract, out->mutable_contract());
    }
    if (column.default_value != nullptr) DefaultToProto(*column.default_value, out->mutable_default_value());
    out->mutable_metadata()->insert(column.metadata.begin(), column.metadata.end());
  }
  proto->set_sharding(static_cast<wire::ShardingStrategy>(definition.sharding));
  PolicyToProto(definition.policy, proto->mutable_tier_policy());
  proto->set_history_ms(definition.history_ns / kNanosPerMilli);
}

absl::StatusOr<TableChange> ChangeFromProto(const wire::AlterTableRequest& proto) {
  switch (proto.change_case()) {
    case wire::AlterTableRequest::kAddColumn: {
      ASSIGN_OR_RETURN(ColumnDefinition column, ColumnFromProto(proto.add_column(), "add_column"));
      return AddColumn{std::move(column)};
    }
    case wire::AlterTableRequest::kDropColumn:
      return DropColumn{proto.drop_column()};
    case wire::AlterTableRequest::kRenameColumn:
      return RenameColumn{proto.rename_column().from(), proto.rename_column().to()};
    case wire::AlterTableRequest::kSetCompression: {
      const wire::SetColumnCompression& set = proto.set_compression();
      SetCompression change{.column = set.column()};
      ASSIGN_OR_RETURN(change.compression, CompressionFromProto(set.compression(), "set_compression.compression"));
      ASSIGN_OR_RETURN(change.contract, ContractFromProto(set.contract(), "set_compression.contract"));
      return change;
    }
    case wire::AlterTableRequest::kSetTierPolicy: {
      ASSIGN_OR_RETURN(const TierPolicy policy, PolicyFromProto(proto.set_tier_policy()));
      return SetPolicy{.hot_max_age_ns = policy.hot_max_age_ns,
                       .warm_max_age_ns = policy.warm_max_age_ns,
                       .warm_min_age_ns = policy.warm_min_age_ns,
                       .ttl_ns = policy.ttl_ns,
                       .hot_max_rows = policy.hot_max_rows,
                       .hot_max_bytes = policy.hot_max_bytes,
                       .warm_max_bytes = policy.warm_max_bytes,
                       .cold_partition = policy.cold_partition};
    }
    case wire::AlterTableRequest::kSetHistoryMs: {
      ASSIGN_OR_RETURN(const int64_t history_ns, MillisToNanos(proto.set_history_ms(), "set_history_ms"));
      return SetPolicy{.history_ns = history_ns};
    }
    case wire::AlterTableRequest::CHANGE_NOT_SET:
      break;
  }
  return InvalidField("change", "the change is missing");
}

absl::StatusOr<Tier> TierFromProto(int tier, std::optional<Tier> unspecified, std::string_view field) {
  if (tier == wire::TIER_UNSPECIFIED && unspecified.has_value()) return *unspecified;
  if (tier == wire::TIER_HOT || tier == wire::TIER_WARM || tier == wire::TIER_COLD) return static_cast<Tier>(tier);
  return InvalidField(field, absl::StrFormat("unknown tier %d; expects TIER_HOT, TIER_WARM or TIER_COLD", tier));
}

wire::Tier TierToProto(Tier tier) { return static_cast<wire::Tier>(tier); }

}  // namespace cortex

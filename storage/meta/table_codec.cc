#include "storage/meta/table_codec.h"

#include <cmath>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/bytes/string_view.h"
#include "cortex/storage/v1/catalog.pb.h"
#include "storage/column/column_encoding.h"
#include "storage/meta/proto_bytes.h"

namespace cortex {
namespace {

namespace pb = storage::v1;

// C++ enums that count from 0 leave 0 on disk for "not written"; the others use their own numbers.
constexpr int kFromZero = 1;

absl::Status Damaged(std::string_view what, int64_t value) {
  return absl::DataLossError(absl::StrFormat("table definition has no valid %s: %d", what, value));
}

template <typename Enum>
absl::Status ReadEnum(int stored, int offset, Enum last, std::string_view what, Enum* out) {
  if (stored < 1 || stored - offset > static_cast<int>(last)) return Damaged(what, stored);
  *out = static_cast<Enum>(stored - offset);
  return absl::OkStatus();
}

void WriteColumn(const ColumnDefinition& column, pb::ColumnDefinition* message) {
  message->set_column_id(column.id.value());
  message->set_name(column.name);
  message->mutable_type()->set_kind(static_cast<uint32_t>(column.type.kind));
  if (column.type.is_vector()) message->mutable_type()->set_element(static_cast<uint32_t>(column.type.element));
  message->mutable_type()->set_length(column.type.length);
  message->set_nullable(column.nullable);
  message->set_compression(static_cast<pb::Compression>(static_cast<int>(column.compression) + kFromZero));
  message->set_contract_kind(static_cast<pb::ContractKind>(static_cast<int>(column.contract.kind) + kFromZero));
  message->set_contract_bound(column.contract.bound);
  message->mutable_metadata()->insert(column.metadata.begin(), column.metadata.end());
  if (column.default_value != nullptr) EncodeColumn(*column.default_value, column.id, /*exact_rows=*/nullptr, message->mutable_default_value());
}

absl::Status ReadType(const pb::DataType& message, DataType* type) {
  RETURN_IF_ERROR(ReadEnum(static_cast<int>(message.kind()), 0, TypeKind::kListFloat32, "type", &type->kind));
  if (type->is_vector()) {
    RETURN_IF_ERROR(
        ReadEnum(static_cast<int>(message.element()), 0, TypeKind::kListFloat32, "element type", &type->element));
  }
  type->length = message.length();
  return absl::OkStatus();
}

absl::Status ReadDefault(std::string_view bytes, ColumnDefinition* column) {
  if (bytes.empty()) return absl::OkStatus();
  ByteReader reader(bytes);
  EncodedColumn encoded;
  RETURN_IF_ERROR(ReadEncodedColumn(&reader, &encoded));
  if (encoded.id != column->id || encoded.has_exact_rows || reader.remaining() != 0) return Damaged("default value", encoded.id.value());
  auto value = std::make_shared<Column>(column->type);
  RETURN_IF_ERROR(DecodeColumn(encoded, 1, value.get(), /*exact_rows=*/nullptr));
  column->default_value = std::move(value);
  return absl::OkStatus();
}

absl::Status ReadColumn(const pb::ColumnDefinition& message, ColumnDefinition* column) {
  column->id = ColumnId(message.column_id());
  column->name = message.name();
  RETURN_IF_ERROR(ReadType(message.type(), &column->type));
  column->nullable = message.nullable();
  RETURN_IF_ERROR(
      ReadEnum(message.compression(), kFromZero, Compression::kZptv, "compression", &column->compression));
  RETURN_IF_ERROR(ReadEnum(message.contract_kind(), kFromZero, ZptvContract::Kind::kPhase16, "contract",
                           &column->contract.kind));
  column->contract.bound = message.contract_bound();
  if (!std::isfinite(column->contract.bound) || column->contract.bound < 0) return Damaged("contract bound", 0);
  column->metadata.insert(message.metadata().begin(), message.metadata().end());
  return ReadDefault(message.default_value(), column);
}

void WritePolicy(const TierPolicy& policy, pb::TierPolicy* message) {
  message->set_hot_max_age_ns(policy.hot_max_age_ns);
  message->set_hot_max_rows(policy.hot_max_rows);
  message->set_hot_max_bytes(policy.hot_max_bytes);
  message->set_warm_max_age_ns(policy.warm_max_age_ns);
  message->set_warm_max_bytes(policy.warm_max_bytes);
  message->set_cold_partition(static_cast<pb::ColdPartition>(policy.cold_partition));
  message->set_ttl_ns(policy.ttl_ns);
  message->set_warm_min_age_ns(policy.warm_min_age_ns);
}

absl::Status ReadPolicy(const pb::TierPolicy& message, TierPolicy* policy) {
  policy->hot_max_age_ns = message.hot_max_age_ns();
  policy->hot_max_rows = message.hot_max_rows();
  policy->hot_max_bytes = message.hot_max_bytes();
  policy->warm_max_age_ns = message.warm_max_age_ns();
  policy->warm_max_bytes = message.warm_max_bytes();
  policy->ttl_ns = message.ttl_ns();
  policy->warm_min_age_ns = message.warm_min_age_ns();
  if (policy->warm_min_age_ns < 0) return Damaged("shortest stay in warm", policy->warm_min_age_ns);
  if (policy->ttl_ns < 0) return Damaged("time to live", policy->ttl_ns);
  if (policy->hot_max_age_ns < 0) return Damaged("hot age", policy->hot_max_age_ns);
  if (policy->warm_max_age_ns < 0) return Damaged("warm age", policy->warm_max_age_ns);
  return ReadEnum(message.cold_partition(), 0, ColdPartition::kMonth, "cold partition", &policy->cold_partition);
}

// A column id ties chunks in files to a column: 0, a repeated one or one to be given again would mix columns up.
bool HasUniqueIds(const TableDefinition& table) {
  std::set<ColumnId> ids;
  for (const ColumnDefinition& column : table.columns) {
    if (column.id == ColumnId() || !ids.insert(column.id).second) return false;
    if (column.id.value() >= table.next_column_id) return false;
  }
  return table.id != TableId() && table.schema_id != 0;
}

const std::string* NameOfColumn(const TableDefinition& table, uint32_t id) {
  for (const ColumnDefinition& column : table.columns) {
    if (column.id.value() == id) return &column.name;
  }
  return nullptr;
}

// Key and time column are kept by id, because names change.
absl::Status ReadRoles(const pb::TableDefinition& message, TableDefinition* table) {
  const std::string* key = NameOfColumn(*table, message.key_column_id());
  const std::string* time = NameOfColumn(*table, message.time_column_id());
  if (key == nullptr) return Damaged("key column", message.key_column_id());
  if (time == nullptr) return Damaged("time column", message.time_column_id());
  table->key_column = *key;
  table->time_column = *time;
  return absl::OkStatus();
}

// Whatever a client would be told, one from disk is either what we wrote or damaged.
absl::Status CheckDefinition(const TableDefinition& table) {
  if (!HasUniqueIds(table)) return Damaged("ids", table.id.value());
  const absl::Status status = ValidateDefinition(table);
  if (status.ok()) return absl::OkStatus();
  return absl::DataLossError(absl::StrFormat("table definition is damaged: %s", StdView(status.message())));
}

}  // namespace

absl::StatusOr<std::string> EncodeTable(const TableDefinition& table) {
  const auto key = table.FindColumn(table.key_column);
  const auto time = table.FindColumn(table.time_column);
  if (!key || !time || !HasUniqueIds(table)) {
    return absl::InternalError(absl::StrFormat("table definition without ids, key or time column: \"%s\"", table.name));
  }
  pb::TableDefinition message;
  message.set_table_id(table.id.value());
  message.set_schema_id(table.schema_id);
  message.set_name(table.name);
  message.set_kind(static_cast<pb::TableKind>(table.kind));
  message.set_key_column_id(table.columns[*key].id.value());
  message.set_time_column_id(table.columns[*time].id.value());
  for (const ColumnDefinition& column : table.columns) WriteColumn(column, message.add_columns());
  message.set_sharding(static_cast<pb::ShardingStrategy>(table.sharding));
  WritePolicy(table.policy, message.mutable_tier_policy());
  message.set_history_ns(table.history_ns);
  message.set_next_column_id(table.next_column_id);
  return SerializeDeterministic(message);
}

absl::StatusOr<TableDefinition> DecodeTable(std::string_view bytes) {
  pb::TableDefinition message;
  RETURN_IF_ERROR(ParseMessage(bytes, "table definition", &message));
  TableDefinition table;
  table.id = TableId(message.table_id());
  table.schema_id = message.schema_id();
  table.name = message.name();
  RETURN_IF_ERROR(ReadEnum(message.kind(), 0, TableKind::kEntities, "kind", &table.kind));
  RETURN_IF_ERROR(ReadEnum(message.sharding(), 0, ShardingKind::kFmo, "sharding", &table.sharding));
  RETURN_IF_ERROR(ReadPolicy(message.tier_policy(), &table.policy));
  table.history_ns = message.history_ns();
  table.next_column_id = message.next_column_id();
  if (table.history_ns < 0) return Damaged("history", table.history_ns);
  for (const pb::ColumnDefinition& column : message.columns()) {
    RETURN_IF_ERROR(ReadColumn(column, &table.columns.emplace_back()));
  }
  RETURN_IF_ERROR(ReadRoles(message, &table));
  RETURN_IF_ERROR(CheckDefinition(table));
  return table;
}

}  // namespace cortex

#include "storage/builtin_tables.h"

#include <string>
#include <utility>

namespace cortex {
namespace {

constexpr int64_t kHourNs = 3'600'000'000'000;
constexpr int64_t kDayNs = 24 * kHourNs;

using Columns = std::vector<ColumnDefinition>;

ColumnDefinition Define(std::string name, DataType type, Compression compression = Compression::kAuto) {
  ColumnDefinition column;
  column.name = std::move(name);
  column.type = type;
  column.compression = compression;
  return column;
}

// Key and time columns are the two that are never null.
ColumnDefinition Required(std::string name, DataType type, Compression compression = Compression::kAuto) {
  ColumnDefinition column = Define(std::move(name), type, compression);
  column.nullable = false;
  return column;
}

void Append(Columns columns, TableDefinition* table) {
  table->columns.insert(table->columns.end(), std::make_move_iterator(columns.begin()),
                        std::make_move_iterator(columns.end()));
}

Columns Vectors() {
  return {Define("i_am_vector", DataType::Vector(TypeKind::kFloat32, 512), Compression::kZptv),
          Define("css_field_state", DataType::Vector(TypeKind::kComplex128, 256), Compression::kZptv),
          Define("embedding_vector", DataType::Vector(TypeKind::kFloat16, 768), Compression::kZptv)};
}

Columns Fractal() {
  return {Define("fractal_dimension", DataType::Scalar(TypeKind::kFloat64), Compression::kZptv),
          Define("lacunarity", DataType::Scalar(TypeKind::kFloat64), Compression::kZptv),
          Define("hurst_exponent", DataType::Scalar(TypeKind::kFloat64), Compression::kZptv),
          Define("multifractal_spectrum", DataType::Vector(TypeKind::kFloat32, 20), Compression::kZptv),
          Define("fractal_signature", DataType::String(128), Compression::kZptv)};
}

Columns Metrics() {
  return {Define("coherence_score", DataType::Scalar(TypeKind::kFloat32)),
          Define("refactorability_score", DataType::Scalar(TypeKind::kFloat32)),
          Define("css_distance_to_optimal", DataType::Scalar(TypeKind::kFloat32)),
          Define("css_coupling_strength", DataType::Scalar(TypeKind::kFloat32)),
          Define("tcs_archetype", DataType::String(16), Compression::kDictionary)};
}

Columns Relations() {
  return {Define("parent_entities", DataType::ListString(64)),
          Define("child_entities", DataType::ListString(64)),
          Define("relationship_types", DataType::ListString(32), Compression::kDictionary),
          Define("relationship_strengths", DataType::Scalar(TypeKind::kListFloat32))};
}

TableDefinition CssFields() {
  TableDefinition table;
  table.name = "css_fields";
  table.kind = TableKind::kEvents;
  table.key_column = "entity_id";
  table.time_column = "timestamp";
  table.sharding = ShardingKind::kFmo;
  table.policy = {.hot_max_age_ns = kHourNs, .warm_max_age_ns = 7 * kDayNs, .cold_partition = ColdPartition::kDay};
  table.columns = {Required("entity_id", DataType::String(64), Compression::kDictionary),
                   Required("timestamp", DataType::Scalar(TypeKind::kTimestamp))};
  Append(Vectors(), &table);
  Append(Metrics(), &table);
  Append(Fractal(), &table);
  return table;
}

// Active entities stay hot; an entity nobody touched for a week goes cold without a stay in the warm tier.
TableDefinition FmoEntities() {
  TableDefinition table;
  table.name = "fmo_entities";
  table.kind = TableKind::kEntities;
  table.key_column = "entity_id";
  table.time_column = "last_modified";
  table.sharding = ShardingKind::kFmo;
  table.policy = {.hot_max_age_ns = 7 * kDayNs, .warm_max_age_ns = 7 * kDayNs, .cold_partition = ColdPartition::kMonth};
  table.columns = {Required("entity_id", DataType::String(64), Compression::kDictionary),
                   Define("entity_type", DataType::String(32), Compression::kDictionary),
                   Define("creation_timestamp", DataType::Scalar(TypeKind::kTimestamp), Compression::kDictionary),
                   Required("last_modified", DataType::Scalar(TypeKind::kTimestamp), Compression::kDictionary),
                   Define("fmo_signature", DataType::String(128), Compression::kDictionary)};
  Append(Fractal(), &table);
  Append(Relations(), &table);
  Append(Metrics(), &table);
  Append(Vectors(), &table);
  return table;
}

TableDefinition ItbRules() {
  TableDefinition table;
  table.name = "itb_rules";
  table.kind = TableKind::kEntities;
  table.key_column = "rule_id";
  table.time_column = "last_modified";
  table.sharding = ShardingKind::kHash;
  table.policy = {.hot_max_age_ns = 0, .warm_max_age_ns = 0, .cold_partition = ColdPartition::kMonth};
  table.columns = {Required("rule_id", DataType::String(64), Compression::kDictionary),
                   Define("rule_type", DataType::String(32), Compression::kDictionary),
                   Define("body", DataType::String()),
                   Define("priority", DataType::Scalar(TypeKind::kInt32)),
                   Define("enabled", DataType::Scalar(TypeKind::kBool)),
                   Required("last_modified", DataType::Scalar(TypeKind::kTimestamp))};
  return table;
}

TableDefinition TcsPatterns() {
  TableDefinition table;
  table.name = "tcs_patterns";
  table.kind = TableKind::kEvents;
  table.key_column = "pattern_id";
  table.time_column = "timestamp";
  table.sharding = ShardingKind::kFmo;
  table.policy = {.hot_max_age_ns = kHourNs,
                  .warm_max_age_ns = 7 * kDayNs,
                  .warm_min_age_ns = kDayNs,
                  .cold_partition = ColdPartition::kDay};
  table.columns = {Required("pattern_id", DataType::String(64), Compression::kDictionary),
                   Required("timestamp", DataType::Scalar(TypeKind::kTimestamp)),
                   Define("tcs_archetype", DataType::String(16), Compression::kDictionary)};
  Append(Fractal(), &table);
  Append({Define("strength", DataType::Scalar(TypeKind::kFloat32))}, &table);
  return table;
}

}  // namespace

std::vector<TableDefinition> BuiltinTables() { return {CssFields(), FmoEntities(), ItbRules(), TcsPatterns()}; }

}  // namespace cortex

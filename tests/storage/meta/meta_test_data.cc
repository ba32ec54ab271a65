#include "tests/storage/meta/meta_test_data.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "storage/meta/manifest_codec.h"
#include "storage/meta/table_codec.h"
#include "tests/support/status_assertions.h"

namespace cortex::testing {
namespace {

ColumnDefinition NewColumn(TableDefinition* table, const std::string& name, DataType type, bool nullable = true) {
  ColumnDefinition column;
  column.id = ColumnId(static_cast<uint32_t>(table->columns.size()) + 1);
  column.name = name;
  column.type = type;
  column.nullable = nullable;
  table->columns.push_back(column);
  table->next_column_id = column.id.value() + 1;
  return column;
}

}  // namespace

TableDefinition SmallTable(uint32_t id, const std::string& name) {
  TableDefinition table;
  table.id = TableId(id);
  table.name = name;
  NewColumn(&table, "entity_id", DataType::String(64), /*nullable=*/false);
  NewColumn(&table, "ts", DataType::Scalar(TypeKind::kTimestamp), /*nullable=*/false);
  table.key_column = "entity_id";
  table.time_column = "ts";
  return table;
}

TableDefinition WideTable(uint32_t id, const std::string& name) {
  TableDefinition table = SmallTable(id, name);
  table.kind = TableKind::kEntities;
  table.sharding = ShardingKind::kFmo;
  table.schema_id = 7;
  table.policy = {.hot_max_age_ns = 1,
                  .hot_max_rows = 2,
                  .hot_max_bytes = 3,
                  .warm_max_age_ns = 4,
                  .warm_max_bytes = 5,
                  .cold_partition = ColdPartition::kMonth};
  NewColumn(&table, "fractal_dimension", DataType::Scalar(TypeKind::kFloat64));
  for (const TypeKind kind : {TypeKind::kBool, TypeKind::kInt8, TypeKind::kInt16, TypeKind::kInt32, TypeKind::kInt64,
                              TypeKind::kFloat16, TypeKind::kFloat32, TypeKind::kComplex64, TypeKind::kComplex128,
                              TypeKind::kBytes, TypeKind::kListFloat32}) {
    NewColumn(&table, "scalar_" + std::to_string(static_cast<int>(kind)), DataType::Scalar(kind));
  }
  NewColumn(&table, "state", DataType::Vector(TypeKind::kComplex128, 256));
  NewColumn(&table, "embedding", DataType::Vector(TypeKind::kFloat16, 768));
  NewColumn(&table, "parents", DataType::ListString(64));
  table.columns[0].compression = Compression::kDictionary;
  table.columns[1].compression = Compression::kDelta;
  table.columns[2].compression = Compression::kNone;
  table.columns[6].compression = Compression::kRunLength;
  table.columns.back().metadata = {{"unit", "none"}, {"source", "upstream"}, {"a", ""}};
  table.columns[15].compression = Compression::kZptv;
  return table;
}

SegmentRecord Segment(uint32_t table, uint64_t id) {
  return {.table = TableId(table),
          .id = SegmentId(id),
          .shard = static_cast<uint32_t>(id % kShardCount),
          .tier = id % 2 == 0 ? Tier::kWarm : Tier::kCold,
          .file_name = "03-" + std::to_string(id) + "-5f3a",
          .file_bytes = 1000 * id,
          .raw_bytes = 5000 * id,
          .row_count = 10 + id,
          .min_time = -5,
          .max_time = 1'700'000'000'000'000'000,
          .min_commit = id,
          .max_commit = id + 3,
          .sorted_by_key = id % 2 == 1,
          .row_group_count = 2,
          .schema_id = 7};
}

std::vector<std::string> Describe(const ManifestState& state) {
  std::vector<std::string> lines = {"version " + std::to_string(state.version)};
  for (const auto& table : state.tables) {
    lines.push_back("table " + std::to_string(table->id.value()) + REQUIRE_OK_AND_TAKE(EncodeTable(*table)));
  }
  for (const SegmentRecord& s : state.segments) {
    lines.push_back("segment " + std::to_string(s.table.value()) + "/" + std::to_string(s.id.value()) +
                    REQUIRE_OK_AND_TAKE(EncodeSegment(s)));
  }
  for (const auto& [key, point] : state.seal_points) {
    lines.push_back("seal " + std::to_string(key.first.value()) + "/" + std::to_string(key.second) +
                    EncodeSealPoint(point));
  }
  for (const SegmentEnds& e : state.ends) {
    lines.push_back("ends " + std::to_string(e.segment.value()) + REQUIRE_OK_AND_TAKE(EncodeEnds(e.ends)));
  }
  for (const auto& [name, value] : state.counters) lines.push_back("counter " + name + std::to_string(value));
  return lines;
}

void CopyDir(const std::string& from, const std::string& to) {
  std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
}

std::string ReadBytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void WriteBytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

std::vector<std::string> FilesEndingWith(const std::string& dir, const std::string& suffix) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    if (entry.path().string().ends_with(suffix)) paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace cortex::testing

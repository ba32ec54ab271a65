// What a table is: its columns, its key and time column, where its rows go and how long they stay there.
#ifndef CORTEX_STORAGE_COLUMN_SCHEMA_H_
#define CORTEX_STORAGE_COLUMN_SCHEMA_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "codecs/encoding_chooser.h"
#include "codecs/zptv/contract.h"
#include "storage/column/data_type.h"
#include "storage/runtime/strong_id.h"

namespace cortex {

class Column;

struct ColumnDefinition {
  ColumnId id;  // given by the catalog, never reused within a table
  std::string name;
  DataType type;
  bool nullable = true;
  Compression compression = Compression::kAuto;
  ZptvContract contract;  // kZptv only; unless lossless, values change within it when they are sealed
  std::map<std::string, std::string> metadata;  // free: units, source
  // One present row of `type`: what a row has that was written before the column existed, or ingested without it.
  // nullptr: NULL. Fixed for the life of the column.
  std::shared_ptr<const Column> default_value;
};

enum class TableKind : uint8_t { kEvents = 1, kEntities = 2 };
enum class ShardingKind : uint8_t { kHash = 1, kFmo = 2 };
enum class ColdPartition : uint8_t { kHour = 1, kDay = 2, kMonth = 3 };

// When rows leave a tier. Whatever limit is reached first; 0 = no limit of that sort. Age is NOW() - the newest time
// value of the segment, so a segment moves when its last row is old enough.
struct TierPolicy {
  int64_t hot_max_age_ns = 3'600'000'000'000;
  uint64_t hot_max_rows = 1'000'000;
  uint64_t hot_max_bytes = 0;
  int64_t warm_max_age_ns = 7 * 86'400'000'000'000;  // counted, like the age, from the time value
  uint64_t warm_max_bytes = 0;
  int64_t warm_min_age_ns = 0;  // younger rows stay warm whatever the limits say
  ColdPartition cold_partition = ColdPartition::kDay;
  int64_t ttl_ns = 0;  // rows are visible while time + ttl > NOW(); 0 = for ever
};

struct TableDefinition {
  TableId id;  // given by the catalog
  std::string name;
  TableKind kind = TableKind::kEvents;
  std::vector<ColumnDefinition> columns;
  std::string key_column;
  std::string time_column;
  ShardingKind sharding = ShardingKind::kHash;
  TierPolicy policy;
  int64_t history_ns = 0;  // how long ended versions stay readable by AS OF; 0 = for ever
  uint32_t schema_id = 1;       // rises with every change
  uint32_t next_column_id = 0;  // above every id ever given in this table; given by the catalog

  // Ordinals in `columns`. The definition must be valid.
  uint32_t key_ordinal() const { return *FindColumn(key_column); }
  uint32_t time_ordinal() const { return *FindColumn(time_column); }
  std::optional<uint32_t> FindColumn(std::string_view column_name) const;
  const ColumnDefinition& key() const { return columns[key_ordinal()]; }
  const ColumnDefinition& time() const { return columns[time_ordinal()]; }
};

// Checks what a client may get wrong: names, duplicates, types, key not a non-null string, time not a non-null
// timestamp, `fmo` sharding without a float64 `fractal_dimension`, over 1,024 columns, negative times. A bound needs
// compression zptv, a type it makes sense for, and to be positive and finite. INVALID_ARGUMENT, naming table and column.
absl::Status ValidateDefinition(const TableDefinition& definition);

// Names: a letter or '_', then letters, digits, '_'; 128 bytes at most. Names beginning with '_' are the server's.
bool IsValidName(std::string_view name);

// The candidate nearest to `name` by edit distance, if near enough to be a typo (at most a third of its length).
std::optional<std::string> NearestName(std::string_view name, const std::vector<std::string>& candidates);

// The hidden column every row has: its position in the global commit order.
inline constexpr std::string_view kCommitColumnName = "_commit";

}  // namespace cortex

#endif  // CORTEX_STORAGE_COLUMN_SCHEMA_H_

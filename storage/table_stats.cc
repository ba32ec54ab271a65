#include "storage/table_stats.h"

#include <algorithm>
#include <map>

#include "codecs/bytes/status_macros.h"
#include "codecs/zptv/statement_sum.h"

namespace cortex {
namespace {

class TierCounter {
 public:
  TierCounter(const TableDefinition& table, Tier tier) : table_(table) {
    stats_.tier = tier;
    for (const ColumnDefinition& column : table.columns) {
      stats_.columns.emplace_back();
      stats_.columns.back().name = column.name;
    }
    encodings_.resize(table.columns.size());
    errors_.resize(table.columns.size());
  }

  void AddGroup(const RowGroup& group) {
    const uint32_t rows = group.published_rows();
    if (rows == 0) return;
    AddSegment(rows, group.raw_bytes(), group.memory_bytes(), group.min_time(), group.max_time());
    for (size_t i = 0; i < table_.columns.size(); ++i) {
      const HotColumn* const column = group.FindColumn(table_.columns[i].id);
      if (column == nullptr) continue;
      stats_.columns[i].raw_bytes += column->raw_bytes();
      stats_.columns[i].stored_bytes += column->stored_bytes();
    }
  }

  absl::Status AddFile(const SealedFile& file) {
    const SegmentRecord& record = file.record();
    AddSegment(record.row_count, record.raw_bytes, record.file_bytes, record.min_time, record.max_time);
    ASSIGN_OR_RETURN(const std::vector<SegmentColumnStats> columns, file.reader()->ColumnStats());
    for (const SegmentColumnStats& column : columns) {
      for (size_t i = 0; i < table_.columns.size(); ++i) {
        if (table_.columns[i].id != column.column) continue;
        stats_.columns[i].raw_bytes += column.raw_bytes;
        stats_.columns[i].stored_bytes += column.stored_bytes;
        for (const auto& [encoding, count] : column.chunks_by_encoding) encodings_[i][encoding] += count;
        errors_[i].Add(column.statement, column.raw_bytes);
      }
    }
    return absl::OkStatus();
  }

  // Memory serves the values of the file.
  absl::Status AddErrors(const SealedFile& file) {
    ASSIGN_OR_RETURN(const std::vector<SegmentColumnStats> columns, file.reader()->ColumnStats());
    for (const SegmentColumnStats& column : columns) {
      for (size_t i = 0; i < table_.columns.size(); ++i) {
        if (table_.columns[i].id == column.column) errors_[i].Add(column.statement, column.raw_bytes);
      }
    }
    return absl::OkStatus();
  }

  TierStats Take() {
    for (size_t i = 0; i < encodings_.size(); ++i) {
      stats_.columns[i].chunks_by_encoding.assign(encodings_[i].begin(), encodings_[i].end());
      stats_.columns[i].statement = errors_[i].Total();
    }
    return std::move(stats_);
  }

 private:
  void AddSegment(uint64_t rows, uint64_t raw, uint64_t stored, int64_t min_time, int64_t max_time) {
    stats_.row_count += rows;
    ++stats_.segment_count;
    stats_.raw_bytes += raw;
    stats_.stored_bytes += stored;
    stats_.min_time = std::min(stats_.min_time.value_or(min_time), min_time);
    stats_.max_time = std::max(stats_.max_time.value_or(max_time), max_time);
  }

  const TableDefinition& table_;
  TierStats stats_;
  std::vector<std::map<EncodingId, uint64_t>> encodings_;
  std::vector<StatementSum> errors_;
};

}  // namespace

absl::StatusOr<TableStats> CollectTableStats(const Table& table) {
  const std::shared_ptr<const TableDefinition> schema = table.definition();
  const TableDefinition& definition = *schema;
  TierCounter counters[] = {{definition, Tier::kHot}, {definition, Tier::kWarm}, {definition, Tier::kCold}};
  const auto list = table.segments();
  for (const auto& shard : list->shards) {
    for (const LiveSegment& segment : shard) {
      if (segment.group != nullptr) {
        counters[0].AddGroup(*segment.group);
        if (segment.file != nullptr) RETURN_IF_ERROR(counters[0].AddErrors(*segment.file));
      } else {
        RETURN_IF_ERROR(counters[segment.tier() == Tier::kWarm ? 1 : 2].AddFile(*segment.file));
      }
    }
  }
  TableStats stats{.table = schema, .tiers = {}};
  for (TierCounter& counter : counters) stats.tiers.push_back(counter.Take());
  return stats;
}

}  // namespace cortex

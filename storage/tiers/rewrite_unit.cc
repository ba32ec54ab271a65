#include "storage/tiers/rewrite_unit.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "codecs/bytes/status_macros.h"
#include "storage/column/column_default.h"

namespace cortex {
namespace {

constexpr uint64_t kRowGroupRows = 65'536;
// Fewer rows to a group make pruning dear; but of large ones (a row may take 1 MiB) so many would not fit into memory.
constexpr uint64_t kFewRows = 1'024, kFewest = 16;
constexpr uint64_t kFewRowsBytes = 16 << 20;
}  // namespace

absl::StatusOr<RewriteUnit> RewriteUnit::Read(std::shared_ptr<const TableDefinition> table,
                                              const std::vector<LiveSegment>& sources, uint64_t raw_bytes,
                                              bool resident) {
  RewriteUnit unit;
  unit.raw_bytes_ = raw_bytes;
  unit.resident_ = resident;
  unit.table_ = std::move(table);
  for (const ColumnDefinition& column : unit.table_->columns) unit.columns_.emplace_back(column.type);
  for (const LiveSegment& source : sources) {
    unit.first_rows_.push_back(unit.commits_.size());
    RETURN_IF_ERROR(unit.ReadSource(source));
  }
  return unit;
}

absl::Status RewriteUnit::ReadSource(const LiveSegment& source) {
  const std::shared_ptr<const SegmentReader> reader = source.file->reader();
  RETURN_IF_ERROR(ReadStatements(*reader));
  for (size_t g = 0; g < reader->row_group_count(); ++g) {
    const RowGroupView& group = reader->row_group(g);
    const uint32_t rows = group.row_count();
    groups_.push_back({.reader = reader, .group = g, .first_row = commits_.size()});
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (!is_resident(i)) continue;
      ASSIGN_OR_RETURN(const ColumnChunk* chunk, group.column(table_->columns[i].id));
      if (chunk == nullptr) {
        AppendDefaults(table_->columns[i], rows, &columns_[i]);
      } else {
        RETURN_IF_ERROR(chunk->Decode(0, rows, &columns_[i]));
      }
    }
    const size_t first = commits_.size();
    commits_.resize(first + rows);
    ends_.resize(first + rows);
    ordinals_.resize(first + rows);
    RETURN_IF_ERROR(group.Commits(0, rows, commits_.data() + first));
    RETURN_IF_ERROR(group.Ends(0, rows, ends_.data() + first));
    RETURN_IF_ERROR(group.Ordinals(0, rows, ordinals_.data() + first));
  }
  return absl::OkStatus();
}

absl::Status RewriteUnit::ReadStatements(const SegmentReader& reader) {
  ASSIGN_OR_RETURN(const std::vector<SegmentColumnStats> stats, reader.ColumnStats());
  errors_.resize(columns_.size());
  for (const SegmentColumnStats& column : stats) {
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (table_->columns[i].id == column.column) errors_[i].Add(column.statement, column.raw_bytes);
    }
  }
  return absl::OkStatus();
}

std::vector<std::optional<ZptvStatement>> RewriteUnit::Statements() const {
  std::vector<std::optional<ZptvStatement>> statements;
  for (const StatementSum& sum : errors_) statements.push_back(sum.Total());
  return statements;
}

std::vector<std::vector<uint32_t>> RewriteUnit::SortedPartitions(bool by_partition, Commit history_floor) const {
  const Column& keys = columns_[table_->key_ordinal()];
  const auto times = columns_[table_->time_ordinal()].values_as<int64_t>();
  std::map<int64_t, std::vector<uint32_t>> partitions;
  static_assert(kErased == 0, "an erased version ended at or before every floor");
  for (uint32_t row = 0; row < row_count(); ++row) {
    if (ends_[row] <= history_floor) continue;
    partitions[by_partition ? PartitionOf(times[row], table_->policy.cold_partition) : 0].push_back(row);
  }
  std::vector<std::vector<uint32_t>> sorted;
  for (auto& [start, rows] : partitions) {
    std::sort(rows.begin(), rows.end(), [&](uint32_t a, uint32_t b) {
      if (const int order = keys.StringAt(a).compare(keys.StringAt(b)); order != 0) return order < 0;
      if (times[a] != times[b]) return times[a] < times[b];
      if (commits_[a] != commits_[b]) return commits_[a] < commits_[b];
      return a < b;
    });
    sorted.push_back(std::move(rows));
  }
  return sorted;
}

uint64_t RewriteUnit::memory_bytes() const {
  uint64_t bytes = row_count() * (2 * sizeof(Commit) + sizeof(uint32_t));
  for (const Column& column : columns_) bytes += column.memory_bytes();
  return bytes;
}

uint64_t RewriteUnit::row_bytes() const { return std::max<uint64_t>(1, raw_bytes_ / std::max<uint64_t>(1, row_count())); }

absl::StatusOr<std::vector<Column>> RewriteUnit::ColumnsOf(absl::Span<const uint32_t> rows) const {
  // Sources are read in their own order; `place` leads back to the order wanted.
  std::vector<uint32_t> ascending, place;
  if (!resident_) {
    std::vector<uint32_t> order(rows.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return rows[a] < rows[b]; });
    place.resize(rows.size());
    for (uint32_t i = 0; i < order.size(); ++i) {
      place[order[i]] = i;
      ascending.push_back(rows[order[i]]);
    }
  }
  std::vector<Column> columns;
  for (size_t i = 0; i < columns_.size(); ++i) {
    Column& out = columns.emplace_back(columns_[i].type());
    if (is_resident(i)) {
      out.AppendSelected(columns_[i], rows);
      continue;
    }
    Column fetched(columns_[i].type());
    RETURN_IF_ERROR(Fetch(i, ascending, &fetched));
    out.AppendSelected(fetched, place);
  }
  return columns;
}

absl::Status RewriteUnit::Fetch(size_t column, absl::Span<const uint32_t> rows, Column* out) const {
  std::vector<uint32_t> of_group;
  size_t next = 0;
  for (size_t g = 0; g < groups_.size() && next < rows.size(); ++g) {
    const SourceGroup& source = groups_[g];
    const RowGroupView& group = source.reader->row_group(source.group);
    of_group.clear();
    for (; next < rows.size() && rows[next] < source.first_row + group.row_count(); ++next) {
      of_group.push_back(static_cast<uint32_t>(rows[next] - source.first_row));
    }
    if (of_group.empty()) continue;
    ASSIGN_OR_RETURN(const ColumnChunk* chunk, group.column(table_->columns[column].id));
    if (chunk == nullptr) {
      AppendDefaults(table_->columns[column], static_cast<uint32_t>(of_group.size()), out);
    } else if (of_group.size() == group.row_count()) {
      RETURN_IF_ERROR(chunk->Decode(0, group.row_count(), out));
    } else {
      RETURN_IF_ERROR(chunk->Gather(of_group, out));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<RewrittenFile> RewriteUnit::Write(FileTier* tier, uint32_t shard, SegmentId id,
                                                 std::vector<uint32_t> rows, uint64_t group_bytes,
                                                 Pacer* pacer, const StillWanted& still_wanted) const {
  ASSIGN_OR_RETURN(auto writer, tier->NewFile(table_, shard, id, /*sorted_by_key=*/true, RowOrigin::Files(Statements())));
  const uint64_t least_rows = std::clamp(kFewRowsBytes / row_bytes(), kFewest, kFewRows);
  const auto group_rows = static_cast<size_t>(std::clamp(group_bytes / row_bytes(), least_rows, kRowGroupRows));
  for (size_t first = 0; first < rows.size(); first += group_rows) {
    const absl::Span<const uint32_t> part = absl::MakeConstSpan(rows).subspan(first, group_rows);
    ASSIGN_OR_RETURN(const std::vector<Column> columns, ColumnsOf(part));
    std::vector<Commit> commits, ends;
    std::vector<uint32_t> ordinals;
    for (const uint32_t row : part) {
      commits.push_back(commits_[row]);
      ends.push_back(ends_[row]);
      ordinals.push_back(ordinals_[row]);
    }
    const bool all_open = std::all_of(ends.begin(), ends.end(), [](Commit end) { return end == kOpenEnd; });
    const uint64_t before = writer->file_bytes();
    RETURN_IF_ERROR(writer->AddRowGroup(columns, commits, all_open ? absl::Span<const Commit>() : ends, ordinals));
    RETURN_IF_ERROR(pacer->SpendInPieces(writer->file_bytes() - before, [&](uint64_t) { return still_wanted(); }));
  }
  ASSIGN_OR_RETURN(SegmentInfo info, writer->Finish());
  RewrittenFile file{.info = std::move(info), .rows = std::move(rows)};
  for (const uint32_t row : file.rows) {
    if (ends_[row] == kOpenEnd) continue;
    ++file.ended_row_count;
    file.max_end = std::max(file.max_end, ends_[row]);
  }
  return file;
}

}  // namespace cortex

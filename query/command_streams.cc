// INSERT, CREATE TABLE, ALTER TABLE, DROP TABLE and SHOW as streams: each gives one small batch.
#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "query/command_stream.h"

namespace cortex::query {
namespace {

class InsertStream final : public CommandStream {
 public:
  InsertStream(Batch batch, StreamOptions options)
      : CommandStream({Number("rows_inserted"), Number("commit")}, std::move(options)), batch_(std::move(batch)) {}

 private:
  absl::Status Execute(std::vector<Column>* columns) override {
    const uint64_t rows = batch_.row_count;
    ASSIGN_OR_RETURN(const CommitToken token, database().Ingest({.batch = std::move(batch_)}));
    mutable_statistics()->snapshot_commit = token.commit;
    RowAppender(columns).Add(rows).Add(token.commit);
    return absl::OkStatus();
  }
  Batch batch_;
};

class CreateTableStream final : public CommandStream {
 public:
  CreateTableStream(TableDefinition definition, bool if_not_exists, cql::Position at, StreamOptions options)
      : CommandStream({Text("result")}, std::move(options)),
        definition_(std::move(definition)),
        if_not_exists_(if_not_exists),
        at_(at) {}

 private:
  absl::Status Execute(std::vector<Column>* columns) override {
    const std::string name = definition_.name;
    const absl::Status status = database().CreateTable(std::move(definition_)).status();
    const bool existed = status.code() == absl::StatusCode::kAlreadyExists && if_not_exists_;
    if (!status.ok() && !existed) return cql::ErrorAt(at_, status.code(), std::string(status.message()));
    RowAppender(columns).Add(absl::StrFormat("table \"%s\" %s", name, existed ? "exists already" : "created"));
    return absl::OkStatus();
  }
  TableDefinition definition_;
  const bool if_not_exists_;
  const cql::Position at_;
};

class AlterTableStream final : public CommandStream {
 public:
  AlterTableStream(std::string name, TableChange change, cql::Position at, StreamOptions options)
      : CommandStream({Text("result")}, std::move(options)), name_(std::move(name)), change_(std::move(change)), at_(at) {}

 private:
  absl::Status Execute(std::vector<Column>* columns) override {
    const auto altered = database().AlterTable(name_, change_);
    if (!altered.ok()) return cql::ErrorAt(at_, altered.status().code(), std::string(altered.status().message()));
    RowAppender(columns).Add(absl::StrFormat("table \"%s\" altered, schema %d", name_, (*altered)->schema_id));
    return absl::OkStatus();
  }
  const std::string name_;
  const TableChange change_;
  const cql::Position at_;
};

class DropTableStream final : public CommandStream {
 public:
  DropTableStream(std::string name, bool if_exists, cql::Position at, StreamOptions options)
      : CommandStream({Text("result")}, std::move(options)), name_(std::move(name)), if_exists_(if_exists), at_(at) {}

 private:
  absl::Status Execute(std::vector<Column>* columns) override {
    const absl::Status status = database().DropTable(name_);
    const bool absent = status.code() == absl::StatusCode::kNotFound && if_exists_;
    if (!status.ok() && !absent) return cql::ErrorAt(at_, status.code(), std::string(status.message()));
    RowAppender(columns).Add(absl::StrFormat("table \"%s\" %s", name_, absent ? "does not exist" : "dropped"));
    return absl::OkStatus();
  }
  const std::string name_;
  const bool if_exists_;
  const cql::Position at_;
};

class ShowTablesStream final : public CommandStream {
 public:
  explicit ShowTablesStream(StreamOptions options)
      : CommandStream({Text("name"), Text("kind"), Text("key"), Text("time"), Number("columns"), Number("hot_rows"),
                       Number("warm_rows"), Number("cold_rows")},
                      std::move(options)) {}

 private:
  absl::Status Execute(std::vector<Column>* columns) override {
    for (const auto& table : database().ListTables()) {
      uint64_t rows[3] = {0, 0, 0};
      ASSIGN_OR_RETURN(const TableStats stats, database().GetTableStats(table->name));
      for (const TierStats& tier : stats.tiers) rows[static_cast<size_t>(tier.tier) - 1] = tier.row_count;
      RowAppender(columns)
          .Add(table->name)
          .Add(table->kind == TableKind::kEvents ? "events" : "entities")
          .Add(table->key_column)
          .Add(table->time_column)
          .Add(uint64_t{table->columns.size()})
          .Add(rows[0])
          .Add(rows[1])
          .Add(rows[2]);
    }
    return absl::OkStatus();
  }
};

// SHOW TIERS and SHOW SEGMENTS go over one table or all.
class PerTableStream : public CommandStream {
 public:
  PerTableStream(std::vector<ResultColumn> schema, std::string table, StreamOptions options)
      : CommandStream(std::move(schema), std::move(options)), table_(std::move(table)) {}

 private:
  absl::Status Execute(std::vector<Column>* columns) final {
    if (!table_.empty()) return ShowTable(table_, columns);
    for (const auto& table : database().ListTables()) RETURN_IF_ERROR(ShowTable(table->name, columns));
    return absl::OkStatus();
  }
  virtual absl::Status ShowTable(const std::string& name, std::vector<Column>* columns) = 0;
  const std::string table_;
};

constexpr int64_t kNanosPerMilli = 1'000'000;

// The moves that leave one tier of a table or rewrite its files, as they will be taken.
struct TierQueue {
  uint64_t bytes = 0;
  int64_t oldest_ns = 0;
  std::string moves;  // "freeze running, shard 3, 2 segments, 81920 bytes, 1500 ms; merge ..."
};

TierQueue QueueOf(const TieringStats& stats, std::string_view table, Tier tier) {
  TierQueue queue;
  for (const TierMoveStats& move : stats.queue) {
    if (move.table != table || move.tier != tier) continue;
    queue.bytes += move.bytes;
    queue.oldest_ns = std::max(queue.oldest_ns, move.waiting_ns);
    queue.moves += absl::StrFormat("%s%s%s, shard %d, %d segments, %d bytes, %d ms", queue.moves.empty() ? "" : "; ",
                                   move.kind, move.running ? " running" : "", move.shard, move.segment_count, move.bytes,
                                   move.waiting_ns / kNanosPerMilli);
  }
  return queue;
}

class ShowTiersStream final : public PerTableStream {
 public:
  ShowTiersStream(std::string table, StreamOptions options)
      : PerTableStream({Text("table"), Text("tier"), Number("rows"), Number("segments"), Number("raw_bytes"),
                        Number("stored_bytes"), Time("min_time"), Time("max_time"), Number("debt_bytes"),
                        Number("oldest_debt_ms"), Text("moves"), Text("tiering"), Real("write_amplification")},
                       std::move(table), std::move(options)) {}

 private:
  absl::Status ShowTable(const std::string& name, std::vector<Column>* columns) override {
    ASSIGN_OR_RETURN(const TableStats stats, database().GetTableStats(name));
    const TieringStats tiering = database().GetTieringStats();
    for (const TierStats& tier : stats.tiers) {
      const TierQueue queue = QueueOf(tiering, name, tier.tier);
      RowAppender(columns)
          .Add(name)
          .Add(TierName(tier.tier))
          .Add(tier.row_count)
          .Add(tier.segment_count)
          .Add(tier.raw_bytes)
          .Add(tier.stored_bytes)
          .AddTime(tier.min_time)
          .AddTime(tier.max_time)
          .Add(queue.bytes)
          .Add(static_cast<uint64_t>(queue.oldest_ns / kNanosPerMilli))
          .Add(queue.moves)
          .Add(tiering.paused ? "paused" : "running")
          .AddReal(tiering.write_amplification);
    }
    return absl::OkStatus();
  }
};

// How one column is stored, row group by row group: the encoding where it changes, and the bytes of every chunk, as in
// "ts delta 24 24 residual 1802". Damage is named, and hides nothing else.
std::string DescribeChunks(const SegmentView& segment, const ColumnDefinition& column) {
  std::string text = column.name;
  std::string_view before;
  for (size_t group = 0; group < segment.row_group_count(); ++group) {
    const auto chunk = segment.row_group(group).column(column.id);
    std::string_view encoding = "absent";  // younger than the row group
    if (!chunk.ok()) {
      encoding = "damaged";
    } else if (*chunk != nullptr) {
      encoding = EncodingName((*chunk)->encoding());
    }
    if (encoding != before) text.append(" ").append(encoding);
    before = encoding;
    if (chunk.ok() && *chunk != nullptr) text += absl::StrFormat(" %d", (*chunk)->stored_bytes());
  }
  return text;
}

// All columns of a segment in a file; rows in memory are not encoded.
std::string DescribeChunks(const SegmentView& segment, const TableDefinition& table) {
  std::string text;
  if (segment.tier() == Tier::kHot) return text;
  for (const ColumnDefinition& column : table.columns) {
    text.append(text.empty() ? "" : ", ").append(DescribeChunks(segment, column));
  }
  return text;
}

class ShowSegmentsStream final : public PerTableStream {
 public:
  ShowSegmentsStream(std::string table, StreamOptions options)
      : PerTableStream(
            {Text("table"), Text("tier"), Number("shard"), Number("segment"), Text("name"), Number("row_groups"),
             Number("rows"), Number("raw_bytes"), Number("stored_bytes"), Time("min_time"), Time("max_time"), Text("chunks")},
            std::move(table), std::move(options)) {}

 private:
  absl::Status ShowTable(const std::string& name, std::vector<Column>* columns) override {
    ASSIGN_OR_RETURN(const auto snapshot, database().OpenSnapshot(name, 0));
    for (const auto& segment : snapshot->segments) {
      if (segment->row_count() == 0) continue;
      RowAppender(columns)
          .Add(name)
          .Add(TierName(segment->tier()))
          .Add(uint64_t{segment->shard()})
          .Add(segment->id().value())
          .Add(segment->name())
          .Add(uint64_t{segment->row_group_count()})
          .Add(segment->row_count())
          .Add(segment->raw_bytes())
          .Add(segment->stored_bytes())
          .AddTime(segment->min_time())
          .AddTime(segment->max_time())
          .Add(DescribeChunks(*segment, *snapshot->table));
    }
    return absl::OkStatus();
  }
};

}  // namespace

std::unique_ptr<QueryStream> MakeInsertStream(Batch batch, StreamOptions options) {
  return std::make_unique<InsertStream>(std::move(batch), std::move(options));
}
std::unique_ptr<QueryStream> MakeCreateTableStream(TableDefinition definition, bool if_not_exists, cql::Position at,
                                                   StreamOptions options) {
  return std::make_unique<CreateTableStream>(std::move(definition), if_not_exists, at, std::move(options));
}
std::unique_ptr<QueryStream> MakeAlterTableStream(std::string name, TableChange change, cql::Position at,
                                                  StreamOptions options) {
  return std::make_unique<AlterTableStream>(std::move(name), std::move(change), at, std::move(options));
}
std::unique_ptr<QueryStream> MakeDropTableStream(std::string name, bool if_exists, cql::Position at,
                                                 StreamOptions options) {
  return std::make_unique<DropTableStream>(std::move(name), if_exists, at, std::move(options));
}
std::unique_ptr<QueryStream> MakeShowStream(cql::ShowTarget target, std::string table, StreamOptions options) {
  if (target == cql::ShowTarget::kSegments)
    return std::make_unique<ShowSegmentsStream>(std::move(table), std::move(options));
  if (target == cql::ShowTarget::kTiers) return std::make_unique<ShowTiersStream>(std::move(table), std::move(options));
  return std::make_unique<ShowTablesStream>(std::move(options));
}

}  // namespace cortex::query

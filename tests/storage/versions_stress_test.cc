// Merges, deletes and reads of the past, all at once, while rows move between tiers. Threads check what they see and
// write down what must not be.
#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "codecs/bytes/status_macros.h"
#include "storage/column/bitmap.h"
#include "storage/database.h"
#include "storage/runtime/memory_budget.h"
#include "storage/runtime/mutex.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

using testing::BatchBuilder;
using testing::Null;
using testing::TempDir;
using testing::TestTable;

constexpr int kKeys = 48;
constexpr int kMerges = 60;
constexpr int kBatches = 60;
constexpr int kRowsPerBatch = 40;

struct ReadRow {
  std::string key;
  int64_t x = 0, y = 0;
  VersionId id;
};

absl::Status ReadGroup(const Snapshot& snapshot, const SegmentView& segment, size_t g, std::vector<ReadRow>* out) {
  const RowGroupView& group = segment.row_group(g);
  const uint32_t count = group.row_count();
  if (count == 0) return absl::OkStatus();
  std::vector<uint64_t> selection(WordsForBits(count));
  FillOnes(selection.data(), count);
  if (!group.AllVisible(snapshot.window)) {
    RETURN_IF_ERROR(group.SelectVisible(snapshot.window, 0, count, selection.data()));
  }
  std::vector<Column> columns;
  for (const size_t ordinal : {0, 2, 3}) {
    columns.emplace_back(snapshot.table->columns[ordinal].type);
    ASSIGN_OR_RETURN(const ColumnChunk* chunk, group.column(snapshot.table->columns[ordinal].id));
    RETURN_IF_ERROR(chunk->Decode(0, count, &columns.back()));
  }
  std::vector<uint32_t> rows;
  for (uint32_t row = 0; row < count; ++row) {
    if (GetBit(selection.data(), row)) rows.push_back(row);
  }
  std::vector<VersionId> ids;
  RETURN_IF_ERROR(AppendVersionIds(segment, g, rows, &ids));
  for (size_t i = 0; i < rows.size(); ++i) {
    out->push_back({std::string(columns[0].StringAt(rows[i])), columns[1].values_as<int64_t>()[rows[i]],
                    columns[2].values_as<int64_t>()[rows[i]], ids[i]});
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ReadRow>> ReadAll(const Snapshot& snapshot) {
  std::vector<ReadRow> rows;
  for (const auto& segment : snapshot.segments) {
    for (size_t g = 0; g < segment->row_group_count(); ++g) {
      RETURN_IF_ERROR(ReadGroup(snapshot, *segment, g, &rows));
    }
  }
  return rows;
}

// "pair" (ENTITIES): one thread merges x, another y, always of every key; neither may undo the other. "doomed" (EVENTS):
// batches of rows with one x, ended as a whole by a thread of their own.
class Stress {
 public:
  explicit Stress(const std::string& dir) {
    options_.data_dir = dir;
    options_.seal_rows = 1024;
    options_.wal_file_bytes = 64 << 10;
    options_.wal_limit_bytes = 256 << 10;
    options_.tiering_interval_ns = 2'000'000;
    options_.tiering_bytes_per_second = 0;
    options_.create_builtin_tables = false;
    options_.budget = &budget_;
  }
  void Open() { db_ = REQUIRE_OK_AND_TAKE(Database::Open(options_)); }
  void Close() { db_.reset(); }
  void Run() {
    pair_ = Create("pair", TableKind::kEntities);
    doomed_ = Create("doomed", TableKind::kEvents);
    std::vector<std::thread> writers, others;
    writers.emplace_back([this] { MergeColumn(2, &acked_x_); });
    writers.emplace_back([this] { MergeColumn(3, &acked_y_); });
    writers.emplace_back([this] { WriteDoomed(); });
    writers.emplace_back([this] { DeleteDoomed(); });
    for (const char* table : {"pair", "doomed"}) others.emplace_back([this, table] { Move(table); });
    others.emplace_back([this] { Loop([this] { return CheckPair(); }); });
    others.emplace_back([this] { Loop([this] { return CheckDoomed(); }); });
    others.emplace_back([this] { Loop([this] { return CheckPast(); }); });
    for (auto& thread : writers) thread.join();
    done_ = true;
    for (auto& thread : others) thread.join();
  }
  std::string CheckAtRest() {
    Report(CheckPair());
    Report(CheckDoomed());
    if (acked_x_ != kMerges || acked_y_ != kMerges) Report(absl::InternalError("not every merge was acknowledged"));
    return errors();
  }
  std::string errors() {
    MutexLock lock(&mutex_);
    return errors_;
  }

 private:
  std::shared_ptr<const TableDefinition> Create(const std::string& name, TableKind kind) {
    TableDefinition definition =
        *TestTable(name, {{"x", DataType::Scalar(TypeKind::kInt64)}, {"y", DataType::Scalar(TypeKind::kInt64)}}, kind);
    definition.policy.cold_partition = ColdPartition::kMonth;
    definition.policy.hot_max_rows = 3000;
    return REQUIRE_OK_AND_TAKE(db_->CreateTable(definition));
  }
  void Report(const absl::Status& status) {
    if (status.ok()) return;
    MutexLock lock(&mutex_);
    if (errors_.size() < 2000) errors_ += status.ToString() + "\n";
  }
  void Loop(const std::function<absl::Status()>& step) {
    while (!done_ && errors().empty()) Report(step());
  }

  void MergeColumn(size_t column, std::atomic<int64_t>* acked) {
    std::vector<bool> present = {true, true, false, false};
    present[column] = true;
    for (int64_t value = 1; value <= kMerges && errors().empty(); ++value) {
      BatchBuilder builder(pair_);
      for (int key = 0; key < kKeys; ++key) {
        if (column == 2) {
          builder.Row({"p" + std::to_string(key), key, value, Null{}});
        } else {
          builder.Row({"p" + std::to_string(key), key, Null{}, value});
        }
      }
      const Tier tier = value % 17 == 5 ? Tier::kCold : Tier::kHot;
      const absl::Status merged =
          db_->Ingest({.batch = builder.Build(), .mode = IngestMode::kMerge, .tier = tier, .present = present}).status();
      Report(merged);
      if (merged.ok()) *acked = value;
    }
  }
  void WriteDoomed() {
    for (int batch = 1; batch <= kBatches && errors().empty(); ++batch) {
      BatchBuilder builder(doomed_);
      // Keys and times repeat: only their names tell such rows apart.
      for (int i = 0; i < kRowsPerBatch; ++i) builder.Row({"d" + std::to_string(i % 5), i % 3, batch, i});
      const Tier tier = batch % 13 == 4 ? Tier::kWarm : Tier::kHot;
      Report(db_->Ingest({.batch = builder.Build(), .tier = tier}).status());
      written_ = batch;
    }
  }
  // Every third batch.
  void DeleteDoomed() {
    for (int batch = 3; batch <= kBatches && errors().empty(); batch += 3) {
      while (written_ < batch && errors().empty()) std::this_thread::yield();
      const absl::Status deleted = DeleteBatch(batch);
      Report(deleted);
      if (deleted.ok()) deleted_ = batch;
    }
  }
  absl::Status DeleteBatch(int batch) {
    ASSIGN_OR_RETURN(const auto snapshot, db_->OpenSnapshot("doomed", 0));
    ASSIGN_OR_RETURN(const std::vector<ReadRow> rows, ReadAll(*snapshot));
    DeleteRequest request{.table = "doomed"};
    for (const ReadRow& row : rows) {
      if (row.x == batch) request.rows.push_back(row.id);
    }
    ASSIGN_OR_RETURN(const DeleteResult result, db_->Delete(std::move(request)));
    if (result.row_count == kRowsPerBatch) return absl::OkStatus();
    return absl::InternalError("deleted " + std::to_string(result.row_count) + " rows of batch " +
                               std::to_string(batch));
  }
  void Move(const std::string& table) {
    constexpr std::pair<Tier, Tier> kMoves[] = {{Tier::kHot, Tier::kWarm}, {Tier::kWarm, Tier::kCold},
                                                {Tier::kCold, Tier::kWarm}, {Tier::kWarm, Tier::kHot},
                                                {Tier::kHot, Tier::kCold}, {Tier::kCold, Tier::kHot}};
    int next = 0;
    Loop([&] {
      const auto [from, to] = kMoves[next++ % std::size(kMoves)];
      return db_->MoveTier({.table = table, .from = from, .to = to}).status();
    });
  }

  absl::Status CheckPair() {
    const int64_t least_x = acked_x_, least_y = acked_y_;
    ASSIGN_OR_RETURN(const auto snapshot, db_->OpenSnapshot("pair", 0));
    ASSIGN_OR_RETURN(const std::vector<ReadRow> rows, ReadAll(*snapshot));
    std::map<std::string, const ReadRow*> by_key;
    for (const ReadRow& row : rows) {
      if (!by_key.emplace(row.key, &row).second) return absl::InternalError("key twice: " + row.key);
      if (row.x < least_x || row.y < least_y || row.x != rows[0].x || row.y != rows[0].y) {
        return absl::InternalError("an update was undone: " + row.key + " shows " + std::to_string(row.x) + "," +
                                   std::to_string(row.y) + ", acknowledged " + std::to_string(least_x) + "," +
                                   std::to_string(least_y));
      }
    }
    if (!rows.empty() && rows.size() != kKeys) return absl::InternalError("keys are missing");
    return absl::OkStatus();
  }
  absl::Status CheckDoomed() {
    const int gone = deleted_;
    ASSIGN_OR_RETURN(const auto snapshot, db_->OpenSnapshot("doomed", 0));
    ASSIGN_OR_RETURN(const std::vector<ReadRow> rows, ReadAll(*snapshot));
    std::map<int64_t, int> batches;
    for (const ReadRow& row : rows) ++batches[row.x];
    for (const auto& [x, count] : batches) {
      if (count != kRowsPerBatch || (x % 3 == 0 && x <= gone)) {
        return absl::InternalError("batch " + std::to_string(x) + " shows " + std::to_string(count) + " rows");
      }
    }
    return absl::OkStatus();
  }
  // What a commit showed once it shows for ever.
  absl::Status CheckPast() {
    const std::string table = past_.size() % 2 == 0 ? "pair" : "doomed";
    ASSIGN_OR_RETURN(const auto now, db_->OpenSnapshot(table, 0));
    ASSIGN_OR_RETURN(const std::string seen, Fingerprint(*now));
    past_[{table, now->commit}] = seen;
    const auto some = std::next(past_.begin(), static_cast<ptrdiff_t>(past_.size() / 2));
    SnapshotRequest request;
    request.as_of = some->first.second;
    ASSIGN_OR_RETURN(const auto then, db_->OpenSnapshot(some->first.first, request));
    ASSIGN_OR_RETURN(const std::string shown, Fingerprint(*then));
    if (shown == some->second) return absl::OkStatus();
    return absl::InternalError("commit " + std::to_string(some->first.second) + " of " + some->first.first +
                               " reads otherwise than it did");
  }
  static absl::StatusOr<std::string> Fingerprint(const Snapshot& snapshot) {
    ASSIGN_OR_RETURN(const std::vector<ReadRow> rows, ReadAll(snapshot));
    std::map<std::string, int> counts;
    for (const ReadRow& row : rows) ++counts[row.key + "=" + std::to_string(row.x) + "," + std::to_string(row.y)];
    std::string text;
    for (const auto& [row, count] : counts) text += row + "*" + std::to_string(count) + ";";
    return text;
  }

  MemoryBudget budget_{1ull << 30};
  DatabaseOptions options_;
  std::unique_ptr<Database> db_;
  std::shared_ptr<const TableDefinition> pair_, doomed_;
  std::atomic<bool> done_{false};
  std::atomic<int64_t> acked_x_{0}, acked_y_{0};
  std::atomic<int> written_{0}, deleted_{0};
  std::map<std::pair<std::string, Commit>, std::string> past_;  // the checking thread only

  Mutex mutex_;
  std::string errors_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

TEST_CASE("Database keeps merges, deletes and the past while rows move", "[storage][versions][stress]") {
  TempDir dir;
  Stress stress(dir.File("data"));
  stress.Open();
  stress.Run();
  REQUIRE(stress.errors() == "");
  REQUIRE(stress.CheckAtRest() == "");
  stress.Close();
  stress.Open();
  REQUIRE(stress.CheckAtRest() == "");
}

}  // namespace cortex

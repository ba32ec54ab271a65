// Everything at once: writers, movers, table changes, readers and lookups on one database. Readers check what a snapshot
// promises; whoever finds a promise broken writes it down and the test fails with it.

#include <atomic>
#include <catch2/catch.hpp>
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
using testing::TempDir;
using testing::TestTable;

constexpr int kWriters = 2;
constexpr int kGroupsPerWriter = 4;
constexpr int kGroups = kWriters * kGroupsPerWriter;
constexpr int kKeysPerGroup = 40;  // of one group, over all shards; always written by one batch
constexpr int kEventsPerBatch = 60;
constexpr int kBatchesPerWriter = 64;

struct ReadRow {
  std::string key;
  int64_t x = 0;
};

absl::Status ReadGroup(const Snapshot& snapshot, const RowGroupView& group, std::vector<ReadRow>* rows) {
  const uint32_t count = group.row_count();
  if (count == 0) return absl::OkStatus();
  std::vector<uint64_t> selection(WordsForBits(count));
  FillOnes(selection.data(), count);
  if (!group.AllVisible(snapshot.commit)) {
    RETURN_IF_ERROR(group.SelectVisible(snapshot.commit, 0, count, selection.data()));
  }
  Column keys(DataType::String()), x(DataType::Scalar(TypeKind::kInt64));
  ASSIGN_OR_RETURN(const ColumnChunk* key_chunk, group.column(snapshot.table->columns[0].id));
  RETURN_IF_ERROR(key_chunk->Decode(0, count, &keys));
  ASSIGN_OR_RETURN(const ColumnChunk* x_chunk, group.column(snapshot.table->columns[2].id));
  RETURN_IF_ERROR(x_chunk->Decode(0, count, &x));
  for (uint32_t row = 0; row < count; ++row) {
    if (GetBit(selection.data(), row)) rows->push_back({std::string(keys.StringAt(row)), x.values_as<int64_t>()[row]});
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ReadRow>> ReadAll(Database* db, const std::string& table) {
  ASSIGN_OR_RETURN(const auto snapshot, db->OpenSnapshot(table, 0));
  std::this_thread::yield();  // let rows move under it
  std::vector<ReadRow> rows;
  for (const auto& segment : snapshot->segments) {
    for (size_t g = 0; g < segment->row_group_count(); ++g) {
      RETURN_IF_ERROR(ReadGroup(*snapshot, segment->row_group(g), &rows));
    }
  }
  return rows;
}

// Two tables: "state" (ENTITIES), whose keys come in groups that are always written together with one x, one higher
// each time; and "event", whose batches are rows with the same x.
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
  ~Stress() {
    db_.reset();
    CHECK(budget_.used() == 0);
  }

  void Open() { db_ = REQUIRE_OK_AND_TAKE(Database::Open(options_)); }
  void Close() { db_.reset(); }
  void CreateTables() {
    state_ = REQUIRE_OK_AND_TAKE(db_->CreateTable(Definition("state", TableKind::kEntities)));
    event_ = REQUIRE_OK_AND_TAKE(db_->CreateTable(Definition("event", TableKind::kEvents)));
  }

  void Run() {
    std::vector<std::thread> writers, others;
    for (int w = 0; w < kWriters; ++w) writers.emplace_back([this, w] { Write(w); });
    for (const char* table : {"state", "event"}) others.emplace_back([this, table] { Move(table); });
    others.emplace_back([this] { Loop([this] { return CheckState(); }); });
    others.emplace_back([this] { Loop([this] { return CheckEvents(); }); });
    others.emplace_back([this] { Loop([this] { return CheckLookups(); }); });
    others.emplace_back([this] { Loop([this] { return CreateAndDrop(); }); });
    for (auto& thread : writers) thread.join();
    done_ = true;
    for (auto& thread : others) thread.join();
  }

  // Once more, alone; "" or what is wrong.
  std::string CheckAtRest() {
    Report(CheckState());
    Report(CheckEvents());
    Report(CheckLookups());
    return errors();
  }
  std::string errors() {
    MutexLock lock(&mutex_);
    return errors_;
  }

 private:
  static TableDefinition Definition(const std::string& name, TableKind kind) {
    TableDefinition definition = *TestTable(name, {{"x", DataType::Scalar(TypeKind::kInt64)}}, kind);
    definition.policy.cold_partition = ColdPartition::kMonth;
    definition.policy.hot_max_rows = 6000;
    return definition;
  }
  static std::string KeyOf(int group, int key) { return "g" + std::to_string(group) + "-" + std::to_string(key); }

  void Report(const absl::Status& status) {
    if (status.ok()) return;
    MutexLock lock(&mutex_);
    if (errors_.size() < 2000) errors_ += status.ToString() + "\n";
  }
  template <typename Step>
  void Loop(Step step) {
    while (!done_ && errors().empty()) Report(step());
  }

  void Write(int writer) {
    for (int batch = 0; batch < kBatchesPerWriter && errors().empty(); ++batch) {
      const int group = writer * kGroupsPerWriter + batch % kGroupsPerWriter;
      const int64_t x = ++begun_[group];
      const Tier tier = batch % 23 == 7 ? Tier::kWarm : batch % 31 == 11 ? Tier::kCold : Tier::kHot;
      BatchBuilder state(state_);
      for (int key = 0; key < kKeysPerGroup; ++key) state.Row({KeyOf(group, key), batch, x});
      const absl::Status stated = db_->Ingest({.batch = state.Build(), .tier = tier}).status();
      Report(stated);
      if (stated.ok()) acked_[group] = x;

      const int64_t number = int64_t{batch} * kWriters + writer;
      BatchBuilder event(event_);
      for (int i = 0; i < kEventsPerBatch; ++i) {
        event.Row({"e" + std::to_string(number) + "-" + std::to_string(i), batch, number});
      }
      ++begun_events_;
      const absl::Status happened = db_->Ingest({.batch = event.Build(), .tier = tier}).status();
      Report(happened);
      if (happened.ok()) ++acked_events_;
    }
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

  // Each key once; all keys of a group as one batch left them; nothing older than what was acknowledged before.
  absl::Status CheckState() {
    std::vector<int64_t> at_least(kGroups);
    for (int g = 0; g < kGroups; ++g) at_least[g] = acked_[g];
    ASSIGN_OR_RETURN(const std::vector<ReadRow> rows, ReadAll(db_.get(), "state"));
    std::map<std::string, int64_t> state;
    for (const ReadRow& row : rows) {
      if (!state.emplace(row.key, row.x).second) return absl::InternalError("key twice: " + row.key);
    }
    for (int g = 0; g < kGroups; ++g) {
      const auto first = state.find(KeyOf(g, 0));
      const int64_t x = first == state.end() ? 0 : first->second;
      if (x < at_least[g] || x > begun_[g]) {
        return absl::InternalError("group " + std::to_string(g) + " shows " + std::to_string(x) + ", acknowledged " +
                                   std::to_string(at_least[g]) + ", begun " + std::to_string(begun_[g]));
      }
      for (int key = 0; key < kKeysPerGroup; ++key) {
        const auto found = state.find(KeyOf(g, key));
        if ((found == state.end() ? 0 : found->second) != x) {
          return absl::InternalError("a batch in part: " + KeyOf(g, key) + " is not " + std::to_string(x));
        }
      }
    }
    return absl::OkStatus();
  }

  // Whole batches, each row once, and none that was there is gone.
  absl::Status CheckEvents() {
    const int64_t at_least = acked_events_;
    ASSIGN_OR_RETURN(const std::vector<ReadRow> rows, ReadAll(db_.get(), "event"));
    std::map<int64_t, int> batches;
    for (const ReadRow& row : rows) ++batches[row.x];
    for (const auto& [x, count] : batches) {
      if (count != kEventsPerBatch) {
        return absl::InternalError("batch " + std::to_string(x) + " shows " + std::to_string(count) + " rows");
      }
    }
    const auto seen = static_cast<int64_t>(batches.size());
    if (seen < at_least || seen < seen_events_ || seen > begun_events_) {
      return absl::InternalError("events: " + std::to_string(seen) + " batches, acknowledged " +
                                 std::to_string(at_least) + ", seen before " + std::to_string(seen_events_));
    }
    seen_events_ = seen;
    return absl::OkStatus();
  }

  absl::Status CheckLookups() {
    const int group = static_cast<int>(lookups_++ % kGroups);
    const int64_t at_least = acked_[group];
    std::vector<std::string> keys;
    for (int key = 0; key < kKeysPerGroup; ++key) keys.push_back(KeyOf(group, key));
    const uint32_t column = 2;
    ASSIGN_OR_RETURN(const LookupResult result, db_->Lookup("state", keys, {&column, 1}));
    const auto values = result.columns[0].values_as<int64_t>();
    if (!values.empty() && values.size() != keys.size()) return absl::InternalError("lookup: some keys are missing");
    for (const int64_t x : values) {
      if (x != values[0] || x < at_least) return absl::InternalError("lookup: " + std::to_string(x) + " is not current");
    }
    if (values.empty() && at_least != 0) return absl::InternalError("lookup: found nothing");
    return absl::OkStatus();
  }

  // A third table comes and goes, with rows in all tiers and a snapshot that outlives it.
  absl::Status CreateAndDrop() {
    ASSIGN_OR_RETURN(const auto table, db_->CreateTable(Definition("passing", TableKind::kEntities)));
    for (const Tier tier : {Tier::kHot, Tier::kCold, Tier::kHot}) {
      BatchBuilder builder(table);
      for (int i = 0; i < 20; ++i) builder.Row({"p" + std::to_string(i), i, static_cast<int>(tier)});
      RETURN_IF_ERROR(db_->Ingest({.batch = builder.Build(), .tier = tier}).status());
    }
    ASSIGN_OR_RETURN(const auto snapshot, db_->OpenSnapshot("passing", 0));
    RETURN_IF_ERROR(db_->DropTable("passing"));
    std::vector<ReadRow> rows;
    for (const auto& segment : snapshot->segments) {
      for (size_t g = 0; g < segment->row_group_count(); ++g) {
        RETURN_IF_ERROR(ReadGroup(*snapshot, segment->row_group(g), &rows));
      }
    }
    if (rows.size() == 20) return absl::OkStatus();
    return absl::InternalError("a snapshot of a dropped table shows " + std::to_string(rows.size()) + " rows");
  }

  MemoryBudget budget_{1ull << 30};
  DatabaseOptions options_;
  std::unique_ptr<Database> db_;
  std::shared_ptr<const TableDefinition> state_, event_;

  std::atomic<bool> done_{false};
  std::atomic<int64_t> begun_[kGroups] = {}, acked_[kGroups] = {};
  std::atomic<int64_t> begun_events_{0}, acked_events_{0};
  int64_t seen_events_ = 0;  // the checking thread only
  uint64_t lookups_ = 0;     // likewise

  Mutex mutex_;
  std::string errors_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

TEST_CASE("Database keeps its promises while everybody works on it", "[storage][stress]") {
  TempDir dir;
  Stress stress(dir.File("data"));
  stress.Open();
  stress.CreateTables();
  stress.Run();
  REQUIRE(stress.errors() == "");
  REQUIRE(stress.CheckAtRest() == "");
  stress.Close();
  stress.Open();
  REQUIRE(stress.CheckAtRest() == "");
}

}  // namespace cortex

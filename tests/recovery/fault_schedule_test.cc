// Every promise about durability and moves, under a disk that fails and forgets: a scripted life of a database is cut at
// operation n, unsynced bytes and names are dropped, and what comes back is compared with what was acknowledged.

#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>

#include "storage/column/bitmap.h"
#include "storage/database.h"
#include "storage/io/file_system.h"
#include "tests/support/batch_builder.h"
#include "tests/support/fake_clock.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

using testing::BatchBuilder;
using testing::FakeClock;
using testing::FaultyFileSystem;
using testing::TempDir;
using testing::TestTable;

// What was acknowledged, and what may be there besides: the batch that was under way when the disk failed.
struct Ledger {
  std::map<std::string, int64_t> acked;      // key -> x
  std::map<std::string, int64_t> uncertain;  // of the one unacknowledged batch
};

class Life {
 public:
  Life(FaultyFileSystem* fs, const std::string& dir, Ledger* ledger) : fs_(fs), dir_(dir), ledger_(ledger) {}

  absl::Status Open() {
    DatabaseOptions options;
    options.data_dir = dir_;
    options.file_system = fs_;
    options.clock = &clock_;
    options.seal_rows = 1024;
    options.wal_file_bytes = 64 << 10;
    options.tiering_interval_ns = 0;
    options.tiering_bytes_per_second = 0;
    options.create_builtin_tables = false;
    auto db = Database::Open(options);
    if (!db.ok()) return db.status();
    db_ = *std::move(db);
    return absl::OkStatus();
  }
  void Close() { db_.reset(); }

  absl::Status Create() {
    TableDefinition definition =
        *TestTable("t", {{"x", DataType::Scalar(TypeKind::kInt64)}}, TableKind::kEntities);
    return db_->CreateTable(definition).status();
  }
  absl::Status Put(int first, int count, int64_t x, Tier tier = Tier::kHot) {
    auto table = db_->FindTable("t");
    if (!table.ok()) return table.status();
    BatchBuilder builder(*table);
    std::map<std::string, int64_t> rows;
    for (int i = first; i < first + count; ++i) {
      builder.Row({"k" + std::to_string(i), i, x});
      rows["k" + std::to_string(i)] = x;
    }
    ledger_->uncertain = rows;
    const absl::Status status = db_->Ingest({.batch = builder.Build(), .tier = tier}).status();
    if (!status.ok()) return status;
    for (const auto& [key, value] : rows) ledger_->acked[key] = value;
    ledger_->uncertain.clear();
    return absl::OkStatus();
  }
  absl::Status Move(Tier from, Tier to) {
    return db_->MoveTier({.table = "t", .from = from, .to = to}).status();
  }

  // The scripted life; ends at the first error.
  absl::Status Run() {
    absl::Status status = Open();
    if (status.ok()) status = Create();
    if (status.ok()) status = Put(0, 1500, 1);
    if (status.ok()) status = Move(Tier::kHot, Tier::kWarm);
    if (status.ok()) status = Put(500, 800, 2);
    if (status.ok()) status = Move(Tier::kWarm, Tier::kCold);
    if (status.ok()) status = Put(100, 700, 3);
    if (status.ok()) status = Put(2000, 300, 4, Tier::kWarm);
    if (status.ok()) status = Move(Tier::kHot, Tier::kCold);
    if (status.ok()) status = Put(0, 50, 5);
    return status;
  }

  // Every visible row, each key once.
  absl::StatusOr<std::map<std::string, int64_t>> Rows() {
    std::map<std::string, int64_t> rows;
    auto snapshot = db_->OpenSnapshot("t", 0);
    if (absl::IsNotFound(snapshot.status())) return rows;  // the crash came before the table
    if (!snapshot.ok()) return snapshot.status();
    for (const auto& segment : (*snapshot)->segments) {
      for (size_t g = 0; g < segment->row_group_count(); ++g) {
        const absl::Status status = Collect(**snapshot, segment->row_group(g), &rows);
        if (!status.ok()) return status;
      }
    }
    return rows;
  }

 private:
  static absl::Status Collect(const Snapshot& snapshot, const RowGroupView& group,
                              std::map<std::string, int64_t>* rows) {
    const uint32_t count = group.row_count();
    std::vector<uint64_t> selection(WordsForBits(count) + 1);
    FillOnes(selection.data(), count);
    absl::Status status = group.SelectVisible(snapshot.commit, 0, count, selection.data());
    Column keys(DataType::String()), x(DataType::Scalar(TypeKind::kInt64));
    for (const auto& [ordinal, column] : {std::pair<int, Column*>{0, &keys}, {2, &x}}) {
      auto chunk = group.column(snapshot.table->columns[ordinal].id);
      status.Update(chunk.status());
      if (status.ok()) status = (*chunk)->Decode(0, count, column);
    }
    if (!status.ok()) return status;
    for (uint32_t row = 0; row < count; ++row) {
      if (!GetBit(selection.data(), row)) continue;
      const bool is_new = rows->emplace(std::string(keys.StringAt(row)), x.values_as<int64_t>()[row]).second;
      if (!is_new) return absl::InternalError("key twice: " + std::string(keys.StringAt(row)));
    }
    return absl::OkStatus();
  }

  FaultyFileSystem* const fs_;
  const std::string dir_;
  Ledger* const ledger_;
  FakeClock clock_;
  std::unique_ptr<Database> db_;
};

// "" or what is wrong.
std::string Compare(const Ledger& ledger, const std::map<std::string, int64_t>& rows) {
  std::map<std::string, int64_t> with_uncertain = ledger.acked;
  for (const auto& [key, x] : ledger.uncertain) with_uncertain[key] = x;
  if (rows == ledger.acked || rows == with_uncertain) return "";
  for (const auto& [key, x] : ledger.acked) {
    const auto found = rows.find(key);
    if (found == rows.end()) return "lost " + key;
    if (found->second != x && with_uncertain[key] != found->second) {
      return "wrong " + key + ": " + std::to_string(found->second) + ", acknowledged " + std::to_string(x);
    }
  }
  return "an unacknowledged batch came back in part";
}

}  // namespace

TEST_CASE("A database cut at any operation keeps every acknowledged row once", "[recovery]") {
  uint64_t operations = 0;
  {
    TempDir dir;
    FaultyFileSystem fs(PosixFileSystem());
    Ledger ledger;
    Life life(&fs, dir.File("data"), &ledger);
    REQUIRE_OK(life.Run());
    operations = fs.operation_count();
    const auto rows = REQUIRE_OK_AND_TAKE(life.Rows());
    REQUIRE(Compare(ledger, rows) == "");
    REQUIRE(rows.size() == 1800);
  }
  INFO(operations << " operations in an undisturbed life");
  // A prime step keeps the run short and still visits every kind of operation.
  for (uint64_t n = 3; n < operations; n += 7) {
    const bool sticky = n % 2 == 0;
    const uint64_t torn_bytes = n % 3 == 0 ? 100 : 0;
    CAPTURE(n, sticky, torn_bytes);
    TempDir dir;
    FaultyFileSystem fs(PosixFileSystem());
    Ledger ledger;
    {
      Life life(&fs, dir.File("data"), &ledger);
      fs.FailAt(n, absl::DataLossError("injected"), sticky, torn_bytes);
      const absl::Status ended = life.Run();
      INFO(ended.ToString());
      life.Close();
    }
    fs.StopFailing();
    fs.LosePower(n);
    Life after(&fs, dir.File("data"), &ledger);
    REQUIRE_OK(after.Open());
    const auto rows = REQUIRE_OK_AND_TAKE(after.Rows());
    REQUIRE(Compare(ledger, rows) == "");
  }
}

}  // namespace cortex

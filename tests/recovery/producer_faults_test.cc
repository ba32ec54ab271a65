// Exactly once under a disk that fails and forgets: a producer's life is cut at operation n, what was never synced is
// dropped, and the producer, which knows only what was acknowledged, sends everything again.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

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

constexpr int kRowsPerBatch = 200;
constexpr uint64_t kBatches = 14;

Tier TierOf(uint64_t sequence) {
  return sequence % 5 == 3 ? Tier::kWarm : sequence % 7 == 5 ? Tier::kCold : Tier::kHot;
}

class Life {
 public:
  Life(FaultyFileSystem* fs, std::string dir) : fs_(fs), dir_(std::move(dir)) {}

  absl::Status Open() {
    DatabaseOptions options;
    options.data_dir = dir_;
    options.file_system = fs_;
    options.clock = &clock_;
    options.seal_rows = 1024;
    options.wal_file_bytes = 16 << 10;
    options.wal_limit_bytes = 32 << 10;
    options.tiering_interval_ns = 0;
    options.tiering_bytes_per_second = 0;
    options.create_builtin_tables = false;
    auto db = Database::Open(options);
    if (db.ok()) db_ = *std::move(db);
    return db.status();
  }
  absl::Status Create() {
    TableDefinition definition = *TestTable("t", {{"x", DataType::Scalar(TypeKind::kInt64)}});
    definition.sharding = ShardingKind::kHash;
    const absl::Status status = db_->CreateTable(definition).status();
    return absl::IsAlreadyExists(status) ? absl::OkStatus() : status;
  }
  absl::StatusOr<CommitToken> Send(uint64_t sequence) {
    auto table = db_->FindTable("t");
    if (!table.ok()) return table.status();
    BatchBuilder builder(*table);
    for (int i = 0; i < kRowsPerBatch; ++i) {
      builder.Row({std::to_string(sequence) + "/" + std::to_string(i), i, static_cast<int64_t>(sequence)});
    }
    return db_->Ingest({.batch = builder.Build(),
                        .tier = TierOf(sequence),
                        .producer = ProducerStamp{.producer = "p", .sequence = sequence}});
  }
  // Sends from 1 to the end, moves in between; stops at the first error. `acked` gets the commits.
  absl::Status Run(std::map<uint64_t, Commit>* acked) {
    absl::Status status = Open();
    if (status.ok()) status = Create();
    for (uint64_t sequence = 1; status.ok() && sequence <= kBatches; ++sequence) {
      const auto token = Send(sequence);
      if (!token.ok()) return token.status();
      (*acked)[sequence] = token->commit;
      if (sequence % 6 == 0) {
        status = db_->MoveTier({.table = "t", .from = Tier::kHot, .to = Tier::kWarm}).status();
      }
    }
    return status;
  }
  std::map<std::string, int> Rows() {
    std::map<std::string, int> rows;
    const auto snapshot = REQUIRE_OK_AND_TAKE(db_->OpenSnapshot("t", 0));
    for (const auto& segment : snapshot->segments) {
      for (size_t g = 0; g < segment->row_group_count(); ++g) {
        const RowGroupView& group = segment->row_group(g);
        std::vector<uint64_t> selection(WordsForBits(group.row_count()) + 1);
        FillOnes(selection.data(), group.row_count());
        REQUIRE_OK(group.SelectVisible(snapshot->commit, 0, group.row_count(), selection.data()));
        Column keys(DataType::String());
        const auto chunk = REQUIRE_OK_AND_TAKE(group.column(snapshot->table->columns[0].id));
        REQUIRE_OK(chunk->Decode(0, group.row_count(), &keys));
        for (uint32_t row = 0; row < group.row_count(); ++row) {
          if (GetBit(selection.data(), row)) ++rows[std::string(keys.StringAt(row))];
        }
      }
    }
    return rows;
  }
  Database& db() { return *db_; }
  void Close() { db_.reset(); }

 private:
  FaultyFileSystem* const fs_;
  const std::string dir_;
  FakeClock clock_;
  std::unique_ptr<Database> db_;
};

}  // namespace

TEST_CASE("A producer cut at any operation and sending everything again is applied once", "[recovery][producers]") {
  uint64_t operations = 0;
  {
    TempDir dir;
    FaultyFileSystem fs(PosixFileSystem());
    Life life(&fs, dir.File("data"));
    std::map<uint64_t, Commit> acked;
    REQUIRE_OK(life.Run(&acked));
    operations = fs.operation_count();
    REQUIRE(life.Rows().size() == kBatches * kRowsPerBatch);
  }
  INFO(operations << " operations in an undisturbed life");
  // A prime step keeps the run short; CORTEX_FAULT_STEP=1 by hand visits every operation.
  const char* step = std::getenv("CORTEX_FAULT_STEP");
  for (uint64_t n = 5; n < operations; n += step == nullptr ? 23 : std::strtoull(step, nullptr, 10)) {
    const bool sticky = n % 2 == 0;
    const uint64_t torn_bytes = n % 3 == 0 ? 100 : 0;
    CAPTURE(n, sticky, torn_bytes);
    TempDir dir;
    FaultyFileSystem fs(PosixFileSystem());
    std::map<uint64_t, Commit> acked;
    {
      Life life(&fs, dir.File("data"));
      fs.FailAt(n, absl::DataLossError("injected"), sticky, torn_bytes);
      const absl::Status ended = life.Run(&acked);
      INFO(ended.ToString());
      life.Close();
    }
    fs.StopFailing();
    fs.LosePower(n);
    Life after(&fs, dir.File("data"));
    REQUIRE_OK(after.Open());
    REQUIRE_OK(after.Create());
    // What was acknowledged is known; of the one under way either answer is right.
    const ProducerState state = REQUIRE_OK_AND_TAKE(after.db().GetProducerState("p"));
    REQUIRE(state.last_sequence >= acked.size());
    REQUIRE(state.last_sequence <= acked.size() + 1);
    for (uint64_t sequence = 1; sequence <= kBatches; ++sequence) {
      CAPTURE(sequence);
      const CommitToken token = REQUIRE_OK_AND_TAKE(after.Send(sequence));
      REQUIRE(token.duplicate == (sequence <= state.last_sequence));
      if (acked.count(sequence) != 0) REQUIRE(token.commit == acked[sequence]);
    }
    const std::map<std::string, int> rows = after.Rows();
    REQUIRE(rows.size() == kBatches * kRowsPerBatch);
    for (const auto& [key, count] : rows) {
      CAPTURE(key);
      REQUIRE(count == 1);
    }
  }
}

}  // namespace cortex

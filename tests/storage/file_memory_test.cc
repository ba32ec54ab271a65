// What segment files cost in memory: charged, given back, and kept few.
#include <malloc.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "storage/database.h"
#include "storage/io/kill_point.h"
#include "storage/runtime/memory_budget.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

using testing::TempDir;
using testing::TestTable;

constexpr int kVectorSize = 64;

// A table "t" whose rows go straight into files; nobody moves them but on request.
class Fixture {
 public:
  explicit Fixture(uint64_t budget_bytes, int64_t tiering_interval_ns = 0) : budget(budget_bytes) {
    DatabaseOptions options;
    options.data_dir = dir.File("data");
    options.budget = &budget;
    options.memory_wait_ns = 0;
    options.tiering_interval_ns = tiering_interval_ns;
    options.tiering_bytes_per_second = 0;
    options.create_builtin_tables = false;
    db = REQUIRE_OK_AND_TAKE(Database::Open(options));
    table = REQUIRE_OK_AND_TAKE(db->CreateTable(*TestTable(
        "t", {{"n", DataType::Scalar(TypeKind::kInt64)},
              {"s", DataType::String()},
              {"v", DataType::Vector(TypeKind::kFloat32, kVectorSize)}})));
  }
  absl::Status Put(uint32_t rows, Tier tier = Tier::kWarm) {
    Batch batch = Batch::For(table);
    batch.row_count = rows;
    for (uint32_t row = 0; row < rows; ++row, ++next_row_) {
      batch.columns[0].AppendString("key-" + std::to_string(next_row_));
      batch.columns[1].AppendScalar<int64_t>(next_row_);
      batch.columns[2].AppendScalar<int64_t>(next_row_);
      batch.columns[3].AppendString("some words about " + std::to_string(next_row_ % 7));
      auto* values = reinterpret_cast<float*>(batch.columns[4].ExtendFixed(1));
      for (int k = 0; k < kVectorSize; ++k) values[k] = static_cast<float>((next_row_ * 31 + k * 13) % 9973) / 7.0f;
    }
    return db->Ingest({.batch = std::move(batch), .tier = tier}).status();
  }
  uint64_t Files() {
    uint64_t files = 0;
    for (const TierStats& tier : REQUIRE_OK_AND_TAKE(db->GetTableStats("t")).tiers) files += tier.segment_count;
    return files;
  }
  uint64_t Rows() {
    uint64_t rows = 0;
    for (const TierStats& tier : REQUIRE_OK_AND_TAKE(db->GetTableStats("t")).tiers) rows += tier.row_count;
    return rows;
  }
  // Until nothing more can be reserved.
  void FillMemory() {
    budget.ForceReserve(MemoryUse::kQuery, budget.refusable_limit());
  }
  // Decodes everything; afterwards readers keep what they opened.
  void ReadAll() {
    const auto snapshot = REQUIRE_OK_AND_TAKE(db->OpenSnapshot("t", 0));
    for (const auto& segment : snapshot->segments) {
      for (size_t g = 0; g < segment->row_group_count(); ++g) {
        const uint32_t count = segment->row_group(g).row_count();
        for (const ColumnDefinition& column : table->columns) {
          Column values(column.type);
          if (count == 0) continue;
          REQUIRE_OK(REQUIRE_OK_AND_TAKE(segment->row_group(g).column(column.id))->Decode(0, count, &values));
        }
      }
    }
  }

  TempDir dir;
  MemoryBudget budget;
  std::unique_ptr<Database> db;
  std::shared_ptr<const TableDefinition> table;

 private:
  int64_t next_row_ = 0;
};

// 0 where the allocator does not say (sanitizers bring their own).
uint64_t HeapBytes() {
  malloc_trim(0);
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

}  // namespace

TEST_CASE("Segment files are charged for what they hold in memory, read or not", "[storage][memory]") {
  Fixture f(1ull << 30);
  for (int i = 0; i < 5; ++i) REQUIRE_OK(f.Put(50));  // whatever is allocated once
  f.ReadAll();
  f.budget.ShrinkCaches(1ull << 30);
  const uint64_t heap_before = HeapBytes(), used_before = f.budget.used();
  const uint64_t known_before = f.budget.used(MemoryUse::kFiles), files_before = f.Files();
  f.budget.ShrinkCaches(1ull << 30);  // counting reads footers
  for (int i = 0; i < 40; ++i) REQUIRE_OK(f.Put(50));
  const uint64_t files = f.Files() - files_before;
  REQUIRE(files > 400);
  const auto heap = [&] {
    const uint64_t now = HeapBytes();
    return now > heap_before ? now - heap_before : 0;
  };

  f.ReadAll();
  CAPTURE(files, heap(), f.budget.used() - used_before);
  CHECK(f.budget.used(MemoryUse::kCaches) > files * 4'096);
  CHECK(static_cast<double>(f.budget.used() - used_before) >= 0.85 * static_cast<double>(heap()));

  // Nobody reads any more: readers go, what remains is small and has a name of its own.
  f.budget.ShrinkCaches(1ull << 30);
  CHECK(f.budget.used(MemoryUse::kCaches) == 0);
  const uint64_t known = f.budget.used(MemoryUse::kFiles) - known_before;
  CHECK(known < files * 2'048);
  CHECK(static_cast<double>(known) >= 0.85 * static_cast<double>(heap()));

  // And goes with the files.
  REQUIRE_OK(f.db->CompactTable("t", Tier::kWarm).status());
  CHECK(f.Files() <= 16);
  CHECK(f.budget.used(MemoryUse::kFiles) <= 17 * 2'048);
}

// Many small batches that share files; measured while the files are written.
TEST_CASE("What a direct write holds beside its batches is reserved", "[storage][memory]") {
  const TableKind kind = GENERATE(TableKind::kEvents, TableKind::kEntities);
  Fixture f(1ull << 30);
  const auto narrow = REQUIRE_OK_AND_TAKE(
      f.db->CreateTable(*TestTable("narrow", {{"n", DataType::Scalar(TypeKind::kInt8)}}, kind)));
  int64_t next = 0;
  // Times are spread over many partitions, so that archives are many.
  const auto batch_of = [&](uint32_t rows, int partitions) {
    Batch batch = Batch::For(narrow);
    batch.row_count = rows;
    for (uint32_t row = 0; row < rows; ++row, ++next) {
      batch.columns[0].AppendString("k" + std::to_string(next % 50'000));
      batch.columns[1].AppendScalar<int64_t>((next % partitions) * 31 * 86'400'000'000'000);
      batch.columns[2].AppendScalar<int8_t>(1);
    }
    return batch;
  };
  REQUIRE_OK(f.db->Ingest({.batch = batch_of(1'000, 10), .tier = Tier::kCold}).status());  // whatever is allocated once
  // What is sent while the log's writer stands still becomes one group.
  std::promise<void> stands, goes_on;
  std::atomic<bool> held = false, measures = false;
  std::atomic<int64_t> heap_before = 0, used_before = 0, most_beside = 0;
  std::atomic<uint64_t> files = 0, charged_for_files = 0;
  SetKillPointHook([&](std::string_view name) {
    if (name == "wal-synced" && !held.exchange(true)) {
      stands.set_value();
      goes_on.get_future().wait();
    }
    if (name != "segment-row-group" && name != "segment-written" && name != "ingest-file-written") return;
    if (!measures) return;
    if (name == "segment-row-group") ++files;
    if (name == "ingest-file-written") charged_for_files = f.budget.used(MemoryUse::kMoves);
    const auto info = mallinfo2();
    const auto heap = static_cast<int64_t>(info.uordblks + info.hblkhd) - heap_before;
    const int64_t beside = heap - (static_cast<int64_t>(f.budget.used()) - used_before);
    int64_t most = most_beside;
    while (most < beside && !most_beside.compare_exchange_weak(most, beside)) {
    }
  });
  std::vector<std::future<absl::Status>> answers;
  const auto send = [&](Batch batch, Tier tier) {
    const auto promise = std::make_shared<std::promise<absl::Status>>();
    answers.push_back(promise->get_future());
    f.db->IngestAsync({.batch = std::move(batch), .tier = tier},
                      [promise](const absl::StatusOr<CommitToken>& token) { promise->set_value(token.status()); });
  };
  send(batch_of(1, 1), Tier::kHot);
  stands.get_future().wait();
  {
    const auto info = mallinfo2();
    used_before = static_cast<int64_t>(f.budget.used());
    heap_before = static_cast<int64_t>(info.uordblks + info.hblkhd);
    measures = true;
  }
  for (int i = 0; i < 400; ++i) send(batch_of(50, 40), Tier::kCold);
  goes_on.set_value();
  for (auto& answer : answers) REQUIRE_OK(answer.get());
  SetKillPointHook(nullptr);
  CAPTURE(static_cast<int>(kind), most_beside.load(), files.load(), charged_for_files.load());
  CHECK(files > 400);
  CHECK(charged_for_files > files * 1'000);  // footers, filters and fences, thrice
  CHECK(most_beside < (512 << 10));
}

TEST_CASE("Small files are merged although memory is full", "[storage][memory]") {
  Fixture f(128ull << 20);
  for (int i = 0; i < 5; ++i) REQUIRE_OK(f.Put(100));
  REQUIRE(f.Files() > 64);
  f.FillMemory();
  REQUIRE_OK(f.db->CompactTable("t", Tier::kWarm).status());
  CHECK(f.Files() <= 16);
  CHECK(f.Rows() == 500);
  f.budget.Release(MemoryUse::kQuery, f.budget.refusable_limit());
}

TEST_CASE("Where memory does not suffice for a whole merge its small files are merged", "[storage][memory]") {
  Fixture f(128ull << 20);
  REQUIRE_OK(f.Put(48'000));  // about a MiB in each shard
  for (int i = 0; i < 5; ++i) REQUIRE_OK(f.Put(100));
  REQUIRE(f.Files() > 64);
  f.FillMemory();
  REQUIRE_STATUS(f.db->CompactTable("t", Tier::kWarm).status(), absl::StatusCode::kResourceExhausted, "memory");
  CHECK(f.Files() <= 32);  // in each shard the large one, and one of all others
  CHECK(f.Rows() == 48'500);
  f.budget.Release(MemoryUse::kQuery, f.budget.refusable_limit());
}

TEST_CASE("Batches written to files are held back while too many wait to be merged", "[storage][memory]") {
  constexpr int64_t kHour = 3'600'000'000'000;  // the planner sleeps: nothing is merged but on request
  Fixture f(64ull << 20, kHour);
  absl::Status status;
  int accepted = 0;
  for (; status.ok() && accepted < 100; ++accepted) status = f.Put(50);
  REQUIRE_STATUS(status, absl::StatusCode::kResourceExhausted, "files arrive faster than they can be merged");
  CHECK(f.Files() > 512);
  CHECK(f.Files() < 1'024);
  REQUIRE_OK(f.Put(50, Tier::kHot));  // becomes no file now
  CHECK(f.db->GetStats().ingest_refused_by_memory == 1);
  // It ends: once they are merged the same batch is welcome.
  REQUIRE_OK(f.db->ApplyTierPolicies());
  CHECK(f.Files() < 100);
  REQUIRE_OK(f.Put(50));
}

}  // namespace cortex

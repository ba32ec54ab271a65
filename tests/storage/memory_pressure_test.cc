// More rows than memory: writers are slowed down or refused, never the process; what was acknowledged is there.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "storage/column/bitmap.h"
#include "storage/database.h"
#include "storage/runtime/memory_budget.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"
#include "tests/support/wait_until.h"

namespace cortex {
namespace {

using testing::TempDir;
using testing::TestTable;
using testing::WaitUntil;

constexpr uint64_t kBudgetBytes = 96ull << 20;  // 48 MiB of it belong to the meta store
constexpr uint64_t kHeadroomBytes = 16ull << 20;
constexpr int kWriters = 2;
constexpr int kBatchesPerWriter = 60;
constexpr int kRowsPerBatch = 500;
constexpr int kVectorSize = 256;  // 1 KiB a row: 60 MB altogether

DatabaseOptions OptionsOf(const TempDir& dir, MemoryBudget* budget) {
  DatabaseOptions options;
  options.data_dir = dir.File("data");
  options.budget = budget;
  options.tiering_interval_ns = 50'000'000;
  options.tiering_bytes_per_second = 0;
  options.create_builtin_tables = false;
  return options;
}

TableDefinition VectorTable() { return *TestTable("t", {{"v", DataType::Vector(TypeKind::kFloat32, kVectorSize)}}); }

Batch MakeBatch(const std::shared_ptr<const TableDefinition>& table, int writer, int number) {
  Batch batch = Batch::For(table);
  batch.row_count = kRowsPerBatch;
  for (int i = 0; i < kRowsPerBatch; ++i) {
    batch.columns[0].AppendString(std::to_string(writer) + "/" + std::to_string(number) + "/" + std::to_string(i));
    batch.columns[1].AppendScalar<int64_t>(number);
    auto* values = reinterpret_cast<float*>(batch.columns[2].ExtendFixed(1));
    for (int k = 0; k < kVectorSize; ++k) values[k] = static_cast<float>((number * 31 + i * 7 + k * 13) % 9973) / 7.0f;
  }
  return batch;
}

// Rows acknowledged; a batch that was refused is sent again, until it fits.
uint64_t Write(Database* db, const std::shared_ptr<const TableDefinition>& table, int writer,
               std::atomic<uint64_t>* unexpected) {
  uint64_t rows = 0;
  for (int number = 0; number < kBatchesPerWriter; ++number) {
    absl::Status status;
    WaitUntil([&] {
      status = db->Ingest({.batch = MakeBatch(table, writer, number)}).status();
      return !absl::IsResourceExhausted(status);
    });
    if (status.ok()) rows += kRowsPerBatch;
    if (!status.ok() && !absl::IsResourceExhausted(status)) ++*unexpected;
  }
  return rows;
}

// Reads every vector of every visible row, as a scan does: opens chunks, fills caches.
absl::StatusOr<uint64_t> ScanVisible(Database* db) {
  auto snapshot = db->OpenSnapshot("t", 0);
  if (!snapshot.ok()) return snapshot.status();
  uint64_t rows = 0;
  for (const auto& segment : (*snapshot)->segments) {
    for (size_t g = 0; g < segment->row_group_count(); ++g) {
      const RowGroupView& group = segment->row_group(g);
      const uint32_t count = group.row_count();
      std::vector<uint64_t> selection(WordsForBits(count) + 1);
      FillOnes(selection.data(), count);
      if (absl::Status s = group.SelectVisible((*snapshot)->window, 0, count, selection.data()); !s.ok()) return s;
      rows += CountOnes(selection.data(), count);
      const auto chunk = group.column((*snapshot)->table->columns[2].id);
      if (!chunk.ok()) return chunk.status();
      if (*chunk == nullptr) continue;  // an open group without rows
      for (uint32_t first = 0; first < count; first += 1024) {
        Column values((*snapshot)->table->columns[2].type);
        if (absl::Status s = (*chunk)->Decode(first, std::min(1024u, count - first), &values); !s.ok()) return s;
      }
    }
  }
  return rows;
}

}  // namespace

TEST_CASE("Writers, scans and moves at the memory budget never charge more than it and lose nothing",
          "[storage][memory]") {
  const TempDir dir;
  MemoryBudget budget(kBudgetBytes, kHeadroomBytes);
  DatabaseOptions options = OptionsOf(dir, &budget);
  options.seal_rows = 1024;
  const auto db = REQUIRE_OK_AND_TAKE(Database::Open(options));
  const auto table = REQUIRE_OK_AND_TAKE(db->CreateTable(VectorTable()));

  std::atomic<uint64_t> acked{0}, unexpected{0}, scans{0}, most_cached{0};
  std::atomic<int> writing{kWriters};
  std::vector<std::thread> threads;
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      acked += Write(db.get(), table, writer, &unexpected);
      --writing;
    });
  }
  threads.emplace_back([&] {
    do {
      if (ScanVisible(db.get()).ok()) ++scans;
      most_cached = std::max(most_cached.load(), budget.used(MemoryUse::kCaches));
    } while (writing.load() > 0);
  });
  threads.emplace_back([&] {
    while (writing.load() > 0) {
      for (const Tier to : {Tier::kWarm, Tier::kCold}) {
        const absl::Status moved =
            db->MoveTier({.table = "t", .from = to == Tier::kWarm ? Tier::kHot : Tier::kWarm, .to = to, .max_rows = 4096})
                .status();
        if (!moved.ok() && !absl::IsResourceExhausted(moved)) ++unexpected;
      }
    }
  });
  for (std::thread& thread : threads) thread.join();

  const DatabaseStats stats = db->GetStats();
  CAPTURE(stats.ingest_delayed, stats.ingest_refused_by_memory, scans.load(), budget.peak());
  CHECK(unexpected.load() == 0);
  CHECK(scans.load() > 0);
  CHECK(acked.load() == uint64_t{kWriters} * kBatchesPerWriter * kRowsPerBatch);  // every batch found room in the end
  CHECK(REQUIRE_OK_AND_TAKE(ScanVisible(db.get())) == acked.load());
  CHECK(std::max(most_cached.load(), budget.used(MemoryUse::kCaches)) > 0);
  CHECK(budget.peak() <= kBudgetBytes);
}

TEST_CASE("A batch that does not fit below full memory is let in after hot rows have left", "[storage][memory]") {
  const TempDir dir;
  MemoryBudget budget(kBudgetBytes, kHeadroomBytes);
  const auto db = REQUIRE_OK_AND_TAKE(Database::Open(OptionsOf(dir, &budget)));
  const auto table = REQUIRE_OK_AND_TAKE(db->CreateTable(VectorTable()));
  // Small batches fill memory as far as nobody would free any of it for its own sake.
  const auto full = static_cast<uint64_t>(0.78 * kBudgetBytes);
  int number = 0;
  for (; budget.used() < full; ++number) REQUIRE_OK(db->Ingest({.batch = MakeBatch(table, 0, number)}));
  Batch large = Batch::For(table);
  for (int i = 0; i < 12; ++i) {
    const Batch part = MakeBatch(table, 1, i);
    for (size_t c = 0; c < part.columns.size(); ++c) large.columns[c].AppendRows(part.columns[c], 0, part.row_count);
    large.row_count += part.row_count;
  }
  REQUIRE(budget.used() + large.memory_bytes() > budget.refusable_limit());
  REQUIRE(budget.used() < static_cast<uint64_t>(0.85 * kBudgetBytes));
  absl::Status status;
  WaitUntil([&] {
    Batch batch = Batch::For(table);
    for (size_t c = 0; c < large.columns.size(); ++c) batch.columns[c].AppendRows(large.columns[c], 0, large.row_count);
    batch.row_count = large.row_count;
    status = db->Ingest({.batch = std::move(batch)}).status();
    return !absl::IsResourceExhausted(status);
  });
  REQUIRE_OK(status);
  CHECK(REQUIRE_OK_AND_TAKE(ScanVisible(db.get())) == static_cast<uint64_t>(number) * kRowsPerBatch + large.row_count);
}

}  // namespace cortex

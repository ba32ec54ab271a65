// Throughput of the storage path alone, without RPC: storage_test "[.bench]".

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <future>

#include "storage/database.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

using testing::RandomBatch;
using testing::TempDir;
using testing::TestTable;

double SecondsOf(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void IngestAll(Database* db, const std::vector<Batch>& batches, const std::shared_ptr<const TableDefinition>& table) {
  std::vector<std::future<absl::StatusOr<CommitToken>>> acks;
  for (const Batch& source : batches) {
    Batch batch = Batch::For(table);
    batch.row_count = source.row_count;
    for (size_t i = 0; i < source.columns.size(); ++i) {
      batch.columns[i].AppendRows(source.columns[i], 0, source.row_count);
    }
    auto promise = std::make_shared<std::promise<absl::StatusOr<CommitToken>>>();
    acks.push_back(promise->get_future());
    db->IngestAsync({.batch = std::move(batch)}, [promise](auto result) { promise->set_value(result); });
  }
  for (auto& ack : acks) REQUIRE_OK(ack.get());
}

void Measure(const char* name, std::vector<std::pair<std::string, DataType>> columns, uint32_t rows, uint32_t keys,
             int batch_count, TableKind kind) {
  TempDir dir;
  DatabaseOptions options;
  options.data_dir = dir.File("data");
  options.create_builtin_tables = false;
  options.tiering_interval_ns = 0;
  auto db = REQUIRE_OK_AND_TAKE(Database::Open(options));
  const auto table = REQUIRE_OK_AND_TAKE(db->CreateTable(*TestTable("t", std::move(columns), kind)));
  std::vector<Batch> batches;
  uint64_t bytes = 0;
  for (int i = 0; i < batch_count; ++i) {
    batches.push_back(RandomBatch(table, {.row_count = rows, .seed = static_cast<uint64_t>(i), .null_fraction = 0, .distinct_keys = keys}));
    bytes += batches.back().memory_bytes();
  }
  const double seconds = SecondsOf([&] { IngestAll(db.get(), batches, table); });
  std::printf("%-28s %8.0f k rows/s %8.0f MB/s %5lu syncs\n", name, rows * batch_count / seconds / 1e3,
              static_cast<double>(bytes) / seconds / 1e6, static_cast<unsigned long>(db->GetStats().wal_syncs));
  const double sealing = SecondsOf([&] { REQUIRE_OK(db->MoveTier({.table = "t", .from = Tier::kHot, .to = Tier::kWarm})); });
  std::printf("%-28s %8.2f s\n", "  seal what is left", sealing);
}

}  // namespace

TEST_CASE("Ingest throughput of storage", "[storage][.bench]") {
  const DataType f64 = DataType::Scalar(TypeKind::kFloat64);
  const DataType f32 = DataType::Scalar(TypeKind::kFloat32);
  Measure("scalars, events", {{"a", f64}, {"b", f64}, {"c", f32}, {"d", f32}, {"e", f32}, {"s", DataType::String(16)}},
          10'000, 100'000, 200, TableKind::kEvents);
  Measure("scalars, entities", {{"a", f64}, {"b", f64}, {"c", f32}, {"d", f32}, {"e", f32}, {"s", DataType::String(16)}},
          10'000, 100'000, 100, TableKind::kEntities);
  Measure("complex128[256]", {{"css", DataType::Vector(TypeKind::kComplex128, 256)}}, 1'000, 1'000, 100,
          TableKind::kEvents);
}

}  // namespace cortex

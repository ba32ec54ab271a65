#include "storage/table/hot_sketch.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

#include "storage/runtime/memory_budget.h"
#include "storage/table/hot_segment_view.h"
#include "storage/table/row_group.h"
#include "tests/storage/sketch_asking.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

using testing::AskGroup;
using testing::SketchAnswers;
using testing::TestTable;

constexpr uint32_t kPoints = 64;
constexpr uint64_t kBlockBytes = 1 << 20;  // more than any block of these tables takes

std::shared_ptr<const TableDefinition> FieldTable() {
  return TestTable("t", {{"field", DataType::Vector(TypeKind::kComplex128, kPoints)},
                         {"words", DataType::Vector(TypeKind::kFloat32, 96)},
                         {"short", DataType::Vector(TypeKind::kFloat32, 63)}});
}

// Rows that resemble each other; `null_every` of them is null in all three columns, 0: none.
Batch MakeRows(const std::shared_ptr<const TableDefinition>& table, uint32_t first, uint32_t count,
               uint32_t null_every = 0) {
  Batch batch = Batch::For(table);
  batch.row_count = count;
  std::mt19937_64 random(first + 1);
  std::normal_distribution<double> noise(0, 0.05);
  for (uint32_t row = first; row < first + count; ++row) {
    batch.columns[0].AppendString("k");
    batch.columns[1].AppendScalar<int64_t>(row);
    for (size_t c = 2; c < batch.columns.size(); ++c) {
      Column& column = batch.columns[c];
      if (null_every != 0 && row % null_every != 0) {
        column.AppendNull();
        continue;
      }
      const uint32_t values = column.type().shape().values_per_row;
      std::byte* const to = column.ExtendFixed(1);
      for (uint32_t v = 0; v < values; ++v) {
        const double value = std::sin(0.1 * v + 0.001 * row) + noise(random);
        if (column.type().shape().type == PhysicalType::kFloat32) {
          reinterpret_cast<float*>(to)[v] = static_cast<float>(value);
        } else {
          reinterpret_cast<double*>(to)[v] = value;
        }
      }
    }
  }
  return batch;
}

void Append(RowGroup* group, const Batch& batch, Commit commit) {
  std::vector<uint32_t> rows(batch.row_count);
  std::iota(rows.begin(), rows.end(), 0);
  group->Append(batch, rows, commit);
}

// Makes every block that is full; how many there were.
uint32_t MakeBlocks(const RowGroup& group) {
  uint32_t made = 0;
  for (size_t column = 0; column < group.table()->columns.size(); ++column) {
    for (const SketchKind kind : kHotSketchKinds) {
      HotSketch* const sketch = group.column(column).own_sketch(kind);
      while (sketch != nullptr && sketch->MissingBlocks(group.published_rows()) > 0) {
        REQUIRE_OK(sketch->MakeBlock(group.column(column)));
        ++made;
      }
    }
  }
  return made;
}

SketchAnswers Ask(const std::shared_ptr<RowGroup>& group, size_t column) {
  const HotSegmentView view(group, SegmentId());
  const ColumnDefinition& definition = group->table()->columns[column];
  const Column rows = testing::RowsOf(view.row_group(0), definition);
  std::vector<double> query(definition.type.shape().values_per_row, 0.125);
  for (uint32_t row = 0; row < rows.row_count(); ++row) {
    if (!rows.IsNull(row)) query = testing::RowOf(rows, row);
  }
  return AskGroup(view.row_group(0), definition, query);
}

}  // namespace

TEST_CASE("HotSketch sketches the full blocks of long rows while the group grows", "[storage][table]") {
  auto group = std::make_shared<RowGroup>(RowGroupOptions{.table = FieldTable(), .capacity = 4096});
  Append(group.get(), MakeRows(group->table(), 0, 1000), 1);
  REQUIRE(MakeBlocks(*group) == 0);
  Append(group.get(), MakeRows(group->table(), 1000, 1600), 2);
  REQUIRE(MakeBlocks(*group) == 2 + 2);
  REQUIRE(MakeBlocks(*group) == 0);
  REQUIRE(Ask(group, 2).polar == 0);
  REQUIRE(MakeBlocks(*group) == 2);  // polar ones, now that somebody asked
  const SketchAnswers field = Ask(group, 2), words = Ask(group, 3), shorter = Ask(group, 4);
  CHECK(field.rows == 2600);
  CHECK(field.sketched == 2048);  // the last block may still grow
  CHECK(field.polar == 2048);
  CHECK(words.sketched == 2048);
  CHECK(words.polar == 0);
  CHECK(shorter.sketched == 0);
  CHECK(field.wrong + words.wrong == 0);
}

TEST_CASE("HotSketch leaves null rows out, and blocks of few rows", "[storage][table]") {
  auto group = std::make_shared<RowGroup>(RowGroupOptions{.table = FieldTable(), .capacity = 4096});
  Append(group.get(), MakeRows(group->table(), 0, 1024, 3), 1);     // 342 rows
  Append(group.get(), MakeRows(group->table(), 1024, 1024, 5), 2);  // 205
  Append(group.get(), MakeRows(group->table(), 2048, 1024), 3);
  const uint64_t before = group->memory_bytes();
  Ask(group, 2);  // for polar ones
  MakeBlocks(*group);
  const SketchAnswers field = Ask(group, 2);
  CHECK(field.rows == 342 + 205 + 1024);
  CHECK(field.sketched == 342 + 1024);
  CHECK(field.polar == 342 + 1024);
  CHECK(field.wrong == 0);
  // A null row takes nothing.
  const ValueShape shape = DataType::Vector(TypeKind::kFloat32, 96).shape();
  CHECK(group->column(3).sketch_bytes() == SketchBlockBytes(SketchKind::kEuclidean, shape, 342) +
                                               SketchBlockBytes(SketchKind::kEuclidean, shape, 1024));
  CHECK(group->memory_bytes() == before + group->column(2).sketch_bytes() + group->column(3).sketch_bytes());
}

TEST_CASE("HotSketch is charged, does without what it does not get, and gives all back", "[storage][table]") {
  MemoryBudget budget(64 << 20);
  {
    auto group = std::make_shared<RowGroup>(
        RowGroupOptions{.table = FieldTable(), .capacity = 4096, .budget = &budget});
    Append(group.get(), MakeRows(group->table(), 0, 3000), 1);
    HotSketch* const sketch = group->column(2).own_sketch(SketchKind::kEuclidean);
    REQUIRE_OK(sketch->MakeBlock(group->column(2)));
    const uint64_t block = sketch->block_bytes();
    REQUIRE(block < kBlockBytes);
    CHECK(budget.used(MemoryUse::kSketches) == block);
    {
      const uint64_t rest = budget.limit() - budget.used() - block + 1;
      const auto others = REQUIRE_OK_AND_TAKE(MemoryReservation::Make(&budget, MemoryUse::kQuery, rest));
      REQUIRE_STATUS(sketch->MakeBlock(group->column(2)), absl::StatusCode::kResourceExhausted, "sketches");
      CHECK(budget.used(MemoryUse::kSketches) == block);
      CHECK(sketch->MissingBlocks(3000) == 1);
      CHECK(Ask(group, 2).sketched == 1024);
      CHECK(Ask(group, 2).wrong == 0);
    }
    REQUIRE_OK(sketch->MakeBlock(group->column(2)));
    CHECK(budget.used(MemoryUse::kSketches) == 2 * block);
    CHECK(Ask(group, 2).sketched == 2048);
  }
  CHECK(budget.used() == 0);
}

TEST_CASE("HotSketch encloses distances while rows are appended and sketched", "[storage][table]") {
  constexpr uint32_t kRows = 16 * 1024;
  const auto table = FieldTable();
  auto group = std::make_shared<RowGroup>(RowGroupOptions{.table = table, .capacity = kRows});
  std::atomic<bool> appended{false}, sketched{false};
  std::thread writer([&] {
    for (uint32_t first = 0; first < kRows; first += 512) Append(group.get(), MakeRows(table, first, 512, 2), first + 1);
    appended = true;
  });
  std::thread maker([&] {
    HotSketch* const sketch = group->column(2).own_sketch(SketchKind::kEuclidean);
    while (!appended || sketch->MissingBlocks(kRows) > 0) {
      if (sketch->MissingBlocks(group->published_rows()) == 0) {
        std::this_thread::yield();
      } else if (!sketch->MakeBlock(group->column(2)).ok()) {
        break;
      }
    }
    sketched = true;
  });
  uint32_t wrong = 0;
  while (!sketched) wrong += Ask(group, 2).wrong;
  writer.join();
  maker.join();
  const SketchAnswers last = Ask(group, 2);
  CHECK(wrong + last.wrong == 0);
  CHECK(last.sketched == kRows / 2);
}

}  // namespace cortex

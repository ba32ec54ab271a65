#include "storage/table/row_group.h"

#include <catch2/catch.hpp>
#include <numeric>

#include "storage/runtime/memory_budget.h"
#include "storage/table/hot_segment_view.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

using testing::AllTypesTable;
using testing::BatchBuilder;
using testing::FirstDifference;
using testing::Null;
using testing::RandomBatch;
using testing::TestTable;

std::vector<uint32_t> AllRows(const Batch& batch) {
  std::vector<uint32_t> rows(batch.row_count);
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

}  // namespace

TEST_CASE("RowGroup gives back every type bit for bit", "[storage][table]") {
  const uint64_t seed = GENERATE(1, 2, 3);
  CAPTURE(seed);
  const auto table = AllTypesTable();
  const Batch batch = RandomBatch(table, {.row_count = 2500, .seed = seed});
  auto group = std::make_shared<RowGroup>(RowGroupOptions{.table = table, .capacity = 4096});
  // In uneven pieces, so that blocks and words are crossed.
  const std::vector<uint32_t> rows = AllRows(batch);
  for (size_t first = 0; first < rows.size(); first += 700) {
    group->Append(batch, absl::MakeConstSpan(rows).subspan(first, 700), 1 + first);
  }
  const HotSegmentView view(group, SegmentId());
  REQUIRE(view.row_count() == 2500);
  for (size_t i = 0; i < table->columns.size(); ++i) {
    CAPTURE(table->columns[i].name);
    const auto chunk = view.row_group(0).column(table->columns[i].id);
    REQUIRE_OK(chunk);
    Column decoded(table->columns[i].type);
    REQUIRE_OK((*chunk)->Decode(0, 2500, &decoded));
    REQUIRE(FirstDifference(batch.columns[i], decoded) == "");
    const std::vector<uint32_t> picked = {0, 1, 699, 700, 1023, 1024, 1024, 2499};
    Column expected(table->columns[i].type), gathered(table->columns[i].type);
    expected.AppendSelected(batch.columns[i], picked);
    REQUIRE_OK((*chunk)->Gather(picked, &gathered));
    REQUIRE(FirstDifference(expected, gathered) == "");
  }
}

TEST_CASE("RowGroup filters scalars and strings and never matches null", "[storage][table]") {
  const auto table = TestTable("t", {{"x", DataType::Scalar(TypeKind::kInt32)}, {"s", DataType::String()}});
  BatchBuilder builder(table);
  for (int i = 0; i < 3000; ++i) {
    if (i % 10 == 3) {
      builder.Row({"k" + std::to_string(i % 7), i, Null{}, Null{}});
    } else {
      builder.Row({"k" + std::to_string(i % 7), i, i % 100, "s" + std::to_string(i % 5)});
    }
  }
  const Batch batch = builder.Build();
  auto group = std::make_shared<RowGroup>(RowGroupOptions{.table = table, .capacity = 4096});
  group->Append(batch, AllRows(batch), 1);
  const HotSegmentView view(group, SegmentId());
  const auto count_matches = [&](const std::string& column, const ColumnPredicate& predicate) {
    const auto chunk = view.row_group(0).column(table->columns[*table->FindColumn(column)].id);
    std::vector<uint64_t> selection(WordsForBits(3000));
    FillOnes(selection.data(), 3000);
    REQUIRE_OK((*chunk)->Filter(predicate, 0, 3000, selection.data()));
    return CountOnes(selection.data(), 3000);
  };
  ColumnPredicate range;
  range.filter.lower = FilterBound{int64_t{90}, false};
  CHECK(count_matches("x", range) == 240);  // 91..99 without 93, 30 times each
  ColumnPredicate set;
  set.filter.kind = ValueFilter::Kind::kSet;
  set.filter.set = {std::string("s1"), std::string("nothing")};
  CHECK(count_matches("s", set) == 600);
  ColumnPredicate is_null;
  is_null.kind = ColumnPredicate::Kind::kIsNull;
  CHECK(count_matches("x", is_null) == 300);
}

TEST_CASE("RowGroup finds the rows of a key newest first and hides later ones", "[storage][table]") {
  const auto table = TestTable("t", {});
  const Batch batch = BatchBuilder(table).Row({"a", 1}).Row({"b", 2}).Row({"a", 3}).Row({"a", 4}).Build();
  auto group = std::make_shared<RowGroup>(RowGroupOptions{.table = table, .capacity = 1024});
  group->Append(batch, AllRows(batch), 5);
  const HotSegmentView before(group, SegmentId());
  group->Append(batch, AllRows(batch), 6);
  std::vector<RowRef> rows;
  REQUIRE_OK(before.FindKey("a", 0, &rows));
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].row == 0);
  CHECK(rows[2].row == 3);
  CHECK(group->FindNewest("a", 8) == 7u);
  CHECK(group->FindNewest("a", 3) == 2u);
  CHECK_FALSE(before.MayContainKey("c", 0));
}

TEST_CASE("RowGroup shows a row from its commit on and until its end", "[storage][table]") {
  const auto table = TestTable("t", {});
  const Batch batch = BatchBuilder(table).Row({"a", 1}).Row({"b", 2}).Build();
  auto group = std::make_shared<RowGroup>(RowGroupOptions{.table = table, .capacity = 1024});
  group->Append(batch, AllRows(batch), 5);
  group->Append(batch, AllRows(batch), 9);
  const HotSegmentView view(group, SegmentId());
  const RowGroupView& rows = view.row_group(0);
  const auto visible = [&](Commit commit) {
    uint64_t selection = 0xf;
    REQUIRE_OK(rows.SelectVisible(commit, 0, 4, &selection));
    return selection;
  };
  CHECK(visible(4) == 0);
  CHECK(visible(5) == 0x3);
  CHECK(rows.AllVisible(9));
  group->versions()->SetEnd(0, 9);
  CHECK_FALSE(rows.AllVisible(9));
  CHECK(visible(8) == 0x3);
  CHECK(visible(9) == 0xe);
  group->versions()->SetEnd(0, 12);  // an end never changes
  CHECK(group->versions()->EndOf(0) == 9);
}

TEST_CASE("RowGroup charges what it holds and gives it back", "[storage][table]") {
  MemoryBudget budget(1 << 30);
  const auto table = AllTypesTable();
  const Batch batch = RandomBatch(table, {.row_count = 1000});
  {
    RowGroup group({.table = table, .capacity = 2048, .budget = &budget});
    group.Append(batch, AllRows(batch), 1);
    CHECK(budget.used(MemoryUse::kHotRows) == group.memory_bytes());
    CHECK(group.memory_bytes() >= group.raw_bytes() / 2);
  }
  CHECK(budget.used() == 0);
}

}  // namespace cortex

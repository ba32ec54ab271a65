#include "storage/tiers/move_queue.h"

#include <catch2/catch.hpp>

#include "tests/support/batch_builder.h"

namespace cortex {
namespace {

using testing::TestTable;
using Kind = TieringMove::Kind;

std::shared_ptr<Table> NewTable(const std::string& name, uint32_t id) {
  TableDefinition definition = *TestTable(name, {});
  definition.id = TableId(id);
  return std::make_shared<Table>(TableOptions{.definition = std::make_shared<const TableDefinition>(definition)});
}

TieringMove Move(Kind kind, uint32_t shard, std::vector<SegmentId> segments, uint64_t bytes = 10) {
  return {.kind = kind, .shard = shard, .segments = std::move(segments), .bytes = bytes};
}

bool Any(TableId, uint32_t) { return true; }

}  // namespace

TEST_CASE("MoveQueue hands out what has waited longest and keeps ages over new plans", "[storage][tiers]") {
  const auto a = NewTable("a", 1), b = NewTable("b", 2);
  MoveQueue queue;
  queue.Plan(a, {Move(Kind::kFreeze, 3, {SegmentId(1)})}, 100);
  TieringMove merge = Move(Kind::kMerge, 0, {SegmentId(7), SegmentId(8)}, 50);
  merge.tier = Tier::kCold;
  queue.Plan(b, {merge}, 50);
  queue.Plan(a, {Move(Kind::kFreeze, 3, {SegmentId(1), SegmentId(2)}, 20), Move(Kind::kLoad, 4, {SegmentId(9)})}, 200);
  const std::vector<QueuedMove> lines = queue.List(300);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].table == "b");
  CHECK(lines[0].kind == "merge");
  CHECK(lines[0].tier == Tier::kCold);
  CHECK(lines[0].segment_count == 2);
  CHECK(lines[0].bytes == 50);
  CHECK(lines[0].waiting_ns == 250);
  CHECK(lines[1].waiting_ns == 200);  // since 100
  CHECK(lines[1].segment_count == 2);
  CHECK(lines[2].waiting_ns == 100);
  CHECK(queue.Take([](TableId table, uint32_t) { return table == TableId(1); })->move.kind == Kind::kFreeze);
  CHECK(queue.List(300)[0].running);
  queue.Plan(b, {Move(Kind::kEvict, 1, {SegmentId(3)})}, 300);
  CHECK(queue.List(300).back().tier == Tier::kHot);  // its file is not what the move is about
}

TEST_CASE("MoveQueue plans nothing for segments of the move under way", "[storage][tiers]") {
  const auto a = NewTable("a", 1);
  MoveQueue queue;
  queue.Plan(a, {Move(Kind::kFreeze, 3, {SegmentId(1), SegmentId(2)})}, 0);
  REQUIRE(queue.Take(Any).has_value());
  queue.Plan(a, {Move(Kind::kFreeze, 3, {SegmentId(2), SegmentId(3)}), Move(Kind::kLoad, 3, {SegmentId(4)})}, 1);
  REQUIRE(queue.List(1).size() == 2);
  queue.Done();
  REQUIRE(queue.List(1).size() == 1);
  CHECK(queue.List(1)[0].kind == "load");
}

TEST_CASE("MoveQueue tells how many files its rewrites will save", "[storage][tiers]") {
  const auto a = NewTable("a", 1), b = NewTable("b", 2);
  MoveQueue queue;
  CHECK(queue.FilesToSave(Any) == 0);
  queue.Plan(
      a, {Move(Kind::kFreeze, 3, {SegmentId(1), SegmentId(2), SegmentId(3)}), Move(Kind::kLoad, 4, {SegmentId(9)})}, 0);
  queue.Plan(b, {Move(Kind::kMerge, 3, {SegmentId(4), SegmentId(5)})}, 1);
  CHECK(queue.FilesToSave(Any) == 3);
  CHECK(queue.FilesToSave([](TableId table, uint32_t) { return table == TableId(2); }) == 1);
  REQUIRE(queue.Take(Any).has_value());
  CHECK(queue.FilesToSave(Any) == 3);  // until it is done
  queue.Done();
  CHECK(queue.FilesToSave(Any) == 1);
}

TEST_CASE("MoveQueue forgets tables that are gone and respects who must rest", "[storage][tiers]") {
  const auto a = NewTable("a", 1), b = NewTable("b", 2);
  MoveQueue queue;
  queue.Plan(a, {Move(Kind::kFreeze, 3, {SegmentId(1)})}, 0);
  queue.Plan(b, {Move(Kind::kFreeze, 3, {SegmentId(2)})}, 1);
  CHECK_FALSE(queue.Take([](TableId, uint32_t) { return false; }).has_value());
  queue.Keep({b});
  REQUIRE(queue.List(1).size() == 1);
  CHECK(queue.Take(Any)->table == b);
  CHECK_FALSE(queue.Take(Any).has_value());
}

}  // namespace cortex

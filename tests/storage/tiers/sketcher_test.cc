#include "storage/tiers/sketcher.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "storage/runtime/memory_budget.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

constexpr uint32_t kSealRows = 8192;

// A table of vectors, all rows in one shard.
class Fixture {
 public:
  Fixture() {
    options_.list_tables = [this] { return std::vector{table_}; };
    options_.interval_ns = 0;
    options_.budget = &budget;
    options_.memory_limit = [this] { return memory_limit(); };
  }
  void Append(uint32_t rows) {
    Batch batch = Batch::For(definition_);
    batch.row_count = rows;
    for (uint32_t row = 0; row < rows; ++row) {
      batch.columns[0].AppendString("k");
      batch.columns[1].AppendScalar<int64_t>(row);
      auto* const to = reinterpret_cast<float*>(batch.columns[2].ExtendFixed(1));
      for (uint32_t v = 0; v < 64; ++v) to[v] = static_cast<float>((row * 31 + v * 17) % 101);
    }
    const std::vector<uint8_t> placements(rows, 0);
    const auto keep = [this](ClosedGroup closed) { closed_.push_back(std::move(closed)); };
    REQUIRE_OK(table_->Apply(batch, placements, ++commit_, keep));
  }
  Sketcher Make() { return Sketcher(options_); }
  // Blocks of all groups, oldest first.
  std::vector<uint32_t> Blocks() const {
    std::vector<uint32_t> blocks;
    const auto list = table_->segments();
    for (const LiveSegment& segment : list->shards[0]) {
      blocks.push_back(segment.group->column(2).own_sketch(SketchKind::kEuclidean)->block_count());
    }
    return blocks;
  }

  MemoryBudget budget{256 << 20};
  std::function<uint64_t()> memory_limit = [] { return UINT64_MAX; };

 private:
  const std::shared_ptr<const TableDefinition> definition_ =
      testing::TestTable("t", {{"v", DataType::Vector(TypeKind::kFloat32, 64)}});
  const std::shared_ptr<Table> table_ =
      std::make_shared<Table>(TableOptions{.definition = definition_, .budget = &budget, .seal_rows = kSealRows});
  std::vector<ClosedGroup> closed_;
  SketcherOptions options_;
  Commit commit_ = 0;

 public:
  const SketcherOptions& options() const { return options_; }
};

using Blocks = std::vector<uint32_t>;

}  // namespace

TEST_CASE("Sketcher sketches full blocks of open and closed groups", "[storage][tiers]") {
  Fixture f;
  Sketcher sketcher = f.Make();
  f.Append(1500);
  sketcher.SketchAll();
  CHECK(f.Blocks() == Blocks{1});
  f.Append(kSealRows);
  sketcher.SketchAll();
  CHECK(f.Blocks() == Blocks{8, 1});
}

TEST_CASE("Sketcher leaves blocks for later while memory is short", "[storage][tiers]") {
  Fixture f;
  Sketcher sketcher = f.Make();
  f.Append(5000);
  const uint64_t rows = f.budget.used();
  const uint64_t block = SketchBlockBytes(SketchKind::kEuclidean, {PhysicalType::kFloat32, 64}, 1024);
  f.memory_limit = [&] { return rows + 2 * block; };
  sketcher.SketchAll();
  CHECK(f.Blocks() == Blocks{2});
  CHECK(f.budget.used() == rows + 2 * block);
  f.memory_limit = [&] { return rows; };
  sketcher.SketchAll();
  CHECK(f.Blocks() == Blocks{2});
  f.memory_limit = [] { return UINT64_MAX; };
  sketcher.SketchAll();
  CHECK(f.Blocks() == Blocks{4});
}

TEST_CASE("Sketcher stops after the block under way", "[storage][tiers]") {
  Fixture f;
  f.Append(kSealRows);
  Sketcher sketcher = f.Make();
  uint32_t asked = 0;
  f.memory_limit = [&] {
    if (++asked == 3) sketcher.Stop();
    return UINT64_MAX;
  };
  sketcher.SketchAll();
  CHECK(f.Blocks() == Blocks{3});
}

TEST_CASE("Sketcher works by itself and ends with work pending", "[storage][tiers]") {
  Fixture f;
  f.Append(kSealRows);
  SketcherOptions options = f.options();
  options.interval_ns = 1'000'000;
  std::atomic<uint32_t> asked{0};
  std::atomic<uint64_t> limit{0};
  f.memory_limit = [&] {
    ++asked;
    return limit.load();
  };
  Sketcher sketcher(options);
  while (asked < 3) std::this_thread::yield();  // round after round, in vain
  CHECK(f.Blocks() == Blocks{0});
  limit = UINT64_MAX;
  while (f.Blocks() != Blocks{8}) std::this_thread::yield();
  limit = 0;
  f.Append(2048);
  const uint32_t before = asked;
  while (asked == before) std::this_thread::yield();
}

}  // namespace cortex

#include "storage/table/version_search.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "storage/column/bitmap.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

// Rows that have all ended but some, and how often anybody asked for their ends.
class CountingGroup final : public RowGroupView {
 public:
  CountingGroup(uint32_t rows, std::vector<uint32_t> open) : rows_(rows), open_(std::move(open)) {}
  uint32_t row_count() const override { return rows_; }
  absl::StatusOr<const ColumnChunk*> column(ColumnId) const override { return nullptr; }
  const ZoneMap* zone_map(ColumnId) const override { return nullptr; }
  bool AllVisible(VersionWindow) const override { return false; }
  absl::Status SelectVisible(VersionWindow, uint32_t first, uint32_t count, uint64_t* selection) const override {
    decoded_rows += count;
    for (uint32_t row = first; row < first + count; ++row) {
      if (std::find(open_.begin(), open_.end(), row) == open_.end()) ClearBit(selection, row - first);
    }
    return absl::OkStatus();
  }
  absl::Status Commits(uint32_t, uint32_t, Commit*) const override { return absl::OkStatus(); }
  absl::Status Ends(uint32_t, uint32_t count, Commit*) const override {
    decoded_rows += count;
    return absl::OkStatus();
  }
  absl::Status Ordinals(uint32_t, uint32_t, uint32_t*) const override { return absl::OkStatus(); }

  mutable uint64_t decoded_rows = 0;

 private:
  const uint32_t rows_;
  const std::vector<uint32_t> open_;
};

class CountingSegment final : public SegmentView {
 public:
  explicit CountingSegment(std::vector<CountingGroup> groups) : groups_(std::move(groups)) {}
  SegmentId id() const override { return SegmentId(1); }
  Tier tier() const override { return Tier::kCold; }
  uint32_t shard() const override { return 0; }
  size_t row_group_count() const override { return groups_.size(); }
  const RowGroupView& row_group(size_t i) const override { return groups_[i]; }
  uint64_t row_count() const override { return 0; }
  int64_t min_time() const override { return 0; }
  int64_t max_time() const override { return 0; }
  Commit min_commit() const override { return 0; }
  Commit max_commit() const override { return 0; }
  bool MayContainKey(std::string_view, uint64_t) const override { return true; }
  absl::Status FindKey(std::string_view, uint64_t, std::vector<RowRef>*) const override { return absl::OkStatus(); }
  std::string name() const override { return "counting"; }
  uint64_t stored_bytes() const override { return 0; }
  uint64_t raw_bytes() const override { return 0; }

  uint64_t decoded_rows() const {
    uint64_t rows = 0;
    for (const CountingGroup& group : groups_) rows += group.decoded_rows;
    return rows;
  }

 private:
  std::vector<CountingGroup> groups_;
};

std::vector<RowRef> Rows(uint32_t groups, uint32_t rows) {
  std::vector<RowRef> all;
  for (uint32_t group = 0; group < groups; ++group) {
    for (uint32_t row = 0; row < rows; ++row) all.push_back({.row_group = group, .row = row});
  }
  return all;
}

TEST_CASE("FindLastOpen decodes no end of a long history twice", "[storage][table]") {
  constexpr uint32_t kRows = 5'000;
  std::vector<CountingGroup> groups;
  for (int i = 0; i < 2; ++i) groups.emplace_back(kRows, std::vector<uint32_t>());
  const CountingSegment segment(std::move(groups));
  CHECK(REQUIRE_OK_AND_TAKE(FindLastOpen(segment, Rows(2, kRows))) == std::nullopt);
  CHECK(segment.decoded_rows() == 2 * kRows);
}

TEST_CASE("FindLastOpen looks at the newest rows first, and at no more than it takes", "[storage][table]") {
  constexpr uint32_t kRows = 5'000;
  std::vector<CountingGroup> groups;
  groups.emplace_back(kRows, std::vector<uint32_t>{7});
  groups.emplace_back(kRows, std::vector<uint32_t>{11, 4'000});
  const CountingSegment segment(std::move(groups));
  const auto open = REQUIRE_OK_AND_TAKE(FindLastOpen(segment, Rows(2, kRows)));
  REQUIRE(open.has_value());
  CHECK(open->row_group == 1);
  CHECK(open->row == 4'000);
  CHECK(segment.decoded_rows() <= 2'048);
  // Only the rows named count.
  const auto other = REQUIRE_OK_AND_TAKE(FindLastOpen(segment, std::vector<RowRef>{{0, 7}, {1, 3}, {1, 12}}));
  REQUIRE(other.has_value());
  CHECK(other->row_group == 0);
  CHECK(other->row == 7);
}

}  // namespace
}  // namespace cortex

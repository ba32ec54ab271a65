#include "storage/table/row_versions.h"

#include <catch2/catch.hpp>

#include "storage/column/bitmap.h"
#include "storage/runtime/memory_budget.h"

namespace cortex {

TEST_CASE("RowVersions lists ends by row and allocates only touched blocks", "[storage][table]") {
  MemoryBudget budget(1 << 20);
  {
    RowVersions versions(10'000, &budget);
    CHECK(versions.empty());
    versions.SetEnd(9'999, 7);
    versions.SetEnd(3, 5);
    versions.SetEnd(4, 6);
    CHECK(versions.List() == std::vector<VersionEnd>{{3, 5}, {4, 6}, {9'999, 7}});
    CHECK(versions.ended_count() == 3);
    CHECK(budget.used(MemoryUse::kVersions) == 2 * 1024 * sizeof(Commit));
  }
  CHECK(budget.used() == 0);
}

TEST_CASE("RowVersions clears rows whose end has come, at any alignment", "[storage][table]") {
  RowVersions versions(4'000, nullptr);
  for (uint64_t row = 0; row < 4'000; row += 3) versions.SetEnd(row, 10 + row % 2);
  const uint64_t first = GENERATE(0, 1, 63, 64, 1000, 1023, 1024, 2047);
  const uint32_t count = GENERATE(1u, 64u, 100u, 1500u);
  CAPTURE(first, count);
  std::vector<uint64_t> selection(WordsForBits(count));
  FillOnes(selection.data(), count);
  versions.ClearEnded(10, first, count, selection.data());
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t row = first + i;
    const bool ended = row % 3 == 0 && 10 + row % 2 <= 10;
    REQUIRE(GetBit(selection.data(), i) == !ended);
  }
}

TEST_CASE("RowVersions knows what is not saved yet", "[storage][table]") {
  RowVersions versions(100, nullptr);
  CHECK_FALSE(versions.unsaved());
  versions.SetEnd(1, 5);
  CHECK(versions.unsaved());
  const uint64_t changes = versions.change_count();
  versions.SetEnd(2, 6);
  versions.MarkSaved(changes);
  CHECK(versions.unsaved());
  versions.MarkSaved(versions.change_count());
  CHECK_FALSE(versions.unsaved());
}

TEST_CASE("RowVersions lets nothing but erasing override an end", "[storage][table]") {
  RowVersions versions(100, nullptr);
  CHECK(versions.SetEnd(1, 5));
  CHECK_FALSE(versions.SetEnd(1, 6));
  versions.MarkSaved(versions.change_count());
  CHECK(versions.SetEnd(1, kErased));
  CHECK(versions.unsaved());
  CHECK_FALSE(versions.SetEnd(1, kErased));
  CHECK_FALSE(versions.SetEnd(1, 7));
  CHECK(versions.EndOf(1) == kErased);
  CHECK(versions.ended_count() == 1);
  CHECK(versions.erased_count() == 1);
}

}  // namespace cortex

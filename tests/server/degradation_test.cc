#include "server/degradation.h"

#include <catch2/catch.hpp>

namespace cortex {

TEST_CASE("FindDegradations names disks down to their reserve and memory that is short", "[server]") {
  MemoryBudget budget(1000, /*headroom_bytes=*/100);
  DatabaseStats stats;
  stats.disks = {{.name = "data", .directory = "/d", .free_bytes = 50, .reserve_bytes = 10, .low = false},
                 {.name = "warm", .directory = "/w", .free_bytes = 5, .reserve_bytes = 10, .low = false}};
  CHECK(FindDegradations(stats, budget).empty());

  stats.disks[1].low = true;
  auto found = FindDegradations(stats, budget);
  REQUIRE(found.size() == 1);
  CHECK(found[0].reason == "disk_low");
  CHECK(found[0].sentence ==
        "disk almost full, rows are refused: warm directory /w has 5 bytes free, 10 are kept in reserve; free space");

  budget.ForceReserve(MemoryUse::kHotRows, 870);
  CHECK(FindDegradations(stats, budget).size() == 1);
  budget.ForceReserve(MemoryUse::kQuery, 20);
  found = FindDegradations(stats, budget);
  REQUIRE(found.size() == 2);
  CHECK(found[1].reason == "memory_pressure");
  CHECK(found[1].sentence.find("890 of 1000 bytes in use, 870 of them hot rows") != std::string::npos);
  budget.Release(MemoryUse::kQuery, 20);
  stats.disks[1].low = false;
  CHECK(FindDegradations(stats, budget).empty());
  stats.waits_for_space = true;
  found = FindDegradations(stats, budget);
  REQUIRE(found.size() == 1);
  CHECK(found[0].reason == "disk_full");
}

}  // namespace cortex

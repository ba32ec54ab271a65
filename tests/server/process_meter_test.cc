#include "server/process_meter.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <memory>

namespace cortex {

TEST_CASE("ProcessMeter charges what the process holds beyond what others have charged", "[server][memory]") {
  MemoryBudget budget(1000);
  uint64_t anonymous = 0;
  ProcessMeter meter({.budget = &budget, .anonymous_bytes = [&] { return anonymous; }, .release_free_memory = {}});
  budget.ForceReserve(MemoryUse::kHotRows, 300);
  anonymous = 420;
  meter.Measure();
  CHECK(budget.used(MemoryUse::kProcess) == 120);
  CHECK(budget.used() == 420);
  meter.Measure();  // its own charge is not held against it
  CHECK(budget.used() == 420);
  budget.ForceReserve(MemoryUse::kHotRows, 200);  // reserved, not yet touched
  meter.Measure();
  CHECK(budget.used(MemoryUse::kProcess) == 0);
  CHECK(budget.used() == 500);
  anonymous = 1000;
  meter.Measure();
  CHECK(budget.used() == 1000);
  CHECK_FALSE(budget.TryReserve(MemoryUse::kQuery, 1));
  anonymous = 1800;  // nobody could give it back: not all of the budget goes for it
  meter.Measure();
  CHECK(budget.used(MemoryUse::kProcess) == 500);
}

TEST_CASE("ProcessMeter calls free memory back before it charges it, now and then", "[server][memory]") {
  MemoryBudget budget(1000);
  uint64_t anonymous = 500;
  int released = 0;
  ProcessMeter meter({.budget = &budget,
                      .anonymous_bytes = [&] { return anonymous; },
                      .release_free_memory =
                          [&] {
                            ++released;
                            anonymous -= 100;
                          }});
  meter.Measure();
  CHECK(released == 1);
  CHECK(budget.used(MemoryUse::kProcess) == 400);
  for (int i = 0; i < 10; ++i) meter.Measure();
  CHECK(released == 1);
}

TEST_CASE("AnonymousMemoryBytes counts memory that was written to", "[server][memory]") {
  constexpr size_t kBytes = 32 << 20;
  const uint64_t before = AnonymousMemoryBytes();
  REQUIRE(before > 0);
  const auto block = std::make_unique_for_overwrite<char[]>(kBytes);
  std::memset(block.get(), 1, kBytes);
  CHECK(AnonymousMemoryBytes() >= before + kBytes / 2);
}

}  // namespace cortex

#include "storage/runtime/memory_budget.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "tests/support/status_assertions.h"

namespace cortex::testing {

TEST_CASE("MemoryBudget counts by use and refuses above its limit", "[storage][runtime]") {
  MemoryBudget budget(100);
  REQUIRE(budget.TryReserve(MemoryUse::kHotRows, 60));
  REQUIRE_FALSE(budget.TryReserve(MemoryUse::kQuery, 41));
  REQUIRE_FALSE(budget.TryReserve(MemoryUse::kQuery, UINT64_MAX));  // would overflow
  REQUIRE(budget.TryReserve(MemoryUse::kQuery, 40));
  REQUIRE(budget.used() == 100);
  REQUIRE(budget.used(MemoryUse::kHotRows) == 60);
  budget.ForceReserve(MemoryUse::kWal, 50);
  REQUIRE(budget.used() == 150);
  budget.Release(MemoryUse::kHotRows, 60);
  REQUIRE(budget.TryReserve(MemoryUse::kCaches, 10));
  REQUIRE_FALSE(budget.TryReserve(MemoryUse::kCaches, 1));
  REQUIRE(budget.TryReserve(MemoryUse::kCaches, 0));
}

TEST_CASE("MemoryReservation grows, shrinks, moves and gives back", "[storage][runtime]") {
  MemoryBudget budget(100);
  {
    MemoryReservation first = REQUIRE_OK_AND_TAKE(MemoryReservation::Make(&budget, MemoryUse::kQuery, 30));
    REQUIRE_OK(first.Grow(20));
    REQUIRE_STATUS(first.Grow(51), absl::StatusCode::kResourceExhausted,
                   "51 bytes wanted for query (which holds 50), 50 of 100 in use");
    REQUIRE_OK(first.Resize(90));
    REQUIRE_OK(first.Resize(10));
    MemoryReservation second = std::move(first);
    REQUIRE(second.bytes() == 10);
    second.ForceGrow(200);
    REQUIRE(budget.used(MemoryUse::kQuery) == 210);
    MemoryReservation third(&budget, MemoryUse::kMeta);
    third.ForceGrow(5);
    third = std::move(second);
    REQUIRE(budget.used(MemoryUse::kMeta) == 0);
    third.Shrink(110);
    REQUIRE(third.bytes() == 100);
  }
  REQUIRE(budget.used() == 0);
  REQUIRE_STATUS(MemoryReservation::Make(&budget, MemoryUse::kSketches, 101), absl::StatusCode::kResourceExhausted,
                 "sketches");
}

TEST_CASE("MemoryBudget keeps its headroom for growth that cannot be refused", "[storage][runtime]") {
  MemoryBudget budget(100, /*headroom_bytes=*/20);
  REQUIRE(budget.TryReserve(MemoryUse::kQuery, 80));
  REQUIRE_FALSE(budget.TryReserve(MemoryUse::kQuery, 1));
  budget.ForceReserve(MemoryUse::kHotRows, 15);
  REQUIRE(budget.used() == 95);
  budget.Release(MemoryUse::kQuery, 80);
  REQUIRE_FALSE(budget.TryReserve(MemoryUse::kQuery, 66));
  REQUIRE(budget.TryReserve(MemoryUse::kQuery, 65));
  REQUIRE(budget.peak() == 95);
}

TEST_CASE("MemoryBudget asks caches to give way before it refuses", "[storage][runtime]") {
  MemoryBudget budget(100);
  int calls = 0;
  uint64_t may_go = 0;
  budget.SetReclaim([&](uint64_t bytes) {
    ++calls;
    budget.Release(MemoryUse::kCaches, std::min(bytes, may_go));
    may_go -= std::min(bytes, may_go);
  });
  REQUIRE(budget.TryReserve(MemoryUse::kHotRows, 60));
  REQUIRE_FALSE(budget.TryReserve(MemoryUse::kHotRows, 50));  // no cache holds anything
  REQUIRE(calls == 0);
  budget.ForceReserve(MemoryUse::kCaches, 30);
  may_go = 15;  // the rest is being read
  REQUIRE_FALSE(budget.TryReserve(MemoryUse::kQuery, 101));  // never fits
  REQUIRE(calls == 0);
  REQUIRE(budget.TryReserve(MemoryUse::kQuery, 15));
  REQUIRE(calls == 1);
  REQUIRE(budget.used(MemoryUse::kCaches) == 25);
  REQUIRE_FALSE(budget.TryReserve(MemoryUse::kQuery, 11));
  REQUIRE(budget.used(MemoryUse::kCaches) == 15);
  REQUIRE(budget.TryReserve(MemoryUse::kQuery, 10));
  budget.SetReclaim(nullptr);
  REQUIRE_FALSE(budget.TryReserve(MemoryUse::kQuery, 1));
}

TEST_CASE("MemoryBudget never passes its limit under contention", "[storage][runtime]") {
  MemoryBudget budget(1000);
  std::vector<uint64_t> worst(4, 0);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < worst.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20000; ++i) {
        const uint64_t bytes = 100 + static_cast<uint64_t>(i) % 400;
        if (!budget.TryReserve(MemoryUse::kRpc, bytes)) continue;
        worst[t] = std::max(worst[t], budget.used());
        budget.Release(MemoryUse::kRpc, bytes);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const uint64_t used : worst) REQUIRE(used <= 1000);
  REQUIRE(budget.used() == 0);
  REQUIRE(budget.used(MemoryUse::kRpc) == 0);
}

TEST_CASE("MemoryUseName names every use", "[storage][runtime]") {
  for (size_t i = 0; i < kMemoryUseCount; ++i) REQUIRE(MemoryUseName(static_cast<MemoryUse>(i)) != "unknown");
}

}  // namespace cortex::testing

#include "tests/support/fake_clock.h"

#include <catch2/catch.hpp>

namespace cortex::testing {

TEST_CASE("SystemClock tells a plausible time and never goes back", "[storage][runtime]") {
  REQUIRE(SystemClock()->NowNanos() > 1'600'000'000'000'000'000);  // September 2020
  int64_t previous = SystemClock()->MonotonicNanos();
  for (int i = 0; i < 1000; ++i) {
    const int64_t now = SystemClock()->MonotonicNanos();
    REQUIRE(now >= previous);
    previous = now;
  }
}

TEST_CASE("FakeClock moves only by hand, and a wall clock jump leaves monotonic time alone", "[storage][runtime]") {
  FakeClock clock(100);
  clock.Advance(5);
  REQUIRE(clock.NowNanos() == 105);
  REQUIRE(clock.MonotonicNanos() == 5);
  clock.JumpTo(10);
  REQUIRE(clock.NowNanos() == 10);
  REQUIRE(clock.MonotonicNanos() == 5);
}

}  // namespace cortex::testing

#include "storage/tiers/clock_guard.h"

#include <catch2/catch.hpp>

#include "tests/support/fake_clock.h"

namespace cortex {
namespace {

using testing::FakeClock;

constexpr int64_t kHourNs = 3'600'000'000'000;
constexpr int64_t kStart = 1'700'000'000'000'000'000;

// Asks once an hour.
int64_t Pass(FakeClock* clock, ClockGuard* guard, int hours) {
  int64_t trusted = guard->TrustedNow();
  for (int i = 0; i < hours; ++i) {
    clock->Advance(kHourNs);
    trusted = guard->TrustedNow();
  }
  return trusted;
}

}  // namespace

TEST_CASE("ClockGuard follows a clock that goes on where the last process left it", "[storage][tiers]") {
  FakeClock clock(kStart);
  ClockGuard guard(&clock, kStart - kHourNs);
  CHECK(guard.TrustedNow() == kStart);
  CHECK(Pass(&clock, &guard, 5) == kStart + 5 * kHourNs);
}

TEST_CASE("ClockGuard does not follow a jump ahead until a day has confirmed it", "[storage][tiers]") {
  FakeClock clock(kStart);
  ClockGuard guard(&clock, kStart);
  CHECK(guard.TrustedNow() == kStart);
  const int64_t jump_ns = 8'760 * kHourNs;
  clock.JumpTo(kStart + jump_ns);
  CHECK(guard.TrustedNow() == kStart);
  CHECK(Pass(&clock, &guard, 23) == kStart + 23 * kHourNs);
  CHECK(Pass(&clock, &guard, 1) == kStart + jump_ns + 24 * kHourNs);
}

TEST_CASE("ClockGuard never runs ahead of a clock that was put back", "[storage][tiers]") {
  FakeClock clock(kStart);
  ClockGuard guard(&clock, kStart);
  CHECK(guard.TrustedNow() == kStart);
  clock.JumpTo(kStart - 10 * kHourNs);
  CHECK(guard.TrustedNow() == kStart - 10 * kHourNs);
  clock.JumpTo(kStart + kHourNs);  // back again: distrusted all the same
  CHECK(guard.TrustedNow() == kStart);
}

TEST_CASE("ClockGuard takes a start far from the last one for a jump", "[storage][tiers]") {
  FakeClock clock(kStart);
  ClockGuard away(&clock, kStart - 100 * kHourNs);
  CHECK(away.TrustedNow() == kStart - 100 * kHourNs);
  const int64_t confirmed = Pass(&clock, &away, 24);
  CHECK(confirmed == clock.NowNanos());
  ClockGuard unknown(&clock, ClockGuard::kUnknown);
  CHECK(unknown.TrustedNow() == ClockGuard::kUnknown);
  const int64_t learned = Pass(&clock, &unknown, 24);
  CHECK(learned == clock.NowNanos());
}

}  // namespace cortex

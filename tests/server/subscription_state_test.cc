#include "server/subscription_state.h"

#include <catch2/catch.hpp>

namespace cortex {
namespace {

using Wish = Subscriber::Wish;
using Now = SubscriptionState::Now;

constexpr int64_t kHeartbeatNs = 100;
constexpr int64_t kStallNs = 1'000;

}  // namespace

TEST_CASE("A call that is just about to write is ended by nobody else", "[server][subscribe]") {
  SubscriptionState state(kHeartbeatNs, kStallNs);
  state.BeginSend(5);
  for (const Now& now : {Now{.ns = 6, .draining = true}, Now{.ns = 5 + 2 * kStallNs}, Now{.ns = 6, .visible = 9}}) {
    CHECK(state.Ask(now) == Wish::kNothing);
  }
  CHECK_FALSE(state.OnCancelled());
  CHECK_FALSE(state.EndSend());
  // Now it is gRPC's, and the hub's to end.
  CHECK(state.Ask({.ns = 6}) == Wish::kNothing);
  CHECK(state.Ask({.ns = 6, .draining = true}) == Wish::kEnd);
  CHECK(state.Ask({.ns = 6, .draining = true}) == Wish::kNothing);  // once
  CHECK_FALSE(state.OnWritten(false));                              // what gRPC says of the message that was cut off
}

TEST_CASE("A write that is over before StartWrite returns goes on with who began it", "[server][subscribe]") {
  SubscriptionState state(kHeartbeatNs, kStallNs);
  for (int round = 0; round < 2; ++round) {
    state.BeginSend(5);
    CHECK_FALSE(state.OnWritten(true));  // two threads would step
    CHECK(state.Ask({.ns = 6, .draining = true}) == Wish::kNothing);
    CHECK(state.EndSend());
    CHECK(state.Ask({.ns = 6, .draining = true}) == Wish::kNothing);  // it steps, and sees the drain itself
  }
  state.BeginSend(5);
  CHECK_FALSE(state.EndSend());
  CHECK(state.OnWritten(true));
}

TEST_CASE("A reader that takes nothing is ended after the stall timeout", "[server][subscribe]") {
  SubscriptionState state(kHeartbeatNs, kStallNs);
  state.BeginSend(5);
  CHECK_FALSE(state.EndSend());
  CHECK(state.Ask({.ns = 5 + kStallNs}) == Wish::kNothing);
  CHECK(state.Ask({.ns = 6 + kStallNs}) == Wish::kEnd);
}

TEST_CASE("A call that waits is woken by commits, heartbeats, its end and the drain", "[server][subscribe]") {
  SubscriptionState state(kHeartbeatNs, kStallNs);
  state.BeginSend(5);
  CHECK_FALSE(state.EndSend());
  CHECK(state.OnWritten(true));
  state.Look(7);
  CHECK_FALSE(state.Rest({.ns = 6, .visible = 8}));  // something is due already
  CHECK_FALSE(state.Rest({.ns = 6, .visible = 7, .draining = true}));
  const auto rest = [&] { CHECK(state.Rest({.ns = 6, .visible = 7})); };
  rest();
  CHECK(state.Ask({.ns = 6, .visible = 7}) == Wish::kNothing);
  CHECK(state.Ask({.ns = 6, .visible = 8}) == Wish::kStep);
  CHECK(state.Ask({.ns = 6, .visible = 8}) == Wish::kNothing);
  rest();
  CHECK(state.Ask({.ns = 4 + kHeartbeatNs, .visible = 7}) == Wish::kNothing);
  CHECK(state.Ask({.ns = 5 + kHeartbeatNs, .visible = 7}) == Wish::kStep);
  rest();
  CHECK(state.Ask({.ns = 6, .visible = 7, .draining = true}) == Wish::kStep);
  rest();
  CHECK(state.OnCancelled());
  CHECK_FALSE(state.OnCancelled());
  CHECK(state.cancelled());
  CHECK_FALSE(state.Rest({.ns = 6, .visible = 7}));
}

}  // namespace cortex

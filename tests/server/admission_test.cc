#include "server/admission.h"

#include <thread>

#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

AdmissionOptions Limits(uint64_t each, MemoryBudget* budget) {
  AdmissionOptions options;
  options.max_calls = {each, each, each, each, each};
  options.budget = budget;
  return options;
}

TEST_CASE("Admission refuses a class that is full and no other", "[server][admission]") {
  MemoryBudget budget(1 << 20);
  Admission admission(Limits(2, &budget));
  AdmissionTicket first = REQUIRE_OK_AND_TAKE(admission.Enter(CallClass::kQuery, 10));
  AdmissionTicket second = REQUIRE_OK_AND_TAKE(admission.Enter(CallClass::kQuery, 10));
  REQUIRE_STATUS(admission.Enter(CallClass::kQuery, 10), absl::StatusCode::kResourceExhausted,
                 "too many query calls at once, limit 2");
  REQUIRE_OK(admission.Enter(CallClass::kLookup, 10));
  CHECK(admission.refused(CallClass::kQuery) == 1);
  CHECK(admission.refused(CallClass::kLookup) == 0);
  second = AdmissionTicket();
  REQUIRE_OK(admission.Enter(CallClass::kQuery, 10));
}

TEST_CASE("Admission charges requests to the budget and gives all of it back", "[server][admission]") {
  MemoryBudget budget(100);
  Admission admission(Limits(10, &budget));
  {
    const AdmissionTicket ticket = REQUIRE_OK_AND_TAKE(admission.Enter(CallClass::kIngest, 80));
    CHECK(budget.used(MemoryUse::kRpc) == 80);
    REQUIRE_STATUS(admission.Enter(CallClass::kIngest, 30), absl::StatusCode::kResourceExhausted, "");
    CHECK(admission.inside(CallClass::kIngest) == 1);
  }
  CHECK(budget.used() == 0);
  CHECK(admission.inside(CallClass::kIngest) == 0);
}

TEST_CASE("AdmissionTicket leaves once when moved", "[server][admission]") {
  Admission admission(Limits(4, nullptr));
  AdmissionTicket a = REQUIRE_OK_AND_TAKE(admission.Enter(CallClass::kAdmin, 0));
  AdmissionTicket b = std::move(a);
  CHECK(admission.inside(CallClass::kAdmin) == 1);
  a = std::move(b);
  b = AdmissionTicket();
  CHECK(admission.inside(CallClass::kAdmin) == 1);
  a = AdmissionTicket();
  CHECK(admission.inside(CallClass::kAdmin) == 0);
}

TEST_CASE("Admission drains: nobody new, and a wait for the last to leave", "[server][admission]") {
  Admission admission(Limits(4, nullptr));
  AdmissionTicket inside = REQUIRE_OK_AND_TAKE(admission.Enter(CallClass::kQuery, 0));
  admission.StartDraining();
  REQUIRE_STATUS(admission.Enter(CallClass::kLookup, 0), absl::StatusCode::kUnavailable, "shutting down");
  CHECK_FALSE(admission.WaitUntilEmpty(0));
  std::thread leaver([&inside] { inside = AdmissionTicket(); });
  CHECK(admission.WaitUntilEmpty(int64_t{60} * 1'000'000'000));
  leaver.join();
}

}  // namespace
}  // namespace cortex

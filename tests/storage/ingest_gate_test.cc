#include "storage/ingest_gate.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

constexpr int64_t kLong = 3'600'000'000'000;

}  // namespace

TEST_CASE("IngestGate delays a batch until memory is free and asks for room", "[storage][memory]") {
  MemoryBudget budget(1000);
  MemoryReservation held = REQUIRE_OK_AND_TAKE(MemoryReservation::Make(&budget, MemoryUse::kQuery, 900));
  // Room is made by another thread, as eviction does it.
  std::atomic<bool> asked{false};
  IngestGate gate({.budget = &budget, .wait_ns = kLong, .make_room = [&](uint64_t) {
                     asked = true;
                     asked.notify_all();
                   }});
  std::thread evictor([&] {
    asked.wait(false);
    held.Shrink(500);
  });
  const MemoryReservation memory = REQUIRE_OK_AND_TAKE(gate.Enter(400));
  evictor.join();
  CHECK(memory.bytes() == 400);
  CHECK(gate.delayed() == 1);
  CHECK(gate.refused() == 0);
}

TEST_CASE("IngestGate refuses after its wait, and at once what can never fit", "[storage][memory]") {
  MemoryBudget budget(1000);
  MemoryReservation held = REQUIRE_OK_AND_TAKE(MemoryReservation::Make(&budget, MemoryUse::kQuery, 900));
  IngestGate brief({.budget = &budget, .wait_ns = 20'000'000});
  REQUIRE_STATUS(brief.Enter(400), absl::StatusCode::kResourceExhausted, "memory budget full");
  IngestGate patient({.budget = &budget, .wait_ns = kLong});
  REQUIRE_STATUS(patient.Enter(1001), absl::StatusCode::kResourceExhausted, "memory budget full");
  CHECK(patient.delayed() == 0);
  CHECK(patient.refused() == 1);
  CHECK(budget.used() == 900);
}

TEST_CASE("IngestGate lets go of those who wait when it closes", "[storage][memory]") {
  MemoryBudget budget(1000);
  MemoryReservation held = REQUIRE_OK_AND_TAKE(MemoryReservation::Make(&budget, MemoryUse::kQuery, 900));
  IngestGate* closing = nullptr;
  IngestGate gate({.budget = &budget, .wait_ns = kLong, .make_room = [&](uint64_t) { closing->Close(); }});
  closing = &gate;
  REQUIRE_STATUS(gate.Enter(400), absl::StatusCode::kResourceExhausted, "");
}

TEST_CASE("IngestGate holds rows back while the sealer is behind", "[storage][memory]") {
  MemoryBudget budget(1000);
  std::atomic<uint64_t> unsealed{101};
  IngestGate gate({.budget = &budget,
                   .wait_ns = 20'000'000,
                   .unsealed_limit_bytes = 100,
                   .unsealed_bytes = [&] { return unsealed.load(); }});
  REQUIRE_STATUS(gate.Enter(1), absl::StatusCode::kResourceExhausted, "101 bytes wait to be written, at most 100");
  unsealed = 100;
  REQUIRE_OK(gate.Enter(1).status());
}

TEST_CASE("IngestGate slows batches that make files, then holds them back, and all others far above the limit",
          "[storage][memory]") {
  MemoryBudget budget(1000);
  std::atomic<uint64_t> files{50};
  IngestGate gate({.budget = &budget,
                   .wait_ns = 20'000'000,
                   .waiting_files_limit = 100,
                   .waiting_files = [&] { return files.load(); }});
  REQUIRE_OK(gate.Enter(1, /*makes_files=*/true).status());
  CHECK(gate.delayed() == 0);
  files = 100;
  REQUIRE_OK(gate.Enter(1, /*makes_files=*/true).status());
  CHECK(gate.delayed() == 1);
  files = 101;
  REQUIRE_STATUS(gate.Enter(1, /*makes_files=*/true), absl::StatusCode::kResourceExhausted,
                 "101 wait, batches written to files are accepted up to 100");
  files = 200;
  REQUIRE_OK(gate.Enter(1).status());
  files = 201;
  REQUIRE_STATUS(gate.Enter(1), absl::StatusCode::kResourceExhausted, "files arrive faster than they can be merged");
  CHECK(gate.refused() == 2);
  files = 0;
  REQUIRE_OK(gate.Enter(1, /*makes_files=*/true).status());
}

}  // namespace cortex

// Lives drawn by seed on a disk that fails by seed: errors once and for good, short writes, a disk that is full for a
// while, reads that fail while opening, power cuts. By default 500 seeds.
//
//   CORTEX_FAULT_SEEDS=1..20000 recovery_test "[schedule]"     a range by hand; prints how far it is every 500 seeds
//   CORTEX_FAULT_SEEDS=1234..1234 ...                          one again: the same steps and the same faults

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/recovery/life.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex::testing {
namespace {

// Which files a fault may meet, as parts of their paths.
constexpr const char* kClasses[] = {"", "/wal/", "/warm/", "/cold/", "/meta/"};

struct Outcome {
  uint64_t injected = 0;  // operations that failed
  uint64_t refused = 0;   // steps answered with an error
  uint64_t opened_in_vain = 0;
  uint64_t steps = 0;
};

class RandomLife {
 public:
  RandomLife(uint64_t seed, Outcome* outcome) : steps_(seed), outcome_(outcome), life_(&fs_, dir_.File("data")) {}

  void Run() {
    Reopen();
    REQUIRE_OK(life_.DoAll(steps_.First(), &expected_));
    for (int generation = 0; generation < 3; ++generation) LiveWithFaults();
    REQUIRE(life_.CheckFiles() == "");
  }

 private:
  // Ends with a sound database on a sound disk.
  void LiveWithFaults() {
    const bool full_disk = steps_.Random(4) == 0;
    full_disk ? FillDiskForAWhile() : InjectErrors();
    // Seven at most, so that the uncertain ones can be tried in every combination.
    const uint64_t count = 3 + steps_.Random(5);
    bool alive = true;
    for (uint64_t i = 0; i < count && alive; ++i) alive = DoNext();
    outcome_->injected += fs_.injected_count();
    fs_.StopFailing();
    if (full_disk && alive) {  // space is back: the same process goes on
      const LifeStep seal = {.kind = LifeStep::Kind::kMove, .table = "t", .from = Tier::kHot, .to = Tier::kWarm};
      const LifeStep put = {.kind = LifeStep::Kind::kPut, .table = "t", .first = 0, .count = 5, .x = steps_.next_x++};
      REQUIRE_OK(life_.DoAll({put, seal}, &expected_));
      return Compare();
    }
    life_.Close();
    if (steps_.Random(3) != 0) fs_.LosePower(steps_.Random(1'000'000));
    FailReadsOnce();
    Reopen();
  }

  void InjectErrors() {
    for (uint64_t i = 0; i < 1 + steps_.Random(2); ++i) {
      fs_.Inject({.part = kClasses[steps_.Random(5)],
                  .after = steps_.Random(steps_.Random(2) == 0 ? 8 : 60),
                  .count = steps_.Random(2) == 0 ? 1 : UINT64_MAX,
                  .status = absl::DataLossError("injected"),
                  .torn_bytes = steps_.Random(3) == 0 ? steps_.Random(3000) : 0});
    }
  }

  // Not of the meta store, which looks for space every five seconds only (tests/storage/disk_reserve_test.cc).
  void FillDiskForAWhile() {
    for (const char* part : {"/wal/", "/warm/", "/cold/"}) {
      fs_.Inject({.part = part,
                  .after = steps_.Random(6),
                  .count = 1 + steps_.Random(10),
                  .status = absl::ResourceExhaustedError("no space left on device"),
                  .torn_bytes = steps_.Random(2) == 0 ? steps_.Random(500) : 0,
                  .only_growth = true});
    }
  }

  // False if the process had better end.
  bool DoNext() {
    const LifeStep step = steps_.Next();
    INFO(step.ToString());
    ++outcome_->steps;
    if (step.kind == LifeStep::Kind::kPurge) past_rows_.reset();  // erased from the past too
    expected_.Begin(step);
    const absl::Status status = life_.Do(step);
    if (status.ok()) {
      expected_.Confirm();
      return true;
    }
    ++outcome_->refused;
    INFO(status.ToString());
    REQUIRE(fs_.injected_count() > 0);
    return life_.db() != nullptr;
  }

  // An error while reading may keep a database closed, but must leave it as it was.
  void FailReadsOnce() {
    if (steps_.Random(5) != 0) return;
    fs_.FailReads(kClasses[1 + steps_.Random(4)], absl::DataLossError("injected read error"));
    if (!life_.Open().ok()) ++outcome_->opened_in_vain;
    life_.Close();
    fs_.StopFailing();
  }

  void Reopen() {
    REQUIRE_OK(life_.Open());
    Compare();
    if (past_rows_.has_value()) REQUIRE(REQUIRE_OK_AND_TAKE(life_.Rows(past_commit_)) == *past_rows_);
    // What is durable now stays readable as of now, whatever moves and dies later.
    if (past_rows_.has_value() && steps_.Random(2) == 0) return;
    past_commit_ = life_.visible_commit();
    past_rows_ = REQUIRE_OK_AND_TAKE(life_.Rows());
  }
  void Compare() { REQUIRE(expected_.Settle(REQUIRE_OK_AND_TAKE(life_.Rows())) == ""); }

  RandomSteps steps_;
  Outcome* const outcome_;
  TempDir dir_;
  FaultyFileSystem fs_{PosixFileSystem()};
  ExpectedRows expected_;
  Life life_;
  Commit past_commit_ = 0;
  std::optional<LifeRows> past_rows_;
};

struct SeedRange {
  unsigned long long first = 1, last = 500;
};
SeedRange RangeToRun() {
  SeedRange range;
  const char* text = std::getenv("CORTEX_FAULT_SEEDS");
  if (text != nullptr) REQUIRE(std::sscanf(text, "%llu..%llu", &range.first, &range.last) == 2);
  return range;
}

}  // namespace

TEST_CASE("A database on a failing disk keeps every acknowledged row once, whatever the schedule",
          "[recovery][schedule]") {
  const SeedRange range = RangeToRun();
  Outcome outcome;
  for (unsigned long long seed = range.first; seed <= range.last; ++seed) {
    CAPTURE(seed);
    RandomLife(seed, &outcome).Run();
    if (seed % 500 == 0) {
      std::printf("seeds %llu..%llu: %llu steps, %llu refused, %llu operations failed, %llu starts refused\n",
                  range.first, seed, static_cast<unsigned long long>(outcome.steps),
                  static_cast<unsigned long long>(outcome.refused), static_cast<unsigned long long>(outcome.injected),
                  static_cast<unsigned long long>(outcome.opened_in_vain));
      std::fflush(stdout);
    }
  }
  REQUIRE((range.last - range.first < 100 || outcome.injected > 0));
}

}  // namespace cortex::testing

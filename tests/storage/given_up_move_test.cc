// Moves that somebody gives up, or that meet the end of the database: nothing half done, nothing left, not counted as failed.
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "storage/io/kill_point.h"
#include "tests/storage/data_directory.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/wait_until.h"

namespace cortex {
namespace {

using testing::AllVersions;
using testing::CreateTestTable;
using testing::FakeClock;
using testing::FaultyFileSystem;
using testing::FilesBelow;
using testing::PutRows;
using testing::SmallDatabase;
using testing::TempDir;
using testing::WaitUntil;

class Fixture {
 public:
  Fixture() : options(SmallDatabase(dir.File("data"), &clock)) {}
  void Open() {
    db.reset();
    db = REQUIRE_OK_AND_TAKE(Database::Open(options));
  }
  std::vector<std::string> Versions() { return AllVersions(db.get(), "t"); }
  uint64_t Segments(Tier tier) {
    return REQUIRE_OK_AND_TAKE(db->GetTableStats("t")).tiers[static_cast<size_t>(tier) - 1].segment_count;
  }
  uint64_t Rows(Tier tier) {
    return REQUIRE_OK_AND_TAKE(db->GetTableStats("t")).tiers[static_cast<size_t>(tier) - 1].row_count;
  }
  // One each, but for open groups.
  uint64_t files_of_segments() {
    const auto snapshot = REQUIRE_OK_AND_TAKE(db->OpenSnapshot("t", 0));
    return static_cast<uint64_t>(std::count_if(snapshot->segments.begin(), snapshot->segments.end(),
                                               [](const auto& segment) { return segment->id().value() != 0; }));
  }
  size_t Files(const std::string& tier) { return FilesBelow(dir.File("data/" + tier)).size(); }

  TempDir dir;
  FakeClock clock;
  DatabaseOptions options;
  std::unique_ptr<Database> db;
};

}  // namespace

TEST_CASE("A move ends wherever nobody wants it any more, and the next one does the rest", "[storage][tiers]") {
  struct Step {
    Tier from, to;
  };
  const Step step = GENERATE(Step{Tier::kHot, Tier::kWarm}, Step{Tier::kHot, Tier::kCold},
                             Step{Tier::kWarm, Tier::kCold}, Step{Tier::kWarm, Tier::kHot},
                             Step{Tier::kCold, Tier::kWarm});
  Fixture f;
  f.Open();
  CreateTestTable(f.db.get(), "t");
  PutRows(f.db.get(), "t", 0, 5'000, 1, step.from);
  const std::vector<std::string> before = f.Versions();
  const auto move_until = [&](int last_answer, int* answers) {
    return f.db->MoveTier({.table = "t", .from = step.from, .to = step.to, .still_wanted = [=] {
                             return (*answers)++ < last_answer ? absl::OkStatus() : absl::CancelledError("enough");
                           }});
  };
  int given_up = 0;
  for (int last_answer = 0;; ++last_answer) {
    CAPTURE(last_answer);
    int answers = 0;
    const absl::StatusOr<MoveResult> moved = move_until(last_answer, &answers);
    CHECK(f.Versions() == before);
    // From memory the sealer goes on beside.
    if (step.from != Tier::kHot) CHECK(f.Files("warm") + f.Files("cold") == f.files_of_segments());
    // Never between: the same call is all that is needed.
    CHECK(f.Rows(step.from) + f.Rows(step.to) == 5'000);
    if (moved.ok()) break;
    REQUIRE_STATUS(moved.status(), absl::StatusCode::kCancelled, "enough");
    CHECK(answers == last_answer + 1);  // the first no is the last question
    ++given_up;
  }
  // Where the disk is fast, sealing is over before anybody asks.
  CHECK((given_up > 2 || step.from == Tier::kHot));
  CHECK(f.db->GetTieringStats().moves_failed == 0);
  CHECK(f.Rows(step.to) == 5'000);
  f.Open();
  CHECK(f.Versions() == before);
}

// By way of warm files, so that it may end between its steps: then it says so.
TEST_CASE("A move from cold to hot that is given up says how many rows are left in warm", "[storage][tiers]") {
  Fixture f;
  f.Open();
  CreateTestTable(f.db.get(), "t");
  PutRows(f.db.get(), "t", 0, 5'000, 1, Tier::kCold);
  const std::vector<std::string> before = f.Versions();
  bool any_between = false;
  for (int last_answer = 0;; ++last_answer) {
    CAPTURE(last_answer);
    int answers = 0;
    const uint64_t warm = f.Rows(Tier::kWarm);
    const StillWanted wanted = [&] { return answers++ < last_answer ? absl::OkStatus() : absl::CancelledError("enough"); };
    const absl::Status moved =
        f.db->MoveTier({.table = "t", .from = Tier::kCold, .to = Tier::kHot, .still_wanted = wanted}).status();
    CHECK(f.Versions() == before);
    const uint64_t between = f.Rows(Tier::kWarm) - warm;
    if (moved.ok()) break;
    any_between = any_between || between > 0;
    REQUIRE_STATUS(moved, absl::StatusCode::kCancelled, "enough");
    const std::string said = "in tier warm now, move them on from there: " + std::to_string(between);
    CHECK((moved.message().find(said) != absl::string_view::npos) == (between > 0));
  }
  CHECK(any_between);
  CHECK(f.Rows(Tier::kCold) == 0);
  REQUIRE_OK(f.db->MoveTier({.table = "t", .from = Tier::kWarm, .to = Tier::kHot}).status());
  CHECK(f.Rows(Tier::kHot) == 5'000);
  CHECK(f.db->GetTieringStats().moves_failed == 0);
}

TEST_CASE("Merging ends where nobody wants it any more", "[storage][tiers]") {
  Fixture f;
  f.Open();
  CreateTestTable(f.db.get(), "t");
  for (int i = 0; i < 3; ++i) PutRows(f.db.get(), "t", 1'000 * i, 1'000, i, Tier::kWarm);
  const std::vector<std::string> before = f.Versions();
  const uint64_t segments = f.Segments(Tier::kWarm);
  REQUIRE_STATUS(f.db->CompactTable("t", Tier::kWarm, [] { return absl::DeadlineExceededError("too late"); }),
                 absl::StatusCode::kDeadlineExceeded, "too late");
  CHECK(f.Segments(Tier::kWarm) == segments);
  CHECK(f.Files("warm") == segments);
  CHECK(f.Versions() == before);
  REQUIRE_OK(f.db->CompactTable("t", Tier::kWarm));
  CHECK(f.Segments(Tier::kWarm) == segments / 3);
  CHECK(f.db->GetTieringStats().moves_failed == 0);
}

TEST_CASE("A move is not refused for a seal that was failing before anybody asked for the move", "[storage][tiers]") {
  FaultyFileSystem fs(PosixFileSystem());
  Fixture f;
  f.options.file_system = &fs;
  f.Open();
  CreateTestTable(f.db.get(), "t");
  fs.Inject({.part = "data/warm/", .status = absl::ResourceExhaustedError("disk full")});
  std::promise<void> asked;
  std::atomic<int> tries{0};
  SetKillPointHook([&](std::string_view name) {
    if (name == "seal-start" && tries++ == 0) asked.get_future().wait();
  });
  PutRows(f.db.get(), "t", 0, 20'000, 1);  // full groups in every shard
  const std::vector<std::string> before = f.Versions();
  REQUIRE(WaitUntil([&] { return tries > 0; }));
  bool is_first = true;
  const absl::Status moved =
      f.db->MoveTier({.table = "t", .from = Tier::kHot, .to = Tier::kWarm, .still_wanted = [&] {
                        if (std::exchange(is_first, false)) asked.set_value();
                        return absl::OkStatus();
                      }}).status();
  SetKillPointHook(nullptr);
  REQUIRE_OK(moved);
  CHECK(fs.injected_count() == 1);
  CHECK(f.Segments(Tier::kHot) == 0);
  CHECK(f.Versions() == before);
}

TEST_CASE("Closing a database gives up the move under way", "[storage][tiers]") {
  Fixture f;
  f.options.tiering_interval_ns = 1'000'000;
  f.options.tiering_bytes_per_second = 1;  // by a clock that stands still: the first row group waits for ever
  f.Open();
  CreateTestTable(f.db.get(), "t");
  PutRows(f.db.get(), "t", 0, 5'000, 1, Tier::kWarm);
  const std::vector<std::string> before = f.Versions();
  REQUIRE(WaitUntil([&] { return f.Files("cold") > 0; }));  // the mover writes its first archive
  f.options.tiering_interval_ns = 0;
  f.Open();
  CHECK(f.Segments(Tier::kCold) == 0);
  CHECK(f.Files("cold") == 0);
  CHECK(f.Versions() == before);
}

}  // namespace cortex

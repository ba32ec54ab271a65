#include "storage/commit_log.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <thread>

#include "storage/io/file_system.h"
#include "storage/io/kill_point.h"
#include "storage/outcome_unknown.h"
#include "storage/wal/wal_reader.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

using testing::FaultyFileSystem;
using testing::TempDir;

// Records the order in which the log called it.
class ProbeTask final : public CommitTask {
 public:
  struct Log {
    std::vector<Commit> applied;               // applier thread only, until the log is closed
    std::vector<absl::StatusOr<Commit>> done;  // the same
    std::promise<void> applying, go_on;        // of the task "wait"
  };
  ProbeTask(Log* log, std::string payload, std::promise<absl::Status>* finished = nullptr)
      : log_(log), payload_(std::move(payload)), finished_(finished) {}
  uint64_t queued_bytes() const override { return payload_.size(); }
  absl::StatusOr<std::string> Prepare(Commit) override {
    if (payload_ == "refuse") return absl::InvalidArgumentError("refused by the task");
    return payload_;
  }
  absl::Status Apply(Commit commit) override {
    if (payload_ == "cannot apply") return absl::ResourceExhaustedError("too many open files");
    if (payload_ == "damage") return absl::DataLossError("a block is bad");
    if (payload_ == "wait") {
      log_->applying.set_value();
      log_->go_on.get_future().wait();
    }
    log_->applied.push_back(commit);
    return absl::OkStatus();
  }
  void Done(absl::StatusOr<Commit> result) override {
    if (finished_ != nullptr) finished_->set_value(result.status());
    if (result.ok()) log_->done.push_back(result);
  }

 private:
  Log* const log_;
  const std::string payload_;
  std::promise<absl::Status>* const finished_;
};

absl::Status Run(CommitLog* log, ProbeTask::Log* probe, std::string payload) {
  std::promise<absl::Status> finished;
  auto future = finished.get_future();
  log->Submit(std::make_unique<ProbeTask>(probe, std::move(payload), &finished));
  return future.get();
}

std::unique_ptr<WalWriter> OpenWal(FileSystem* fs, const std::string& dir) {
  REQUIRE_OK(fs->CreateDirs(dir));
  auto reader = REQUIRE_OK_AND_TAKE(WalReader::Open(fs, {.dir = dir}));
  WalRecord record;
  while (REQUIRE_OK_AND_TAKE(reader->Next(&record))) {
  }
  return REQUIRE_OK_AND_TAKE(WalWriter::Open(fs, {.dir = dir, .server_id = 1, .file_bytes = 1 << 20}, reader->tail()));
}

std::vector<Commit> CommitsIn(FileSystem* fs, const std::string& dir) {
  auto reader = REQUIRE_OK_AND_TAKE(WalReader::Open(fs, {.dir = dir}));
  std::vector<Commit> commits;
  WalRecord record;
  while (REQUIRE_OK_AND_TAKE(reader->Next(&record))) commits.push_back(record.commit);
  return commits;
}

}  // namespace

TEST_CASE("CommitLog applies in commit order and acknowledges what is durable and visible", "[storage]") {
  TempDir dir;
  ProbeTask::Log probe;
  {
    CommitLog log({.wal = OpenWal(PosixFileSystem(), dir.path()), .last_commit = 41});
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 200; ++i) log.Submit(std::make_unique<ProbeTask>(&probe, "payload"));
      });
    }
    for (auto& thread : threads) thread.join();
  }
  REQUIRE(probe.applied.size() == 800);
  for (size_t i = 0; i < 800; ++i) REQUIRE(probe.applied[i] == 42 + i);
  REQUIRE(probe.done.size() == 800);
  const auto commits = CommitsIn(PosixFileSystem(), dir.path());
  CHECK(commits == probe.applied);
}

TEST_CASE("CommitLog gives no commit to a task that refuses itself", "[storage]") {
  TempDir dir;
  ProbeTask::Log probe;
  CommitLog log({.wal = OpenWal(PosixFileSystem(), dir.path())});
  REQUIRE_OK(Run(&log, &probe, "a"));
  REQUIRE_STATUS(Run(&log, &probe, "refuse"), absl::StatusCode::kInvalidArgument, "refused by the task");
  REQUIRE_OK(Run(&log, &probe, "b"));
  CHECK(log.visible_commit() == 2);
  REQUIRE_OK(log.WaitVisible(2));
  REQUIRE_STATUS(log.WaitVisible(3), absl::StatusCode::kOutOfRange, "never given out");
}

TEST_CASE("CommitLog lets go of who waits for a commit and is not wanted any more", "[storage]") {
  TempDir dir;
  ProbeTask::Log probe;
  CommitLog log({.wal = OpenWal(PosixFileSystem(), dir.path())});
  log.Submit(std::make_unique<ProbeTask>(&probe, "wait"));
  probe.applying.get_future().wait();
  int asked = 0;
  const auto wanted = [&] { return ++asked == 3 ? absl::DeadlineExceededError("too late") : absl::OkStatus(); };
  REQUIRE_STATUS(log.WaitVisible(1, wanted), absl::StatusCode::kDeadlineExceeded, "too late");
  probe.go_on.set_value();
  REQUIRE_OK(log.WaitVisible(1, [] { return absl::OkStatus(); }));
}

TEST_CASE("CommitLog refuses a task whose record is too long and goes on", "[storage]") {
  TempDir dir;
  ProbeTask::Log probe;
  {
    CommitLog log({.wal = OpenWal(PosixFileSystem(), dir.path()), .max_payload_bytes = 100});
    REQUIRE_OK(Run(&log, &probe, "a"));
    REQUIRE_STATUS(Run(&log, &probe, std::string(101, 'x')), absl::StatusCode::kInvalidArgument, "101 bytes");
    REQUIRE_OK(Run(&log, &probe, std::string(100, 'x')));
    REQUIRE_OK(log.health());
  }
  CHECK(CommitsIn(PosixFileSystem(), dir.path()) == std::vector<Commit>{1, 2});
}

TEST_CASE("CommitLog acknowledges nothing after a failed sync", "[storage]") {
  TempDir dir;
  FaultyFileSystem fs(PosixFileSystem());
  ProbeTask::Log probe;
  {
    CommitLog log({.wal = OpenWal(&fs, dir.path())});
    REQUIRE_OK(Run(&log, &probe, "a"));
    fs.FailAt(fs.operation_count() + 1, absl::DataLossError("injected"), /*sticky=*/false);
    const absl::Status failed = Run(&log, &probe, "b");
    REQUIRE_STATUS(failed, absl::StatusCode::kUnavailable, "until restart, which may apply it all the same");
    CHECK(IsOutcomeUnknown(failed));
    // The disk works again, the log does not believe it.
    const absl::Status refused = Run(&log, &probe, "c");
    REQUIRE_STATUS(refused, absl::StatusCode::kUnavailable, "until restart");
    CHECK_FALSE(IsOutcomeUnknown(refused));
    CHECK(log.visible_commit() == 1);
    CHECK_FALSE(log.health().ok());
  }
  CHECK(probe.applied == std::vector<Commit>{1});
}

TEST_CASE("CommitLog stops before a durable commit that could not be applied", "[storage]") {
  TempDir dir;
  ProbeTask::Log probe;
  {
    CommitLog log({.wal = OpenWal(PosixFileSystem(), dir.path())});
    REQUIRE_OK(Run(&log, &probe, "a"));
    REQUIRE_STATUS(Run(&log, &probe, "damage"), absl::StatusCode::kDataLoss, "block");  // applied as far as possible
    CHECK(log.visible_commit() == 2);
    const absl::Status failed = Run(&log, &probe, "cannot apply");
    REQUIRE_STATUS(failed, absl::StatusCode::kUnavailable, "commit 3 is durable");
    CHECK(IsOutcomeUnknown(failed));
    const absl::Status refused = Run(&log, &probe, "b");
    REQUIRE_STATUS(refused, absl::StatusCode::kUnavailable, "until restart");
    CHECK_FALSE(IsOutcomeUnknown(refused));
    REQUIRE_STATUS(log.WaitVisible(3), absl::StatusCode::kUnavailable, "until restart");
    CHECK(log.visible_commit() == 2);
  }
  CHECK(CommitsIn(PosixFileSystem(), dir.path())[2] == 3);  // a restart replays it
}

TEST_CASE("CommitLog gives the numbers of a group that a full disk refused again", "[storage]") {
  TempDir dir;
  FaultyFileSystem fs(PosixFileSystem());
  ProbeTask::Log probe;
  CommitLog log({.wal = OpenWal(&fs, dir.path())});
  for (int i = 0; i < 10; ++i) REQUIRE_OK(Run(&log, &probe, std::string(100'000, 'x')));
  // No room for another file. The synced marker, which may come at any time, fits into the one that is there.
  fs.Inject({.part = "", .count = UINT64_MAX, .status = absl::ResourceExhaustedError("injected: no space"), .only_growth = true});
  REQUIRE_STATUS(Run(&log, &probe, std::string(100'000, 'y')), absl::StatusCode::kResourceExhausted, "no space");
  REQUIRE_OK(log.health());
  REQUIRE_STATUS(log.WaitVisible(11), absl::StatusCode::kOutOfRange, "never given out");
  fs.StopFailing();
  REQUIRE_OK(Run(&log, &probe, std::string(100'000, 'z')));
  CHECK(log.visible_commit() == 11);
  CHECK(CommitsIn(PosixFileSystem(), dir.path()).size() == 11);
}

TEST_CASE("CommitLog trims whole files below the bound", "[storage]") {
  TempDir dir;
  ProbeTask::Log probe;
  CommitLog log({.wal = OpenWal(PosixFileSystem(), dir.path())});
  for (int i = 0; i < 40; ++i) REQUIRE_OK(Run(&log, &probe, std::string(100'000, 'x')));
  const uint64_t before = log.wal_bytes();
  log.RequestTrim(30);
  REQUIRE_OK(Run(&log, &probe, "y"));
  REQUIRE_OK(Run(&log, &probe, "z"));
  CHECK(log.wal_bytes() < before);
  CHECK(CommitsIn(PosixFileSystem(), dir.path()).back() == 42);
  CHECK(CommitsIn(PosixFileSystem(), dir.path()).front() <= 30);
}

TEST_CASE("CommitLog asks for no sealing while it is held and cannot shrink", "[storage]") {
  TempDir dir;
  ProbeTask::Log probe;
  std::atomic<int> asked = 0;
  CommitLog log({.wal = OpenWal(PosixFileSystem(), dir.path()), .wal_limit_bytes = 1, .on_wal_full = [&] { ++asked; }});
  log.HoldTrim();
  for (int i = 0; i < 10; ++i) REQUIRE_OK(Run(&log, &probe, "x"));
  CHECK(asked == 0);
  log.ReleaseTrim();
  REQUIRE_OK(Run(&log, &probe, "y"));
  REQUIRE_OK(Run(&log, &probe, "z"));  // the writer was asked behind "y"
  CHECK(asked > 0);
}

TEST_CASE("CommitLog removes no file once somebody holds it, not even in a trim under way", "[storage]") {
  TempDir dir;
  ProbeTask::Log probe;
  CommitLog log({.wal = OpenWal(PosixFileSystem(), dir.path())});
  for (int i = 0; i < 40; ++i) REQUIRE_OK(Run(&log, &probe, std::string(100'000, 'x')));
  std::promise<void> trimming, held;
  std::atomic<bool> is_held = false, removed_while_held = false;
  int steps = 0;
  SetKillPointHook([&](std::string_view name) {
    if (name == "wal-trim" && steps++ == 0) {
      trimming.set_value();
      // Whoever asks now is to wait for the trim; one who need not has time to say so.
      held.get_future().wait_for(std::chrono::milliseconds(200));
    }
    if (name == "wal-trim-removed" && is_held) removed_while_held = true;
  });
  std::thread holder([&] {
    trimming.get_future().wait();
    log.HoldTrim();
    is_held = true;
    held.set_value();
  });
  log.RequestTrim(41);
  holder.join();
  REQUIRE_OK(Run(&log, &probe, "y"));  // behind the trim
  SetKillPointHook(nullptr);
  CHECK(steps > 1);
  CHECK_FALSE(removed_while_held);
  const std::vector<Commit> kept = CommitsIn(PosixFileSystem(), dir.path());
  log.RequestTrim(42);
  REQUIRE_OK(Run(&log, &probe, "z"));
  CHECK(CommitsIn(PosixFileSystem(), dir.path()).front() == kept.front());
  log.ReleaseTrim();
}

}  // namespace cortex

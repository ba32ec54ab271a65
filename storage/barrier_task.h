// Places in the log without a commit of their own, and what keeps files while somebody copies them.
#ifndef CORTEX_STORAGE_BARRIER_TASK_H_
#define CORTEX_STORAGE_BARRIER_TASK_H_

#include <array>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "storage/commit_log.h"
#include "storage/ingest_task.h"
#include "storage/tiers/file_tier.h"

namespace cortex {

// What Flush waits for.
class BarrierTask final : public CommitTask {
 public:
  explicit BarrierTask(IngestDone done) : done_(std::move(done)) {}
  uint64_t queued_bytes() const override { return 0; }
  bool takes_number() const override { return false; }
  absl::StatusOr<std::string> Prepare(Commit) override { return std::string(); }
  bool Join(const std::shared_ptr<DirectWrite>&, Commit) override { return true; }
  absl::Status Apply(Commit) override { return absl::OkStatus(); }
  void Done(absl::StatusOr<Commit> result) override {
    if (!result.ok()) return done_(result.status());
    done_(CommitToken{.epoch = 1, .commit = *result});
  }

 private:
  IngestDone done_;
};

// Work between two commits: everything before it is applied and nothing after it.
class BetweenCommitsTask final : public CommitTask {
 public:
  BetweenCommitsTask(std::function<absl::Status(Commit)> work, IngestDone done)
      : work_(std::move(work)), done_(std::move(done)) {}
  uint64_t queued_bytes() const override { return 0; }
  bool takes_number() const override { return false; }
  absl::StatusOr<std::string> Prepare(Commit) override { return std::string(); }
  absl::Status Apply(Commit commit) override { return status_ = work_(commit); }
  void Done(absl::StatusOr<Commit> result) override {
    if (!status_.ok() || !result.ok()) return done_(status_.ok() ? result.status() : status_);
    done_(CommitToken{.epoch = 1, .commit = *result});
  }

 private:
  const std::function<absl::Status(Commit)> work_;
  IngestDone done_;
  absl::Status status_;
};

// While it lives no file of the log is removed.
class TrimHold {
 public:
  explicit TrimHold(CommitLog* log) : log_(log) { log_->HoldTrim(); }
  ~TrimHold() { log_->ReleaseTrim(); }
  TrimHold(const TrimHold&) = delete;
  TrimHold& operator=(const TrimHold&) = delete;

 private:
  CommitLog* const log_;
};

// While it lives no file of segments is removed.
class RemovalHold {
 public:
  explicit RemovalHold(std::array<FileTier*, 2> tiers) : tiers_(tiers) {
    for (FileTier* tier : tiers_) tier->HoldRemovals();
  }
  ~RemovalHold() {
    for (FileTier* tier : tiers_) tier->ReleaseRemovals();
  }
  RemovalHold(const RemovalHold&) = delete;
  RemovalHold& operator=(const RemovalHold&) = delete;

 private:
  const std::array<FileTier*, 2> tiers_;
};

// Starts a task and waits for its end. Blocking.
inline absl::StatusOr<CommitToken> WaitFor(const std::function<void(IngestDone)>& start) {
  auto promise = std::make_shared<std::promise<absl::StatusOr<CommitToken>>>();
  std::future<absl::StatusOr<CommitToken>> future = promise->get_future();
  start([promise](absl::StatusOr<CommitToken> result) { promise->set_value(std::move(result)); });
  return future.get();
}

}  // namespace cortex

#endif  // CORTEX_STORAGE_BARRIER_TASK_H_

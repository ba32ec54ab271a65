#include "storage/commit_log.h"

#include <pthread.h>

#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "storage/io/kill_point.h"
#include "storage/outcome_unknown.h"

namespace cortex {
namespace {

constexpr int64_t kAskNs = 100'000'000;  // how often one who waits is asked whether he still wants to

std::unique_ptr<WalWriter> TakeWal(CommitLogOptions& options) { return std::move(options.wal); }

absl::Status Stopped(const absl::Status& why) {
  return absl::UnavailableError(
      absl::StrFormat("the write-ahead log failed and nothing more is acknowledged until restart: %s",
                      std::string(why.message())));
}

// Of commits that the failed log may hold, or that the stopped one does hold. `fate`: how a restart decides.
absl::Status MayComeBack(std::string_view what, std::string_view fate, const absl::Status& why) {
  return OutcomeUnknown(absl::StrFormat(
      "%s; nothing more is acknowledged until restart, which %s; sent again without a producer it may be there twice: %s",
      what, fate, std::string(why.message())));
}

// Of one task; the log itself is sound.
absl::Status TooLong(uint64_t bytes, uint64_t limit) {
  return absl::InvalidArgumentError(absl::StrFormat(
      "too much for one commit, do it in parts: its record takes %d bytes, the log takes at most %d", bytes, limit));
}

absl::Status Closing() { return absl::UnavailableError("the database is closing; retry against a running server"); }

}  // namespace

CommitLog::CommitLog(CommitLogOptions options)
    : options_{.wal = nullptr,
               .last_commit = options.last_commit,
               .wal_limit_bytes = options.wal_limit_bytes,
               .max_payload_bytes = options.max_payload_bytes,
               .may_submit = options.may_submit,
               .on_wal_full = options.on_wal_full},
      wal_(TakeWal(options)),
      next_commit_(options.last_commit + 1),
      last_given_(options.last_commit),
      visible_commit_(options.last_commit) {
  wal_bytes_.store(wal_->total_bytes());
  synced_position_.store(wal_->synced_through());
  writer_ = std::thread([this] { RunWriter(); });
  applier_ = std::thread([this] { RunApplier(); });
  pthread_setname_np(writer_.native_handle(), "wal-writer");
  pthread_setname_np(applier_.native_handle(), "applier");
}

void CommitLog::Shutdown() {
  {
    MutexLock lock(&mutex_);
    if (std::exchange(stopping_, true)) return;
  }
  not_empty_.NotifyAll();
  not_full_.NotifyAll();
  writer_.join();
  applier_.join();
}

void CommitLog::Submit(std::unique_ptr<CommitTask> task) {
  absl::Status refused = options_.may_submit == nullptr ? absl::OkStatus() : options_.may_submit();
  if (!refused.ok()) return task->Done(refused);
  {
    MutexLock lock(&mutex_);
    while (!stopping_ && failed_.ok() && (queued_bytes_ > kMaxQueuedBytes || queue_.size() >= kMaxQueuedTasks)) {
      not_full_.Wait(&mutex_);
    }
    refused = stopping_ ? Closing() : failed_;
    if (refused.ok()) {
      queued_bytes_ += task->queued_bytes();
      queue_.push_back(std::move(task));
    }
  }
  if (!refused.ok()) return task->Done(refused);
  not_empty_.NotifyOne();
}

absl::Status CommitLog::WaitVisible(Commit commit, const StillWanted& still_wanted) {
  if (commit <= visible_commit()) return absl::OkStatus();
  MutexLock lock(&mutex_);
  while (visible_commit() < commit && failed_.ok() && commit <= last_given_) {
    if (still_wanted == nullptr) {
      visible_changed_.Wait(&mutex_);
    } else {
      RETURN_IF_ERROR(still_wanted());
      visible_changed_.WaitFor(&mutex_, kAskNs);
    }
  }
  if (commit > last_given_) {  // at once, or its group was refused meanwhile
    return absl::OutOfRangeError(
        absl::StrFormat("commit %d was never given out; the newest is %d", commit, last_given_));
  }
  return visible_commit() >= commit ? absl::OkStatus() : failed_;
}

void CommitLog::RequestTrim(Commit first_needed) {
  {
    MutexLock lock(&mutex_);
    if (first_needed <= trim_below_) return;
    trim_below_ = first_needed;
  }
  not_empty_.NotifyOne();
}

void CommitLog::HoldTrim() {
  MutexLock lock(&mutex_);
  ++trim_holds_;
  while (trimming_) trimmed_.Wait(&mutex_);  // it was asked for before and has not seen the hold
}

void CommitLog::ReleaseTrim() {
  {
    MutexLock lock(&mutex_);
    --trim_holds_;
  }
  not_empty_.NotifyOne();  // what was asked for meanwhile is due
}

uint64_t CommitLog::AddListener(std::function<void(Commit)> listener) {
  MutexLock lock(&listeners_mutex_);
  listeners_[next_listener_] = std::move(listener);
  return next_listener_++;
}

void CommitLog::RemoveListener(uint64_t id) {
  MutexLock lock(&listeners_mutex_);
  listeners_.erase(id);
}

absl::Status CommitLog::health() const {
  MutexLock lock(&mutex_);
  return failed_;
}

// --- writer thread ------------------------------------------------------------------------------------------------

void CommitLog::RunWriter() {
  for (;;) {
    std::vector<std::unique_ptr<CommitTask>> tasks = TakeGroup();
    TrimIfAsked();
    if (tasks.empty()) break;
    const absl::Status applied = tasks.front()->reads_applied_state() ? WaitApplied() : absl::OkStatus();
    if (!applied.ok()) {
      for (const auto& task : tasks) task->Done(applied);
      continue;
    }
    Group group = PrepareGroup(std::move(tasks));
    const bool begun = wal_->status().ok();
    const absl::Status written = WriteGroup(group);
    if (!written.ok()) {
      FailGroup(&group, written, begun);
      continue;
    }
    HandOver(std::move(group));
    if (IsFull() && options_.on_wal_full != nullptr) options_.on_wal_full();
  }
  WriteMarker();
  {
    MutexLock lock(&mutex_);
    writer_done_ = true;
  }
  group_ready_.NotifyAll();
}

// Whether sealing would help: a held log does not shrink, and every group would seal what the one before it left open.
bool CommitLog::IsFull() const {
  if (wal_bytes() <= options_.wal_limit_bytes) return false;
  MutexLock lock(&mutex_);
  return trim_holds_ == 0;
}

// Blocks until there is work; empty only when stopping and drained. Idle time is when markers and trims happen.
std::vector<std::unique_ptr<CommitTask>> CommitLog::TakeGroup() {
  std::vector<std::unique_ptr<CommitTask>> tasks;
  bool marked = false;
  for (;;) {
    bool idle = false;
    {
      MutexLock lock(&mutex_);
      while (queue_.empty() && !stopping_ && !idle) {
        if (trim_below_ != 0 && trim_holds_ == 0) {
          idle = true;
        } else if (marked) {
          not_empty_.Wait(&mutex_);
        } else {
          idle = !not_empty_.WaitFor(&mutex_, kMarkerDelayNs);
        }
      }
      uint64_t bytes = 0;
      while (!queue_.empty() && tasks.size() < kMaxGroupTasks && bytes < kMaxGroupBytes) {
        if (!tasks.empty() && queue_.front()->reads_applied_state()) break;  // begins a group of its own
        bytes += queue_.front()->queued_bytes();
        tasks.push_back(std::move(queue_.front()));
        queue_.pop_front();
      }
      queued_bytes_ -= bytes;
      if (!tasks.empty() || stopping_) break;
    }
    TrimIfAsked();
    WriteMarker();
    marked = true;
  }
  not_full_.NotifyAll();
  return tasks;
}

// Waits until every commit given out so far is applied.
absl::Status CommitLog::WaitApplied() {
  MutexLock lock(&mutex_);
  while (failed_.ok() && visible_commit() + 1 < next_commit_) visible_changed_.Wait(&mutex_);
  return failed_;
}

// Everything acknowledged is synced already; a marker only narrows what a later start may call a torn tail. So a disk too
// full for it is no reason to stop.
void CommitLog::WriteMarker() {
  if (!wal_->status().ok()) return;
  const absl::Status status = wal_->WriteSyncedMarker();
  if (!wal_->status().ok()) SetFailed(Stopped(status));
}

CommitLog::Group CommitLog::PrepareGroup(std::vector<std::unique_ptr<CommitTask>> tasks) {
  Group group;
  group.reserve(tasks.size());
  for (auto& task : tasks) {
    if (const absl::Status admitted = task->Admit(); !admitted.ok()) {
      task->Done(admitted);
      continue;
    }
    const Commit commit = task->takes_number() ? next_commit_ : next_commit_ - 1;
    absl::StatusOr<std::string> payload = task->Prepare(commit);
    if (payload.ok() && payload->size() > options_.max_payload_bytes) {
      payload = TooLong(payload->size(), options_.max_payload_bytes);
    }
    if (!payload.ok()) {
      task->Done(payload.status());
      continue;
    }
    next_commit_ = commit + 1;
    group.push_back({.task = std::move(task), .commit = commit, .payload = *std::move(payload)});
  }
  MutexLock lock(&mutex_);
  last_given_ = next_commit_ - 1;
  return group;
}

absl::Status CommitLog::WriteGroup(const Group& group) {
  std::vector<WalRecordRef> records;
  for (const PreparedTask& prepared : group) {
    if (!prepared.payload.empty()) records.push_back({.commit = prepared.commit, .payload = AsBytes(prepared.payload)});
  }
  if (records.empty()) return wal_->status();
  RETURN_IF_ERROR(wal_->Append(records));
  RETURN_IF_ERROR(wal_->Sync());
  KillPoint("wal-synced");
  synced_position_.store(wal_->synced_through(), std::memory_order_release);
  sync_count_.fetch_add(1, std::memory_order_relaxed);
  wal_bytes_.store(wal_->total_bytes(), std::memory_order_relaxed);
  return absl::OkStatus();
}

void CommitLog::HandOver(Group group) {
  if (group.empty()) return;
  {
    MutexLock lock(&mutex_);
    while (unapplied_.size() >= kMaxUnappliedGroups) group_taken_.Wait(&mutex_);
    unapplied_.push_back(std::move(group));
  }
  group_ready_.NotifyOne();
}

// A full disk refuses this group and nothing else; anything else is final.
void CommitLog::FailGroup(Group* group, const absl::Status& status, bool begun) {
  const bool retryable = wal_->status().ok() && absl::IsResourceExhausted(status);
  const absl::Status reported = retryable ? status : Stopped(status);
  if (!retryable) {
    SetFailed(reported);
  } else if (!group->empty()) {
    // Nothing of it was written, so nobody will ever see these numbers; a waiter for one of them must not wait on.
    for (auto prepared = group->rbegin(); prepared != group->rend(); ++prepared) {
      if (prepared->task->takes_number()) next_commit_ = prepared->commit;
    }
    MutexLock lock(&mutex_);
    last_given_ = next_commit_ - 1;
    visible_changed_.NotifyAll();
  }
  for (PreparedTask& prepared : *group) {
    const bool may_be_there = begun && !retryable && !prepared.payload.empty();
    const std::string what = absl::StrFormat("the write-ahead log failed at commit %d", prepared.commit);
    prepared.task->Done(may_be_there ? MayComeBack(what, "may apply it all the same", status) : reported);
  }
}

void CommitLog::SetFailed(const absl::Status& status) {
  {
    MutexLock lock(&mutex_);
    if (failed_.ok()) failed_ = status;
  }
  not_full_.NotifyAll();
  visible_changed_.NotifyAll();
}

void CommitLog::TrimIfAsked() {
  Commit below = 0;
  {
    MutexLock lock(&mutex_);
    if (trim_holds_ == 0) below = std::exchange(trim_below_, 0);
    if (below == 0 || !wal_->status().ok()) return;
    trimming_ = true;
  }
  const absl::Status status = wal_->Trim(below);
  if (!status.ok() && !wal_->status().ok()) SetFailed(status);
  wal_bytes_.store(wal_->total_bytes(), std::memory_order_relaxed);
  {
    MutexLock lock(&mutex_);
    trimming_ = false;
  }
  trimmed_.NotifyAll();
}

// --- applier thread -----------------------------------------------------------------------------------------------

void CommitLog::RunApplier() {
  absl::Status stopped;
  for (;;) {
    Group group;
    {
      MutexLock lock(&mutex_);
      while (unapplied_.empty() && !writer_done_) group_ready_.Wait(&mutex_);
      if (unapplied_.empty()) return;
      group = std::move(unapplied_.front());
      unapplied_.pop_front();
    }
    group_taken_.NotifyOne();
    for (size_t i = 0; i < group.size(); ++i) {
      if (stopped.ok()) {
        group[i].task->Lead(absl::MakeConstSpan(group).subspan(i));
        stopped = ApplyAndReport(&group[i]);
      } else if (!group[i].payload.empty() || group[i].task->MayBeDurable()) {
        const std::string what = absl::StrFormat("commit %d is durable but the log stopped before it", group[i].commit);
        group[i].task->Done(MayComeBack(what, "applies it", stopped));
      } else {
        group[i].task->Done(stopped);
      }
      group[i].task.reset();
    }
  }
}

// Not OK: nothing more may be applied.
absl::Status CommitLog::ApplyAndReport(PreparedTask* prepared) {
  const absl::Status applied = prepared->task->Apply(prepared->commit);
  if (!applied.ok() && !absl::IsDataLoss(applied) && !prepared->payload.empty()) {
    const std::string what = absl::StrFormat("commit %d is durable but could not be applied", prepared->commit);
    const absl::Status stopped = absl::UnavailableError(absl::StrFormat(
        "%s; nothing more is acknowledged until restart, which applies it: %s", what, std::string(applied.message())));
    SetFailed(stopped);
    prepared->task->Done(MayComeBack(what, "applies it", applied));
    return stopped;
  }
  KillPoint("wal-applied");
  {
    // Under the lock so that a waiter cannot miss the change.
    MutexLock lock(&mutex_);
    visible_commit_.store(prepared->commit, std::memory_order_release);
  }
  visible_changed_.NotifyAll();
  {
    MutexLock lock(&listeners_mutex_);
    for (const auto& [id, listener] : listeners_) listener(prepared->commit);
  }
  KillPoint("wal-visible");
  prepared->task->Done(applied.ok() ? absl::StatusOr<Commit>(prepared->commit) : applied);
  return absl::OkStatus();
}

}  // namespace cortex

// Orders commits: every task gets the next commit number, is written to the WAL, synced with its group, applied, and
// only then acknowledged. visible_commit() advances in that one order.
//
//   submitters --queue--> [writer thread: Prepare, append group, fdatasync] --queue--> [applier thread: Apply, Done]
//
// Two threads so that the disk syncs one group while the one before is applied. Both queues are bounded.
// A failed write or sync is final: everything queued and everything later is refused with UNAVAILABLE; reopen. What may be
// durable by then, and come back with a restart, is told so: OutcomeUnknown (outcome_unknown.h). A disk too full for
// another file refuses one group, whose numbers are given again.
#ifndef CORTEX_STORAGE_COMMIT_LOG_H_
#define CORTEX_STORAGE_COMMIT_LOG_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/runtime/mutex.h"
#include "storage/runtime/still_wanted.h"
#include "storage/runtime/strong_id.h"
#include "storage/wal/wal_writer.h"

namespace cortex {

class DirectWrite;
struct PreparedTask;

// One write on its way through the log. Called by one thread at a time, in this order: Admit, Prepare, Lead and Join,
// Apply, Done; after an error of Admit, Prepare or of the log only Done.
class CommitTask {
 public:
  virtual ~CommitTask() = default;
  // Bytes it holds in the queue.
  virtual uint64_t queued_bytes() const = 0;
  // Writer thread: the last chance to refuse, or to decide what takes_number answers.
  virtual absl::Status Admit() { return absl::OkStatus(); }
  // False for a task that only waits for those before it: it is given the number of the last commit, not its own.
  virtual bool takes_number() const { return true; }
  // True if Prepare reads what earlier commits left behind: it then runs once all of them are applied.
  virtual bool reads_applied_state() const { return false; }
  // Writer thread: the WAL payload. Empty: Apply makes the commit durable by itself (or there is nothing to keep).
  virtual absl::StatusOr<std::string> Prepare(Commit commit) = 0;
  // Applier thread, once everything before it is applied: the tasks from this one to the end of its group. One that is
  // costly to make durable may let those behind it join.
  virtual void Lead(absl::Span<const PreparedTask> group);
  // Applier thread, in commit order, before the writes it passes by are applied: the task becomes a part of `write`, or
  // says what must not be written before it. False: nothing may be.
  virtual bool Join(const std::shared_ptr<DirectWrite>& /*write*/, Commit /*commit*/) { return false; }
  // Applier thread, in commit order, after the payload is durable. An error is reported to the submitter. If the task
  // has a payload, an error other than DATA_LOSS says that a durable commit is not in memory: the log stops before it
  // becomes visible, and a restart replays it.
  virtual absl::Status Apply(Commit commit) = 0;
  // Applier thread, of a task without payload that is not applied because the log stopped: whether it is durable all the
  // same, with one before it.
  virtual bool MayBeDurable() const { return false; }
  // After the commit became visible, or with the error.
  virtual void Done(absl::StatusOr<Commit> result) = 0;
};

struct PreparedTask {
  std::unique_ptr<CommitTask> task;
  Commit commit = 0;
  std::string payload;
};

inline void CommitTask::Lead(absl::Span<const PreparedTask>) {}

struct CommitLogOptions {
  std::unique_ptr<WalWriter> wal;
  Commit last_commit = 0;  // the highest ever given out
  uint64_t wal_limit_bytes = 1ull << 30;
  uint64_t max_payload_bytes = kWalMaxPayloadBytes;  // a task with more is refused
  // Asked at every Submit; not OK: the task is refused with that, and nothing else happens. Must not block. May be empty.
  std::function<absl::Status()> may_submit;
  // Called from the writer thread while the WAL is above its limit and nobody holds it; is to get old rows sealed. Must
  // not block.
  std::function<void()> on_wal_full;
};

class CommitLog {
 public:
  explicit CommitLog(CommitLogOptions options);
  ~CommitLog() { Shutdown(); }

  // Refuses new tasks, finishes queued ones, writes the synced marker, joins both threads. Once.
  void Shutdown();

  // Queues a task; blocks while the queue is full. Tasks of one thread keep their order.
  void Submit(std::unique_ptr<CommitTask> task);

  // Everything at or below is durable and visible.
  Commit visible_commit() const { return visible_commit_.load(std::memory_order_acquire); }
  // Blocks until `commit` is visible. OUT_OF_RANGE if it was never given out; UNAVAILABLE if the log failed first; the
  // answer of `still_wanted`: a commit may have to wait for space on the disk.
  absl::Status WaitVisible(Commit commit, const StillWanted& still_wanted = nullptr);

  // WAL files entirely below `first_needed` may go. Carried out by the writer thread.
  void RequestTrim(Commit first_needed);
  // While anybody holds it, no file of the log is removed; HoldTrim waits for a trim under way. Every call of it is
  // followed by one of ReleaseTrim.
  void HoldTrim();
  void ReleaseTrim();
  // Everything below this position of the log is durable and changes no more.
  WalPosition synced_position() const { return synced_position_.load(std::memory_order_acquire); }

  // Called on the applier thread after each commit became visible, in order; must be quick and not call the log. After
  // RemoveListener has returned it is not called any more.
  uint64_t AddListener(std::function<void(Commit)> listener);
  void RemoveListener(uint64_t id);

  // OK, or why the log stopped.
  absl::Status health() const;
  uint64_t wal_bytes() const { return wal_bytes_.load(std::memory_order_relaxed); }
  uint64_t sync_count() const { return sync_count_.load(std::memory_order_relaxed); }

 private:
  using Group = std::vector<PreparedTask>;

  // A group is what was queued when the writer came back, up to these bounds. Groups of about 1 MiB sync fastest: 653
  // MiB/s against 361 at 4 MiB and 232 at 64 KiB (measured; a batch larger than that is a group of its own).
  static constexpr size_t kMaxGroupTasks = 1024;
  static constexpr uint64_t kMaxGroupBytes = 1ull << 20;
  static constexpr uint64_t kMaxQueuedBytes = 128ull << 20;
  static constexpr size_t kMaxQueuedTasks = 8192;
  static constexpr size_t kMaxUnappliedGroups = 2;
  // The residual window in which damage to the last group cannot be told from a torn tail (DESIGN: within 100 ms).
  static constexpr int64_t kMarkerDelayNs = 50'000'000;

  void RunWriter();
  bool IsFull() const;
  void RunApplier();
  std::vector<std::unique_ptr<CommitTask>> TakeGroup();
  absl::Status WaitApplied();
  Group PrepareGroup(std::vector<std::unique_ptr<CommitTask>> tasks);
  absl::Status WriteGroup(const Group& group);
  void HandOver(Group group);
  // `begun`: some of it may be on disk.
  void FailGroup(Group* group, const absl::Status& status, bool begun);
  void TrimIfAsked();
  void SetFailed(const absl::Status& status);
  void WriteMarker();
  absl::Status ApplyAndReport(PreparedTask* prepared);

  const CommitLogOptions options_;
  const std::unique_ptr<WalWriter> wal_;  // writer thread only
  Commit next_commit_;                    // writer thread only

  mutable Mutex mutex_;  // guards the queues and the state below; a leaf
  CondVar not_empty_, not_full_, group_ready_, group_taken_, visible_changed_, trimmed_;
  std::deque<std::unique_ptr<CommitTask>> queue_ ABSL_GUARDED_BY(mutex_);
  uint64_t queued_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<Group> unapplied_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool writer_done_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status failed_ ABSL_GUARDED_BY(mutex_);
  Commit trim_below_ ABSL_GUARDED_BY(mutex_) = 0;
  uint32_t trim_holds_ ABSL_GUARDED_BY(mutex_) = 0;
  bool trimming_ ABSL_GUARDED_BY(mutex_) = false;
  Commit last_given_ ABSL_GUARDED_BY(mutex_);

  Mutex listeners_mutex_;  // guards what follows; held while listeners are called; a leaf of ours
  std::map<uint64_t, std::function<void(Commit)>> listeners_ ABSL_GUARDED_BY(listeners_mutex_);
  uint64_t next_listener_ ABSL_GUARDED_BY(listeners_mutex_) = 1;

  std::atomic<Commit> visible_commit_;
  std::atomic<uint64_t> wal_bytes_{0};
  std::atomic<uint64_t> sync_count_{0};
  std::atomic<WalPosition> synced_position_{0};
  std::thread writer_;
  std::thread applier_;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_COMMIT_LOG_H_

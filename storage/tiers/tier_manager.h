// Moves rows between tiers: looks at the policies now and then, and carries out what people ask for.
//
// `tier-planner` asks the policy (tiering_policy.h, pure) about every table, drops memory copies at once and puts what
// reads and writes files into a queue; `tier-mover` takes one move after the other from it. MoveTier, Compact and
// ApplyPolicies run the same moves on the caller's thread. One move is under way at a time. After a failed move nothing
// of the table's shard is loaded or rewritten for a pause, so that nothing is retried in a loop; evictions and other
// shards go on. The pause is five seconds, and doubles up to ten minutes where it was not for want of memory or disk.
// A move that somebody gave up, or that met the end of the manager, is not a failed one.
//
// Sketches of rows in memory are made here as well (sketcher.h): memory decides about both.
#ifndef CORTEX_STORAGE_TIERS_TIER_MANAGER_H_
#define CORTEX_STORAGE_TIERS_TIER_MANAGER_H_

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/runtime/mutex.h"
#include "storage/table/table.h"
#include "storage/tiers/clock_guard.h"
#include "storage/tiers/move_queue.h"
#include "storage/tiers/mover.h"
#include "storage/tiers/pacer.h"
#include "storage/tiers/sealer.h"
#include "storage/tiers/segment_survey.h"
#include "storage/tiers/shard_backoff.h"
#include "storage/tiers/sketcher.h"
#include "storage/tiers/tier_context.h"
#include "storage/tiers/tiering_policy.h"
#include "storage/tiers/turns.h"

namespace cortex {

struct TierManagerOptions {
  TierContext context;
  Sealer* sealer = nullptr;  // borrowed
  uint64_t bytes_per_second = 0;
  int64_t interval_ns = 1'000'000'000;  // 0: no background threads
  int64_t trusted_time_ns = ClockGuard::kUnknown;  // as the last process wrote it down (kTrustedTimeCounter)
  // The tables as they are now; called from the manager's threads.
  std::function<std::vector<std::shared_ptr<Table>>()> list_tables;
};

// Which segments a MoveTier call is about.
struct MoveSelection {
  Tier from = Tier::kHot;
  Tier to = Tier::kWarm;
  std::optional<int64_t> max_time_before_ns;
  uint64_t max_rows = 0;  // 0: all
  StillWanted still_wanted = {};
};

// Work of one kind since the start.
struct MoveKindStats {
  uint64_t moves = 0;
  uint64_t rows = 0;
  uint64_t bytes_written = 0;
};

struct TierManagerStats {
  uint64_t moves_done = 0;
  uint64_t moves_failed = 0;
  uint64_t moved_bytes = 0;  // written
  bool paused = false;
  uint64_t requests_waiting = 0;  // MoveTier, Compact and ApplyPolicies, for their turn
  std::array<MoveKindStats, kMoveKindCount> by_kind;  // by TieringMove::Kind
};

class TierManager {
 public:
  explicit TierManager(TierManagerOptions options);
  // The move under way ends at its next row group; nothing of it stays.
  ~TierManager();

  // Moves whole segments now, oldest first, whatever the policy says. Blocking. After an error the same call moves the
  // rest; only what cold -> hot has left in warm has to be moved from there, and the error says how many rows that are.
  // Errors: INVALID_ARGUMENT from == to; FAILED_PRECONDITION the table's pin forbids it; those of Mover; the answer of
  // `still_wanted`. What was moved before an error stays moved.
  absl::StatusOr<MoveCount> MoveTier(const std::shared_ptr<Table>& table, const MoveSelection& selection);
  // Merges the small files of a tier of the table until none are left that can share one. Blocking. Errors: those of
  // Mover.
  absl::StatusOr<MoveCount> Compact(const std::shared_ptr<Table>& table, Tier tier, const StillWanted& still_wanted = {});
  // Does what the policies ask for until nothing is left to do, and then makes the sketches that rows in memory lack, on
  // this thread. Blocking. The first error ends it.
  absl::Status ApplyPolicies();
  void Pause(bool paused);
  // Looks at the tables now, and for some seconds frees memory of hot rows until `bytes` more fit into the budget: a
  // batch waits for them. Without that a batch that does not fit below full memory would never be let in. Does not block.
  void MakeRoom(uint64_t bytes);

  TierManagerStats stats() const;
  // How many files fewer there would be, were all that is planned done: those of the last plan and those written since.
  // 0 while nobody moves anything; without shards whose moves keep failing.
  uint64_t files_waiting() const;
  // What runs and what is planned, as of the last look at the policies.
  std::vector<QueuedMove> Queue() const;

 private:
  void PlanLoop();
  void MoveLoop();
  // Plans for all tables, evicts at once and leaves the rest in the queue. Returns how many moves it made or queued.
  // `wait_for_seals`: sealing is done when it returns.
  absl::StatusOr<size_t> PlanAll(bool wait_for_seals);
  absl::StatusOr<size_t> PlanTable(const std::shared_ptr<Table>& table, int64_t trusted_now_ns, TieringLimits* limits,
                                   bool wait_for_seals) ABSL_EXCLUSIVE_LOCKS_REQUIRED(plan_mutex_);
  TieringInput InputFor(const std::shared_ptr<Table>& table, int64_t trusted_now_ns, const TieringLimits& limits)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(plan_mutex_);
  // Takes the next move from the queue, if there is one, and makes it. The caller holds a turn.
  absl::StatusOr<bool> MoveNext(bool respect_backoff);
  absl::Status CarryOut(const std::shared_ptr<Table>& table, const TieringMove& move);
  // After a start nothing is in memory: loads what the policy says is hot, newest first, while memory allows.
  void RefillHot(const std::shared_ptr<Table>& table);
  // MoveTier's part of one shard: sealed segments whose files are not there yet. The caller holds a turn.
  absl::Status MoveShard(Table* table, uint32_t shard, const std::vector<SegmentId>& segments,
                         const MoveSelection& selection, const StillWanted& wanted, MoveCount* total);
  absl::Status SealOpenGroups(const std::shared_ptr<Table>& table, absl::Span<const uint32_t> shards,
                              const StillWanted& still_wanted);
  // Now, of every table together: what promotion may take of memory and of the pace.
  uint64_t PromoteBytes() ABSL_EXCLUSIVE_LOCKS_REQUIRED(plan_mutex_);
  // What may be in use of the budget before rows have to leave memory.
  uint64_t MemoryGoal() const;
  uint64_t HotBytesToFree() const;
  // What MakeRoom was asked for lately, the most of it.
  uint64_t RoomWanted() const;
  // No open group below this is sealed only because memory is short: a file each would cost more than it frees. 0 where
  // open groups themselves fill memory, as with very many tables.
  uint64_t MinSealBytes(absl::Span<const std::shared_ptr<Table>> tables) const;
  int64_t TrustedNow() ABSL_EXCLUSIVE_LOCKS_REQUIRED(plan_mutex_);
  // `moved`: also before an error.
  void Count(TieringMove::Kind kind, const absl::Status& status, const MoveCount& moved);
  void Count(TieringMove::Kind kind, const absl::StatusOr<MoveCount>& moved) {
    Count(kind, moved.status(), moved.ok() ? *moved : MoveCount());
  }
  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }
  // UNAVAILABLE once the manager stops, else what `of_request` says.
  StillWanted WantedBy(StillWanted of_request) const;
  bool paused() const { return paused_.load(std::memory_order_relaxed); }

  const TierManagerOptions options_;
  Pacer pacer_;
  Mutex plan_mutex_;  // held while planning: one at a time; taken before everything else
  SegmentSurvey survey_ ABSL_GUARDED_BY(plan_mutex_);
  ClockGuard clock_guard_ ABSL_GUARDED_BY(plan_mutex_);
  int64_t trusted_time_saved_ns_ ABSL_GUARDED_BY(plan_mutex_) = ClockGuard::kUnknown;
  int64_t promote_since_ns_ ABSL_GUARDED_BY(plan_mutex_) = 0;
  Turns turns_;  // one is held during a move; taken after plan_mutex_ at most
  Mover mover_;  // Evict: anybody; all else in a turn
  MoveQueue queue_;
  ShardBackoff backoff_;

  std::atomic<bool> paused_{false};
  std::atomic<int64_t> promote_allowance_{0};  // bytes saved up by the pace and not yet spent
  struct KindCounters {
    std::atomic<uint64_t> moves{0}, rows{0}, bytes_written{0};
  };
  std::array<KindCounters, kMoveKindCount> by_kind_;
  std::atomic<uint64_t> moves_failed_{0};
  std::atomic<uint64_t> files_at_plan_{0};  // TierCounters::new_files at the last plan

  mutable Mutex mutex_;  // guards what follows; a leaf
  CondVar wake_;
  std::atomic<bool> stopping_{false};  // set under mutex_, so that waiters notice
  uint64_t room_bytes_ ABSL_GUARDED_BY(mutex_) = 0;     // wanted until then
  int64_t room_until_ns_ ABSL_GUARDED_BY(mutex_) = 0;
  bool planned_ ABSL_GUARDED_BY(mutex_) = false;  // since the mover last ran out of work
  std::thread planner_, mover_thread_;
  Sketcher sketcher_;  // last: it asks for MemoryGoal until it is gone
};

// How many files may wait to be merged before batches that make more are held back: one per 128 KiB of the budget, as a
// file that is read costs about a tenth of that.
constexpr uint64_t FilesWaitingLimit(uint64_t budget_bytes) {
  return std::clamp<uint64_t>(budget_bytes / (128 << 10), 256, 16'384);
}

}  // namespace cortex

#endif  // CORTEX_STORAGE_TIERS_TIER_MANAGER_H_

// Moves rows between tiers: looks at the policies now and then, and carries out what people ask for.
//
// One thread plans (tiering_policy.h, pure) and moves (mover.h); MoveTier runs the same moves on the caller's thread.
// One move is under way at a time. After a failed move nothing of the table is sealed or rewritten for a pause that
// doubles up to ten minutes, so that nothing is retried in a loop; evictions go on.
#ifndef CORTEX_STORAGE_TIERS_TIER_MANAGER_H_
#define CORTEX_STORAGE_TIERS_TIER_MANAGER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/runtime/mutex.h"
#include "storage/table/table.h"
#include "storage/tiers/mover.h"
#include "storage/tiers/pacer.h"
#include "storage/tiers/sealer.h"
#include "storage/tiers/tier_context.h"
#include "storage/tiers/tiering_policy.h"

namespace cortex {

struct TierManagerOptions {
  TierContext context;
  Sealer* sealer = nullptr;  // borrowed
  uint64_t bytes_per_second = 0;
  int64_t interval_ns = 1'000'000'000;  // 0: no background thread
  // The tables as they are now; called from the manager's threads.
  std::function<std::vector<std::shared_ptr<Table>>()> list_tables;
};

// Which segments a MoveTier call is about.
struct MoveSelection {
  Tier from = Tier::kHot;
  Tier to = Tier::kWarm;
  std::optional<int64_t> max_time_before_ns;
  uint64_t max_rows = 0;  // 0: all
};

struct TierManagerStats {
  uint64_t moves_done = 0;
  uint64_t moves_failed = 0;
  uint64_t moved_bytes = 0;
  bool paused = false;
};

class TierManager {
 public:
  explicit TierManager(TierManagerOptions options);
  // Stops after the move under way (pacing is cut short).
  ~TierManager();

  // Moves whole segments now, oldest first, whatever the policy says. Blocking.
  // Errors: INVALID_ARGUMENT from == to; those of Mover.
  absl::StatusOr<MoveCount> MoveTier(const std::shared_ptr<Table>& table, const MoveSelection& selection);
  void Pause(bool paused) { paused_.store(paused, std::memory_order_relaxed); }
  // Looks at the tables now: somebody waits for memory.
  void WakeUp() { wake_.NotifyAll(); }
  TierManagerStats stats() const;

 private:
  struct Backoff {
    int64_t not_before_ns = 0;  // monotonic
    int64_t pause_ns = 0;
  };
  static constexpr int64_t kFirstPauseNs = 5'000'000'000;
  static constexpr int64_t kLongestPauseNs = 600'000'000'000;

  void Run();
  void LookAt(const std::shared_ptr<Table>& table);
  absl::Status CarryOut(const std::shared_ptr<Table>& table, const TieringMove& move);
  // After a start nothing is in memory: loads what the policy says is hot, newest first, while memory allows.
  void RefillHot(const std::shared_ptr<Table>& table);
  absl::Status SealOpenGroups(const std::shared_ptr<Table>& table, absl::Span<const uint32_t> shards);
  uint64_t HotBytesToFree() const;
  void Count(const absl::StatusOr<MoveCount>& moved);
  bool stopping() const;

  const TierManagerOptions options_;
  Pacer pacer_;
  Mutex move_mutex_;  // held during a move: one at a time; taken before everything else
  Mover mover_ ABSL_GUARDED_BY(move_mutex_);

  std::atomic<bool> paused_{false};
  std::atomic<uint64_t> moves_done_{0}, moves_failed_{0}, moved_bytes_{0};

  mutable Mutex mutex_;  // guards stopping_; a leaf
  CondVar wake_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<TableId, Backoff> backoff_;  // the manager's thread only
  std::thread thread_;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TIERS_TIER_MANAGER_H_

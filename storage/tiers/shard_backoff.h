// Which shards rest after a move of theirs failed, so that nothing is retried in a loop.
#ifndef CORTEX_STORAGE_TIERS_SHARD_BACKOFF_H_
#define CORTEX_STORAGE_TIERS_SHARD_BACKOFF_H_

#include <cstdint>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "storage/runtime/mutex.h"
#include "storage/runtime/strong_id.h"

namespace cortex {

class Clock;

// Thread-safe; a leaf.
class ShardBackoff {
 public:
  static constexpr int64_t kFirstPauseNs = 5'000'000'000;
  static constexpr int64_t kLongestPauseNs = 600'000'000'000;

  explicit ShardBackoff(const Clock* clock) : clock_(clock) {}

  // The pause: always the first one for want of memory or disk, which may be there in a moment and of which merging files
  // makes more; twice the last one, ten minutes at most, for all else.
  int64_t Failed(TableId table, uint32_t shard, const absl::Status& status);
  void Succeeded(TableId table, uint32_t shard);
  bool IsResting(TableId table, uint32_t shard) const;
  // Moves of the shard failed one after the other, and not for want of memory: nobody is to wait for them.
  bool FailsAgain(TableId table, uint32_t shard) const;

 private:
  struct Rest {
    int64_t not_before_ns = 0;  // monotonic
    int64_t pause_ns = 0;
  };

  const Clock* const clock_;
  mutable Mutex mutex_;  // guards what follows
  std::map<std::pair<TableId, uint32_t>, Rest> rests_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TIERS_SHARD_BACKOFF_H_

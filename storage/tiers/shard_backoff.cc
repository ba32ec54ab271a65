#include "storage/tiers/shard_backoff.h"

#include <algorithm>

#include "storage/runtime/clock.h"

namespace cortex {

int64_t ShardBackoff::Failed(TableId table, uint32_t shard, const absl::Status& status) {
  MutexLock lock(&mutex_);
  Rest& rest = rests_[{table, shard}];
  rest.pause_ns = absl::IsResourceExhausted(status) ? kFirstPauseNs
                                                    : std::clamp(rest.pause_ns * 2, kFirstPauseNs, kLongestPauseNs);
  rest.not_before_ns = clock_->MonotonicNanos() + rest.pause_ns;
  return rest.pause_ns;
}

void ShardBackoff::Succeeded(TableId table, uint32_t shard) {
  MutexLock lock(&mutex_);
  rests_.erase({table, shard});
}

bool ShardBackoff::IsResting(TableId table, uint32_t shard) const {
  MutexLock lock(&mutex_);
  const auto found = rests_.find({table, shard});
  return found != rests_.end() && clock_->MonotonicNanos() < found->second.not_before_ns;
}

bool ShardBackoff::FailsAgain(TableId table, uint32_t shard) const {
  MutexLock lock(&mutex_);
  const auto found = rests_.find({table, shard});
  return found != rests_.end() && found->second.pause_ns > kFirstPauseNs;
}

}  // namespace cortex

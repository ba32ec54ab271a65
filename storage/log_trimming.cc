#include "storage/log_trimming.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "codecs/bytes/status_macros.h"
#include "storage/commit_log.h"
#include "storage/producer_registry.h"
#include "storage/table_registry.h"
#include "storage/tiers/sealer.h"

namespace cortex {

absl::Status TrimLog(const TableRegistry& registry, ProducerRegistry* producers, CommitLog* log) {
  Commit first_needed = log->visible_commit() + 1;  // before looking at tables: later commits are above it
  for (const auto& table : registry.List()) {
    for (uint32_t shard = 0; shard < kShardCount; ++shard) {
      const Commit unsealed = table->FirstUnsealedCommit(shard);
      if (unsealed != 0) first_needed = std::min(first_needed, unsealed);
    }
  }
  // The log is the only durable witness of producers' batches until the meta store has synced them. Their entries were
  // written before their commits became visible, so this covers all below first_needed.
  RETURN_IF_ERROR(producers->Sync());
  log->RequestTrim(first_needed);
  return absl::OkStatus();
}

void SealOldestOpenGroup(const TableRegistry& registry, Sealer* sealer) {
  if (sealer->queued() != 0) return;  // the log shrinks once those are done
  std::shared_ptr<Table> oldest_table;
  uint32_t oldest_shard = 0;
  Commit oldest = kOpenEnd;
  for (const auto& table : registry.List()) {
    for (uint32_t shard = 0; shard < kShardCount; ++shard) {
      const Commit unsealed = table->FirstUnsealedCommit(shard);
      if (unsealed == 0 || unsealed >= oldest) continue;
      oldest = unsealed;
      oldest_table = table;
      oldest_shard = shard;
    }
  }
  if (oldest_table == nullptr) return;
  oldest_table->CloseOpenGroup(oldest_shard,
                               [&](ClosedGroup closed) { sealer->Enqueue(oldest_table, std::move(closed)); });
  if (sealer->queued() == 0) sealer->EnqueueEnds(oldest_table, oldest_shard);  // only ends hold the log
}

}  // namespace cortex

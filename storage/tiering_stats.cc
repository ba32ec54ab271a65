#include "storage/tiering_stats.h"

#include <algorithm>

#include "storage/tiers/mapping_cache.h"
#include "storage/tiers/tier_manager.h"

namespace cortex {

TieringStats CollectTieringStats(const TierManager& tier_manager, const TierCounters& counters,
                                 const MappingCache& mappings) {
  const TierManagerStats manager = tier_manager.stats();
  TieringStats stats{.paused = manager.paused,
                     .moves_done = manager.moves_done,
                     .moves_failed = manager.moves_failed,
                     .requests_waiting = manager.requests_waiting,
                     .ingested_bytes = counters.ingested_bytes.load(),
                     .sealed_bytes = counters.sealed_bytes.load(),
                     .moved_bytes = manager.moved_bytes,
                     .mapped_files = mappings.mapped_files(),
                     .unmapped_files = mappings.unmapped_total()};
  if (stats.sealed_bytes != 0) {
    stats.write_amplification = static_cast<double>(stats.sealed_bytes + stats.moved_bytes) /
                                static_cast<double>(stats.sealed_bytes);
  }
  for (size_t kind = 0; kind < kMoveKindCount; ++kind) {
    const MoveKindStats& work = manager.by_kind[kind];
    if (work.moves == 0) continue;
    stats.work.push_back({.kind = std::string(MoveKindName(static_cast<TieringMove::Kind>(kind))),
                          .moves = work.moves,
                          .rows = work.rows,
                          .bytes_written = work.bytes_written});
  }
  for (const QueuedMove& move : tier_manager.Queue()) {
    stats.debt_bytes += move.bytes;
    stats.oldest_debt_ns = std::max(stats.oldest_debt_ns, move.waiting_ns);
    stats.queue.push_back({.table = move.table,
                           .shard = move.shard,
                           .kind = std::string(move.kind),
                           .tier = move.tier,
                           .running = move.running,
                           .segment_count = move.segment_count,
                           .bytes = move.bytes,
                           .waiting_ns = move.waiting_ns});
  }
  return stats;
}

}  // namespace cortex

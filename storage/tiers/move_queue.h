// The moves that are planned and the one under way: what the mover takes next and what people see.
#ifndef CORTEX_STORAGE_TIERS_MOVE_QUEUE_H_
#define CORTEX_STORAGE_TIERS_MOVE_QUEUE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/runtime/mutex.h"
#include "storage/table/table.h"
#include "storage/tiers/tiering_policy.h"

namespace cortex {

// One line of the queue, for people.
struct QueuedMove {
  std::string table;
  uint32_t shard = 0;
  std::string_view kind;  // MoveKindName
  Tier tier = Tier::kHot; // that it leaves, or rewrites
  bool running = false;
  uint64_t segment_count = 0;
  uint64_t bytes = 0;     // as they lie now: what policy says should have moved
  int64_t waiting_ns = 0; // since it was first planned
};

// Thread-safe.
class MoveQueue {
 public:
  struct Item {
    std::shared_ptr<Table> table;
    TieringMove move;
    int64_t since_ns = 0;
  };

  // Replaces what is planned for `table`. A move that was planned before keeps its age; one that names a segment of the
  // move under way is left out until that is done.
  void Plan(const std::shared_ptr<Table>& table, std::vector<TieringMove> moves, int64_t now_ns);
  // Drops the plans of tables that are gone.
  void Keep(const std::vector<std::shared_ptr<Table>>& tables);
  // The move that has waited longest among those of shards that `allowed` lets pass; it counts as running until Done.
  std::optional<Item> Take(const std::function<bool(TableId, uint32_t shard)>& allowed);
  void Done();

  // How many files fewer there will be once all rewrites of shards that `counted` lets pass are done, the one under way
  // included: each leaves about one.
  uint64_t FilesToSave(const std::function<bool(TableId, uint32_t shard)>& counted) const;
  // Running first, then as they will be taken.
  std::vector<QueuedMove> List(int64_t now_ns) const;

 private:
  mutable Mutex mutex_;  // guards what follows; a leaf
  std::vector<Item> planned_ ABSL_GUARDED_BY(mutex_);
  std::optional<Item> running_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TIERS_MOVE_QUEUE_H_

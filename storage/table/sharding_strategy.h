// Which of the 16 logical shards a row belongs to. The answer is written into the WAL, so a strategy may depend on the
// state of the table; replay repeats the answer, not the reasoning.
//
//   hash   XXH3(key) mod 16
//   fmo    base shard from the fractal dimension, strongly coupled rows to the nearest field centroid, overfull base
//          shards spill; keys of ENTITIES tables keep the shard they were first given (shard_directory.h)
#ifndef CORTEX_STORAGE_TABLE_SHARDING_STRATEGY_H_
#define CORTEX_STORAGE_TABLE_SHARDING_STRATEGY_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "storage/column/batch.h"
#include "storage/runtime/strong_id.h"

namespace cortex {

// Raw bytes a table keeps in each shard, over all tiers.
using ShardBytes = std::array<uint64_t, kShardCount>;

// One thread at a time: the commit thread.
class ShardingStrategy {
 public:
  virtual ~ShardingStrategy() = default;
  // The rows that follow have this schema of the table.
  virtual void Use(const TableDefinition& table) = 0;
  // The shard of `row`; `bytes` is where the table stands now.
  virtual uint32_t Assign(const Batch& batch, uint32_t row, const ShardBytes& bytes) = 0;

  // What was learned from rows and is to outlive a restart; `epoch` rises when it changes. Errors of Restore: DATA_LOSS.
  virtual uint64_t epoch() const { return 0; }
  virtual std::string Save() const { return std::string(); }
  virtual absl::Status Restore(std::string_view) { return absl::OkStatus(); }
};

std::unique_ptr<ShardingStrategy> MakeShardingStrategy(const TableDefinition& table);

// (floor(10 * fractal_dimension) - 10) clamped at 0, mod 16; a missing or non-finite dimension counts as 1.5.
uint32_t BaseShardOf(std::optional<double> fractal_dimension);

// A base shard spills when it holds more than this and more than 1.25 x the mean of all shards.
inline constexpr uint64_t kSpillFromBytes = 64ull << 20;
// The shard of an overfull base shard's row: the lighter of two drawn by the key.
uint32_t SpillShardOf(std::string_view key, const ShardBytes& bytes);
bool IsOverfull(uint32_t shard, const ShardBytes& bytes);

}  // namespace cortex

#endif  // CORTEX_STORAGE_TABLE_SHARDING_STRATEGY_H_

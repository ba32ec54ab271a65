// Ids that cannot be swapped by accident, and the few numbers every storage folder shares.
#ifndef CORTEX_STORAGE_RUNTIME_STRONG_ID_H_
#define CORTEX_STORAGE_RUNTIME_STRONG_ID_H_

#include <compare>
#include <cstdint>
#include <utility>

namespace cortex {

// A number with a name of its own. Construct explicitly, read with value(); compares and hashes (absl) like its number.
template <class Tag, class Rep>
class StrongId {
 public:
  using ValueType = Rep;

  constexpr StrongId() = default;
  constexpr explicit StrongId(Rep value) : value_(value) {}
  constexpr Rep value() const { return value_; }

  friend constexpr bool operator==(StrongId, StrongId) = default;
  friend constexpr auto operator<=>(StrongId, StrongId) = default;
  template <typename H>
  friend H AbslHashValue(H h, StrongId id) {
    return H::combine(std::move(h), id.value_);
  }

 private:
  Rep value_ = 0;
};

using TableId = StrongId<struct TableIdTag, uint32_t>;
using ColumnId = StrongId<struct ColumnIdTag, uint32_t>;
using SegmentId = StrongId<struct SegmentIdTag, uint64_t>;
using ShardId = StrongId<struct ShardIdTag, uint32_t>;  // 0 .. kShardCount - 1

// Logical shards per server. Part of the file formats.
inline constexpr uint32_t kShardCount = 16;

// Position in the one global commit order, counted from 1; 0 = before everything. A plain number because it is stored
// in columns, compared with kOpenEnd and held in atomics.
using Commit = uint64_t;

// The `end` of a row version that is still the latest: it is visible at every commit from its own on.
inline constexpr Commit kOpenEnd = UINT64_MAX;
// The `end` of a version erased from history: no commit sees it.
inline constexpr Commit kErased = 0;

}  // namespace cortex

#endif  // CORTEX_STORAGE_RUNTIME_STRONG_ID_H_

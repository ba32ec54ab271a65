// What is known of a chunk's values without reading them: counts, bounds and flags. Decides what a scan may skip.
//
// Invariants. Bounds cover every present, non-NaN value. Strings keep 32-byte prefixes: `min` is a prefix of the true
// minimum (so <= it), `max` is rounded up (so >= the true maximum); `exact` tells whether both are true values.
#ifndef CORTEX_STORAGE_ZONE_MAP_H_
#define CORTEX_STORAGE_ZONE_MAP_H_

#include <cstdint>
#include <optional>

#include "codecs/value_filter.h"
#include "storage/column/column.h"
#include "storage/column/predicate.h"

namespace cortex {

struct ZoneMap {
  uint32_t row_count = 0;
  uint32_t null_count = 0;
  bool has_nan = false;
  bool exact = true;
  std::optional<FilterValue> min;  // absent: no present, non-NaN value (or an unbounded string maximum)
  std::optional<FilterValue> max;
  bool max_unbounded = false;  // a string maximum of 0xff bytes could not be rounded up

  // False only if no row can satisfy `predicate`.
  bool MayMatch(const ColumnPredicate& predicate) const;
  // True only if every row surely satisfies `predicate`.
  bool AllMatch(const ColumnPredicate& predicate) const;
};

// Zone map of rows [first, first + count) of a filterable column; for others only counts.
ZoneMap ComputeZoneMap(const Column& column, uint32_t first, uint32_t count);
// The zone map of two chunks read as one.
void MergeZoneMap(const ZoneMap& other, ZoneMap* zone_map);

// Strings in zone maps keep at most this many bytes.
inline constexpr size_t kZoneMapPrefixBytes = 32;

}  // namespace cortex

#endif  // CORTEX_STORAGE_ZONE_MAP_H_

// The shard directory: which shard holds a key of a table whose sharding is not a function of the key alone.
#ifndef CORTEX_STORAGE_META_PLACEMENTS_H_
#define CORTEX_STORAGE_META_PLACEMENTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "storage/meta/meta_db.h"
#include "storage/runtime/strong_id.h"

namespace cortex {

// Not synced; logged in order with everything else. Errors: INTERNAL for a shard that does not exist.
absl::Status WritePlacements(MetaDb* db, TableId table,
                             absl::Span<const std::pair<std::string, uint32_t>> placements);

// One answer per key, in order. A key that is not there costs a filter probe per file, seldom a read.
// Errors: DATA_LOSS.
absl::Status ReadPlacements(const MetaDb& db, TableId table, absl::Span<const std::string_view> keys,
                            std::vector<std::optional<uint32_t>>* shards);

}  // namespace cortex

#endif  // CORTEX_STORAGE_META_PLACEMENTS_H_

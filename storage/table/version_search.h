// Finds the current version of a key among the segments of a shard, wherever it is.
#ifndef CORTEX_STORAGE_TABLE_VERSION_SEARCH_H_
#define CORTEX_STORAGE_TABLE_VERSION_SEARCH_H_

#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/table/live_segment.h"

namespace cortex {

struct FoundVersion {
  std::shared_ptr<RowVersions> versions;
  SegmentId segment;  // 0: not sealed yet
  uint64_t row = 0;   // within the segment
};

// The one version of `key` whose end is open, or nullopt. Segments are searched newest first; key filters keep files
// without the key untouched. Errors: DATA_LOSS naming file and chunk.
absl::StatusOr<std::optional<FoundVersion>> FindOpenVersion(const std::vector<LiveSegment>& segments,
                                                            std::string_view key);

}  // namespace cortex

#endif  // CORTEX_STORAGE_TABLE_VERSION_SEARCH_H_

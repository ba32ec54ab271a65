// Finds the current version of a key among the segments of a shard, wherever it is.
#ifndef CORTEX_STORAGE_TABLE_VERSION_SEARCH_H_
#define CORTEX_STORAGE_TABLE_VERSION_SEARCH_H_

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/table/live_segment.h"

namespace cortex {

struct FoundVersion {
  std::shared_ptr<RowVersions> versions;
  SegmentId segment;  // 0: not sealed yet
  uint64_t row = 0;   // within the segment
  Commit end = kOpenEnd;
};

// The one version of `key` whose end is open, or nullopt. Segments are searched newest first; key filters keep files
// without the key untouched. Errors: DATA_LOSS naming file and chunk, if it may stand in a damaged file and in no other;
// the ends of those files are added to `damaged`. Who ends the version all the same marks them incomplete.
absl::StatusOr<std::optional<FoundVersion>> FindOpenVersion(const std::vector<LiveSegment>& segments,
                                                            std::string_view key,
                                                            std::vector<std::shared_ptr<RowVersions>>* damaged);

// The last of `rows` (of one key, ascending) that has no end, neither in its file nor recorded since. Ends are decoded a
// window of 1,024 rows at a time, each window once: a key with a long history has its versions side by side in a sorted
// file. Errors: those of the row groups.
absl::StatusOr<std::optional<RowRef>> FindLastOpen(const SegmentView& segment, absl::Span<const RowRef> rows);

// Appends the rows that `ids` (of this shard, ascending) name; a name that no row has any more is left out.
// Errors: DATA_LOSS naming file and chunk, which is marked incomplete; what the sound segments hold is found all the same.
absl::Status FindVersions(const std::vector<LiveSegment>& segments, absl::Span<const VersionId> ids,
                          std::vector<FoundVersion>* found);

}  // namespace cortex

#endif  // CORTEX_STORAGE_TABLE_VERSION_SEARCH_H_

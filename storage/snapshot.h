// An immutable view of one table at one commit: (manifest version, visible commit). It sees each row exactly once,
// whichever tier the row is in and whatever moves meanwhile. Holding it keeps files and memory of its segments alive.
// It must be let go before the database.
#ifndef CORTEX_STORAGE_SNAPSHOT_H_
#define CORTEX_STORAGE_SNAPSHOT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "storage/column/schema.h"
#include "storage/segment_access.h"
#include "storage/segment_view.h"

namespace cortex {

struct Snapshot {
  std::shared_ptr<const TableDefinition> table;
  // What it shows; `commit` is the window's end. Row versions outside are to be left out: RowGroupView::SelectVisible.
  Commit commit = 0;
  VersionWindow window;
  // Tables with a time to live: rows whose time is at or before this have expired and are to be left out, fixed for the
  // life of the snapshot. Absent: rows live for ever.
  std::optional<int64_t> expired_until_ns;
  uint64_t manifest_version = 0;
  // Hot first, then warm, then cold; by shard and id within a tier.
  std::vector<std::shared_ptr<const SegmentView>> segments;
  // One per segment. Whoever reads rows of segment i says so once.
  std::vector<std::shared_ptr<const SegmentAccess>> access;
  int64_t taken_ns = 0;  // monotonic
  void Touch(size_t segment) const { access[segment]->Touch(taken_ns); }
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_SNAPSHOT_H_

// Which columns a rewrite or a load has to do with. A table may have columns that came after all rows of a file: wide
// ones would take thousands of times the room of the rows themselves, to hold nothing but defaults.
#ifndef CORTEX_STORAGE_TIERS_SOURCE_COLUMNS_H_
#define CORTEX_STORAGE_TIERS_SOURCE_COLUMNS_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/column/schema.h"
#include "storage/table/live_segment.h"

namespace cortex {

struct SourceColumns {
  // The table's, without the columns that none of the sources has. Files and groups that lack a column are read as its
  // defaults, whoever wrote them.
  std::shared_ptr<const TableDefinition> schema;
  // All rows of the sources with all columns of `schema`.
  uint64_t raw_bytes = 0;
};

// Loads footers. Errors: DATA_LOSS.
absl::StatusOr<SourceColumns> SourceColumnsOf(std::shared_ptr<const TableDefinition> table,
                                              absl::Span<const LiveSegment> sources);

}  // namespace cortex

#endif  // CORTEX_STORAGE_TIERS_SOURCE_COLUMNS_H_

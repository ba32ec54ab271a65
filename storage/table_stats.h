// Counts what a table holds, per tier and per column.
#ifndef CORTEX_STORAGE_TABLE_STATS_H_
#define CORTEX_STORAGE_TABLE_STATS_H_

#include "absl/status/statusor.h"
#include "storage/database.h"
#include "storage/table/table.h"

namespace cortex {

// Reads the footers of files not opened yet, no rows. Errors: DATA_LOSS if one of them is damaged.
absl::StatusOr<TableStats> CollectTableStats(const Table& table);

}  // namespace cortex

#endif  // CORTEX_STORAGE_TABLE_STATS_H_

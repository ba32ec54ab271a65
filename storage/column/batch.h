// Rows on their way in: one Column per column of the table, in the table's order.
#ifndef CORTEX_STORAGE_COLUMN_BATCH_H_
#define CORTEX_STORAGE_COLUMN_BATCH_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/column/bitmap.h"
#include "storage/column/column.h"
#include "storage/column/schema.h"

namespace cortex {

struct Batch {
  std::shared_ptr<const TableDefinition> table;
  uint32_t row_count = 0;
  std::vector<Column> columns;  // as table->columns; every one has row_count rows
  // Rows whose value was changed within its column's bound before, when it was sealed the first time: MERGE took it over,
  // and it stays as it is. As `columns`, or none; each has row_count bits, or none.
  std::vector<Bitmap> exact_rows;

  // A batch of `table` whose columns are all empty.
  static Batch For(std::shared_ptr<const TableDefinition> table);
  size_t memory_bytes() const;
  // The exact rows of one column; nullptr: none.
  const Bitmap* ExactRows(size_t ordinal) const {
    return ordinal < exact_rows.size() && !exact_rows[ordinal].empty() ? &exact_rows[ordinal] : nullptr;
  }
  // `rows` (one bit per row) are exact in column `ordinal`; nothing is kept if none is.
  void SetExactRows(size_t ordinal, Bitmap rows);
};

inline constexpr uint64_t kMaxRowBytes = 1 << 20;
inline constexpr uint32_t kMaxBatchRows = 1 << 20;

// The last gate before the log, whoever built the batch: row counts and types agree with the table, keys and times are
// present, keys not empty, strings within their declared length and valid UTF-8, no row above 1 MiB, at least one row;
// relation lists of one row have matching lengths. Errors: INVALID_ARGUMENT naming table, row (from 0) and column.
absl::Status ValidateBatch(const Batch& batch);
// The same for rows that carry only some columns (one flag per column): the others, and what concerns whole rows, are
// checked once the rows are complete.
absl::Status ValidatePartialBatch(const Batch& batch, const std::vector<bool>& present);

// Column by column, raw buffers: the form in which a batch stands in the WAL. See storage/wal/FORMAT.md.
void EncodeBatch(const Batch& batch, std::string* out);
// A batch of an earlier schema comes out as one of `table`: see AdaptBatch.
// Errors: DATA_LOSS for anything malformed, FAILED_PRECONDITION for a later schema.
absl::StatusOr<Batch> DecodeBatch(std::string_view bytes, std::shared_ptr<const TableDefinition> table);

// The same rows under another schema of their table. Columns go by id: those `table` has and the batch has not hold
// their default, or NULL; those only the batch has are left out.
Batch AdaptBatch(const Batch& batch, std::shared_ptr<const TableDefinition> table);

}  // namespace cortex

#endif  // CORTEX_STORAGE_COLUMN_BATCH_H_

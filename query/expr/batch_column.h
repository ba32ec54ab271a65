// One column of the rows an operator works on: a view into a chunk or into memory it keeps alive. Cheap to copy.
//
// Layouts are those of storage/column: fixed-width rows, plain strings, dictionary codes, lists. A constant column
// holds one row that stands for all of them.
#ifndef CORTEX_QUERY_EXPR_BATCH_COLUMN_H_
#define CORTEX_QUERY_EXPR_BATCH_COLUMN_H_

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "codecs/codec.h"
#include "codecs/values.h"
#include "storage/column/bitmap.h"
#include "storage/column/column.h"
#include "storage/column/data_type.h"

namespace cortex::query {

struct BatchColumn {
  DataType type;
  uint32_t row_count = 0;
  bool constant = false;
  ValueSpan values;                    // fixed-width rows, plain strings, or the elements of lists
  const uint64_t* validity = nullptr;  // bit i = row i is present; nullptr = all present
  const StringDictionary* dictionary = nullptr;
  const uint32_t* codes = nullptr;         // with dictionary
  const uint32_t* list_offsets = nullptr;  // lists
  std::shared_ptr<const void> owner;       // what the pointers point into, if that is not a chunk of the snapshot

  // A view of all rows of `column`, kept alive by the result.
  static BatchColumn Of(Column column) { return Of(std::make_shared<const Column>(std::move(column))); }
  static BatchColumn Of(std::shared_ptr<const Column> column);
  // One row standing for `rows` rows.
  static BatchColumn Constant(std::shared_ptr<const Column> one_row, uint32_t rows);

  uint32_t Physical(uint32_t row) const { return constant ? 0 : row; }
  bool IsNull(uint32_t row) const { return validity != nullptr && !GetBit(validity, Physical(row)); }
  template <typename T>
  const T* data() const {
    return reinterpret_cast<const T*>(values.fixed);
  }
  // Strings and bytes, either layout; empty for null rows.
  std::string_view StringAt(uint32_t row) const {
    row = Physical(row);
    if (dictionary == nullptr) return values.StringAt(row);
    return IsNull(row) ? std::string_view() : dictionary->At(codes[row]);
  }

  // Appends all rows, or those listed, to `out`, which has the same type. Dictionary strings become plain.
  void AppendTo(Column* out) const;
  void AppendSelected(absl::Span<const uint32_t> rows, Column* out) const;
  // The rows listed, copied; dictionary strings stay codes. Constants stay constants.
  BatchColumn Select(absl::Span<const uint32_t> rows) const;
};

struct RowBatch {
  uint32_t row_count = 0;
  std::vector<BatchColumn> columns;

  RowBatch Select(absl::Span<const uint32_t> rows) const;
};

}  // namespace cortex::query

#endif  // CORTEX_QUERY_EXPR_BATCH_COLUMN_H_

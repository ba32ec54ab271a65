// Rows an operator has to keep: projected columns and, for sorting and DISTINCT, an encoded key per row.
#ifndef CORTEX_QUERY_EXEC_ROW_STORE_H_
#define CORTEX_QUERY_EXEC_ROW_STORE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "query/expr/batch_column.h"
#include "query/expr/expr_type.h"

namespace cortex::query {

// One thread at a time.
class RowStore {
 public:
  explicit RowStore(const std::vector<ExprType>& types);

  uint32_t row_count() const { return static_cast<uint32_t>(keys_.size()); }
  const std::string& key(uint32_t row) const { return keys_[row]; }
  const std::vector<std::string>& keys() const { return keys_; }

  // Appends one row; it takes the first columns of `rows`, as many as the store has.
  void Append(const RowBatch& rows, uint32_t row, std::string key);
  // Keeps the rows listed, in that order, and drops the rest.
  void Keep(absl::Span<const uint32_t> rows);
  // A view of all rows; valid until the store changes.
  RowBatch View() const;

  size_t memory_bytes() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::string> keys_;
  size_t key_bytes_ = 0;
};

}  // namespace cortex::query

#endif  // CORTEX_QUERY_EXEC_ROW_STORE_H_

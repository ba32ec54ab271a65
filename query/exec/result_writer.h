// The end of every query: skips OFFSET, stops at LIMIT, hands rows to the sink in batches of bounded size.
#ifndef CORTEX_QUERY_EXEC_RESULT_WRITER_H_
#define CORTEX_QUERY_EXEC_RESULT_WRITER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "query/expr/batch_column.h"
#include "query/expr/expr_type.h"

namespace cortex::query {

using ColumnSink = std::function<absl::Status(uint32_t row_count, std::vector<Column> columns)>;

struct ResultLimits {
  uint64_t offset = 0;
  std::optional<uint64_t> limit;
  uint32_t max_batch_rows = 8'192;
  uint64_t max_batch_bytes = 768 << 10;
};

// One thread.
class ResultWriter {
 public:
  ResultWriter(std::vector<ExprType> types, ResultLimits limits, ColumnSink sink);

  // Takes the first types.size() columns of `rows`. False once LIMIT is reached: nothing more is wanted.
  absl::StatusOr<bool> Write(const RowBatch& rows);
  // As Write, for columns nobody else needs: handed on as they are if they make a good batch by themselves.
  absl::StatusOr<bool> WriteOwned(uint32_t row_count, std::vector<Column> columns);
  // Hands on what is left. To be called at the end.
  absl::Status Flush();

  bool wants_more() const { return remaining_ > 0; }
  uint64_t rows_written() const { return rows_written_; }

 private:
  uint64_t BytesOf(const RowBatch& rows, uint32_t first, uint32_t count) const;
  uint32_t RowsThatFit(const RowBatch& rows, uint32_t first, uint32_t count) const;
  void StartBatch();

  const std::vector<ExprType> types_;
  uint64_t fixed_row_bytes_ = 0;  // bytes of a row without strings and lists
  bool has_variable_rows_ = false;
  const ResultLimits limits_;
  const ColumnSink sink_;
  uint64_t to_skip_;
  uint64_t remaining_;
  uint64_t rows_written_ = 0;
  std::vector<Column> columns_;
  uint32_t batch_rows_ = 0;
  uint64_t batch_bytes_ = 0;
};

}  // namespace cortex::query

#endif  // CORTEX_QUERY_EXEC_RESULT_WRITER_H_

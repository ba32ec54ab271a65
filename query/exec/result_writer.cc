#include "query/exec/result_writer.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "codecs/bytes/status_macros.h"

namespace cortex::query {
namespace {

constexpr uint32_t kGoodBatchRows = 4'096;  // enough that the cost of one more batch does not show

// About what one row takes in a result.
uint64_t RowBytes(const RowBatch& rows, size_t width, uint32_t row) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < width; ++i) {
    const BatchColumn& column = rows.columns[i];
    if (column.type.is_string()) {
      bytes += column.StringAt(row).size() + sizeof(uint32_t);
    } else if (column.type.is_list()) {
      const uint32_t at = column.Physical(row);
      const uint32_t first = column.list_offsets[at], last = column.list_offsets[at + 1];
      bytes += column.values.Slice(first, last - first).byte_size() + sizeof(uint32_t);
    } else {
      bytes += column.values.shape.row_bytes();
    }
  }
  return bytes;
}

}  // namespace

ResultWriter::ResultWriter(std::vector<ExprType> types, ResultLimits limits, ColumnSink sink)
    : types_(std::move(types)),
      limits_(limits),
      sink_(std::move(sink)),
      to_skip_(limits.offset),
      remaining_(limits.limit.value_or(UINT64_MAX)) {
  for (const ExprType& type : types_) {
    const bool variable = type.data.is_string() || type.data.is_list();
    has_variable_rows_ |= variable;
    if (!variable) fixed_row_bytes_ += type.data.shape().row_bytes();
  }
  StartBatch();
}

void ResultWriter::StartBatch() {
  columns_.clear();
  for (const ExprType& type : types_) columns_.emplace_back(type.data);
  batch_rows_ = 0;
  batch_bytes_ = 0;
}

uint64_t ResultWriter::BytesOf(const RowBatch& rows, uint32_t first, uint32_t count) const {
  if (!has_variable_rows_) return fixed_row_bytes_ * count;
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < count; ++i) bytes += RowBytes(rows, types_.size(), first + i);
  return bytes;
}

// 0 if the batch has to go out first; at least one into an empty batch, so that a row larger than a batch still goes
// out.
uint32_t ResultWriter::RowsThatFit(const RowBatch& rows, uint32_t first, uint32_t count) const {
  const uint32_t by_rows = std::min(count, limits_.max_batch_rows - batch_rows_);
  const uint64_t room = limits_.max_batch_bytes - std::min(limits_.max_batch_bytes, batch_bytes_);
  const uint32_t at_least = batch_rows_ == 0 ? 1 : 0;
  if (!has_variable_rows_) {
    const uint64_t fit = fixed_row_bytes_ == 0 ? by_rows : room / fixed_row_bytes_;
    return static_cast<uint32_t>(std::min<uint64_t>(by_rows, std::max<uint64_t>(fit, at_least)));
  }
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < by_rows; ++i) {
    bytes += RowBytes(rows, types_.size(), first + i);
    if (bytes > room) return std::max(i, at_least);
  }
  return by_rows;
}

absl::StatusOr<bool> ResultWriter::WriteOwned(uint32_t row_count, std::vector<Column> columns) {
  uint64_t bytes = 0;
  for (const Column& column : columns) bytes += column.values().byte_size();
  const bool fits = batch_rows_ == 0 && to_skip_ == 0 && row_count <= remaining_ &&
                    row_count <= limits_.max_batch_rows && bytes <= limits_.max_batch_bytes;
  const bool worth_a_batch =
      row_count >= std::min(kGoodBatchRows, limits_.max_batch_rows / 2) || bytes >= limits_.max_batch_bytes / 4;
  if (!fits || !worth_a_batch || row_count == 0) {
    RowBatch view;
    view.row_count = row_count;
    for (Column& column : columns) view.columns.push_back(BatchColumn::Of(std::move(column)));
    return Write(view);
  }
  remaining_ -= row_count;
  rows_written_ += row_count;
  RETURN_IF_ERROR(sink_(row_count, std::move(columns)));
  return wants_more();
}

absl::StatusOr<bool> ResultWriter::Write(const RowBatch& rows) {
  const auto skipped = static_cast<uint32_t>(std::min<uint64_t>(to_skip_, rows.row_count));
  to_skip_ -= skipped;
  uint32_t first = skipped;
  uint32_t left = static_cast<uint32_t>(std::min<uint64_t>(rows.row_count - skipped, remaining_));
  while (left > 0) {
    const uint32_t taken = RowsThatFit(rows, first, left);
    if (taken == 0) {
      RETURN_IF_ERROR(Flush());
      continue;
    }
    std::vector<uint32_t> picked(taken);
    std::iota(picked.begin(), picked.end(), first);
    batch_bytes_ += BytesOf(rows, first, taken);
    for (size_t i = 0; i < types_.size(); ++i) {
      if (taken == rows.row_count) {
        rows.columns[i].AppendTo(&columns_[i]);
      } else {
        rows.columns[i].AppendSelected(picked, &columns_[i]);
      }
    }
    batch_rows_ += taken;
    remaining_ -= taken;
    first += taken;
    left -= taken;
    if (batch_rows_ >= limits_.max_batch_rows) RETURN_IF_ERROR(Flush());
  }
  return wants_more();
}

absl::Status ResultWriter::Flush() {
  if (batch_rows_ == 0) return absl::OkStatus();
  rows_written_ += batch_rows_;
  const absl::Status status = sink_(batch_rows_, std::move(columns_));
  StartBatch();
  return status;
}

}  // namespace cortex::query

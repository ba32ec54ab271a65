#include "query/exec/row_store.h"

#include <utility>

namespace cortex::query {
namespace {

// A view without ownership: the store outlives it.
BatchColumn ViewOf(const Column& column) {
  return BatchColumn::Of(std::shared_ptr<const Column>(std::shared_ptr<const void>(), &column));
}

}  // namespace

RowStore::RowStore(const std::vector<ExprType>& types) {
  for (const ExprType& type : types) columns_.emplace_back(type.data);
}

void RowStore::Append(const RowBatch& rows, uint32_t row, std::string key) {
  for (size_t i = 0; i < columns_.size(); ++i) rows.columns[i].AppendSelected({&row, 1}, &columns_[i]);
  key_bytes_ += key.capacity();
  keys_.push_back(std::move(key));
}

void RowStore::Keep(absl::Span<const uint32_t> rows) {
  for (Column& column : columns_) {
    Column kept(column.type());
    ViewOf(column).AppendSelected(rows, &kept);
    column = std::move(kept);
  }
  std::vector<std::string> keys;
  keys.reserve(rows.size());
  for (const uint32_t row : rows) keys.push_back(std::move(keys_[row]));
  keys_ = std::move(keys);
  key_bytes_ = 0;
  for (const std::string& key : keys_) key_bytes_ += key.capacity();
}

RowBatch RowStore::View() const {
  RowBatch view;
  view.row_count = row_count();
  for (const Column& column : columns_) view.columns.push_back(ViewOf(column));
  return view;
}

size_t RowStore::memory_bytes() const {
  size_t bytes = key_bytes_ + keys_.capacity() * sizeof(std::string);
  for (const Column& column : columns_) bytes += column.memory_bytes();
  return bytes;
}

}  // namespace cortex::query

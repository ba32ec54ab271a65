#include "storage/table/row_group.h"

#include <algorithm>

#include "storage/segment/ordinal_counter.h"
#include "storage/table/hot_dictionary_column.h"

namespace cortex {
namespace {

// A dictionary pays where strings repeat: the key column always (its dictionary is the key index), others unless the
// group before showed more than one distinct value per two rows.
bool UseDictionary(const TableDefinition& table, size_t ordinal, const std::vector<bool>& plain_strings) {
  const ColumnDefinition& column = table.columns[ordinal];
  if (!column.type.is_string()) return false;
  if (ordinal == table.key_ordinal()) return true;
  if (column.compression == Compression::kNone) return false;
  return plain_strings.empty() || !plain_strings[ordinal];
}

}  // namespace

RowGroup::RowGroup(const RowGroupOptions& options)
    : table_(options.table),
      shard_(options.shard),
      capacity_(options.capacity),
      budget_(options.budget),
      first_ordinal_(options.first_ordinal),
      ordinals_(options.ordinals),
      commit_blocks_((options.capacity + kHotBlockRows - 1) / kHotBlockRows),
      key_index_(options.capacity),
      versions_(options.versions != nullptr ? options.versions
                                            : std::make_shared<RowVersions>(options.capacity, options.budget)) {
  columns_.reserve(table_->columns.size());
  for (size_t i = 0; i < table_->columns.size(); ++i) {
    columns_.push_back(
        HotColumn::Make(table_->columns[i].type, capacity_, UseDictionary(*table_, i, options.plain_strings), budget_));
  }
  key_column_ = static_cast<const HotDictionaryColumn*>(columns_[table_->key_ordinal()].get());
}

RowGroup::~RowGroup() {
  if (budget_ != nullptr) budget_->Release(MemoryUse::kHotRows, row_bytes_.load());
}

const HotColumn* RowGroup::FindColumn(ColumnId id) const {
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (table_->columns[i].id == id) return columns_[i].get();
  }
  return nullptr;
}

Commit* RowGroup::CommitSlot(uint32_t row) {
  auto& block = commit_blocks_[row / kHotBlockRows];
  if (block == nullptr) block = std::make_unique<Commit[]>(kHotBlockRows);
  return &block[row % kHotBlockRows];
}

void RowGroup::Append(const Batch& batch, absl::Span<const uint32_t> rows, Commit commit) {
  const uint32_t first_row = published_rows_.load(std::memory_order_relaxed);
  for (uint32_t i = 0; i < rows.size(); ++i) *CommitSlot(first_row + i) = commit;
  NoteCommit(commit);
  AppendColumns(batch, rows);
  IndexAndPublish(batch, rows, first_row);
}

void RowGroup::Append(const Batch& batch, absl::Span<const uint32_t> rows, absl::Span<const Commit> commits) {
  const uint32_t first_row = published_rows_.load(std::memory_order_relaxed);
  for (uint32_t i = 0; i < rows.size(); ++i) {
    *CommitSlot(first_row + i) = commits[i];
    NoteCommit(commits[i]);
  }
  AppendColumns(batch, rows);
  IndexAndPublish(batch, rows, first_row);
}

void RowGroup::NoteCommit(Commit commit) {
  min_commit_.store(std::min(min_commit(), commit), std::memory_order_release);
  max_commit_.store(std::max(max_commit(), commit), std::memory_order_release);
}

void RowGroup::AppendColumns(const Batch& batch, absl::Span<const uint32_t> rows) {
  uint64_t raw = 0;
  for (size_t i = 0; i < columns_.size(); ++i) {
    columns_[i]->Append(batch.columns[i], rows, batch.ExactRows(i));
    raw += columns_[i]->raw_bytes();
  }
  raw_bytes_.store(raw, std::memory_order_relaxed);
}

void RowGroup::IndexAndPublish(const Batch& batch, absl::Span<const uint32_t> rows, uint32_t first_row) {
  const auto times = batch.columns[table_->time_ordinal()].values_as<int64_t>();
  int64_t min_time = this->min_time();
  int64_t max_time = this->max_time();
  for (uint32_t i = 0; i < rows.size(); ++i) {
    key_index_.Add(key_column_->CodeAt(first_row + i), first_row + i);
    min_time = std::min(min_time, times[rows[i]]);
    max_time = std::max(max_time, times[rows[i]]);
  }
  min_time_.store(min_time, std::memory_order_relaxed);
  max_time_.store(max_time, std::memory_order_relaxed);
  Account();
  published_rows_.store(first_row + static_cast<uint32_t>(rows.size()), std::memory_order_release);
}

void RowGroup::Account() {
  uint64_t bytes = key_index_.memory_bytes() + ordinals_.capacity() * sizeof(uint32_t);
  for (const auto& column : columns_) bytes += column->memory_bytes();
  for (const auto& block : commit_blocks_) bytes += block == nullptr ? 0 : kHotBlockRows * sizeof(Commit);
  const uint64_t before = row_bytes_.exchange(bytes, std::memory_order_relaxed);
  if (budget_ != nullptr && bytes > before) budget_->ForceReserve(MemoryUse::kHotRows, bytes - before);
  if (budget_ != nullptr && bytes < before) budget_->Release(MemoryUse::kHotRows, before - bytes);
}

uint64_t RowGroup::memory_bytes() const {
  uint64_t bytes = row_bytes_.load(std::memory_order_relaxed);
  for (const auto& column : columns_) bytes += column->sketch_bytes();
  return bytes;
}

void RowGroup::ReadOrdinals(uint32_t first, uint32_t count, uint32_t* ordinals) const {
  if (!ordinals_.empty()) {
    std::copy_n(ordinals_.begin() + first, count, ordinals);
    return;
  }
  uint32_t begin = first;  // of the first row's commit
  while (begin > 0 && CommitAt(begin - 1) == CommitAt(first)) --begin;
  OrdinalCounter counter(begin == 0 ? first_ordinal_ : 0);
  for (uint32_t row = begin; row < first; ++row) counter.Next(CommitAt(row));
  for (uint32_t i = 0; i < count; ++i) ordinals[i] = counter.Next(CommitAt(first + i));
}

std::vector<bool> RowGroup::PlainStrings() const {
  const uint32_t rows = published_rows();
  if (rows < kHotBlockRows) return {};  // too few to tell
  std::vector<bool> plain;
  for (const auto& column : columns_) {
    // A plain column stays plain: its strings were found not to repeat.
    plain.push_back(column->dictionary() == nullptr || column->distinct_count() * 2 > rows);
  }
  return plain;
}

std::optional<uint32_t> RowGroup::FindNewest(std::string_view key, uint32_t row_limit) const {
  const auto code = key_column_->dictionary()->Find(key);
  if (!code.has_value()) return std::nullopt;
  const uint32_t row = key_index_.Newest(*code, row_limit);
  if (row == KeyIndex::kNoRow) return std::nullopt;
  return row;
}

std::optional<uint32_t> RowGroup::FindBefore(uint32_t row) const {
  const uint32_t before = key_index_.Before(row);
  if (before == KeyIndex::kNoRow) return std::nullopt;
  return before;
}

}  // namespace cortex

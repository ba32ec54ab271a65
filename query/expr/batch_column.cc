#include "query/expr/batch_column.h"

#include <cstring>
#include <utility>

namespace cortex::query {
namespace {

void AppendListRow(const BatchColumn& column, uint32_t row, Column* out) {
  const uint32_t first = column.list_offsets[row];
  const uint32_t count = column.list_offsets[row + 1] - first;
  out->mutable_values()->Append(column.values.Slice(first, count));
  out->mutable_list_offsets()->push_back(out->mutable_values()->row_count());
}

void AppendOneRow(const BatchColumn& column, uint32_t row, Column* out) {
  if (column.type.is_list()) {
    AppendListRow(column, row, out);
  } else if (column.type.is_string()) {
    out->mutable_values()->AppendString(column.StringAt(row));
  } else {
    out->mutable_values()->Append(column.values.Slice(row, 1));
  }
}

// A constant width turns each copy into one load and one store.
template <size_t kWidth>
void GatherWidth(const std::byte* source, absl::Span<const uint32_t> rows, std::byte* out) {
  for (size_t i = 0; i < rows.size(); ++i) std::memcpy(out + i * kWidth, source + size_t{rows[i]} * kWidth, kWidth);
}

void GatherFixed(const std::byte* source, size_t width, absl::Span<const uint32_t> rows, std::byte* out) {
  switch (width) {
    case 1:
      return GatherWidth<1>(source, rows, out);
    case 2:
      return GatherWidth<2>(source, rows, out);
    case 4:
      return GatherWidth<4>(source, rows, out);
    case 8:
      return GatherWidth<8>(source, rows, out);
    default:
      for (size_t i = 0; i < rows.size(); ++i) std::memcpy(out + i * width, source + rows[i] * width, width);
  }
}

}  // namespace

BatchColumn BatchColumn::Of(std::shared_ptr<const Column> column) {
  BatchColumn view;
  view.type = column->type();
  view.row_count = column->row_count();
  view.values = column->values();
  view.validity = column->validity_words();
  if (column->is_dictionary()) {
    view.dictionary = &column->dictionary();
    view.codes = column->codes().data();
  }
  if (view.type.is_list()) view.list_offsets = column->list_offsets().data();
  view.owner = std::move(column);
  return view;
}

BatchColumn BatchColumn::Constant(std::shared_ptr<const Column> one_row, uint32_t rows) {
  BatchColumn view = Of(std::move(one_row));
  view.row_count = rows;
  view.constant = true;
  return view;
}

void BatchColumn::AppendTo(Column* out) const {
  if (row_count == 0) return;
  const bool copies_in_one_go = !constant && dictionary == nullptr;
  if (!copies_in_one_go) {
    for (uint32_t row = 0; row < row_count; ++row) AppendOneRow(*this, Physical(row), out);
  } else if (type.is_list()) {
    for (uint32_t row = 0; row < row_count; ++row) AppendListRow(*this, row, out);
  } else {
    out->mutable_values()->Append(values);
  }
  if (!constant) {
    out->FinishAppend(row_count, validity, 0);
    return;
  }
  const std::vector<uint64_t> words(WordsForBits(row_count), IsNull(0) ? 0 : ~uint64_t{0});
  out->FinishAppend(row_count, IsNull(0) ? words.data() : nullptr, 0);
}

void BatchColumn::AppendSelected(absl::Span<const uint32_t> rows, Column* out) const {
  if (rows.empty()) return;
  if (!type.is_list() && !type.is_string() && !constant) {
    GatherFixed(values.fixed, values.shape.row_bytes(), rows,
                out->mutable_values()->ExtendFixed(static_cast<uint32_t>(rows.size())));
  } else {
    for (const uint32_t row : rows) AppendOneRow(*this, Physical(row), out);
  }
  if (validity == nullptr) {
    out->FinishAppend(static_cast<uint32_t>(rows.size()), nullptr, 0);
    return;
  }
  std::vector<uint64_t> words(WordsForBits(rows.size()), 0);
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!IsNull(rows[i])) SetBit(words.data(), i);
  }
  out->FinishAppend(static_cast<uint32_t>(rows.size()), words.data(), 0);
}

BatchColumn BatchColumn::Select(absl::Span<const uint32_t> rows) const {
  if (constant) {
    BatchColumn same = *this;
    same.row_count = static_cast<uint32_t>(rows.size());
    return same;
  }
  if (dictionary == nullptr) {
    Column out(type);
    AppendSelected(rows, &out);
    return Of(std::move(out));
  }
  struct Codes {
    std::vector<uint32_t> codes;
    std::vector<uint64_t> validity;
    std::shared_ptr<const void> dictionary_owner;
  };
  auto kept = std::make_shared<Codes>();
  kept->codes.reserve(rows.size());
  for (const uint32_t row : rows) kept->codes.push_back(codes[row]);
  if (validity != nullptr) {
    kept->validity.resize(WordsForBits(rows.size()), 0);
    for (size_t i = 0; i < rows.size(); ++i) {
      if (!IsNull(rows[i])) SetBit(kept->validity.data(), i);
    }
  }
  kept->dictionary_owner = owner;
  BatchColumn view = *this;
  view.row_count = static_cast<uint32_t>(rows.size());
  view.codes = kept->codes.data();
  view.validity = validity == nullptr ? nullptr : kept->validity.data();
  view.owner = std::move(kept);
  return view;
}

RowBatch RowBatch::Select(absl::Span<const uint32_t> rows) const {
  RowBatch out;
  out.row_count = static_cast<uint32_t>(rows.size());
  out.columns.reserve(columns.size());
  for (const BatchColumn& column : columns) out.columns.push_back(column.Select(rows));
  return out;
}

}  // namespace cortex::query

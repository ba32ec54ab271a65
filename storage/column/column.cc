#include "storage/column/column.h"

#include <cstring>
#include <utility>

namespace cortex {
namespace {

template <size_t kWidth>
void GatherFixedWidth(const std::byte* source, absl::Span<const uint32_t> rows, std::byte* out) {
  for (size_t i = 0; i < rows.size(); ++i) std::memcpy(out + i * kWidth, source + size_t{rows[i]} * kWidth, kWidth);
}

// A constant width turns each copy into one load and one store.
void GatherFixed(const std::byte* source, size_t width, absl::Span<const uint32_t> rows, std::byte* out) {
  switch (width) {
    case 1:
      return GatherFixedWidth<1>(source, rows, out);
    case 2:
      return GatherFixedWidth<2>(source, rows, out);
    case 4:
      return GatherFixedWidth<4>(source, rows, out);
    case 8:
      return GatherFixedWidth<8>(source, rows, out);
    case 16:
      return GatherFixedWidth<16>(source, rows, out);
  }
  for (size_t i = 0; i < rows.size(); ++i) std::memcpy(out + i * width, source + rows[i] * width, width);
}

}  // namespace

Column Column::OfCodes(DataType type, std::shared_ptr<const StringDictionary> dictionary, std::vector<uint32_t> codes,
                       Bitmap validity) {
  Column column(type);
  column.row_count_ = static_cast<uint32_t>(codes.size());
  column.codes_ = std::move(codes);
  column.dictionary_ = std::move(dictionary);
  column.validity_ = std::move(validity);
  return column;
}

void Column::Reset(DataType type) {
  type_ = type;
  row_count_ = 0;
  validity_.Reset();
  values_.Reset(type.shape());
  list_offsets_.clear();
  if (type.is_list()) list_offsets_.push_back(0);
  codes_.clear();
  dictionary_ = nullptr;
}

void Column::AppendNulls(uint32_t rows) {
  if (rows == 0) return;
  if (type_.is_list()) {
    list_offsets_.insert(list_offsets_.end(), rows, list_offsets_.back());
  } else if (is_dictionary()) {
    codes_.insert(codes_.end(), rows, 0);
  } else {
    values_.AppendZeros(rows);
  }
  if (validity_.empty()) validity_.Append(true, row_count_);
  validity_.Append(false, rows);
  row_count_ += rows;
}

void Column::AppendString(std::string_view value) {
  Flatten();
  values_.AppendString(value);
  AppendPresent(1);
}

std::byte* Column::ExtendFixed(uint32_t rows) {
  std::byte* out = values_.ExtendFixed(rows);
  AppendPresent(rows);
  return out;
}

void Column::AppendValues(const ValueSpan& rows) {
  Flatten();
  values_.Append(rows);
  AppendPresent(rows.row_count);
}

void Column::AppendStringList(absl::Span<const std::string_view> elements) {
  for (const std::string_view element : elements) values_.AppendString(element);
  list_offsets_.push_back(values_.row_count());
  AppendPresent(1);
}

void Column::AppendFloatList(absl::Span<const float> elements) {
  if (!elements.empty()) {
    std::memcpy(values_.ExtendFixed(static_cast<uint32_t>(elements.size())), elements.data(),
                elements.size() * sizeof(float));
  }
  list_offsets_.push_back(values_.row_count());
  AppendPresent(1);
}

void Column::AppendRows(const Column& source, uint32_t first, uint32_t count) {
  if (count == 0) return;
  if (source.is_dictionary()) {
    if (row_count_ == 0) dictionary_ = source.dictionary_;
    if (dictionary_ == source.dictionary_) {
      codes_.insert(codes_.end(), source.codes_.begin() + first, source.codes_.begin() + first + count);
    } else {
      Flatten();
      for (uint32_t row = first; row < first + count; ++row) values_.AppendString(source.StringAt(row));
    }
  } else if (type_.is_list()) {
    const uint32_t begin = source.list_offsets_[first];
    const uint32_t base = list_offsets_.back();
    values_.Append(source.elements().Slice(begin, source.list_offsets_[first + count] - begin));
    for (uint32_t row = first; row < first + count; ++row) {
      list_offsets_.push_back(base + (source.list_offsets_[row + 1] - begin));
    }
  } else {
    Flatten();
    values_.Append(source.values().Slice(first, count));
  }
  FinishAppend(count, source.validity_words(), first);
}

void Column::AppendSelected(const Column& source, absl::Span<const uint32_t> rows) {
  if (rows.empty()) return;
  const auto count = static_cast<uint32_t>(rows.size());
  if (type_.is_list()) {
    for (const uint32_t row : rows) AppendRows(source, row, 1);
    return;
  }
  if (source.is_dictionary()) {
    if (row_count_ == 0) dictionary_ = source.dictionary_;
    const bool shared = dictionary_ == source.dictionary_;
    if (!shared) Flatten();
    for (const uint32_t row : rows) {
      if (shared) {
        codes_.push_back(source.codes_[row]);
      } else {
        values_.AppendString(source.StringAt(row));
      }
    }
  } else {
    Flatten();
    if (type_.is_string()) {
      for (const uint32_t row : rows) values_.AppendString(source.values_.StringAt(row));
    } else {
      GatherFixed(source.values().fixed, values_.shape().row_bytes(), rows, values_.ExtendFixed(count));
    }
  }
  if (!source.has_validity()) return FinishAppend(count, nullptr, 0);
  std::vector<uint64_t> words(WordsForBits(count), 0);
  for (uint32_t i = 0; i < count; ++i) {
    if (source.validity_.Get(rows[i])) SetBit(words.data(), i);
  }
  FinishAppend(count, words.data(), 0);
}

void Column::FinishAppend(uint32_t rows, const uint64_t* validity, uint32_t first_bit) {
  if (validity != nullptr) {
    if (validity_.empty()) validity_.Append(true, row_count_);
    validity_.AppendBits(validity, first_bit, rows);
  } else if (!validity_.empty()) {
    validity_.Append(true, rows);
  }
  row_count_ += rows;
}

void Column::Flatten() {
  if (dictionary_ == nullptr) return;
  ValueBuffer values(type_.shape());
  for (uint32_t row = 0; row < row_count_; ++row) values.AppendString(StringAt(row));
  values_ = std::move(values);
  codes_ = {};
  dictionary_ = nullptr;
}

size_t Column::memory_bytes() const {
  return values_.memory_bytes() + validity_.memory_bytes() + list_offsets_.capacity() * sizeof(uint32_t) +
         codes_.capacity() * sizeof(uint32_t);
}

}  // namespace cortex

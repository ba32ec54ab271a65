// A column of rows in memory: typed values with validity. What travels between RPC, WAL, tiers and operators.
//
// Layouts. Scalars and vectors: one ValueBuffer row per row. Strings: plain, or codes into a shared dictionary (what
// dictionary chunks decode to, and what clients may send). Lists: row i owns elements [list_offsets[i], [i + 1]).
// Null rows hold zero values (empty string, empty list); no validity means no nulls. Not thread-safe; move-only.
#ifndef CORTEX_STORAGE_COLUMN_COLUMN_H_
#define CORTEX_STORAGE_COLUMN_COLUMN_H_

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "codecs/codec.h"
#include "codecs/values.h"
#include "storage/column/bitmap.h"
#include "storage/column/data_type.h"

namespace cortex {

class Column {
 public:
  Column() = default;
  explicit Column(DataType type) { Reset(type); }
  // A string column of codes into `dictionary`, which the column keeps alive. Null rows have code 0 or any other.
  static Column OfCodes(DataType type, std::shared_ptr<const StringDictionary> dictionary, std::vector<uint32_t> codes,
                        Bitmap validity);

  void Reset(DataType type);

  const DataType& type() const { return type_; }
  uint32_t row_count() const { return row_count_; }

  // --- validity -------------------------------------------------------------------------------------------------
  bool has_validity() const { return !validity_.empty(); }
  // LSB-first words, or nullptr when every row is present.
  const uint64_t* validity_words() const { return validity_.empty() ? nullptr : validity_.words(); }
  bool IsNull(uint32_t row) const { return !validity_.empty() && !validity_.Get(row); }
  uint32_t null_count() const {
    return validity_.empty() ? 0 : row_count_ - static_cast<uint32_t>(validity_.CountOnes());
  }
  // Replaces validity; `validity` has row_count() bits, or none for "all present".
  void SetValidity(Bitmap validity) { validity_ = std::move(validity); }

  // --- reading --------------------------------------------------------------------------------------------------
  // Scalars, vectors and plain strings.
  ValueSpan values() const { return values_.span(); }
  template <typename T>
  absl::Span<const T> values_as() const {
    return values_.values<T>();
  }
  bool is_dictionary() const { return dictionary_ != nullptr; }
  const StringDictionary& dictionary() const { return *dictionary_; }
  const std::shared_ptr<const StringDictionary>& shared_dictionary() const { return dictionary_; }
  absl::Span<const uint32_t> codes() const { return codes_; }
  // Strings and bytes, either layout. Empty for null rows.
  std::string_view StringAt(uint32_t row) const {
    if (dictionary_ == nullptr) return values_.StringAt(row);
    return IsNull(row) ? std::string_view() : dictionary_->At(codes_[row]);
  }
  // The bytes of one row of a fixed-width column.
  absl::Span<const std::byte> FixedAt(uint32_t row) const {
    const size_t width = values_.shape().row_bytes();
    return {values_.span().fixed + row * width, width};
  }
  // Lists.
  absl::Span<const uint32_t> list_offsets() const { return list_offsets_; }
  ValueSpan elements() const { return values_.span(); }

  // --- building -------------------------------------------------------------------------------------------------
  void AppendNull() { AppendNulls(1); }
  void AppendNulls(uint32_t rows);
  void AppendString(std::string_view value);
  template <typename T>
  void AppendScalar(T value) {
    std::memcpy(ExtendFixed(1), &value, sizeof(T));
  }
  // Room for `rows` more present rows of a fixed-width column, uninitialised; the caller fills it.
  std::byte* ExtendFixed(uint32_t rows);
  // `rows` more present rows of a plain string or fixed-width column.
  void AppendValues(const ValueSpan& rows);
  // One list row.
  void AppendStringList(absl::Span<const std::string_view> elements);
  void AppendFloatList(absl::Span<const float> elements);
  // Rows of another column of the same type; dictionary strings are appended as plain strings unless this column is
  // empty or shares the dictionary.
  void AppendRows(const Column& source, uint32_t first, uint32_t count);
  void AppendSelected(const Column& source, absl::Span<const uint32_t> rows);
  // For decoders: append values (and list offsets) directly, then call FinishAppend(rows) with the validity of the new
  // rows (nullptr = all present), bits [first_bit, first_bit + rows).
  ValueBuffer* mutable_values() { return &values_; }
  std::vector<uint32_t>* mutable_list_offsets() { return &list_offsets_; }
  std::vector<uint32_t>* mutable_codes() { return &codes_; }
  void SetDictionary(std::shared_ptr<const StringDictionary> dictionary) { dictionary_ = std::move(dictionary); }
  void FinishAppend(uint32_t rows, const uint64_t* validity, uint32_t first_bit);

  // Turns codes into plain strings; no-op for every other layout.
  void Flatten();

  // Bytes held, for memory accounting; a shared dictionary is not counted.
  size_t memory_bytes() const;

 private:
  void AppendPresent(uint32_t rows) { FinishAppend(rows, nullptr, 0); }

  DataType type_;
  uint32_t row_count_ = 0;
  Bitmap validity_;
  ValueBuffer values_;                   // list columns: the elements
  std::vector<uint32_t> list_offsets_;   // list columns: row_count_ + 1 entries
  std::vector<uint32_t> codes_;          // dictionary layout: row_count_ entries
  std::shared_ptr<const StringDictionary> dictionary_;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_COLUMN_COLUMN_H_

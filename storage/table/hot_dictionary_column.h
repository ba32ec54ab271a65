// Strings in memory as codes into a dictionary that grows with the group. The key column's dictionary is also half of
// the key index (row_group.h).
#ifndef CORTEX_STORAGE_TABLE_HOT_DICTIONARY_COLUMN_H_
#define CORTEX_STORAGE_TABLE_HOT_DICTIONARY_COLUMN_H_

#include <memory>
#include <vector>

#include "storage/table/growing_dictionary.h"
#include "storage/table/hot_column.h"

namespace cortex {

class HotDictionaryColumn final : public HotColumn {
 public:
  HotDictionaryColumn(const DataType& type, uint32_t capacity);

  uint64_t memory_bytes() const override;
  uint32_t distinct_count() const override { return dictionary_.size(); }
  const StringDictionary* dictionary() const override { return &dictionary_; }
  absl::Status DecodeCodes(uint32_t first, uint32_t count, uint32_t* codes) const override;
  // The code of a written row (0 where null).
  uint32_t CodeAt(uint32_t row) const { return blocks_[row / kHotBlockRows][row % kHotBlockRows]; }

 protected:
  void AppendValues(const Column& source, absl::Span<const uint32_t> rows, uint32_t first_row) override;
  void ReadRange(uint32_t first, uint32_t count, Column* out) const override;
  void ReadRows(absl::Span<const uint32_t> rows, Column* out) const override;
  void FilterValues(const ValueFilter& filter, uint32_t first, uint32_t count, uint64_t* selection) const override;

 private:
  uint32_t* SlotFor(uint32_t row);
  // Sets the bits of the codes below `entries` that qualify; false if there are none.
  bool SelectCodes(const ValueFilter& filter, uint32_t entries, uint64_t* kept) const;
  void FilterRows(const ValueFilter& filter, uint32_t first, uint32_t count, uint64_t* selection) const;

  GrowingDictionary dictionary_;
  std::vector<std::unique_ptr<uint32_t[]>> blocks_;  // fixed length
  std::atomic<uint64_t> code_bytes_{0};
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TABLE_HOT_DICTIONARY_COLUMN_H_

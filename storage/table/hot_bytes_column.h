// Strings that do not repeat, and lists, in memory: each row is a run of bytes in an arena. A list<float32> row is its
// floats; a list<string> row is u32 count, then u32 length and bytes of every element.
#ifndef CORTEX_STORAGE_TABLE_HOT_BYTES_COLUMN_H_
#define CORTEX_STORAGE_TABLE_HOT_BYTES_COLUMN_H_

#include <memory>
#include <string_view>
#include <vector>

#include "storage/table/arena.h"
#include "storage/table/hot_column.h"

namespace cortex {

class HotBytesColumn final : public HotColumn {
 public:
  HotBytesColumn(const DataType& type, uint32_t capacity);

  uint64_t memory_bytes() const override { return memory_bytes_.load(std::memory_order_relaxed); }

 protected:
  void AppendValues(const Column& source, absl::Span<const uint32_t> rows, uint32_t first_row) override;
  void ReadRange(uint32_t first, uint32_t count, Column* out) const override;
  void ReadRows(absl::Span<const uint32_t> rows, Column* out) const override;
  void FilterValues(const ValueFilter& filter, uint32_t first, uint32_t count, uint64_t* selection) const override;

 private:
  std::string_view StoreRow(const Column& source, uint32_t row);
  void ReadRow(uint32_t row, Column* out) const;
  std::string_view BytesAt(uint32_t row) const { return blocks_[row / kHotBlockRows][row % kHotBlockRows]; }

  Arena arena_;
  std::vector<std::unique_ptr<std::string_view[]>> blocks_;  // fixed length
  std::atomic<uint64_t> memory_bytes_{0};
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TABLE_HOT_BYTES_COLUMN_H_

#include "storage/table/hot_bytes_column.h"

#include <cstring>

#include "codecs/filter_values.h"

namespace cortex {

HotBytesColumn::HotBytesColumn(const DataType& type, uint32_t capacity)
    : HotColumn(type, capacity), blocks_((capacity + kHotBlockRows - 1) / kHotBlockRows) {}

std::string_view HotBytesColumn::StoreRow(const Column& source, uint32_t row) {
  if (!type_.is_list()) return arena_.Copy(source.StringAt(row));
  const uint32_t begin = source.list_offsets()[row];
  const uint32_t end = source.list_offsets()[row + 1];
  const ValueSpan elements = source.elements();
  if (type_.kind == TypeKind::kListFloat32) {
    return arena_.Copy({reinterpret_cast<const char*>(elements.fixed) + begin * sizeof(float),
                        (end - begin) * sizeof(float)});
  }
  size_t bytes = sizeof(uint32_t);
  for (uint32_t i = begin; i < end; ++i) bytes += sizeof(uint32_t) + elements.StringAt(i).size();
  char* const start = arena_.Allocate(bytes);
  char* to = start;
  const auto put_u32 = [&to](uint32_t value) {
    std::memcpy(to, &value, sizeof(value));
    to += sizeof(value);
  };
  put_u32(end - begin);
  for (uint32_t i = begin; i < end; ++i) {
    const std::string_view element = elements.StringAt(i);
    put_u32(static_cast<uint32_t>(element.size()));
    std::memcpy(to, element.data(), element.size());
    to += element.size();
  }
  return {start, bytes};
}

void HotBytesColumn::AppendValues(const Column& source, absl::Span<const uint32_t> rows, uint32_t first_row) {
  uint32_t row = first_row;
  for (const uint32_t from : rows) {
    auto& block = blocks_[row / kHotBlockRows];
    if (block == nullptr) block = std::make_unique<std::string_view[]>(kHotBlockRows);
    block[row % kHotBlockRows] = source.IsNull(from) ? std::string_view() : StoreRow(source, from);
    ++row;
  }
  const uint64_t blocks_used = (row + kHotBlockRows - 1) / kHotBlockRows;
  memory_bytes_.store(arena_.memory_bytes() + blocks_used * kHotBlockRows * sizeof(std::string_view),
                      std::memory_order_relaxed);
}

void HotBytesColumn::ReadRow(uint32_t row, Column* out) const {
  const std::string_view bytes = BytesAt(row);
  ValueBuffer* values = out->mutable_values();
  if (!type_.is_list()) {
    values->AppendString(bytes);
    return;
  }
  if (type_.kind == TypeKind::kListFloat32) {
    const auto count = static_cast<uint32_t>(bytes.size() / sizeof(float));
    if (count != 0) std::memcpy(values->ExtendFixed(count), bytes.data(), bytes.size());
  } else if (!bytes.empty()) {
    const char* from = bytes.data();
    uint32_t count = 0;
    std::memcpy(&count, from, sizeof(count));
    from += sizeof(count);
    for (uint32_t i = 0; i < count; ++i) {
      uint32_t size = 0;
      std::memcpy(&size, from, sizeof(size));
      values->AppendString({from + sizeof(size), size});
      from += sizeof(size) + size;
    }
  }
  out->mutable_list_offsets()->push_back(values->row_count());
}

void HotBytesColumn::ReadRange(uint32_t first, uint32_t count, Column* out) const {
  for (uint32_t row = first; row < first + count; ++row) ReadRow(row, out);
}

void HotBytesColumn::ReadRows(absl::Span<const uint32_t> rows, Column* out) const {
  for (const uint32_t row : rows) ReadRow(row, out);
}

void HotBytesColumn::FilterValues(const ValueFilter& filter, uint32_t first, uint32_t count,
                                  uint64_t* selection) const {
  for (uint32_t i = 0; i < count; ++i) {
    if (GetBit(selection, i) && !MatchesFilter(filter, BytesAt(first + i))) ClearBit(selection, i);
  }
}

}  // namespace cortex

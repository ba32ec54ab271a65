#include "codecs/dictionary_builder.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "codecs/bytes/string_view.h"

namespace cortex {
namespace {

// Numbers entries in order of appearance.
template <typename Key, class KeyOf>
std::optional<BuiltDictionary> Build(uint32_t row_count, uint32_t max_entries, const KeyOf& key_of) {
  BuiltDictionary built;
  built.codes.reserve(row_count);
  absl::flat_hash_map<Key, uint32_t> codes;
  for (uint32_t i = 0; i < row_count; ++i) {
    const auto [entry, added] = codes.try_emplace(key_of(i), static_cast<uint32_t>(built.first_rows.size()));
    if (added) {
      if (built.first_rows.size() == max_entries) return std::nullopt;
      built.first_rows.push_back(i);
    }
    built.codes.push_back(entry->second);
  }
  return built;
}

// Renumbers them by ascending key.
template <typename Key, class KeyOf>
void Sort(const KeyOf& key_of, BuiltDictionary* built) {
  const auto entries = static_cast<uint32_t>(built->first_rows.size());
  std::vector<std::pair<Key, uint32_t>> order(entries);
  for (uint32_t i = 0; i < entries; ++i) order[i] = {key_of(built->first_rows[i]), i};
  std::sort(order.begin(), order.end());
  std::vector<uint32_t> new_code(entries), first_rows(entries);
  for (uint32_t i = 0; i < entries; ++i) {
    new_code[order[i].second] = i;
    first_rows[i] = built->first_rows[order[i].second];
  }
  built->first_rows = std::move(first_rows);
  for (uint32_t& code : built->codes) code = new_code[code];
}

template <typename T>
int64_t Load(const std::byte* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

// The value's bits, sign-extended; for floats an int64 in numeric order.
int64_t SortableBits(const ValueSpan& rows, uint32_t row) {
  const uint32_t width = rows.shape.row_bytes();
  const std::byte* at = rows.fixed + size_t{row} * width;
  const int64_t value = width == 8   ? Load<int64_t>(at)
                        : width == 4 ? Load<int32_t>(at)
                        : width == 2 ? Load<int16_t>(at)
                                     : Load<int8_t>(at);
  if (!IsFloat(rows.shape.type)) return value;
  return value < 0 ? value ^ std::numeric_limits<int64_t>::max() : value;
}

}  // namespace

bool HasDictionaryForm(ValueShape shape) { return shape.values_per_row == 1; }

std::optional<BuiltDictionary> BuildDictionary(const ValueSpan& rows, uint32_t max_entries) {
  if (rows.shape.type == PhysicalType::kBytes) {
    return Build<absl::string_view>(rows.row_count, max_entries,
                                    [&](uint32_t i) { return AbslView(rows.StringAt(i)); });
  }
  return Build<int64_t>(rows.row_count, max_entries, [&](uint32_t i) { return SortableBits(rows, i); });
}

void SortDictionary(const ValueSpan& rows, BuiltDictionary* built) {
  if (rows.shape.type == PhysicalType::kBytes) {
    return Sort<absl::string_view>([&](uint32_t i) { return AbslView(rows.StringAt(i)); }, built);
  }
  Sort<int64_t>([&](uint32_t i) { return SortableBits(rows, i); }, built);
}

}  // namespace cortex

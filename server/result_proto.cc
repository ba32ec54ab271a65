#include "server/result_proto.h"

#include <unordered_map>

#include "server/json_value.h"

namespace cortex {
namespace {

void PutNumbers(const std::vector<uint32_t>& numbers, std::string* out) {
  out->assign(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(uint32_t));
}

void PutValidity(const Column& column, uint32_t first, uint32_t count, wire::ColumnValues* proto) {
  if (!column.has_validity()) return;
  std::vector<uint64_t> words(WordsForBits(count), 0);
  CopyBits(column.validity_words(), first, words.data(), 0, count);
  if (CountOnes(words.data(), count) == count) return;
  proto->mutable_validity()->assign(reinterpret_cast<const char*>(words.data()), (count + 7) / 8);
}

void PutStrings(const Column& column, uint32_t first, uint32_t count, wire::ColumnValues* proto) {
  std::vector<uint32_t> offsets = {0};
  offsets.reserve(count + 1);
  std::string* values = proto->mutable_values();
  for (uint32_t row = first; row < first + count; ++row) {
    values->append(column.StringAt(row));
    offsets.push_back(static_cast<uint32_t>(values->size()));
  }
  PutNumbers(offsets, proto->mutable_offsets());
}

// False, and nothing written, if more than half of the rows differ: plain strings are then smaller.
bool PutCodes(const Column& column, uint32_t first, uint32_t count, wire::ColumnValues* proto) {
  std::unordered_map<uint32_t, uint32_t> renumbered;
  std::vector<uint32_t> codes(count, 0), used;
  for (uint32_t i = 0; i < count; ++i) {
    if (column.IsNull(first + i)) continue;
    const uint32_t code = column.codes()[first + i];
    const auto [entry, is_new] = renumbered.emplace(code, static_cast<uint32_t>(used.size()));
    if (is_new) used.push_back(code);
    if (used.size() > count / 2) return false;
    codes[i] = entry->second;
  }
  for (const uint32_t code : used) proto->add_dictionary(std::string(column.dictionary().At(code)));
  PutNumbers(codes, proto->mutable_codes());
  return true;
}

void PutLists(const Column& column, uint32_t first, uint32_t count, wire::ColumnValues* proto) {
  const absl::Span<const uint32_t> source = column.list_offsets();
  const uint32_t begin = source[first], end = source[first + count];
  std::vector<uint32_t> offsets;
  for (uint32_t row = first; row <= first + count; ++row) offsets.push_back(source[row] - begin);
  PutNumbers(offsets, proto->mutable_offsets());
  const ValueSpan elements = column.elements();
  std::string* values = proto->mutable_values();
  if (column.type().kind == TypeKind::kListFloat32) {
    values->assign(reinterpret_cast<const char*>(elements.fixed) + size_t{begin} * sizeof(float),
                   size_t{end - begin} * sizeof(float));
    return;
  }
  std::vector<uint32_t> bounds = {0};
  for (uint32_t i = begin; i < end; ++i) {
    values->append(elements.StringAt(i));
    bounds.push_back(static_cast<uint32_t>(values->size()));
  }
  PutNumbers(bounds, proto->mutable_element_offsets());
}

}  // namespace

void ColumnToProto(const Column& column, const std::string& name, uint32_t first, uint32_t count,
                   wire::ColumnValues* proto) {
  proto->set_name(name);
  TypeToProto(column.type(), proto->mutable_type());
  PutValidity(column, first, count, proto);
  if (column.type().is_list()) return PutLists(column, first, count, proto);
  if (column.type().is_string()) {
    if (column.is_dictionary() && PutCodes(column, first, count, proto)) return;
    return PutStrings(column, first, count, proto);
  }
  const size_t width = column.type().shape().row_bytes();
  if (count == 0) return;
  proto->set_values(reinterpret_cast<const char*>(column.FixedAt(first).data()), width * count);
}

void RowToProto(absl::Span<const std::string> names, const std::vector<Column>& columns, uint32_t row,
                wire::RowBatch* proto) {
  auto* fields = proto->add_rows()->mutable_fields();
  for (size_t i = 0; i < columns.size(); ++i) CellToJson(columns[i], row, &(*fields)[names[i]]);
}

}  // namespace cortex

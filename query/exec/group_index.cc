#include "query/exec/group_index.h"

#include "query/exec/row_key.h"

namespace cortex::query {
namespace {

constexpr size_t kNodeBytes = 64;  // hash node, slot and pointer beside the key's own bytes

}  // namespace

uint32_t GroupIndex::NumberOf(const std::string& key) {
  const auto [entry, added] = numbers_.try_emplace(key, static_cast<uint32_t>(keys_.size()));
  if (added) {
    keys_.push_back(&*entry);
    bytes_ += key.size() + kNodeBytes;
  }
  return entry->second;
}

void GroupIndex::Number(const std::vector<BatchColumn>& keys, uint32_t rows, std::vector<uint32_t>* groups) {
  if (keys.size() == 1 && keys[0].dictionary != nullptr && !keys[0].constant) return NumberCodes(keys[0], rows, groups);
  RowKeyEncoder encoder;
  for (const BatchColumn& key : keys) encoder.AddColumn(key, /*descending=*/false);
  std::string encoded;
  for (uint32_t row = 0; row < rows; ++row) {
    encoded.clear();
    encoder.Append(row, &encoded);
    groups->push_back(NumberOf(encoded));
  }
}

void GroupIndex::NumberCodes(const BatchColumn& codes, uint32_t rows, std::vector<uint32_t>* groups) {
  if (codes.dictionary != last_dictionary_) {
    last_dictionary_ = codes.dictionary;
    last_owner_ = codes.owner;
    code_groups_.clear();
  }
  if (code_groups_.size() < codes.dictionary->size()) code_groups_.resize(codes.dictionary->size(), kUnknown);
  RowKeyEncoder encoder;
  encoder.AddColumn(codes, /*descending=*/false);
  std::string encoded;
  const auto look_up = [&](uint32_t row) {
    encoded.clear();
    encoder.Append(row, &encoded);
    return NumberOf(encoded);
  };
  for (uint32_t row = 0; row < rows; ++row) {
    uint32_t& group = codes.IsNull(row) ? null_group_ : code_groups_[codes.codes[row]];
    if (group == kUnknown) group = look_up(row);
    groups->push_back(group);
  }
}

}  // namespace cortex::query

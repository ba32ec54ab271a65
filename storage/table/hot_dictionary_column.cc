#include "storage/table/hot_dictionary_column.h"

#include <algorithm>
#include <cstring>

#include "codecs/filter_values.h"
#include "codecs/simd/predicate_kernels.h"

namespace cortex {

HotDictionaryColumn::HotDictionaryColumn(const DataType& type, uint32_t capacity)
    : HotColumn(type, capacity),
      dictionary_(capacity),
      blocks_((capacity + kHotBlockRows - 1) / kHotBlockRows) {}

uint64_t HotDictionaryColumn::memory_bytes() const {
  return dictionary_.memory_bytes() + code_bytes_.load(std::memory_order_relaxed);
}

uint32_t* HotDictionaryColumn::SlotFor(uint32_t row) {
  auto& block = blocks_[row / kHotBlockRows];
  if (block == nullptr) {
    block = std::make_unique<uint32_t[]>(kHotBlockRows);
    code_bytes_.fetch_add(kHotBlockRows * sizeof(uint32_t), std::memory_order_relaxed);
  }
  return &block[row % kHotBlockRows];
}

void HotDictionaryColumn::AppendValues(const Column& source, absl::Span<const uint32_t> rows, uint32_t first_row) {
  GrowingDictionary::Writer writer(&dictionary_);
  constexpr uint32_t kUnknown = UINT32_MAX;
  // A batch that arrives as codes costs one dictionary look-up per distinct value, not per row.
  std::vector<uint32_t> known;
  if (source.is_dictionary()) known.assign(source.dictionary().size(), kUnknown);
  uint32_t row = first_row;
  for (const uint32_t from : rows) {
    uint32_t code = 0;
    if (!source.IsNull(from)) {
      if (source.is_dictionary()) {
        uint32_t& cached = known[source.codes()[from]];
        if (cached == kUnknown) cached = writer.FindOrAdd(source.StringAt(from));
        code = cached;
      } else {
        code = writer.FindOrAdd(source.StringAt(from));
      }
    }
    *SlotFor(row++) = code;
  }
}

absl::Status HotDictionaryColumn::DecodeCodes(uint32_t first, uint32_t count, uint32_t* codes) const {
  for (uint32_t i = 0; i < count;) {
    const uint32_t offset = (first + i) % kHotBlockRows;
    const uint32_t step = std::min(count - i, kHotBlockRows - offset);
    std::memcpy(codes + i, blocks_[(first + i) / kHotBlockRows].get() + offset, step * sizeof(uint32_t));
    i += step;
  }
  return absl::OkStatus();
}

void HotDictionaryColumn::ReadRange(uint32_t first, uint32_t count, Column* out) const {
  ValueBuffer* values = out->mutable_values();
  for (uint32_t row = first; row < first + count; ++row) {
    values->AppendString(IsNull(row) ? std::string_view() : dictionary_.At(CodeAt(row)));
  }
}

void HotDictionaryColumn::ReadRows(absl::Span<const uint32_t> rows, Column* out) const {
  ValueBuffer* values = out->mutable_values();
  for (const uint32_t row : rows) {
    values->AppendString(IsNull(row) ? std::string_view() : dictionary_.At(CodeAt(row)));
  }
}

void HotDictionaryColumn::FilterValues(const ValueFilter& filter, uint32_t first, uint32_t count,
                                       uint64_t* selection) const {
  const uint32_t entries = dictionary_.size();
  // An interval is decided per entry or per row, whichever are fewer; a set by one look-up per member.
  if (filter.kind == ValueFilter::Kind::kInterval && entries > count) return FilterRows(filter, first, count, selection);
  std::vector<uint64_t> kept(WordsForBits(entries), 0);
  if (!SelectCodes(filter, entries, kept.data())) {
    std::fill_n(selection, WordsForBits(count), 0);
    return;
  }
  for (uint32_t i = 0; i < count;) {
    const uint32_t offset = (first + i) % kHotBlockRows;
    const uint32_t step = std::min(count - i, kHotBlockRows - offset);
    const uint32_t* codes = blocks_[(first + i) / kHotBlockRows].get() + offset;
    simd::AndCodesIn({codes, step}, kept.data(), entries, selection + i / 64);
    i += step;
  }
}

bool HotDictionaryColumn::SelectCodes(const ValueFilter& filter, uint32_t entries, uint64_t* kept) const {
  bool any = false;
  const auto keep = [&](uint32_t code) {
    SetBit(kept, code);
    any = true;
  };
  if (filter.kind == ValueFilter::Kind::kSet) {
    for (const FilterValue& value : filter.set) {
      const auto code = dictionary_.Find(std::get<std::string>(value));
      if (code.has_value() && *code < entries) keep(*code);
    }
    return any;
  }
  for (uint32_t code = 0; code < entries; ++code) {
    if (MatchesFilter(filter, dictionary_.At(code))) keep(code);
  }
  return any;
}

void HotDictionaryColumn::FilterRows(const ValueFilter& filter, uint32_t first, uint32_t count,
                                     uint64_t* selection) const {
  for (uint32_t i = 0; i < count; ++i) {
    if (!GetBit(selection, i) || IsNull(first + i)) continue;  // the caller clears null rows
    if (!MatchesFilter(filter, dictionary_.At(CodeAt(first + i)))) ClearBit(selection, i);
  }
}

}  // namespace cortex

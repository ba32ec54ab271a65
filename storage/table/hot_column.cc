#include "storage/table/hot_column.h"

#include <algorithm>
#include <cstring>

#include "storage/table/hot_bytes_column.h"
#include "storage/table/hot_dictionary_column.h"
#include "storage/table/hot_fixed_column.h"

namespace cortex {
namespace {

// What the present rows take as plain values: fixed widths; strings and lists their bytes and 4 for the length. The
// same count as a segment file's (segment_info.h).
uint64_t RawBytesOf(const Column& column, absl::Span<const uint32_t> rows) {
  const DataType& type = column.type();
  uint64_t present = rows.size();
  if (column.has_validity()) {
    for (const uint32_t row : rows) present -= column.IsNull(row) ? 1 : 0;
  }
  if (!type.is_string() && !type.is_list()) return uint64_t{type.shape().row_bytes()} * present;
  uint64_t bytes = sizeof(uint32_t) * present;
  if (type.is_string()) {
    for (const uint32_t row : rows) bytes += column.StringAt(row).size();
    return bytes;
  }
  const ValueSpan elements = column.elements();
  for (const uint32_t row : rows) {
    const uint32_t begin = column.list_offsets()[row];
    const uint32_t end = column.list_offsets()[row + 1];
    bytes += sizeof(uint32_t) * (end - begin);
    if (type.kind == TypeKind::kListString) bytes += elements.offsets[end] - elements.offsets[begin];
  }
  return bytes;
}

}  // namespace

std::unique_ptr<HotColumn> HotColumn::Make(const DataType& type, uint32_t capacity, bool as_dictionary,
                                           MemoryBudget* budget) {
  if (type.is_string() && as_dictionary) return std::make_unique<HotDictionaryColumn>(type, capacity);
  if (type.is_string() || type.is_list()) return std::make_unique<HotBytesColumn>(type, capacity);
  return std::make_unique<HotFixedColumn>(type, capacity, budget);
}

HotColumn::HotColumn(const DataType& type, uint32_t capacity)
    : type_(type), capacity_(capacity), validity_(WordsForBits(capacity)) {}

void HotColumn::Append(const Column& source, absl::Span<const uint32_t> rows, const Bitmap* exact_rows) {
  AppendValues(source, rows, written_rows_);
  if (exact_rows != nullptr) NoteExactRows(rows, *exact_rows);
  raw_bytes_.fetch_add(RawBytesOf(source, rows), std::memory_order_relaxed);
  uint32_t nulls = 0;
  uint32_t row = written_rows_;
  // Whole words first: one store for 64 rows that are all present.
  for (size_t i = 0; i < rows.size();) {
    const uint32_t offset = row % 64;
    const auto step = static_cast<uint32_t>(std::min<size_t>(64 - offset, rows.size() - i));
    uint64_t bits = step == 64 ? ~uint64_t{0} : (uint64_t{1} << step) - 1;
    if (source.has_validity()) {
      for (uint32_t k = 0; k < step; ++k) {
        if (!source.IsNull(rows[i + k])) continue;
        bits &= ~(uint64_t{1} << k);
        ++nulls;
      }
    }
    validity_[row / 64].fetch_or(bits << offset, std::memory_order_relaxed);
    row += step;
    i += step;
  }
  if (nulls != 0) null_count_.fetch_add(nulls, std::memory_order_relaxed);
  written_rows_ = row;
}

void HotColumn::NoteExactRows(absl::Span<const uint32_t> rows, const Bitmap& exact_rows) {
  if (owned_exact_rows_ == nullptr) {
    owned_exact_rows_ = std::make_unique<AtomicBits>(WordsForBits(capacity_));
    exact_rows_.store(owned_exact_rows_.get(), std::memory_order_release);
  }
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!exact_rows.Get(rows[i])) continue;
    const size_t row = written_rows_ + i;
    (*owned_exact_rows_)[row / 64].fetch_or(uint64_t{1} << (row % 64), std::memory_order_relaxed);
  }
}

void HotColumn::AppendExactRows(uint32_t first, uint32_t count, Bitmap* out) const {
  const AtomicBits* const bits = exact_rows_.load(std::memory_order_acquire);
  if (bits == nullptr) return out->Append(false, count);
  for (uint32_t row = first; row < first + count; ++row) {
    out->PushBack(((*bits)[row / 64].load(std::memory_order_relaxed) >> (row % 64)) & 1);
  }
}

void HotColumn::SetZoneMap(std::unique_ptr<const ZoneMap> zone_map) {
  owned_zone_map_ = std::move(zone_map);
  zone_map_.store(owned_zone_map_.get(), std::memory_order_release);
}

absl::Status HotColumn::Validity(uint32_t first, uint32_t count, uint64_t* words) const {
  for (uint32_t w = 0; w < WordsForBits(count); ++w) {
    words[w] = validity_[first / 64 + w].load(std::memory_order_relaxed);
  }
  if (count % 64 != 0) words[count / 64] &= (uint64_t{1} << (count % 64)) - 1;
  return absl::OkStatus();
}

absl::Status HotColumn::Decode(uint32_t first, uint32_t count, Column* out) const {
  out->Flatten();  // rows of a file may stand before these, as codes
  ReadRange(first, count, out);
  if (!has_nulls()) {
    out->FinishAppend(count, nullptr, 0);
    return absl::OkStatus();
  }
  const uint32_t aligned = first / 64 * 64;
  std::vector<uint64_t> words(WordsForBits(first - aligned + count));
  (void)Validity(aligned, first - aligned + count, words.data());  // always OK in memory
  out->FinishAppend(count, words.data(), first - aligned);
  return absl::OkStatus();
}

absl::Status HotColumn::Gather(absl::Span<const uint32_t> rows, Column* out) const {
  out->Flatten();
  ReadRows(rows, out);
  if (!has_nulls()) {
    out->FinishAppend(static_cast<uint32_t>(rows.size()), nullptr, 0);
    return absl::OkStatus();
  }
  std::vector<uint64_t> words(WordsForBits(rows.size()), 0);
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!IsNull(rows[i])) SetBit(words.data(), i);
  }
  out->FinishAppend(static_cast<uint32_t>(rows.size()), words.data(), 0);
  return absl::OkStatus();
}

absl::Status HotColumn::Filter(const ColumnPredicate& predicate, uint32_t first, uint32_t count,
                               uint64_t* selection) const {
  if (predicate.kind == ColumnPredicate::Kind::kValues) FilterValues(predicate.filter, first, count, selection);
  const bool keep_null = predicate.kind == ColumnPredicate::Kind::kIsNull;
  if (!keep_null && !has_nulls()) return absl::OkStatus();
  for (uint32_t w = 0; w < WordsForBits(count); ++w) {
    const uint64_t present = validity_[first / 64 + w].load(std::memory_order_relaxed);
    selection[w] &= keep_null ? ~present : present;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<ValueSpan>> HotColumn::TryView(uint32_t first, uint32_t count) const {
  return std::optional<ValueSpan>();
}

absl::Status HotColumn::DecodeCodes(uint32_t first, uint32_t count, uint32_t* codes) const {
  return absl::FailedPreconditionError("column is not dictionary encoded");
}

}  // namespace cortex

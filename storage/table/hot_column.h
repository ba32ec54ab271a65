// One column of a row group in memory: blocks of 1,024 rows that never move, so readers need no lock.
//
// One writer (the commit thread) appends; a row is published by RowGroup's row count (release), and readers only touch
// rows below the count they loaded (acquire). Nothing below that count ever changes. Validity words are the one thing
// where a published and an unpublished row share memory, hence atomics.
#ifndef CORTEX_STORAGE_TABLE_HOT_COLUMN_H_
#define CORTEX_STORAGE_TABLE_HOT_COLUMN_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "storage/column/column.h"
#include "storage/column/schema.h"
#include "storage/segment_view.h"

namespace cortex {

class HotSketch;
class MemoryBudget;

inline constexpr uint32_t kHotBlockRows = 1024;

class HotColumn : public ColumnChunk {
 public:
  // A column for at most `capacity` rows. `as_dictionary`: strings are kept as codes (else as they are). `budget`: its
  // sketches are charged to it; may be nullptr.
  static std::unique_ptr<HotColumn> Make(const DataType& type, uint32_t capacity, bool as_dictionary,
                                         MemoryBudget* budget);

  // Writer only. Appends the rows listed of `source`, a column of the same type. `exact_rows`: which rows of `source`
  // are exact (Batch::exact_rows); nullptr: none.
  void Append(const Column& source, absl::Span<const uint32_t> rows, const Bitmap* exact_rows = nullptr);
  // Bytes in use (touched, not reserved), without sketches.
  virtual uint64_t memory_bytes() const = 0;
  // The column's own sketches of this kind, for who makes them; nullptr: rows of this type have none.
  virtual HotSketch* own_sketch(SketchKind kind) const { return nullptr; }
  virtual uint64_t sketch_bytes() const { return 0; }
  // The present rows as plain values.
  uint64_t raw_bytes() const { return raw_bytes_.load(std::memory_order_relaxed); }
  // Distinct strings so far; 0 for everything that is no dictionary.
  virtual uint32_t distinct_count() const { return 0; }
  // Set once, when the group is sealed.
  void SetZoneMap(std::unique_ptr<const ZoneMap> zone_map);

  // --- ColumnChunk ----------------------------------------------------------------------------------------------
  const ZoneMap* zone_map() const override { return zone_map_.load(std::memory_order_acquire); }
  EncodingId encoding() const override { return EncodingId::kPlain; }
  uint64_t stored_bytes() const override { return memory_bytes() + sketch_bytes(); }
  bool has_nulls() const override { return null_count_.load(std::memory_order_relaxed) != 0; }
  absl::Status Validity(uint32_t first, uint32_t count, uint64_t* words) const override;
  absl::Status Decode(uint32_t first, uint32_t count, Column* out) const override;
  absl::Status Gather(absl::Span<const uint32_t> rows, Column* out) const override;
  void AppendExactRows(uint32_t first, uint32_t count, Bitmap* out) const override;
  absl::Status Filter(const ColumnPredicate& predicate, uint32_t first, uint32_t count,
                      uint64_t* selection) const override;
  absl::StatusOr<std::optional<ValueSpan>> TryView(uint32_t first, uint32_t count) const override;
  const StringDictionary* dictionary() const override { return nullptr; }
  absl::Status DecodeCodes(uint32_t first, uint32_t count, uint32_t* codes) const override;

 protected:
  HotColumn(const DataType& type, uint32_t capacity);

  // Stores row `row` and following: the rows listed of `source`. Null rows are stored as zero values.
  virtual void AppendValues(const Column& source, absl::Span<const uint32_t> rows, uint32_t first_row) = 0;
  // Appends values only; the caller adds validity. Rows are published.
  virtual void ReadRange(uint32_t first, uint32_t count, Column* out) const = 0;
  virtual void ReadRows(absl::Span<const uint32_t> rows, Column* out) const = 0;
  // As ColumnChunk::Filter for kValues, nulls not yet considered.
  virtual void FilterValues(const ValueFilter& filter, uint32_t first, uint32_t count, uint64_t* selection) const = 0;

  bool IsNull(uint32_t row) const {
    return ((validity_[row / 64].load(std::memory_order_relaxed) >> (row % 64)) & 1) == 0;
  }
  const DataType type_;
  const uint32_t capacity_;

 private:
  using AtomicBits = std::vector<std::atomic<uint64_t>>;  // one bit per row of capacity_

  void NoteExactRows(absl::Span<const uint32_t> rows, const Bitmap& exact_rows);

  uint32_t written_rows_ = 0;                      // writer only
  AtomicBits validity_;
  std::unique_ptr<AtomicBits> owned_exact_rows_;   // writer only; made for the first exact row
  std::atomic<const AtomicBits*> exact_rows_{nullptr};
  std::atomic<uint32_t> null_count_{0};
  std::atomic<uint64_t> raw_bytes_{0};
  std::unique_ptr<const ZoneMap> owned_zone_map_;
  std::atomic<const ZoneMap*> zone_map_{nullptr};
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_TABLE_HOT_COLUMN_H_

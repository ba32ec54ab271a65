// Integer columns in blocks of 1,024 rows, the part bitpack and delta share: widening to int64 and back, and the loops
// of Decode, Gather and Filter over a block decoder. Internal to codecs.
#ifndef CORTEX_CODECS_INTEGER_BLOCKS_H_
#define CORTEX_CODECS_INTEGER_BLOCKS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "codecs/codec.h"

namespace cortex {

inline constexpr uint32_t kIntegerBlockRows = 1024;

// Booleans and integers, one per row.
bool HoldsIntegers(ValueShape shape);
// 64 for int64, 32 for what is narrower.
unsigned WordBits(PhysicalType type);

// values[i] = row first + i, sign-extended.
void WidenRows(const ValueSpan& rows, uint32_t first, uint32_t count, int64_t* values);

// A chunk that decodes whole blocks; everything else follows from that.
class IntegerBlockChunk : public EncodedChunk {
 public:
  IntegerBlockChunk(ValueShape shape, uint32_t row_count) : shape_(shape), row_count_(row_count) {}

  uint32_t row_count() const override { return row_count_; }
  absl::Status Decode(uint32_t first, uint32_t count, ValueBuffer* out) const override;
  absl::Status Gather(absl::Span<const uint32_t> rows, ValueBuffer* out) const override;
  absl::Status Filter(const ValueFilter& filter, uint32_t first, uint32_t count, uint64_t* selection) const override;

 protected:
  const ValueShape& shape() const { return shape_; }
  uint32_t RowsIn(uint32_t block) const;

  // All rows of a block in the column's type; `rows` is 64-byte aligned and has room for 1,024 of 8 bytes.
  virtual absl::Status DecodeBlock(uint32_t block, std::byte* rows) const = 0;
  // One row, if that is cheaper than its block; otherwise false.
  virtual absl::StatusOr<bool> DecodeRow(uint32_t row, std::byte* value) const { return false; }

 private:
  ValueShape shape_;
  uint32_t row_count_;
};

// Keeps the low bytes of unpacked words as the column's type. `words` may be `rows` itself.
void StoreNarrow(const uint32_t* words, uint32_t count, uint32_t width_bytes, std::byte* rows);

}  // namespace cortex

#endif  // CORTEX_CODECS_INTEGER_BLOCKS_H_

// Integer columns in blocks of 1,024 rows, the part bitpack and delta share: a directory of packed blocks written and
// read, widening to int64 and back, and the loops of Decode, Gather and Filter over a block decoder. Internal to
// codecs.
#ifndef CORTEX_CODECS_INTEGER_BLOCKS_H_
#define CORTEX_CODECS_INTEGER_BLOCKS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "codecs/codec.h"
#include "codecs/packed_block.h"

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

// One planned block: what its directory entry says before the place of its bytes, and the values to pack.
struct IntegerBlock {
  int64_t head[2] = {};
  PackedBlock packed;
  uint64_t values[kIntegerBlockRows];
};

// A block's directory entry, read: its head and its packed values.
struct IntegerBlockView {
  int64_t head[2] = {};
  PackedBlockView packed;
};

// A codec that plans one block at a time. Directory entry of a block: `head_words` i64, u32 offset of its bytes in the
// chunk, u8 width, u8 zero, u16 exceptions.
class IntegerBlockCodec : public Codec {
 public:
  std::optional<uint64_t> EstimateBytes(const ValueSpan& rows, EncodingEffort effort) const final;
  absl::Status Encode(const ValueSpan& rows, EncodingEffort effort, std::string* out) const final;
  absl::StatusOr<std::unique_ptr<EncodedChunk>> Open(const ByteSource* source, ValueShape shape,
                                                     uint32_t row_count) const final;

 protected:
  IntegerBlockCodec(unsigned head_words, bool wide_words) : head_words_(head_words), wide_words_(wide_words) {}

  // Fills `block` from up to 1,024 values, at least one.
  virtual void PlanBlock(absl::Span<const int64_t> values, unsigned word_bits, IntegerBlock* block) const = 0;
  virtual std::unique_ptr<EncodedChunk> OpenBlocks(const ByteSource* source, ValueShape shape,
                                                   uint32_t row_count) const = 0;

 private:
  // Plans every block of `rows` and passes it on with its row count and word size.
  template <class Visit>
  void ForEachBlock(const ValueSpan& rows, const Visit& visit) const;

  const unsigned head_words_;
  const bool wide_words_;  // words of 64 bits whatever the type
};

// Reads what IntegerBlockCodec wrote for block `block` of `count` rows. Errors: DATA_LOSS.
absl::StatusOr<IntegerBlockView> ReadIntegerBlock(const ByteSource* source, unsigned head_words, uint32_t block,
                                                  uint32_t count, unsigned word_bits);

// Keeps the low bytes of unpacked words as the column's type. `words` may be `rows` itself.
void StoreNarrow(const uint32_t* words, uint32_t count, uint32_t width_bytes, std::byte* rows);

}  // namespace cortex

#endif  // CORTEX_CODECS_INTEGER_BLOCKS_H_

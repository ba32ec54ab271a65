#include "codecs/bitpack.h"

#include <algorithm>

#include "codecs/bytes/status_macros.h"
#include "codecs/chunk_io.h"
#include "codecs/integer_blocks.h"

namespace cortex {
namespace {

// The head of a directory entry is the base: the smallest value of the block.
constexpr unsigned kHeadWords = 1;

class BitPackChunk final : public IntegerBlockChunk {
 public:
  BitPackChunk(const ByteSource* source, ValueShape shape, uint32_t row_count)
      : IntegerBlockChunk(shape, row_count), source_(source) {}

  EncodingId encoding() const override { return EncodingId::kBitPack; }

 protected:
  absl::Status DecodeBlock(uint32_t block, std::byte* rows) const override {
    ASSIGN_OR_RETURN(const IntegerBlockView view, ReadBlock(block));
    if (shape().type == PhysicalType::kInt64) {
      view.packed.Unpack(static_cast<uint64_t>(view.head[0]), reinterpret_cast<uint64_t*>(rows));
      return absl::OkStatus();
    }
    alignas(64) uint32_t words[kIntegerBlockRows];
    view.packed.Unpack(static_cast<uint32_t>(view.head[0]), words);
    StoreNarrow(words, RowsIn(block), shape().row_bytes(), rows);
    return absl::OkStatus();
  }

  absl::StatusOr<bool> DecodeRow(uint32_t row, std::byte* value) const override {
    ASSIGN_OR_RETURN(const IntegerBlockView view, ReadBlock(row / kIntegerBlockRows));
    const uint64_t sum = static_cast<uint64_t>(view.head[0]) + view.packed.At(row % kIntegerBlockRows);
    std::memcpy(value, &sum, shape().row_bytes());
    return true;
  }

 private:
  absl::StatusOr<IntegerBlockView> ReadBlock(uint32_t block) const {
    return ReadIntegerBlock(source_, kHeadWords, block, RowsIn(block), WordBits(shape().type));
  }

  const ByteSource* source_;
};

class BitPack final : public IntegerBlockCodec {
 public:
  BitPack() : IntegerBlockCodec(kHeadWords, /*wide_words=*/false) {}

  EncodingId id() const override { return EncodingId::kBitPack; }
  double decode_ns_per_value() const override { return 0.3; }

 protected:
  void PlanBlock(absl::Span<const int64_t> values, unsigned word_bits, IntegerBlock* block) const override {
    const int64_t base = *std::min_element(values.begin(), values.end());
    block->head[0] = base;
    for (size_t i = 0; i < values.size(); ++i) {
      block->values[i] = static_cast<uint64_t>(values[i]) - static_cast<uint64_t>(base);
    }
    block->packed = PlanPackedBlock({block->values, values.size()}, word_bits);
  }

  std::unique_ptr<EncodedChunk> OpenBlocks(const ByteSource* source, ValueShape shape,
                                           uint32_t row_count) const override {
    return std::make_unique<BitPackChunk>(source, shape, row_count);
  }
};

}  // namespace

const Codec* BitPackCodec() {
  static const BitPack codec;
  return &codec;
}

}  // namespace cortex

#include "codecs/delta.h"

#include "codecs/bytes/status_macros.h"
#include "codecs/chunk_io.h"
#include "codecs/integer_blocks.h"
#include "codecs/simd/unpack_kernels.h"

namespace cortex {
namespace {

// The head of a directory entry: the first value of the block, and its smallest difference.
constexpr unsigned kHeadWords = 2;
// Differences wrap modulo 2^64, so one word size serves all types.
constexpr unsigned kWordBits = 64;

class DeltaChunk final : public IntegerBlockChunk {
 public:
  DeltaChunk(const ByteSource* source, ValueShape shape, uint32_t row_count)
      : IntegerBlockChunk(shape, row_count), source_(source) {}

  EncodingId encoding() const override { return EncodingId::kDelta; }

 protected:
  absl::Status DecodeBlock(uint32_t block, std::byte* rows) const override {
    const uint32_t count = RowsIn(block);
    ASSIGN_OR_RETURN(const IntegerBlockView view, ReadIntegerBlock(source_, kHeadWords, block, count, kWordBits));
    alignas(64) uint64_t values[kIntegerBlockRows];
    view.packed.Unpack(static_cast<uint64_t>(view.head[1]), values);
    values[0] = 0;
    simd::PrefixSum(static_cast<uint64_t>(view.head[0]), {values, count});
    if (shape().type == PhysicalType::kInt64) {
      std::memcpy(rows, values, count * sizeof(uint64_t));
      return absl::OkStatus();
    }
    alignas(64) uint32_t words[kIntegerBlockRows];
    simd::Narrow(absl::Span<const uint64_t>(values, count), words);
    StoreNarrow(words, count, shape().row_bytes(), rows);
    return absl::OkStatus();
  }

 private:
  const ByteSource* source_;
};

class Delta final : public IntegerBlockCodec {
 public:
  Delta() : IntegerBlockCodec(kHeadWords, /*wide_words=*/true) {}

  EncodingId id() const override { return EncodingId::kDelta; }
  double decode_ns_per_value() const override { return 0.7; }

 protected:
  // The difference of the first row is taken as the smallest one: its offset is 0.
  void PlanBlock(absl::Span<const int64_t> values, unsigned word_bits, IntegerBlock* block) const override {
    const size_t rest = values.size() - 1;
    const auto* bits = reinterpret_cast<const uint64_t*>(values.data());
    uint64_t* deltas = block->values + 1;
    simd::Deltas(bits[0], {bits + 1, rest}, deltas);
    int64_t min_delta = 0, max_delta = 0;
    if (rest != 0) simd::MinMaxOf({reinterpret_cast<const int64_t*>(deltas), rest}, &min_delta, &max_delta);
    block->head[0] = values[0];
    block->head[1] = min_delta;
    block->values[0] = 0;
    for (size_t i = 0; i < rest; ++i) deltas[i] -= static_cast<uint64_t>(min_delta);
    block->packed = PlanPackedBlock({block->values, values.size()}, word_bits);
  }

  std::unique_ptr<EncodedChunk> OpenBlocks(const ByteSource* source, ValueShape shape,
                                           uint32_t row_count) const override {
    return std::make_unique<DeltaChunk>(source, shape, row_count);
  }
};

}  // namespace

const Codec* DeltaCodec() {
  static const Delta codec;
  return &codec;
}

}  // namespace cortex

#include "codecs/delta.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/chunk_io.h"
#include "codecs/integer_blocks.h"
#include "codecs/packed_block.h"
#include "codecs/simd/unpack_kernels.h"

namespace cortex {
namespace {

// Directory entry of one block: i64 first value, i64 smallest difference, u32 offset of its bytes in the chunk, u8
// width, u8 zero, u16 exceptions.
constexpr uint64_t kEntryBytes = 24;
// Differences wrap modulo 2^64, so one word size serves all types.
constexpr unsigned kWordBits = 64;

uint32_t BlockCount(uint32_t row_count) { return (row_count + kIntegerBlockRows - 1) / kIntegerBlockRows; }

struct Block {
  int64_t first = 0;
  int64_t min_delta = 0;
  PackedBlock packed;
  uint64_t offsets[kIntegerBlockRows];
};

// The difference of the first row is taken as the smallest one: its offset is 0.
void PlanBlock(const ValueSpan& rows, uint32_t first, uint32_t count, Block* block) {
  int64_t values[kIntegerBlockRows];
  WidenRows(rows, first, count, values);
  block->first = values[0];
  const absl::Span<const uint64_t> rest(reinterpret_cast<const uint64_t*>(values) + 1, count - 1);
  simd::Deltas(static_cast<uint64_t>(values[0]), rest, block->offsets + 1);
  block->min_delta = 0;
  if (count > 1) {
    int64_t max_delta;
    simd::MinMaxOf({reinterpret_cast<const int64_t*>(block->offsets) + 1, count - 1}, &block->min_delta, &max_delta);
  }
  block->offsets[0] = 0;
  for (uint32_t i = 1; i < count; ++i) block->offsets[i] -= static_cast<uint64_t>(block->min_delta);
  block->packed = PlanPackedBlock({block->offsets, count}, kWordBits);
}

class DeltaChunk final : public IntegerBlockChunk {
 public:
  DeltaChunk(const ByteSource* source, ValueShape shape, uint32_t row_count)
      : IntegerBlockChunk(shape, row_count), source_(source) {}

  EncodingId encoding() const override { return EncodingId::kDelta; }

 protected:
  absl::Status DecodeBlock(uint32_t block, std::byte* rows) const override {
    ASSIGN_OR_RETURN(const auto entry, source_->Read(block * kEntryBytes, kEntryBytes));
    const uint32_t count = RowsIn(block);
    const PackedBlock packed{LoadAs<uint8_t>(entry.data() + 20), LoadAs<uint16_t>(entry.data() + 22)};
    ASSIGN_OR_RETURN(const PackedBlockView view,
                     PackedBlockView::Read(source_, LoadAs<uint32_t>(entry.data() + 16), packed, count, kWordBits));
    alignas(64) uint64_t values[kIntegerBlockRows];
    view.Unpack(LoadAs<uint64_t>(entry.data() + 8), values);
    values[0] = 0;
    simd::PrefixSum(LoadAs<uint64_t>(entry.data()), {values, count});
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

class Delta final : public Codec {
 public:
  EncodingId id() const override { return EncodingId::kDelta; }
  double decode_ns_per_value() const override { return 0.7; }

  std::optional<uint64_t> EstimateBytes(const ValueSpan& rows, EncodingEffort) const override {
    if (!HoldsIntegers(rows.shape)) return std::nullopt;
    uint64_t bytes = BlockCount(rows.row_count) * kEntryBytes;
    Block block;
    for (uint32_t first = 0; first < rows.row_count; first += kIntegerBlockRows) {
      const uint32_t count = std::min(kIntegerBlockRows, rows.row_count - first);
      PlanBlock(rows, first, count, &block);
      bytes += PackedBlockBytes(block.packed, count, kWordBits);
    }
    return bytes;
  }

  absl::Status Encode(const ValueSpan& rows, EncodingEffort, std::string* out) const override {
    if (!HoldsIntegers(rows.shape)) return absl::InvalidArgumentError("delta holds one integer per row");
    const size_t start = out->size();
    out->resize(start + BlockCount(rows.row_count) * kEntryBytes, '\0');
    ByteWriter writer(out);
    Block block;
    for (uint32_t first = 0; first < rows.row_count; first += kIntegerBlockRows) {
      const uint32_t count = std::min(kIntegerBlockRows, rows.row_count - first);
      PlanBlock(rows, first, count, &block);
      const size_t entry = start + first / kIntegerBlockRows * kEntryBytes;
      writer.PatchAt(entry, block.first);
      writer.PatchAt(entry + 8, block.min_delta);
      writer.PatchAt(entry + 16, static_cast<uint32_t>(out->size() - start));
      writer.PatchAt(entry + 20, block.packed.width);
      writer.PatchAt(entry + 22, block.packed.exception_count);
      AppendPackedBlock({block.offsets, count}, block.packed, kWordBits, out);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<EncodedChunk>> Open(const ByteSource* source, ValueShape shape,
                                                     uint32_t row_count) const override {
    if (!HoldsIntegers(shape)) return absl::DataLossError("delta chunk of a column without integers");
    if (source->size() < BlockCount(row_count) * kEntryBytes) {
      return absl::DataLossError(
          absl::StrFormat("delta chunk of %d rows has only %d bytes", row_count, source->size()));
    }
    return std::make_unique<DeltaChunk>(source, shape, row_count);
  }
};

}  // namespace

const Codec* DeltaCodec() {
  static const Delta codec;
  return &codec;
}

}  // namespace cortex

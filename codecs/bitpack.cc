#include "codecs/bitpack.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/chunk_io.h"
#include "codecs/integer_blocks.h"
#include "codecs/packed_block.h"

namespace cortex {
namespace {

// Directory entry of one block: i64 base, u32 offset of its bytes in the chunk, u8 width, u8 zero, u16 exceptions.
constexpr uint64_t kEntryBytes = 16;

uint32_t BlockCount(uint32_t row_count) { return (row_count + kIntegerBlockRows - 1) / kIntegerBlockRows; }

struct Block {
  int64_t base = 0;
  PackedBlock packed;
  uint64_t offsets[kIntegerBlockRows];
};

// Offsets from the smallest value of rows [first, first + count).
void PlanBlock(const ValueSpan& rows, uint32_t first, uint32_t count, Block* block) {
  int64_t values[kIntegerBlockRows];
  WidenRows(rows, first, count, values);
  block->base = *std::min_element(values, values + count);
  for (uint32_t i = 0; i < count; ++i) {
    block->offsets[i] = static_cast<uint64_t>(values[i]) - static_cast<uint64_t>(block->base);
  }
  block->packed = PlanPackedBlock({block->offsets, count}, WordBits(rows.shape.type));
}

class BitPackChunk final : public IntegerBlockChunk {
 public:
  BitPackChunk(const ByteSource* source, ValueShape shape, uint32_t row_count)
      : IntegerBlockChunk(shape, row_count), source_(source) {}

  EncodingId encoding() const override { return EncodingId::kBitPack; }

 protected:
  absl::Status DecodeBlock(uint32_t block, std::byte* rows) const override {
    int64_t base = 0;
    ASSIGN_OR_RETURN(const PackedBlockView view, ReadBlock(block, &base));
    if (shape().type == PhysicalType::kInt64) {
      view.Unpack(static_cast<uint64_t>(base), reinterpret_cast<uint64_t*>(rows));
      return absl::OkStatus();
    }
    alignas(64) uint32_t words[kIntegerBlockRows];
    view.Unpack(static_cast<uint32_t>(base), words);
    StoreNarrow(words, RowsIn(block), shape().row_bytes(), rows);
    return absl::OkStatus();
  }

  absl::StatusOr<bool> DecodeRow(uint32_t row, std::byte* value) const override {
    int64_t base = 0;
    ASSIGN_OR_RETURN(const PackedBlockView view, ReadBlock(row / kIntegerBlockRows, &base));
    const uint64_t sum = static_cast<uint64_t>(base) + view.At(row % kIntegerBlockRows);
    std::memcpy(value, &sum, shape().row_bytes());
    return true;
  }

 private:
  absl::StatusOr<PackedBlockView> ReadBlock(uint32_t block, int64_t* base) const {
    ASSIGN_OR_RETURN(const auto entry, source_->Read(block * kEntryBytes, kEntryBytes));
    *base = LoadAs<int64_t>(entry.data());
    const PackedBlock packed{LoadAs<uint8_t>(entry.data() + 12), LoadAs<uint16_t>(entry.data() + 14)};
    return PackedBlockView::Read(source_, LoadAs<uint32_t>(entry.data() + 8), packed, RowsIn(block),
                                 WordBits(shape().type));
  }

  const ByteSource* source_;
};

class BitPack final : public Codec {
 public:
  EncodingId id() const override { return EncodingId::kBitPack; }
  double decode_ns_per_value() const override { return 0.3; }

  std::optional<uint64_t> EstimateBytes(const ValueSpan& rows, EncodingEffort) const override {
    if (!HoldsIntegers(rows.shape)) return std::nullopt;
    uint64_t bytes = BlockCount(rows.row_count) * kEntryBytes;
    Block block;
    for (uint32_t first = 0; first < rows.row_count; first += kIntegerBlockRows) {
      const uint32_t count = std::min(kIntegerBlockRows, rows.row_count - first);
      PlanBlock(rows, first, count, &block);
      bytes += PackedBlockBytes(block.packed, count, WordBits(rows.shape.type));
    }
    return bytes;
  }

  absl::Status Encode(const ValueSpan& rows, EncodingEffort, std::string* out) const override {
    if (!HoldsIntegers(rows.shape)) return absl::InvalidArgumentError("bitpack holds one integer per row");
    const size_t start = out->size();
    out->resize(start + BlockCount(rows.row_count) * kEntryBytes, '\0');
    ByteWriter writer(out);
    Block block;
    for (uint32_t first = 0; first < rows.row_count; first += kIntegerBlockRows) {
      const uint32_t count = std::min(kIntegerBlockRows, rows.row_count - first);
      PlanBlock(rows, first, count, &block);
      const size_t entry = start + first / kIntegerBlockRows * kEntryBytes;
      writer.PatchAt(entry, block.base);
      writer.PatchAt(entry + 8, static_cast<uint32_t>(out->size() - start));
      writer.PatchAt(entry + 12, block.packed.width);
      writer.PatchAt(entry + 14, block.packed.exception_count);
      AppendPackedBlock({block.offsets, count}, block.packed, WordBits(rows.shape.type), out);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<EncodedChunk>> Open(const ByteSource* source, ValueShape shape,
                                                     uint32_t row_count) const override {
    if (!HoldsIntegers(shape)) return absl::DataLossError("bitpack chunk of a column without integers");
    if (source->size() < BlockCount(row_count) * kEntryBytes) {
      return absl::DataLossError(
          absl::StrFormat("bitpack chunk of %d rows has only %d bytes", row_count, source->size()));
    }
    return std::make_unique<BitPackChunk>(source, shape, row_count);
  }
};

}  // namespace

const Codec* BitPackCodec() {
  static const BitPack codec;
  return &codec;
}

}  // namespace cortex

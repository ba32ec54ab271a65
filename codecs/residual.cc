#include "codecs/residual.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/block_chunk.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/chunk_io.h"
#include "codecs/nested_chunk.h"
#include "codecs/residual_block.h"
#include "codecs/simd/unpack_kernels.h"

namespace cortex {
namespace {

// About as many values are a block: a table of frequencies costs a hundred bytes or two, a row read alone all of them.
constexpr uint32_t kBlockValues = 32768;
constexpr uint32_t kMaxBlockRows = 16384;

bool HoldsResiduals(ValueShape shape) { return IsInteger(shape.type) || shape.type == PhysicalType::kBool; }

uint32_t BlockRows(ValueShape shape) {
  uint32_t rows = 64;
  while (rows < kMaxBlockRows && 2 * rows * uint64_t{shape.values_per_row} <= kBlockValues) rows *= 2;
  return rows;
}
uint32_t BlockCount(ValueShape shape, uint32_t rows) { return (rows + BlockRows(shape) - 1) / BlockRows(shape); }

void WidenValues(const ValueSpan& rows, std::vector<int64_t>* values) {
  const size_t count = size_t{rows.row_count} * rows.shape.values_per_row;
  const uint32_t width = WidthOf(rows.shape.type), unused = 64 - 8 * width;
  values->resize(count);
  for (size_t i = 0; i < count; ++i) {
    uint64_t bits = 0;
    std::memcpy(&bits, rows.fixed + i * width, width);
    (*values)[i] = static_cast<int64_t>(bits << unused) >> unused;
  }
}

class ResidualChunk final : public BlockChunk {
 public:
  ResidualChunk(const ByteSource* source, ValueShape shape, uint32_t row_count)
      : BlockChunk(shape, row_count, BlockRows(shape)), source_(source) {}

  EncodingId encoding() const override { return EncodingId::kResidual; }

 protected:
  absl::Status DecodeBlock(uint32_t block, Buffer* workspace, std::byte* rows) const override {
    ASSIGN_OR_RETURN(const auto entry, source_->Read(block * sizeof(uint32_t), 2 * sizeof(uint32_t)));
    const auto begin = LoadAs<uint32_t>(entry.data()), end = LoadAs<uint32_t>(entry.data() + sizeof(uint32_t));
    if (begin > end) return absl::DataLossError(absl::StrFormat("residual block %d ends before it begins", block));
    ASSIGN_OR_RETURN(const auto bytes, source_->Read(begin, end - begin));
    const ResidualShape in_block{RowsIn(block), shape().values_per_row};
    if (shape().type == PhysicalType::kInt64) {
      return DecodeResidualBlock(bytes, in_block, workspace, reinterpret_cast<uint64_t*>(rows));
    }
    if (shape().type == PhysicalType::kInt32) {
      return DecodeResidualBlock(bytes, in_block, workspace, reinterpret_cast<uint32_t*>(rows));
    }
    Buffer words;
    words.Resize(in_block.values() * sizeof(uint32_t));
    RETURN_IF_ERROR(DecodeResidualBlock(bytes, in_block, workspace, words.as<uint32_t>()));
    const absl::Span<const uint32_t> values(words.as<uint32_t>(), in_block.values());
    if (WidthOf(shape().type) == 1) {
      simd::Narrow(values, reinterpret_cast<uint8_t*>(rows));
    } else {
      simd::Narrow(values, reinterpret_cast<uint16_t*>(rows));
    }
    return absl::OkStatus();
  }

 private:
  const ByteSource* source_;
};

class Residual final : public Codec {
 public:
  EncodingId id() const override { return EncodingId::kResidual; }
  double decode_ns_per_value() const override { return 2; }

  std::optional<uint64_t> EstimateBytes(const ValueSpan& rows, EncodingEffort effort) const override {
    if (!HoldsResiduals(rows.shape)) return std::nullopt;
    return EstimateBySample(*this, rows, effort);
  }

  absl::Status Encode(const ValueSpan& rows, EncodingEffort, std::string* out) const override {
    if (!HoldsResiduals(rows.shape)) return absl::InvalidArgumentError("residual holds integers");
    const size_t start = out->size();
    const uint32_t blocks = BlockCount(rows.shape, rows.row_count), block_rows = BlockRows(rows.shape);
    out->resize(start + (blocks + size_t{1}) * sizeof(uint32_t), '\0');
    std::vector<int64_t> values;
    for (uint32_t block = 0; block <= blocks; ++block) {
      if (out->size() - start > std::numeric_limits<uint32_t>::max()) {
        return absl::InvalidArgumentError("residual chunk exceeds 4 GiB");
      }
      ByteWriter(out).PatchAt(start + block * sizeof(uint32_t), static_cast<uint32_t>(out->size() - start));
      if (block == blocks) break;
      const uint32_t first = block * block_rows, count = std::min(block_rows, rows.row_count - first);
      WidenValues(rows.Slice(first, count), &values);
      const bool wide = rows.shape.type == PhysicalType::kInt64;
      RETURN_IF_ERROR(AppendResidualBlock(values, {count, rows.shape.values_per_row}, wide, out));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<EncodedChunk>> Open(const ByteSource* source, ValueShape shape,
                                                     uint32_t row_count) const override {
    if (!HoldsResiduals(shape)) return absl::DataLossError("residual chunk of a column without integers");
    if (source->size() < (BlockCount(shape, row_count) + uint64_t{1}) * sizeof(uint32_t)) {
      return absl::DataLossError(
          absl::StrFormat("residual chunk of %d rows has only %d bytes", row_count, source->size()));
    }
    return std::make_unique<ResidualChunk>(source, shape, row_count);
  }
};

}  // namespace

const Codec* ResidualCodec() {
  static const Residual codec;
  return &codec;
}

}  // namespace cortex

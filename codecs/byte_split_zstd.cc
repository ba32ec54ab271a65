#include "codecs/byte_split_zstd.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_format.h"
#include "codecs/block_chunk.h"
#include "codecs/bytes/buffer.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/chunk_io.h"
#include "codecs/simd/unpack_kernels.h"
#include "codecs/zstd_frame.h"

namespace cortex {
namespace {

constexpr uint64_t kHeaderBytes = 8;  // u32 rows per block, u32 zero
constexpr uint32_t kWideRowBytes = 256;
constexpr uint32_t kWideBlockRows = 64;
constexpr uint32_t kMaxBlockRows = 16384;

uint32_t BlockRows(ValueShape shape, EncodingEffort effort) {
  if (shape.row_bytes() >= kWideRowBytes) return kWideBlockRows;
  const uint32_t target_bytes = effort == EncodingEffort::kLight ? 32 << 10 : 128 << 10;
  uint32_t rows = 1024;
  while (rows < kMaxBlockRows && 2 * rows * shape.row_bytes() <= target_bytes) rows *= 2;
  return rows;
}

// Measured on fields, embeddings, prices and time stamps: above level 3 wide rows gain 2 % at most and cost up to ten
// times the encoding; scalars gain half again up to level 6 (time stamps 17 to 28 : 1), and nearly nothing beyond.
int Level(ValueShape shape, EncodingEffort effort) {
  if (effort == EncodingEffort::kLight) return 1;
  return shape.row_bytes() >= kWideRowBytes ? 3 : 6;
}

// What lies where: the directory has one entry per block, u32 offset in the chunk and u32 stored bytes of each plane.
struct Layout {
  ValueShape shape;
  uint32_t row_count = 0;
  uint32_t block_rows = 0;

  uint32_t planes() const { return WidthOf(shape.type); }
  uint32_t block_count() const { return (row_count + block_rows - 1) / block_rows; }
  uint32_t RowsIn(uint32_t block) const { return std::min(block_rows, row_count - block * block_rows); }
  uint64_t entry_bytes() const { return sizeof(uint32_t) * (1 + planes()); }
  uint64_t data_at() const { return kHeaderBytes + block_count() * entry_bytes(); }
  // Bytes of one plane of a block.
  uint64_t PlaneBytes(uint32_t block) const { return uint64_t{RowsIn(block)} * shape.values_per_row; }
};

// Appends one block's planes to `out`; stored[k] bytes each.
absl::Status AppendBlock(const ValueSpan& rows, EncodingEffort effort, Buffer* planes, std::string* out,
                         uint32_t* stored) {
  const uint32_t width = WidthOf(rows.shape.type);
  const size_t values = size_t{rows.row_count} * rows.shape.values_per_row;
  const std::byte* split = rows.fixed;
  if (width > 1) {
    planes->Resize(rows.byte_size());
    simd::SplitBytes(rows.fixed, values, width, planes->data());
    split = planes->data();
  }
  for (uint32_t k = 0; k < width; ++k) {
    const absl::Span<const std::byte> plane(split + k * values, values);
    const size_t start = out->size();
    RETURN_IF_ERROR(AppendZstdFrame(plane, Level(rows.shape, effort), out));
    // Below 3 % a frame is not worth decompressing. A frame never has a raw plane's size: that marks raw ones.
    if (out->size() - start >= values - values / 32) {
      out->resize(start);
      out->append(AsStringView(plane));
    }
    stored[k] = static_cast<uint32_t>(out->size() - start);
  }
  return absl::OkStatus();
}

class ByteSplitChunk final : public BlockChunk {
 public:
  ByteSplitChunk(const ByteSource* source, Layout layout)
      : BlockChunk(layout.shape, layout.row_count, layout.block_rows), source_(source), layout_(layout) {}

  EncodingId encoding() const override { return EncodingId::kByteSplitZstd; }

 protected:
  absl::Status DecodeBlock(uint32_t block, Buffer* planes, std::byte* rows) const override {
    const uint64_t plane_bytes = layout_.PlaneBytes(block);
    const uint32_t width = layout_.planes();
    planes->Resize(plane_bytes * width);
    std::byte* split = width == 1 ? rows : planes->data();
    RETURN_IF_ERROR(ForEachPlane(block, [&](uint32_t k, uint64_t offset, uint32_t stored) -> absl::Status {
      ASSIGN_OR_RETURN(const auto bytes, source_->Read(offset, stored));
      const absl::Span<std::byte> plane(split + k * plane_bytes, plane_bytes);
      if (stored != plane_bytes) return DecodeZstdFrame(bytes, plane);
      if (stored != 0) std::memcpy(plane.data(), bytes.data(), stored);
      return absl::OkStatus();
    }));
    if (width > 1) simd::UnsplitBytes(planes->data(), plane_bytes, width, rows);
    return absl::OkStatus();
  }

  // Planes kept raw (of a field's noise: six of eight) are read where the rows lie; others are decompressed.
  absl::Status GatherBlock(uint32_t block, absl::Span<const uint32_t> rows, Buffer* workspace,
                           std::byte* out) const override {
    const uint64_t plane_bytes = layout_.PlaneBytes(block), row_bytes = layout_.shape.values_per_row;
    const uint32_t width = layout_.planes();
    const uint64_t picked_bytes = rows.size() * row_bytes;
    workspace->Resize(plane_bytes + picked_bytes * width);
    std::byte* const frame = workspace->data();
    std::byte* const picked = frame + plane_bytes;
    RETURN_IF_ERROR(ForEachPlane(block, [&](uint32_t k, uint64_t offset, uint32_t stored) -> absl::Status {
      std::byte* to = picked + k * picked_bytes;
      if (stored != plane_bytes) {
        ASSIGN_OR_RETURN(const auto bytes, source_->Read(offset, stored));
        RETURN_IF_ERROR(DecodeZstdFrame(bytes, {frame, plane_bytes}));
      }
      for (const uint32_t row : rows) {
        const std::byte* from = frame + row * row_bytes;
        if (stored == plane_bytes) {
          ASSIGN_OR_RETURN(const auto bytes, source_->Read(offset + row * row_bytes, row_bytes));
          from = bytes.data();
        }
        std::memcpy(to, from, row_bytes);
        to += row_bytes;
      }
      return absl::OkStatus();
    }));
    if (width > 1) {
      simd::UnsplitBytes(picked, picked_bytes, width, out);
    } else {
      std::memcpy(out, picked, picked_bytes);
    }
    return absl::OkStatus();
  }

 private:
  // visit(plane, its offset, its stored bytes) for the planes of a block.
  template <class Visit>
  absl::Status ForEachPlane(uint32_t block, const Visit& visit) const {
    ASSIGN_OR_RETURN(const auto entry,
                     source_->Read(kHeaderBytes + block * layout_.entry_bytes(), layout_.entry_bytes()));
    uint64_t offset = LoadAs<uint32_t>(entry.data());
    for (uint32_t k = 0; k < layout_.planes(); ++k) {
      const auto stored = LoadAs<uint32_t>(entry.data() + sizeof(uint32_t) * (1 + k));
      RETURN_IF_ERROR(visit(k, offset, stored));
      offset += stored;
    }
    return absl::OkStatus();
  }

  const ByteSource* source_;
  Layout layout_;
};

class ByteSplitZstd final : public Codec {
 public:
  EncodingId id() const override { return EncodingId::kByteSplitZstd; }
  double decode_ns_per_value() const override { return 4; }

  // A few small blocks spread over the chunk stand for all, always at light effort: the heavy one costs up to ten times as
  // much and seldom changes the verdict.
  std::optional<uint64_t> EstimateBytes(const ValueSpan& rows, EncodingEffort) const override {
    if (rows.shape.type == PhysicalType::kBytes || rows.row_count == 0) return std::nullopt;
    constexpr uint32_t kSampledBlocks = 4;
    constexpr auto kEffort = EncodingEffort::kLight;
    const Layout layout{rows.shape, rows.row_count, BlockRows(rows.shape, kEffort)};
    const uint32_t blocks = layout.block_count();
    const uint32_t step = std::max(1u, blocks / kSampledBlocks);
    uint64_t raw = 0;
    std::string encoded;
    Buffer planes;
    uint32_t stored[8];
    for (uint32_t block = step / 2; block < blocks; block += step) {
      const ValueSpan slice = rows.Slice(block * layout.block_rows, layout.RowsIn(block));
      raw += slice.byte_size();
      if (!AppendBlock(slice, kEffort, &planes, &encoded, stored).ok()) return std::nullopt;
    }
    const double ratio = static_cast<double>(encoded.size()) / static_cast<double>(raw);
    return layout.data_at() + static_cast<uint64_t>(ratio * static_cast<double>(rows.byte_size()));
  }

  absl::Status Encode(const ValueSpan& rows, EncodingEffort effort, std::string* out) const override {
    if (rows.shape.type == PhysicalType::kBytes) {
      return absl::InvalidArgumentError("byte_split_zstd holds fixed-width values");
    }
    const Layout layout{rows.shape, rows.row_count, BlockRows(rows.shape, effort)};
    const size_t start = out->size();
    out->resize(start + layout.data_at(), '\0');
    ByteWriter writer(out);
    writer.PatchAt(start, layout.block_rows);
    Buffer planes;
    uint32_t stored[8];
    for (uint32_t block = 0; block < layout.block_count(); ++block) {
      const size_t entry = start + kHeaderBytes + block * layout.entry_bytes();
      if (out->size() - start > std::numeric_limits<uint32_t>::max()) {
        return absl::InvalidArgumentError("byte_split_zstd chunk exceeds 4 GiB");
      }
      writer.PatchAt(entry, static_cast<uint32_t>(out->size() - start));
      RETURN_IF_ERROR(
          AppendBlock(rows.Slice(block * layout.block_rows, layout.RowsIn(block)), effort, &planes, out, stored));
      for (uint32_t k = 0; k < layout.planes(); ++k) writer.PatchAt(entry + sizeof(uint32_t) * (1 + k), stored[k]);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<EncodedChunk>> Open(const ByteSource* source, ValueShape shape,
                                                     uint32_t row_count) const override {
    if (shape.type == PhysicalType::kBytes) return absl::DataLossError("byte_split_zstd chunk of a string column");
    ASSIGN_OR_RETURN(const auto header, source->Read(0, kHeaderBytes));
    const Layout layout{shape, row_count, LoadAs<uint32_t>(header.data())};
    if (layout.block_rows == 0 || layout.block_rows > kMaxBlockRows || layout.block_rows % 64 != 0) {
      return absl::DataLossError(absl::StrFormat("byte_split_zstd blocks of %d rows", layout.block_rows));
    }
    if (source->size() < layout.data_at()) {
      return absl::DataLossError(
          absl::StrFormat("byte_split_zstd directory of %d blocks is truncated", layout.block_count()));
    }
    return std::make_unique<ByteSplitChunk>(source, layout);
  }
};

}  // namespace

const Codec* ByteSplitZstdCodec() {
  static const ByteSplitZstd codec;
  return &codec;
}

}  // namespace cortex

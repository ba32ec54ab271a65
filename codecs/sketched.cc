#include "codecs/sketched.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/buffer.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/byte_split_zstd.h"
#include "codecs/chunk_io.h"
#include "codecs/zptv/sketch/refinement.h"
#include "codecs/zptv/sketch/section.h"

namespace cortex {
namespace {

// Refinements are integers as wide as the values.
ValueShape RefinementShape(ValueShape shape) {
  using enum PhysicalType;
  switch (WidthOf(shape.type)) {
    case 2:
      return {kInt16, shape.values_per_row};
    case 4:
      return {kInt32, shape.values_per_row};
    default:
      return {kInt64, shape.values_per_row};
  }
}

// A copy, at an address of its own.
class CopiedSource final : public ByteSource {
 public:
  explicit CopiedSource(absl::Span<const std::byte> bytes) {
    copy_.Resize(bytes.size());
    std::memcpy(copy_.data(), bytes.data(), bytes.size());
  }
  uint64_t size() const override { return copy_.size(); }
  absl::StatusOr<absl::Span<const std::byte>> Read(uint64_t offset, uint64_t count) const override {
    return MemorySource(copy_.span()).Read(offset, count);
  }

 private:
  Buffer copy_;
};

// The first `count` bytes of `source` as sections want them, 4-byte aligned: in place in every file of ours.
absl::StatusOr<std::unique_ptr<ByteSource>> AlignedSource(const ByteSource* source, uint64_t count) {
  ASSIGN_OR_RETURN(const auto first, source->Read(0, std::min<uint64_t>(count, 1)));
  if (reinterpret_cast<uintptr_t>(first.data()) % sizeof(float) == 0) {
    return std::make_unique<SliceSource>(source, 0, count);
  }
  ASSIGN_OR_RETURN(const auto bytes, source->Read(0, count));
  return std::make_unique<CopiedSource>(bytes);
}

class SketchedChunk final : public EncodedChunk {
 public:
  SketchedChunk(ValueShape shape, uint32_t row_count, std::unique_ptr<ByteSource> sketch_bytes, SketchSection sketch,
                std::unique_ptr<SliceSource> refinement_bytes, std::unique_ptr<EncodedChunk> refinement)
      : shape_(shape),
        row_count_(row_count),
        sketch_bytes_(std::move(sketch_bytes)),
        sketch_(std::move(sketch)),
        refinement_bytes_(std::move(refinement_bytes)),
        refinement_(std::move(refinement)) {}

  EncodingId encoding() const override { return EncodingId::kSketched; }
  uint32_t row_count() const override { return row_count_; }
  uint32_t block_rows() const override { return refinement_->block_rows(); }

  absl::Status Decode(uint32_t first, uint32_t count, ValueBuffer* out) const override {
    RETURN_IF_ERROR(CheckRange(first, count, row_count_));
    ValueBuffer refined(RefinementShape(shape_));
    for (uint32_t row = first; row < first + count;) {
      const uint32_t end = std::min(first + count, (row / kSketchBlockRows + 1) * kSketchBlockRows);
      refined.Clear();
      RETURN_IF_ERROR(refinement_->Decode(row, end - row, &refined));
      ASSIGN_OR_RETURN(const SketchBlock block, sketch_.Euclidean(row / kSketchBlockRows));
      RestoreFromSketch(block, row % kSketchBlockRows, end - row, shape_.type, refined.span().fixed,
                        out->ExtendFixed(end - row));
      row = end;
    }
    return absl::OkStatus();
  }

  absl::Status Gather(absl::Span<const uint32_t> rows, ValueBuffer* out) const override {
    RETURN_IF_ERROR(CheckRows(rows, row_count_));
    ValueBuffer refined(RefinementShape(shape_));
    RETURN_IF_ERROR(refinement_->Gather(rows, &refined));
    const std::byte* next = refined.span().fixed;
    for (size_t i = 0; i < rows.size();) {
      const uint32_t number = rows[i] / kSketchBlockRows;
      ASSIGN_OR_RETURN(const SketchBlock block, sketch_.Euclidean(number));
      for (; i < rows.size() && rows[i] / kSketchBlockRows == number; ++i, next += shape_.row_bytes()) {
        RestoreFromSketch(block, rows[i] % kSketchBlockRows, 1, shape_.type, next, out->ExtendFixed(1));
      }
    }
    return absl::OkStatus();
  }

  absl::Status Filter(const ValueFilter&, uint32_t, uint32_t, uint64_t*) const override {
    return absl::InvalidArgumentError("wide rows have no filter");
  }

 private:
  ValueShape shape_;
  uint32_t row_count_;
  std::unique_ptr<ByteSource> sketch_bytes_;
  SketchSection sketch_;  // borrows sketch_bytes_
  std::unique_ptr<SliceSource> refinement_bytes_;
  std::unique_ptr<EncodedChunk> refinement_;  // borrows refinement_bytes_
};

class Sketched final : public Codec {
 public:
  EncodingId id() const override { return EncodingId::kSketched; }
  double decode_ns_per_value() const override { return 3; }

  // Never by itself: the chooser asks for it where a sketch is wanted.
  std::optional<uint64_t> EstimateBytes(const ValueSpan&, EncodingEffort) const override { return std::nullopt; }

  absl::Status Encode(const ValueSpan& rows, EncodingEffort effort, std::string* out) const override {
    if (!IsFloat(rows.shape.type) || rows.shape.values_per_row < 2 || rows.row_count == 0) {
      return absl::InvalidArgumentError("sketched holds vectors of floats");
    }
    std::string sketch;  // by itself: a section is read where it is aligned, and nobody knows where `out` stands
    AppendSketchSection(SketchKind::kEuclidean, rows, &sketch);
    ValueBuffer refinement(RefinementShape(rows.shape));
    const MemorySource bytes(AsBytes(sketch));
    ASSIGN_OR_RETURN(const SketchSection section,
                     SketchSection::Open(&bytes, SketchKind::kEuclidean, rows.shape, rows.row_count));
    for (uint32_t b = 0; b < section.block_count(); ++b) {
      ASSIGN_OR_RETURN(const SketchBlock block, section.Euclidean(b));
      RefineSketch(block, 0, rows.Slice(b * kSketchBlockRows, block.rows()), refinement.ExtendFixed(block.rows()));
    }
    out->append(sketch);
    return ByteSplitZstdCodec()->Encode(refinement.span(), effort, out);
  }

  absl::StatusOr<std::unique_ptr<EncodedChunk>> Open(const ByteSource* source, ValueShape shape,
                                                     uint32_t row_count) const override {
    if (!IsFloat(shape.type) || shape.values_per_row < 2) return absl::DataLossError("sketched chunk of single values");
    const uint64_t section_bytes = SketchedSectionBytes(shape, row_count);
    if (source->size() < section_bytes) {
      return absl::DataLossError(absl::StrFormat("sketched chunk truncated: %d bytes, its sketch takes %d",
                                                 source->size(), section_bytes));
    }
    ASSIGN_OR_RETURN(auto sketch_bytes, AlignedSource(source, section_bytes));
    ASSIGN_OR_RETURN(SketchSection sketch,
                     SketchSection::Open(sketch_bytes.get(), SketchKind::kEuclidean, shape, row_count));
    auto refinement_bytes = std::make_unique<SliceSource>(source, section_bytes, source->size() - section_bytes);
    ASSIGN_OR_RETURN(auto refinement,
                     ByteSplitZstdCodec()->Open(refinement_bytes.get(), RefinementShape(shape), row_count));
    return std::make_unique<SketchedChunk>(shape, row_count, std::move(sketch_bytes), std::move(sketch),
                                           std::move(refinement_bytes), std::move(refinement));
  }
};

}  // namespace

const Codec* SketchedCodec() {
  static const Sketched codec;
  return &codec;
}

uint64_t SketchedSectionBytes(ValueShape shape, uint32_t row_count) {
  return SketchSectionBytes(SketchKind::kEuclidean, shape, row_count);
}

}  // namespace cortex

#include "codecs/narrowed.h"

#include <cmath>
#include <cstring>

#include "codecs/bytes/status_macros.h"
#include "codecs/chunk_io.h"
#include "codecs/nested_chunk.h"
#include "codecs/simd/half.h"
#include "codecs/simd/scale_kernels.h"

namespace cortex {
namespace {

template <typename T>
bool SameBits(T a, T b) {
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}
// What simd::WidenFloats widens alike on every machine.
template <typename Wide>
bool Narrow(Wide value, Half* half) {
  if (!std::isfinite(value)) return false;
  *half = ToHalf(static_cast<double>(value));
  return SameBits(static_cast<Wide>(ToFloat(*half)), value);
}
bool Narrow(double value, float* narrow) {
  *narrow = static_cast<float>(value);
  return SameBits(static_cast<double>(*narrow), value);
}

// Converts all values; false at the first that would lose a bit.
template <typename Wide, typename Narrowed>
bool NarrowAll(const ValueSpan& rows, PhysicalType type, ValueBuffer* out) {
  out->Reset({type, rows.shape.values_per_row});
  const size_t count = size_t{rows.row_count} * rows.shape.values_per_row;
  // Most columns fail here, and at once: before memory is taken for the result.
  Narrowed narrow;
  for (size_t i = 0; i < count; ++i) {
    if (!Narrow(LoadAs<Wide>(rows.fixed + i * sizeof(Wide)), &narrow)) return false;
  }
  std::byte* to = out->ExtendFixed(rows.row_count);
  for (size_t i = 0; i < count; ++i) {
    Narrow(LoadAs<Wide>(rows.fixed + i * sizeof(Wide)), &narrow);
    std::memcpy(to + i * sizeof(Narrowed), &narrow, sizeof(Narrowed));
  }
  return true;
}

// The narrowest type that holds every value.
bool NarrowRows(const ValueSpan& rows, ValueBuffer* out) {
  using enum PhysicalType;
  if (rows.shape.type == kFloat32) return NarrowAll<float, Half>(rows, kFloat16, out);
  if (rows.shape.type != kFloat64) return false;
  return NarrowAll<double, Half>(rows, kFloat16, out) || NarrowAll<double, float>(rows, kFloat32, out);
}

void Widen(const ValueSpan& narrow, PhysicalType type, std::byte* out) {
  const size_t count = size_t{narrow.row_count} * narrow.shape.values_per_row;
  if (narrow.shape.type == PhysicalType::kFloat32) {
    simd::WidenFloats(reinterpret_cast<const float*>(narrow.fixed), count, reinterpret_cast<double*>(out));
  } else if (type == PhysicalType::kFloat32) {
    simd::WidenFloats(reinterpret_cast<const Half*>(narrow.fixed), count, reinterpret_cast<float*>(out));
  } else {
    simd::WidenFloats(reinterpret_cast<const Half*>(narrow.fixed), count, reinterpret_cast<double*>(out));
  }
}

class NarrowedChunk final : public EncodedChunk {
 public:
  NarrowedChunk(ValueShape shape, uint32_t row_count, NestedChunk nested)
      : shape_(shape), row_count_(row_count), nested_(std::move(nested)) {}

  EncodingId encoding() const override { return EncodingId::kNarrowed; }
  uint32_t row_count() const override { return row_count_; }
  uint32_t block_rows() const override { return nested_.chunk().block_rows(); }
  uint64_t memory_bytes() const override { return sizeof(*this) + sizeof(SliceSource) + nested_.chunk().memory_bytes(); }

  absl::Status Decode(uint32_t first, uint32_t count, ValueBuffer* out) const override {
    RETURN_IF_ERROR(CheckRange(first, count, row_count_));
    return nested_.ForEachPiece(first, count, nullptr, [&](uint32_t, const ValueSpan& narrow) {
      Widen(narrow, shape_.type, out->ExtendFixed(narrow.row_count));
      return absl::OkStatus();
    });
  }

  absl::Status Gather(absl::Span<const uint32_t> rows, ValueBuffer* out) const override {
    ValueBuffer narrow(nested_.shape());
    RETURN_IF_ERROR(nested_.chunk().Gather(rows, &narrow));
    Widen(narrow.span(), shape_.type, out->ExtendFixed(narrow.row_count()));
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<ValueSpan>> NarrowView(uint32_t first, uint32_t count) const {
    RETURN_IF_ERROR(CheckRange(first, count, row_count_));
    return nested_.chunk().TryView(first, count);
  }

  // Floats of every width are compared as doubles.
  absl::Status Filter(const ValueFilter& filter, uint32_t first, uint32_t count, uint64_t* selection) const override {
    return nested_.chunk().Filter(filter, first, count, selection);
  }

 private:
  ValueShape shape_;
  uint32_t row_count_;
  NestedChunk nested_;
};

class NarrowedFloats final : public Codec {
 public:
  EncodingId id() const override { return EncodingId::kNarrowed; }
  double decode_ns_per_value() const override { return 2; }

  std::optional<uint64_t> EstimateBytes(const ValueSpan& rows, EncodingEffort effort) const override {
    ValueBuffer narrow;
    if (!NarrowRows(rows, &narrow)) return std::nullopt;
    return EstimateBySample(*this, rows, effort);
  }

  absl::Status Encode(const ValueSpan& rows, EncodingEffort effort, std::string* out) const override {
    ValueBuffer narrow;
    if (!NarrowRows(rows, &narrow)) {
      return absl::InvalidArgumentError("narrowed holds floats that fit a narrower float type");
    }
    const size_t start = out->size();
    out->resize(start + kNestedHeaderBytes, '\0');
    return AppendNested(narrow.span(), effort, 0, start, out);
  }

  absl::StatusOr<std::unique_ptr<EncodedChunk>> Open(const ByteSource* source, ValueShape shape,
                                                     uint32_t row_count) const override {
    ASSIGN_OR_RETURN(NestedChunk nested, NestedChunk::Open(source, shape.values_per_row, row_count));
    if (!IsFloat(shape.type) || !IsFloat(nested.shape().type) || nested.shape().type >= shape.type) {
      return absl::DataLossError("narrowed chunk without narrower floats");
    }
    return std::make_unique<NarrowedChunk>(shape, row_count, std::move(nested));
  }
};

}  // namespace

const Codec* NarrowedCodec() {
  static const NarrowedFloats codec;
  return &codec;
}

absl::StatusOr<std::optional<ValueSpan>> TryNarrowView(const EncodedChunk& chunk, uint32_t first, uint32_t count) {
  if (chunk.encoding() != EncodingId::kNarrowed) return std::optional<ValueSpan>();
  return static_cast<const NarrowedChunk&>(chunk).NarrowView(first, count);
}

}  // namespace cortex

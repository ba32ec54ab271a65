#include "codecs/scaled.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_format.h"
#include "codecs/bytes/buffer.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/chunk_io.h"
#include "codecs/filter_values.h"
#include "codecs/nested_chunk.h"
#include "codecs/scale_finder.h"

namespace cortex {
namespace {

// Directory entry of one block: f64 factor (negative: divide by it), u32 exceptions up to and with this block, u32
// zero.
constexpr uint64_t kEntryBytes = 16;

bool HoldsScaled(ValueShape shape) {
  return shape.type == PhysicalType::kFloat32 || shape.type == PhysicalType::kFloat64;
}
uint32_t BlockRows(ValueShape shape) { return shape.values_per_row == 1 ? 1024 : 64; }

PhysicalType NarrowestType(int64_t min, int64_t max) {
  const auto holds = [&](auto limits) { return min >= limits.min() && max <= limits.max(); };
  if (holds(std::numeric_limits<int8_t>())) return PhysicalType::kInt8;
  if (holds(std::numeric_limits<int16_t>())) return PhysicalType::kInt16;
  if (holds(std::numeric_limits<int32_t>())) return PhysicalType::kInt32;
  return PhysicalType::kInt64;
}

// Where things lie in a chunk.
struct Layout {
  ValueShape shape;
  uint32_t row_count = 0;
  uint32_t exception_count = 0;

  uint32_t block_rows() const { return BlockRows(shape); }
  uint32_t block_count() const { return (row_count + block_rows() - 1) / block_rows(); }
  uint32_t RowsIn(uint32_t block) const { return std::min(block_rows(), row_count - block * block_rows()); }
  uint64_t positions_at() const { return kNestedHeaderBytes + block_count() * kEntryBytes; }
  uint64_t values_at() const { return AlignUp(positions_at() + exception_count * uint64_t{4}, 8); }
  uint64_t end() const { return values_at() + exception_count * uint64_t{WidthOf(shape.type)}; }
};

template <class Visit>
auto VisitFloat(PhysicalType type, const Visit& visit) {
  return type == PhysicalType::kFloat32 ? visit(float{}) : visit(double{});
}

template <typename Float>
void Scale(const ValueSpan& integers, simd::Scale scale, Float* out) {
  const size_t count = size_t{integers.row_count} * integers.shape.values_per_row;
  switch (integers.shape.type) {
    case PhysicalType::kInt8:
      return simd::ScaleIntegers(reinterpret_cast<const int8_t*>(integers.fixed), count, scale, out);
    case PhysicalType::kInt16:
      return simd::ScaleIntegers(reinterpret_cast<const int16_t*>(integers.fixed), count, scale, out);
    case PhysicalType::kInt32:
      return simd::ScaleIntegers(reinterpret_cast<const int32_t*>(integers.fixed), count, scale, out);
    default:
      return simd::ScaleIntegers(reinterpret_cast<const int64_t*>(integers.fixed), count, scale, out);
  }
}

class ScaledChunk final : public EncodedChunk {
 public:
  // A block's scale, and its exceptions: positions within the block, and their values' bytes.
  struct Block {
    simd::Scale scale;
    absl::Span<const std::byte> positions;
    const std::byte* values = nullptr;

    uint32_t exception_count() const { return static_cast<uint32_t>(positions.size() / sizeof(uint32_t)); }
    uint32_t Position(uint32_t e) const { return LoadAs<uint32_t>(positions.data() + size_t{e} * sizeof(uint32_t)); }
    // The first exception at or after `position`.
    uint32_t LowerBound(uint32_t position) const {
      uint32_t low = 0, high = exception_count();
      while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        (Position(middle) < position ? low : high) = Position(middle) < position ? middle + 1 : middle;
      }
      return low;
    }
  };

  ScaledChunk(const ByteSource* source, Layout layout, NestedChunk nested)
      : source_(source), layout_(layout), nested_(std::move(nested)) {}

  EncodingId encoding() const override { return EncodingId::kScaled; }
  uint32_t row_count() const override { return layout_.row_count; }
  uint32_t block_rows() const override { return nested_.chunk().block_rows(); }
  uint64_t memory_bytes() const override { return sizeof(*this) + sizeof(SliceSource) + nested_.chunk().memory_bytes(); }

  absl::Status Decode(uint32_t first, uint32_t count, ValueBuffer* out) const override {
    RETURN_IF_ERROR(CheckRange(first, count, layout_.row_count));
    return nested_.ForEachPiece(first, count, nullptr, [&](uint32_t row, const ValueSpan& integers) {
      return Convert(row, integers, out->ExtendFixed(integers.row_count));
    });
  }

  absl::Status Gather(absl::Span<const uint32_t> rows, ValueBuffer* out) const override {
    RETURN_IF_ERROR(CheckRows(rows, layout_.row_count));
    ValueBuffer integers(nested_.shape());
    RETURN_IF_ERROR(nested_.chunk().Gather(rows, &integers));
    std::byte* to = out->ExtendFixed(static_cast<uint32_t>(rows.size()));
    for (size_t i = 0; i < rows.size(); ++i, to += layout_.shape.row_bytes()) {
      RETURN_IF_ERROR(Convert(rows[i], integers.span().Slice(static_cast<uint32_t>(i), 1), to));
    }
    return absl::OkStatus();
  }

  absl::Status Filter(const ValueFilter& filter, uint32_t first, uint32_t count, uint64_t* selection) const override {
    RETURN_IF_ERROR(CheckRange(first, count, layout_.row_count));
    Buffer floats;
    return nested_.ForEachPiece(first, count, selection, [&](uint32_t row, const ValueSpan& integers) {
      floats.Resize(integers.row_count * size_t{layout_.shape.row_bytes()});
      RETURN_IF_ERROR(Convert(row, integers, floats.data()));
      FilterFixedValues({.shape = layout_.shape, .row_count = integers.row_count, .fixed = floats.data()}, filter,
                        selection + (row - first) / 64);
      return absl::OkStatus();
    });
  }

 private:
  absl::StatusOr<Block> ReadBlock(uint32_t index) const {
    const uint64_t at = kNestedHeaderBytes + index * kEntryBytes;
    ASSIGN_OR_RETURN(const auto entry, source_->Read(at, kEntryBytes));
    uint32_t begin = 0;
    if (index != 0) {
      ASSIGN_OR_RETURN(const auto before, source_->Read(at - kEntryBytes, kEntryBytes));
      begin = LoadAs<uint32_t>(before.data() + 8);
    }
    const auto end = LoadAs<uint32_t>(entry.data() + 8);
    if (begin > end || end > layout_.exception_count) {
      return absl::DataLossError(absl::StrFormat("scaled block %d has exceptions [%d, %d) of %d", index, begin, end,
                                                 layout_.exception_count));
    }
    Block block;
    const auto factor = LoadAs<double>(entry.data());
    block.scale = factor < 0 ? simd::Scale{-factor, true} : simd::Scale{factor, false};
    const uint64_t width = WidthOf(layout_.shape.type), exceptions = end - begin;
    ASSIGN_OR_RETURN(block.positions, source_->Read(layout_.positions_at() + begin * uint64_t{4}, exceptions * 4));
    ASSIGN_OR_RETURN(const auto values, source_->Read(layout_.values_at() + begin * width, exceptions * width));
    block.values = values.data();
    return block;
  }

  // Rows [first, first + integers.row_count) as floats.
  absl::Status Convert(uint32_t first, const ValueSpan& integers, std::byte* out) const {
    const uint32_t per_row = layout_.shape.values_per_row, width = WidthOf(layout_.shape.type);
    for (uint32_t done = 0; done < integers.row_count;) {
      const uint32_t index = (first + done) / layout_.block_rows(), skip = (first + done) % layout_.block_rows();
      const uint32_t rows = std::min(layout_.RowsIn(index) - skip, integers.row_count - done);
      ASSIGN_OR_RETURN(const Block block, ReadBlock(index));
      VisitFloat(layout_.shape.type, [&](auto zero) {
        Scale(integers.Slice(done, rows), block.scale, reinterpret_cast<decltype(zero)*>(out));
      });
      const uint32_t begin = skip * per_row, end = begin + rows * per_row;
      for (uint32_t e = block.LowerBound(begin); e < block.exception_count() && block.Position(e) < end; ++e) {
        if (block.Position(e) < begin) return absl::DataLossError("scaled exceptions descend");
        std::memcpy(out + size_t{block.Position(e) - begin} * width, block.values + size_t{e} * width, width);
      }
      out += size_t{rows} * per_row * width;
      done += rows;
    }
    return absl::OkStatus();
  }

  const ByteSource* source_;
  Layout layout_;
  NestedChunk nested_;
};

// A chunk on its way out: all blocks as integers of one type, and what is not an integer.
class Writer {
 public:
  explicit Writer(const ValueSpan& rows) : rows_(rows), layout_{rows.shape, rows.row_count, 0} {}

  absl::Status Write(EncodingEffort effort, std::string* out) {
    FindScales();
    ValueBuffer integers(ValueShape{type_, rows_.shape.values_per_row});
    const size_t start = out->size();
    out->resize(start + layout_.positions_at(), '\0');
    ByteWriter writer(out);
    std::string positions, values;
    for (uint32_t block = 0; block < layout_.block_count(); ++block) {
      ConvertBlock(block);
      AppendIntegers(&integers);
      AppendExceptions(block, &positions, &values);
      const size_t entry = start + kNestedHeaderBytes + block * kEntryBytes;
      writer.PatchAt(entry, scales_[block].divide ? -scales_[block].factor : scales_[block].factor);
      writer.PatchAt(entry + 8, static_cast<uint32_t>(positions.size() / sizeof(uint32_t)));
    }
    out->append(positions);
    PadFrom(start, 8, out);
    out->append(values);
    const auto exceptions = static_cast<uint32_t>(positions.size() / sizeof(uint32_t));
    return AppendNested(integers.span(), effort, exceptions, start, out);
  }

 private:
  ValueSpan BlockSpan(uint32_t block) const {
    return rows_.Slice(block * layout_.block_rows(), layout_.RowsIn(block));
  }

  template <typename Float>
  absl::Span<const Float> Values(uint32_t block, std::vector<Float>* aligned) const {
    const ValueSpan span = BlockSpan(block);
    const size_t count = size_t{span.row_count} * span.shape.values_per_row;
    if (IsAligned(span.fixed, alignof(Float))) return {reinterpret_cast<const Float*>(span.fixed), count};
    aligned->resize(count);
    std::memcpy(aligned->data(), span.fixed, count * sizeof(Float));
    return *aligned;
  }

  void ConvertBlock(uint32_t block) {
    VisitFloat(rows_.shape.type, [&](auto zero) {
      std::vector<decltype(zero)> aligned;
      ToIntegers(Values<decltype(zero)>(block, &aligned), scales_[block], &scaled_);
    });
  }

  // First pass: the scale of every block, and the type that holds all integers. The integers themselves would take as
  // much memory as the chunk, so the second pass computes them again.
  void FindScales() {
    int64_t min = 0, max = 0;
    for (uint32_t block = 0; block < layout_.block_count(); ++block) {
      VisitFloat(rows_.shape.type, [&](auto zero) {
        std::vector<decltype(zero)> aligned;
        const auto values = Values<decltype(zero)>(block, &aligned);
        scales_.push_back(FindScale(values, block == 0 ? nullptr : &scales_.back()));
      });
      ConvertBlock(block);
      min = block == 0 ? scaled_.min : std::min(min, scaled_.min);
      max = block == 0 ? scaled_.max : std::max(max, scaled_.max);
    }
    type_ = NarrowestType(min, max);
  }

  void AppendIntegers(ValueBuffer* integers) const {
    const auto rows = static_cast<uint32_t>(scaled_.integers.size() / rows_.shape.values_per_row);
    std::byte* to = integers->ExtendFixed(rows);
    const uint32_t width = WidthOf(type_);
    for (size_t i = 0; i < scaled_.integers.size(); ++i) std::memcpy(to + i * width, &scaled_.integers[i], width);
  }

  void AppendExceptions(uint32_t block, std::string* positions, std::string* values) const {
    const ValueSpan span = BlockSpan(block);
    const size_t width = WidthOf(span.shape.type);
    for (const uint32_t position : scaled_.exceptions) {
      ByteWriter(positions).Put(position);
      values->append(reinterpret_cast<const char*>(span.fixed) + position * width, width);
    }
  }

  ValueSpan rows_;
  Layout layout_;
  PhysicalType type_ = PhysicalType::kInt8;
  std::vector<simd::Scale> scales_;
  ScaledValues scaled_;
};

class Scaled final : public Codec {
 public:
  EncodingId id() const override { return EncodingId::kScaled; }
  double decode_ns_per_value() const override { return 1.0; }

  std::optional<uint64_t> EstimateBytes(const ValueSpan& rows, EncodingEffort effort) const override {
    if (!HoldsScaled(rows.shape)) return std::nullopt;
    return EstimateBySample(*this, rows, effort);
  }

  absl::Status Encode(const ValueSpan& rows, EncodingEffort effort, std::string* out) const override {
    if (!HoldsScaled(rows.shape)) return absl::InvalidArgumentError("scaled holds float32 and float64");
    return Writer(rows).Write(effort, out);
  }

  absl::StatusOr<std::unique_ptr<EncodedChunk>> Open(const ByteSource* source, ValueShape shape,
                                                     uint32_t row_count) const override {
    if (!HoldsScaled(shape)) return absl::DataLossError("scaled chunk of a column without floats");
    ASSIGN_OR_RETURN(NestedChunk nested, NestedChunk::Open(source, shape.values_per_row, row_count));
    const Layout layout{shape, row_count, nested.extra()};
    if (!IsInteger(nested.shape().type) || layout.end() > nested.offset()) {
      return absl::DataLossError(absl::StrFormat("scaled chunk of %d rows and %d exceptions has only %d bytes before "
                                                 "its integers",
                                                 row_count, layout.exception_count, nested.offset()));
    }
    return std::make_unique<ScaledChunk>(source, layout, std::move(nested));
  }
};

}  // namespace

const Codec* ScaledCodec() {
  static const Scaled codec;
  return &codec;
}

}  // namespace cortex

#include "codecs/plain.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_format.h"
#include "codecs/bytes/buffer.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/chunk_io.h"
#include "codecs/filter_values.h"

namespace cortex {
namespace {

// Rows filtered per Read: a multiple of 64, large enough that the call does not count.
constexpr uint32_t kFilterRows = 16384;

class PlainFixedChunk final : public EncodedChunk {
 public:
  PlainFixedChunk(const ByteSource* source, ValueShape shape, uint32_t row_count)
      : source_(source), shape_(shape), row_count_(row_count) {}

  EncodingId encoding() const override { return EncodingId::kPlain; }
  uint32_t row_count() const override { return row_count_; }

  absl::Status Decode(uint32_t first, uint32_t count, ValueBuffer* out) const override {
    ASSIGN_OR_RETURN(const auto bytes, ReadRows(first, count));
    if (!bytes.empty()) std::memcpy(out->ExtendFixed(count), bytes.data(), bytes.size());
    return absl::OkStatus();
  }

  absl::Status Gather(absl::Span<const uint32_t> rows, ValueBuffer* out) const override {
    RETURN_IF_ERROR(CheckRows(rows, row_count_));
    const uint32_t row_bytes = shape_.row_bytes();
    for (uint32_t row : rows) {
      ASSIGN_OR_RETURN(const auto bytes, source_->Read(uint64_t{row} * row_bytes, row_bytes));
      std::memcpy(out->ExtendFixed(1), bytes.data(), row_bytes);
    }
    return absl::OkStatus();
  }

  absl::Status Filter(const ValueFilter& filter, uint32_t first, uint32_t count, uint64_t* selection) const override {
    for (uint32_t done = 0; done < count; done += kFilterRows) {
      const uint32_t rows = std::min(kFilterRows, count - done);
      ASSIGN_OR_RETURN(const auto bytes, ReadRows(first + done, rows));
      ValueSpan values{.shape = shape_, .row_count = rows, .fixed = bytes.data()};
      Buffer aligned;
      if (!IsAligned(bytes.data(), WidthOf(shape_.type))) {
        aligned.Append(bytes.data(), bytes.size());
        values.fixed = aligned.data();
      }
      FilterFixedValues(values, filter, selection + done / 64);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<ValueSpan>> TryView(uint32_t first, uint32_t count) const override {
    ASSIGN_OR_RETURN(const auto bytes, ReadRows(first, count));
    if (!IsAligned(bytes.data(), WidthOf(shape_.type))) return std::optional<ValueSpan>();
    return std::optional<ValueSpan>(ValueSpan{.shape = shape_, .row_count = count, .fixed = bytes.data()});
  }

 private:
  absl::StatusOr<absl::Span<const std::byte>> ReadRows(uint32_t first, uint32_t count) const {
    RETURN_IF_ERROR(CheckRange(first, count, row_count_));
    const uint64_t row_bytes = shape_.row_bytes();
    return source_->Read(first * row_bytes, count * row_bytes);
  }

  const ByteSource* source_;
  ValueShape shape_;
  uint32_t row_count_;
};

// u32 offsets[row_count + 1], then the bytes.
class PlainBytesChunk final : public EncodedChunk {
 public:
  PlainBytesChunk(const ByteSource* source, uint32_t row_count) : source_(source), row_count_(row_count) {}

  EncodingId encoding() const override { return EncodingId::kPlain; }
  uint32_t row_count() const override { return row_count_; }

  absl::Status Decode(uint32_t first, uint32_t count, ValueBuffer* out) const override {
    RETURN_IF_ERROR(CheckRange(first, count, row_count_));
    ASSIGN_OR_RETURN(const Rows rows, ReadRows(first, count));
    for (uint32_t i = 0; i < count; ++i) out->AppendString(rows.At(i));
    return absl::OkStatus();
  }

  absl::Status Gather(absl::Span<const uint32_t> rows, ValueBuffer* out) const override {
    RETURN_IF_ERROR(CheckRows(rows, row_count_));
    for (uint32_t row : rows) {
      ASSIGN_OR_RETURN(const Rows one, ReadRows(row, 1));
      out->AppendString(one.At(0));
    }
    return absl::OkStatus();
  }

  absl::Status Filter(const ValueFilter& filter, uint32_t first, uint32_t count, uint64_t* selection) const override {
    RETURN_IF_ERROR(CheckRange(first, count, row_count_));
    for (uint32_t done = 0; done < count; done += kFilterRows) {
      const uint32_t block = std::min(kFilterRows, count - done);
      ASSIGN_OR_RETURN(const Rows rows, ReadRows(first + done, block));
      for (uint32_t i = 0; i < block; ++i) {
        if (TestBit(selection, done + i) && !MatchesFilter(filter, rows.At(i))) ClearBits(selection, done + i, 1);
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<ValueSpan>> TryView(uint32_t first, uint32_t count) const override {
    RETURN_IF_ERROR(CheckRange(first, count, row_count_));
    ASSIGN_OR_RETURN(const Rows rows, ReadRows(first, count));
    if (!IsAligned(rows.offsets, sizeof(uint32_t))) return std::optional<ValueSpan>();
    // A ValueSpan's offsets count from `bytes`: step back to where offset 0 would be.
    return std::optional<ValueSpan>(
        ValueSpan{.shape = {PhysicalType::kBytes, 1},
                  .row_count = count,
                  .offsets = reinterpret_cast<const uint32_t*>(rows.offsets),
                  .bytes = reinterpret_cast<const char*>(reinterpret_cast<uintptr_t>(rows.bytes) - rows.begin)});
  }

 private:
  // Offsets of some rows (checked: ascending and inside the chunk) and their bytes.
  struct Rows {
    const std::byte* offsets;
    const char* bytes;
    uint32_t begin;  // offset of bytes[0]

    uint32_t Offset(uint32_t i) const { return LoadAs<uint32_t>(offsets + sizeof(uint32_t) * i); }
    std::string_view At(uint32_t i) const { return {bytes + (Offset(i) - begin), Offset(i + 1) - Offset(i)}; }
  };

  absl::StatusOr<Rows> ReadRows(uint32_t first, uint32_t count) const {
    ASSIGN_OR_RETURN(const auto offsets,
                     source_->Read(sizeof(uint32_t) * uint64_t{first}, sizeof(uint32_t) * (uint64_t{count} + 1)));
    Rows rows{offsets.data(), nullptr, LoadAs<uint32_t>(offsets.data())};
    for (uint32_t i = 0; i < count; ++i) {
      if (rows.Offset(i) > rows.Offset(i + 1)) {
        return absl::DataLossError(
            absl::StrFormat("string offsets descend at row %d: %d, %d", first + i, rows.Offset(i), rows.Offset(i + 1)));
      }
    }
    const uint64_t heap = sizeof(uint32_t) * (uint64_t{row_count_} + 1);
    ASSIGN_OR_RETURN(const auto bytes, source_->Read(heap + rows.begin, rows.Offset(count) - rows.begin));
    rows.bytes = reinterpret_cast<const char*>(bytes.data());
    return rows;
  }

  const ByteSource* source_;
  uint32_t row_count_;
};

class Plain final : public Codec {
 public:
  EncodingId id() const override { return EncodingId::kPlain; }
  double decode_ns_per_value() const override { return 0.1; }

  std::optional<uint64_t> EstimateBytes(const ValueSpan& rows, EncodingEffort) const override {
    return rows.byte_size() + (rows.shape.type == PhysicalType::kBytes ? sizeof(uint32_t) : 0);
  }

  absl::Status Encode(const ValueSpan& rows, EncodingEffort, std::string* out) const override {
    if (rows.shape.type != PhysicalType::kBytes) {
      out->append(reinterpret_cast<const char*>(rows.fixed), rows.byte_size());
      return absl::OkStatus();
    }
    ByteWriter writer(out);
    const uint32_t begin = rows.row_count == 0 ? 0 : rows.offsets[0];
    writer.Put<uint32_t>(0);
    for (uint32_t i = 0; i < rows.row_count; ++i) writer.Put<uint32_t>(rows.offsets[i + 1] - begin);
    if (rows.row_count != 0) out->append(rows.bytes + begin, rows.offsets[rows.row_count] - begin);
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<EncodedChunk>> Open(const ByteSource* source, ValueShape shape,
                                                     uint32_t row_count) const override {
    if (shape.type != PhysicalType::kBytes) {
      const uint64_t expected = uint64_t{shape.row_bytes()} * row_count;
      if (source->size() != expected) {
        return absl::DataLossError(
            absl::StrFormat("plain chunk of %d rows has %d bytes instead of %d", row_count, source->size(), expected));
      }
      return std::make_unique<PlainFixedChunk>(source, shape, row_count);
    }
    // The last offset says how long the heap is; the ones before are checked where they are used.
    const uint64_t last = sizeof(uint32_t) * uint64_t{row_count};
    ASSIGN_OR_RETURN(const auto bytes, source->Read(last, sizeof(uint32_t)));
    const uint64_t expected = last + sizeof(uint32_t) + LoadAs<uint32_t>(bytes.data());
    if (source->size() != expected) {
      return absl::DataLossError(
          absl::StrFormat("plain chunk of %d strings has %d bytes instead of %d", row_count, source->size(), expected));
    }
    return std::make_unique<PlainBytesChunk>(source, row_count);
  }
};

}  // namespace

const Codec* PlainCodec() {
  static const Plain codec;
  return &codec;
}

}  // namespace cortex

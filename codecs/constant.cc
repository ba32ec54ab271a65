#include "codecs/constant.h"

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/chunk_io.h"
#include "codecs/filter_values.h"

namespace cortex {
namespace {

class ConstantChunk final : public EncodedChunk {
 public:
  ConstantChunk(ValueBuffer row, uint32_t row_count) : row_(std::move(row)), row_count_(row_count) {}

  EncodingId encoding() const override { return EncodingId::kConstant; }
  uint32_t row_count() const override { return row_count_; }

  absl::Status Decode(uint32_t first, uint32_t count, ValueBuffer* out) const override {
    RETURN_IF_ERROR(CheckRange(first, count, row_count_));
    return Repeat(count, out);
  }

  absl::Status Gather(absl::Span<const uint32_t> rows, ValueBuffer* out) const override {
    RETURN_IF_ERROR(CheckRows(rows, row_count_));
    return Repeat(static_cast<uint32_t>(rows.size()), out);
  }

  absl::Status Filter(const ValueFilter& filter, uint32_t first, uint32_t count, uint64_t* selection) const override {
    RETURN_IF_ERROR(CheckRange(first, count, row_count_));
    uint64_t keep = 1;
    if (row_.shape().type == PhysicalType::kBytes) {
      keep = MatchesFilter(filter, row_.StringAt(0));
    } else {
      FilterFixedValues(row_.span(), filter, &keep);
    }
    if (keep == 0) ClearBits(selection, 0, count);
    return absl::OkStatus();
  }

 private:
  absl::Status Repeat(uint32_t count, ValueBuffer* out) const {
    if (row_.shape().type == PhysicalType::kBytes) {
      for (uint32_t i = 0; i < count; ++i) RETURN_IF_ERROR(AppendChecked(row_.StringAt(0), out));
    } else if (count != 0) {
      FillRows(row_.span().fixed, row_.shape().row_bytes(), count, out->ExtendFixed(count));
    }
    return absl::OkStatus();
  }

  ValueBuffer row_;
  uint32_t row_count_;
};

// Bits, not numbers: -0 and +0, and NaN payloads, are different rows.
bool AllRowsEqual(const ValueSpan& rows) {
  if (rows.shape.type == PhysicalType::kBytes) {
    for (uint32_t i = 1; i < rows.row_count; ++i) {
      if (rows.StringAt(i) != rows.StringAt(0)) return false;
    }
    return true;
  }
  const size_t row_bytes = rows.shape.row_bytes();
  return std::memcmp(rows.fixed, rows.fixed + row_bytes, row_bytes * (rows.row_count - 1)) == 0;
}

class Constant final : public Codec {
 public:
  EncodingId id() const override { return EncodingId::kConstant; }
  double decode_ns_per_value() const override { return 0.1; }

  std::optional<uint64_t> EstimateBytes(const ValueSpan& rows, EncodingEffort) const override {
    if (rows.row_count == 0 || !AllRowsEqual(rows)) return std::nullopt;
    return rows.shape.type == PhysicalType::kBytes ? rows.StringAt(0).size() : rows.shape.row_bytes();
  }

  absl::Status Encode(const ValueSpan& rows, EncodingEffort effort, std::string* out) const override {
    if (!EstimateBytes(rows, effort).has_value()) {
      return absl::InvalidArgumentError(absl::StrFormat("%d rows are not one repeated row", rows.row_count));
    }
    if (rows.shape.type == PhysicalType::kBytes) {
      out->append(rows.StringAt(0));
    } else {
      out->append(reinterpret_cast<const char*>(rows.fixed), rows.shape.row_bytes());
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<EncodedChunk>> Open(const ByteSource* source, ValueShape shape,
                                                     uint32_t row_count) const override {
    const bool is_bytes = shape.type == PhysicalType::kBytes;
    if (!is_bytes && source->size() != shape.row_bytes()) {
      return absl::DataLossError(
          absl::StrFormat("constant chunk has %d bytes instead of %d", source->size(), shape.row_bytes()));
    }
    ASSIGN_OR_RETURN(const auto bytes, source->Read(0, source->size()));
    ValueBuffer row(shape);
    if (is_bytes) {
      row.AppendString(AsStringView(bytes));
    } else {
      std::memcpy(row.ExtendFixed(1), bytes.data(), bytes.size());
    }
    return std::make_unique<ConstantChunk>(std::move(row), row_count);
  }
};

}  // namespace

const Codec* ConstantCodec() {
  static const Constant codec;
  return &codec;
}

}  // namespace cortex

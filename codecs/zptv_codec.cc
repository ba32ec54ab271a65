#include "codecs/zptv_codec.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/bytes/buffer.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/chunk_io.h"
#include "codecs/filter_values.h"
#include "codecs/zptv/block.h"
#include "codecs/zptv/verify.h"

namespace cortex {
namespace {

using zptv::LineShape;

constexpr uint32_t kMagic = 0x5654505a;  // "ZPTV"
constexpr uint8_t kVersion = 1;
constexpr uint64_t kMaxBlockValues = uint64_t{1} << 26;

// The first 64 bytes of a chunk, as they lie there.
struct Header {
  uint32_t magic = kMagic;
  uint8_t version = kVersion;
  uint8_t type = 0;
  uint8_t components = 1;
  uint8_t contract = 0;
  double bound = 0;
  double max_error = 0;
  double rms_error = 0;
  uint32_t values_per_row = 0;
  uint32_t rows = 0;
  uint32_t line_rows = 0;
  uint32_t block_lines = 0;
  uint64_t zero[2] = {};
};
static_assert(sizeof(Header) == 64);

uint32_t BlockCount(const LineShape& shape, uint32_t rows) {
  return static_cast<uint32_t>((uint64_t{rows} + shape.block_rows() - 1) / shape.block_rows());
}

class ZptvChunk final : public EncodedChunk {
 public:
  ZptvChunk(const ByteSource* source, ValueShape values, LineShape shape, uint32_t row_count, ZptvStatement statement)
      : source_(source), values_(values), shape_(shape), row_count_(row_count), statement_(statement) {}

  EncodingId encoding() const override { return EncodingId::kZptv; }
  uint32_t row_count() const override { return row_count_; }
  uint32_t block_rows() const override { return shape_.block_rows(); }
  std::optional<ZptvStatement> statement() const override { return statement_; }

  absl::Status Decode(uint32_t first, uint32_t count, ValueBuffer* out) const override {
    RETURN_IF_ERROR(CheckRange(first, count, row_count_));
    Buffer scratch;
    const size_t row_bytes = values_.row_bytes();
    for (uint32_t row = first; row < first + count;) {
      const uint32_t block = row / shape_.block_rows(), skip = row % shape_.block_rows();
      const uint32_t rows = std::min(RowsIn(block) - skip, first + count - row);
      if (rows == LinesIn(block) * shape_.line_rows) {  // whole lines: in place
        RETURN_IF_ERROR(DecodeBlock(block, out->ExtendFixed(rows)));
      } else {
        scratch.Resize(LinesIn(block) * shape_.line_bytes());
        RETURN_IF_ERROR(DecodeBlock(block, scratch.data()));
        std::memcpy(out->ExtendFixed(rows), scratch.data() + skip * row_bytes, rows * row_bytes);
      }
      row += rows;
    }
    return absl::OkStatus();
  }

  absl::Status Gather(absl::Span<const uint32_t> rows, ValueBuffer* out) const override {
    RETURN_IF_ERROR(CheckRows(rows, row_count_));
    Buffer scratch;
    const size_t row_bytes = values_.row_bytes();
    for (size_t i = 0; i < rows.size();) {
      const uint32_t block = rows[i] / shape_.block_rows(), first = block * shape_.block_rows();
      scratch.Resize(LinesIn(block) * shape_.line_bytes());
      std::vector<std::byte*> lines(LinesIn(block), nullptr);
      size_t end = i;
      for (; end < rows.size() && rows[end] - first < shape_.block_rows(); ++end) {
        const uint32_t line = (rows[end] - first) / shape_.line_rows;
        lines[line] = scratch.data() + line * shape_.line_bytes();
      }
      ASSIGN_OR_RETURN(const auto bytes, ReadBlock(block));
      RETURN_IF_ERROR(zptv::DecodeLines(shape_, bytes, lines));
      for (; i < end; ++i) std::memcpy(out->ExtendFixed(1), scratch.data() + (rows[i] - first) * row_bytes, row_bytes);
    }
    return absl::OkStatus();
  }

  absl::Status Filter(const ValueFilter& filter, uint32_t first, uint32_t count, uint64_t* selection) const override {
    RETURN_IF_ERROR(CheckRange(first, count, row_count_));
    Buffer scratch;
    for (uint32_t row = first; row < first + count;) {
      const uint32_t block = row / shape_.block_rows(), skip = row % shape_.block_rows();
      const uint32_t rows = std::min(RowsIn(block) - skip, first + count - row);
      uint64_t* bits = selection + (row - first) / 64;
      if (std::any_of(bits, bits + (rows + 63) / 64, [](uint64_t word) { return word != 0; })) {
        scratch.Resize(LinesIn(block) * shape_.line_bytes());
        RETURN_IF_ERROR(DecodeBlock(block, scratch.data()));
        const ValueSpan values{.shape = values_, .row_count = RowsIn(block), .fixed = scratch.data()};
        FilterFixedValues(values.Slice(skip, rows), filter, bits);
      }
      row += rows;
    }
    return absl::OkStatus();
  }

 private:
  uint32_t RowsIn(uint32_t block) const {
    return std::min(shape_.block_rows(), row_count_ - block * shape_.block_rows());
  }
  uint32_t LinesIn(uint32_t block) const { return (RowsIn(block) + shape_.line_rows - 1) / shape_.line_rows; }

  absl::Status DecodeBlock(uint32_t block, std::byte* out) const {
    ASSIGN_OR_RETURN(const auto bytes, ReadBlock(block));
    return zptv::DecodeBlock(shape_, LinesIn(block), bytes, out);
  }

  absl::StatusOr<absl::Span<const std::byte>> ReadBlock(uint32_t block) const {
    ASSIGN_OR_RETURN(const auto entry,
                     source_->Read(sizeof(Header) + uint64_t{block} * sizeof(uint32_t), 2 * sizeof(uint32_t)));
    const auto begin = LoadAs<uint32_t>(entry.data()), end = LoadAs<uint32_t>(entry.data() + sizeof(uint32_t));
    if (begin > end) return absl::DataLossError(absl::StrFormat("zptv block ends before it begins: %d, %d", begin, end));
    return source_->Read(begin, end - begin);
  }

  const ByteSource* source_;
  ValueShape values_;
  LineShape shape_;
  uint32_t row_count_;
  ZptvStatement statement_;
};

absl::Status CheckOptions(const ValueShape& shape, const ZptvOptions& options) {
  if (!IsFloat(shape.type)) return absl::InvalidArgumentError("zptv holds floats");
  const ZptvContract& contract = options.contract;
  if (contract.kind == ZptvContract::Kind::kLossless) return absl::OkStatus();
  if (!(contract.bound > 0) || !std::isfinite(contract.bound)) {
    return absl::InvalidArgumentError(absl::StrFormat("zptv bound is not positive and finite: %g", contract.bound));
  }
  if (contract.kind == ZptvContract::Kind::kPhase16 && !options.is_complex) {
    return absl::InvalidArgumentError("zptv phase16 needs complex numbers");
  }
  return absl::OkStatus();
}

// One block of rows: where they lie if they are whole lines, else filled up in `bytes`.
struct PaddedBlock {
  Buffer bytes;
  zptv::Block block;
};
PaddedBlock BlockOf(const ValueSpan& rows, const LineShape& shape) {
  PaddedBlock padded;
  const uint32_t lines = (rows.row_count + shape.line_rows - 1) / shape.line_rows;
  padded.block = {.shape = shape,
                  .lines = lines,
                  .used = size_t{rows.row_count} * rows.shape.values_per_row,
                  .values = rows.fixed};
  const bool aligned = reinterpret_cast<uintptr_t>(rows.fixed) % shape.width() == 0;
  if (aligned && rows.byte_size() == lines * shape.line_bytes()) return padded;
  padded.bytes.Resize(lines * shape.line_bytes());
  std::memcpy(padded.bytes.data(), rows.fixed, rows.byte_size());
  std::memset(padded.bytes.data() + rows.byte_size(), 0, padded.bytes.size() - rows.byte_size());
  padded.block.values = padded.bytes.data();
  return padded;
}

bool AnySet(const uint64_t* bits, uint32_t first, uint32_t count) {
  for (uint32_t i = first; i < first + count; ++i) {
    if ((bits[i / 64] >> (i % 64)) & 1) return true;
  }
  return false;
}

// Encodes block after block; what is written is decoded again and checked against what was given.
class BlockEncoder {
 public:
  BlockEncoder(const LineShape& shape, uint32_t values_per_row, const ZptvOptions& options)
      : shape_(shape), options_(options), check_(shape, values_per_row, options.contract) {}

  // Appends the block of `rows`, the first of which is row `first_row` of the chunk. Errors: INTERNAL.
  absl::Status Append(const ValueSpan& rows, uint32_t first_row, std::string* out) {
    const PaddedBlock given = BlockOf(rows, shape_);
    const size_t begin = out->size();
    const zptv::ContractCheck before = check_;
    const bool some_exact = options_.exact_rows != nullptr && options_.contract.kind != ZptvContract::Kind::kLossless &&
                            AnySet(options_.exact_rows, first_row, rows.row_count);
    const absl::Status bounded = some_exact ? AppendWithExactRows(rows, first_row, given, out)
                                            : AppendChecked(given, options_.contract, out);
    if (bounded.ok()) return bounded;
    // Numbers near the ends of the doubles' range may be judged wrongly while they are quantised: they stay exact.
    check_ = before;
    out->resize(begin);
    return AppendChecked(given, ZptvContract(), out);
  }

  ZptvError error() const { return check_.error(); }

 private:
  // Appends `block` made under `contract`; decoded_ has its values then.
  absl::Status AppendDecoded(const zptv::Block& block, const ZptvContract& contract, std::string* out) {
    const size_t begin = out->size();
    RETURN_IF_ERROR(zptv::EncodeBlock(block, contract, &hints_, out));
    decoded_.Resize(block.lines * shape_.line_bytes());
    return zptv::DecodeBlock(shape_, block.lines, AsBytes(std::string_view(*out).substr(begin)), decoded_.data());
  }

  absl::Status AppendChecked(const PaddedBlock& given, const ZptvContract& contract, std::string* out) {
    RETURN_IF_ERROR(AppendDecoded(given.block, contract, out));
    return check_.Block(given.block.values, decoded_.data(), given.block.used);
  }

  // The other rows change as the contract lets them; then the whole is stored without loss. The integers of rows that
  // went through a contract before are found again like that (recover.h), so that they take no more than they did.
  absl::Status AppendWithExactRows(const ValueSpan& rows, uint32_t first_row, const PaddedBlock& given,
                                   std::string* out) {
    std::string bounded;
    RETURN_IF_ERROR(AppendDecoded(given.block, options_.contract, &bounded));
    Buffer changed = std::move(decoded_);
    const size_t row_bytes = rows.shape.row_bytes();
    for (uint32_t i = 0; i < rows.row_count; ++i) {
      if (!AnySet(options_.exact_rows, first_row + i, 1)) continue;
      std::memcpy(changed.data() + i * row_bytes, given.block.values + i * row_bytes, row_bytes);
    }
    zptv::Block block = given.block;
    block.values = changed.data();
    RETURN_IF_ERROR(AppendDecoded(block, ZptvContract(), out));
    if (std::memcmp(changed.data(), decoded_.data(), rows.byte_size()) != 0) {
      return absl::InternalError("zptv did not give back exact rows bit for bit");
    }
    return check_.Block(given.block.values, decoded_.data(), given.block.used);
  }

  const LineShape shape_;
  const ZptvOptions& options_;
  zptv::ContractCheck check_;
  zptv::RecoverHints hints_;
  Buffer decoded_;
};

}  // namespace

absl::StatusOr<ZptvError> EncodeZptv(const ValueSpan& rows, const ZptvOptions& options, std::string* out) {
  RETURN_IF_ERROR(CheckOptions(rows.shape, options));
  const LineShape shape = zptv::LineShapeOf(rows.shape, options.is_complex ? 2 : 1);
  const size_t start = out->size();
  const uint32_t blocks = BlockCount(shape, rows.row_count);
  out->resize(start + sizeof(Header) + (uint64_t{blocks} + 1) * sizeof(uint32_t));
  ByteWriter writer(out);
  BlockEncoder encoder(shape, rows.shape.values_per_row, options);
  for (uint32_t b = 0; b <= blocks; ++b) {
    if (out->size() - start > std::numeric_limits<uint32_t>::max()) {
      return absl::InvalidArgumentError("zptv chunk exceeds 4 GiB");
    }
    writer.PatchAt(start + sizeof(Header) + b * sizeof(uint32_t), static_cast<uint32_t>(out->size() - start));
    if (b == blocks) break;
    const uint32_t first = b * shape.block_rows();
    const ValueSpan block = rows.Slice(first, std::min(shape.block_rows(), rows.row_count - first));
    RETURN_IF_ERROR(encoder.Append(block, first, out));
  }
  const bool lossless = options.contract.kind == ZptvContract::Kind::kLossless;
  const ZptvContract& contract = lossless ? options.made_under : options.contract;
  const ZptvError error = lossless ? options.made_error : encoder.error();
  const Header header{.type = static_cast<uint8_t>(rows.shape.type),
                      .components = static_cast<uint8_t>(shape.components),
                      .contract = static_cast<uint8_t>(contract.kind),
                      .bound = contract.bound,
                      .max_error = error.max,
                      .rms_error = error.rms,
                      .values_per_row = rows.shape.values_per_row,
                      .rows = rows.row_count,
                      .line_rows = shape.line_rows,
                      .block_lines = shape.block_lines};
  std::memcpy(out->data() + start, &header, sizeof(header));
  return error;
}

namespace {

absl::Status CheckHeader(const Header& header, ValueShape shape, uint32_t row_count) {
  if (header.magic != kMagic) return absl::DataLossError("zptv chunk does not begin with ZPTV");
  if (header.version != kVersion) {
    return absl::UnimplementedError(absl::StrFormat("zptv version %d is unknown to this version", header.version));
  }
  if (header.type != static_cast<uint8_t>(shape.type) || header.values_per_row != shape.values_per_row ||
      header.rows != row_count) {
    return absl::DataLossError(absl::StrFormat("zptv chunk holds %d rows of %d values of type %d", header.rows,
                                               header.values_per_row, header.type));
  }
  const uint64_t columns = uint64_t{header.line_rows} * header.values_per_row;
  if (header.components < 1 || header.components > 2 || columns % header.components != 0 || header.line_rows == 0 ||
      header.block_lines == 0 || columns * header.block_lines > kMaxBlockValues ||
      header.contract > static_cast<uint8_t>(ZptvContract::Kind::kPhase16) || header.zero[0] != 0 ||
      header.zero[1] != 0) {
    return absl::DataLossError(absl::StrFormat("zptv chunk has lines of %d rows, blocks of %d lines, %d components",
                                               header.line_rows, header.block_lines, header.components));
  }
  if (shape.values_per_row == 1 && header.line_rows * uint64_t{header.block_lines} % 64 != 0) {
    return absl::DataLossError("zptv blocks of a scalar column are not multiples of 64 rows");  // Filter relies on it
  }
  return absl::OkStatus();
}

class Zptv final : public Codec {
 public:
  EncodingId id() const override { return EncodingId::kZptv; }
  double decode_ns_per_value() const override { return 3; }

  std::optional<uint64_t> EstimateBytes(const ValueSpan& rows, EncodingEffort) const override {
    if (!IsFloat(rows.shape.type) || rows.row_count == 0) return std::nullopt;
    // A few blocks stand for all.
    constexpr uint32_t kSampledBlocks = 2;
    const LineShape shape = zptv::LineShapeOf(rows.shape, 1);
    const uint32_t blocks = BlockCount(shape, rows.row_count), step = std::max(1u, blocks / kSampledBlocks);
    uint64_t raw = 0;
    std::string encoded;
    zptv::RecoverHints hints;
    for (uint32_t block = step / 2; block < blocks; block += step) {
      const uint32_t first = block * shape.block_rows();
      const ValueSpan slice = rows.Slice(first, std::min(shape.block_rows(), rows.row_count - first));
      raw += slice.byte_size();
      if (!zptv::EncodeBlock(BlockOf(slice, shape).block, {}, &hints, &encoded).ok()) return std::nullopt;
    }
    const double ratio = static_cast<double>(encoded.size()) / static_cast<double>(raw);
    return sizeof(Header) + (uint64_t{blocks} + 1) * sizeof(uint32_t) +
           static_cast<uint64_t>(ratio * static_cast<double>(rows.byte_size()));
  }

  absl::Status Encode(const ValueSpan& rows, EncodingEffort, std::string* out) const override {
    return EncodeZptv(rows, {}, out).status();
  }

  absl::StatusOr<std::unique_ptr<EncodedChunk>> Open(const ByteSource* source, ValueShape shape,
                                                     uint32_t row_count) const override {
    if (!IsFloat(shape.type)) return absl::DataLossError("zptv chunk of a column that is not float");
    ASSIGN_OR_RETURN(const auto bytes, source->Read(0, sizeof(Header)));
    const auto header = LoadAs<Header>(bytes.data());
    RETURN_IF_ERROR(CheckHeader(header, shape, row_count));
    const LineShape lines{.type = shape.type,
                          .components = header.components,
                          .columns = header.line_rows * header.values_per_row,
                          .stride = header.line_rows == 1 ? header.components : header.values_per_row,
                          .line_rows = header.line_rows,
                          .block_lines = header.block_lines};
    const ZptvStatement statement{{static_cast<ZptvContract::Kind>(header.contract), header.bound},
                                  {header.max_error, header.rms_error}};
    return std::make_unique<ZptvChunk>(source, shape, lines, row_count, statement);
  }
};

}  // namespace

const Codec* ZptvCodec() {
  static const Zptv codec;
  return &codec;
}

}  // namespace cortex

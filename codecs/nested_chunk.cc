#include "codecs/nested_chunk.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/codec_registry.h"
#include "codecs/encoding_chooser.h"

namespace cortex {
namespace {

constexpr uint32_t kWideRowBytes = 256;

bool IsFixedType(uint8_t type) {
  return type >= static_cast<uint8_t>(PhysicalType::kBool) && type <= static_cast<uint8_t>(PhysicalType::kFloat64);
}

}  // namespace

absl::Status AppendNested(const ValueSpan& rows, EncodingEffort effort, uint32_t extra, size_t start,
                          std::string* out) {
  ASSIGN_OR_RETURN(const EncodedBytes nested, EncodeNested(rows, effort));
  PadFrom(start, 8, out);
  ByteWriter writer(out);
  writer.PatchAt(start, nested.encoding);
  writer.PatchAt(start + 1, rows.shape.type);
  writer.PatchAt(start + 4, extra);
  writer.PatchAt(start + 8, uint64_t{out->size() - start});
  out->append(nested.bytes);
  return absl::OkStatus();
}

absl::StatusOr<NestedChunk> NestedChunk::Open(const ByteSource* source, uint32_t values_per_row, uint32_t row_count) {
  ASSIGN_OR_RETURN(const auto header, source->Read(0, kNestedHeaderBytes));
  const auto id = LoadAs<EncodingId>(header.data());
  const auto type = LoadAs<uint8_t>(header.data() + 1);
  const auto offset = LoadAs<uint64_t>(header.data() + 8);
  if (!IsFixedType(type) || Nests(id) || offset < kNestedHeaderBytes || offset > source->size()) {
    return absl::DataLossError(absl::StrFormat("nested chunk of encoding %d and type %d at offset %d of %d",
                                               static_cast<int>(id), type, offset, source->size()));
  }
  NestedChunk nested;
  nested.shape_ = {static_cast<PhysicalType>(type), values_per_row};
  nested.extra_ = LoadAs<uint32_t>(header.data() + 4);
  nested.bytes_ = std::make_unique<SliceSource>(source, offset, source->size() - offset);
  ASSIGN_OR_RETURN(nested.chunk_, OpenChunk(id, nested.bytes_.get(), nested.shape_, row_count));
  return nested;
}

uint32_t NestedChunk::PieceRows() const {
  return std::max(chunk_->block_rows(), shape_.values_per_row == 1 ? 1024u : 64u);
}

std::optional<uint64_t> EstimateBySample(const Codec& codec, const ValueSpan& rows, EncodingEffort effort) {
  const bool wide = rows.shape.row_bytes() >= kWideRowBytes;
  const uint32_t block_rows = wide ? 64 : 1024;
  // Where size decides, as many scalars as one entropy-coded block has.
  const uint32_t sampled_blocks = effort == EncodingEffort::kHeavy && !wide ? 16 : 6;
  const uint32_t blocks = (rows.row_count + block_rows - 1) / block_rows;
  ValueBuffer sample(rows.shape);
  ValueSpan span = rows;
  if (blocks > sampled_blocks) {
    for (uint32_t i = 0; i < sampled_blocks; ++i) {
      sample.Append(rows.Slice(i * (blocks - 1) / sampled_blocks * block_rows, block_rows));
    }
    span = sample.span();
  }
  std::string bytes;
  if (span.row_count == 0 || !codec.Encode(span, effort, &bytes).ok()) return std::nullopt;
  const double ratio = static_cast<double>(bytes.size()) / static_cast<double>(span.byte_size());
  return static_cast<uint64_t>(ratio * static_cast<double>(rows.byte_size()));
}

}  // namespace cortex

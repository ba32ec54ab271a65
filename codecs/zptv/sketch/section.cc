#include "codecs/zptv/sketch/section.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_reader.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"

namespace cortex {
namespace {

constexpr uint32_t kMagic = 0x54454b53;  // "SKET"
constexpr uint8_t kVersion = 1;
constexpr size_t kHeaderBytes = 64;

size_t BlockSize(SketchKind kind, uint32_t rows, uint32_t components) {
  return kind == SketchKind::kPolar ? PolarBlockLayout(rows, components).bytes
                                    : SketchBlockLayout(rows, components).bytes;
}

}  // namespace

uint64_t SketchSectionBytes(SketchKind kind, ValueShape shape, uint32_t rows) {
  const uint32_t components = SketchComponents(kind, shape);
  uint64_t bytes = kHeaderBytes;
  if (components == 0) return bytes;
  bytes += uint64_t{rows / kSketchBlockRows} * BlockSize(kind, kSketchBlockRows, components);
  if (rows % kSketchBlockRows != 0) bytes += BlockSize(kind, rows % kSketchBlockRows, components);
  return bytes;
}

size_t SketchBlockBytes(SketchKind kind, ValueShape shape, uint32_t rows) {
  return BlockSize(kind, rows, SketchComponents(kind, shape));
}

Buffer BuildBlock(SketchKind kind, const ValueSpan& rows) {
  return kind == SketchKind::kPolar ? BuildPolarBlock(rows) : BuildSketchBlock(rows);
}

void AppendSketchSection(SketchKind kind, const ValueSpan& rows, std::string* out) {
  const size_t begin = out->size();
  ByteWriter writer(out);
  writer.Put(kMagic);
  writer.Put(kVersion);
  writer.Put(kind);
  writer.Put(uint16_t{0});
  writer.Put(SketchComponents(kind, rows.shape));
  writer.Put(rows.row_count);
  out->resize(begin + kHeaderBytes, '\0');
  for (uint32_t first = 0; first < rows.row_count; first += kSketchBlockRows) {
    const uint32_t count = std::min(rows.row_count - first, kSketchBlockRows);
    writer.PutBytes(BuildBlock(kind, rows.Slice(first, count)).span());
  }
}

absl::StatusOr<SketchBlock> RowSketches::Euclidean(uint32_t block, SketchBlock::Level up_to) const {
  const SketchBlockLayout layout(RowsOf(block), components_);
  const size_t size = up_to == SketchBlock::Level::kFine ? layout.bytes : layout.low_begin;
  ASSIGN_OR_RETURN(const absl::Span<const std::byte> bytes, Read(block, size));
  return SketchBlock::Open(bytes, layout.rows, components_, up_to);
}

absl::StatusOr<PolarBlock> RowSketches::Polar(uint32_t block) const {
  const PolarBlockLayout layout(RowsOf(block), components_);
  ASSIGN_OR_RETURN(const absl::Span<const std::byte> bytes, Read(block, layout.bytes));
  return PolarBlock::Open(bytes, RowsOf(block), components_);
}

absl::StatusOr<SketchSection> SketchSection::Open(const ByteSource* source, SketchKind kind, ValueShape shape,
                                                  uint32_t rows) {
  if (source->size() < kHeaderBytes) {
    return absl::DataLossError(absl::StrFormat("sketch section truncated: %d bytes", source->size()));
  }
  ASSIGN_OR_RETURN(const absl::Span<const std::byte> header, source->Read(0, kHeaderBytes));
  uint32_t magic = 0, components = 0, stored_rows = 0;
  uint8_t version = 0, stored_kind = 0;
  uint16_t zero = 0;
  ByteReader in(header);
  RETURN_IF_ERROR(in.Read(&magic));
  RETURN_IF_ERROR(in.Read(&version));
  RETURN_IF_ERROR(in.Read(&stored_kind));
  RETURN_IF_ERROR(in.Read(&zero));
  RETURN_IF_ERROR(in.Read(&components));
  RETURN_IF_ERROR(in.Read(&stored_rows));
  if (magic != kMagic) return absl::DataLossError(absl::StrFormat("not a sketch section: it begins with %08x", magic));
  if (version != kVersion) {
    return absl::UnimplementedError(
        absl::StrFormat("sketch section version %d is unknown to this version", version));
  }
  if (stored_kind > static_cast<uint8_t>(SketchKind::kPolar)) {
    return absl::UnimplementedError(absl::StrFormat("sketch section kind %d is unknown to this version", stored_kind));
  }
  if (stored_kind != static_cast<uint8_t>(kind)) {
    return absl::DataLossError(
        absl::StrFormat("sketch section of kind %d where there should be kind %d", stored_kind, static_cast<int>(kind)));
  }
  const SketchSection section(source, kind, shape, rows);
  const uint64_t want = SketchSectionBytes(kind, shape, rows);
  if (components != section.components_ || stored_rows != rows || source->size() != want) {
    return absl::DataLossError(absl::StrFormat(
        "sketch section of %d rows of %d components in %d bytes; the column has %d rows of %d, %d bytes", stored_rows,
        components, source->size(), rows, section.components_, want));
  }
  return section;
}

uint32_t SketchSection::RowsOf(uint32_t block) const {
  return std::min(rows_ - block * kSketchBlockRows, kSketchBlockRows);
}

absl::StatusOr<absl::Span<const std::byte>> SketchSection::Read(uint32_t block, size_t size) const {
  const uint64_t begin = kHeaderBytes + uint64_t{block} * BlockSize(kind_, kSketchBlockRows, components_);
  return source_->Read(begin, size);
}

}  // namespace cortex

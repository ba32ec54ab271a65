#include "codecs/zptv/raw_lines.h"

#include <cstring>
#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/zptv/rans.h"

namespace cortex::zptv {
namespace {

constexpr uint8_t kPlainBytes = 0;
constexpr uint8_t kRansBytes = 1;
constexpr double kStreamBytes = 200;  // states and a table

absl::Status EncodePlane(absl::Span<const uint8_t> plane, std::string* out) {
  RansCounts counts = {};
  CountSymbols(plane, &counts);
  // A plane that would save less than 3 % is not worth decoding.
  if (EstimatedSymbolBits(counts) / 8 + kStreamBytes > static_cast<double>(plane.size()) * 0.97) {
    out->push_back(static_cast<char>(kPlainBytes));
    out->append(reinterpret_cast<const char*>(plane.data()), plane.size());
    return absl::OkStatus();
  }
  out->push_back(static_cast<char>(kRansBytes));
  const RansTable table = RansTable::FromCounts(counts);
  table.AppendTo(out);
  const RansEncoder encoder(table);
  const RansRun run{.encoder = &encoder, .symbols = plane};
  std::string stream;
  RETURN_IF_ERROR(EncodeRans({&run, 1}, &stream));
  ByteWriter(out).PutString(stream);
  return absl::OkStatus();
}

absl::Status DecodePlane(ByteReader* in, absl::Span<uint8_t> plane) {
  uint8_t mode = 0;
  RETURN_IF_ERROR(in->Read(&mode));
  if (mode == kPlainBytes) {
    absl::Span<const std::byte> bytes;
    RETURN_IF_ERROR(in->ReadBytes(plane.size(), &bytes));
    std::memcpy(plane.data(), bytes.data(), bytes.size());
    return absl::OkStatus();
  }
  if (mode != kRansBytes) return absl::DataLossError(absl::StrFormat("zptv byte plane has mode %d", mode));
  ASSIGN_OR_RETURN(const RansTable table, RansTable::Parse(in));
  std::string_view stream;
  RETURN_IF_ERROR(in->ReadString(&stream));
  const RansDecoder decoder(table);
  ASSIGN_OR_RETURN(RansReader reader, RansReader::Open(AsBytes(stream)));
  RETURN_IF_ERROR(reader.Read(decoder, plane));
  return reader.Finish();
}

}  // namespace

absl::Status EncodeRawLines(const LineShape& shape, const std::byte* values, absl::Span<const uint32_t> lines,
                            std::string* out) {
  const uint32_t width = shape.width();
  std::vector<uint8_t> plane(lines.size() * shape.columns);
  for (uint32_t k = 0; k < width; ++k) {
    size_t next = 0;
    for (const uint32_t line : lines) {
      const std::byte* from = values + line * shape.line_bytes() + k;
      for (uint32_t c = 0; c < shape.columns; ++c) plane[next++] = static_cast<uint8_t>(from[size_t{c} * width]);
    }
    RETURN_IF_ERROR(EncodePlane(plane, out));
  }
  return absl::OkStatus();
}

absl::Status DecodeRawLines(const LineShape& shape, ByteReader* in, absl::Span<std::byte* const> out) {
  const uint32_t width = shape.width();
  std::vector<uint8_t> plane(out.size() * shape.columns);
  for (uint32_t k = 0; k < width; ++k) {
    RETURN_IF_ERROR(DecodePlane(in, absl::MakeSpan(plane)));
    const uint8_t* next = plane.data();
    for (std::byte* line : out) {
      for (uint32_t c = 0; line != nullptr && c < shape.columns; ++c) {
        line[size_t{c} * width + k] = static_cast<std::byte>(next[c]);
      }
      next += shape.columns;
    }
  }
  return absl::OkStatus();
}

}  // namespace cortex::zptv

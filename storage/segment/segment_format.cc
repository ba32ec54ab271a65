#include "storage/segment/segment_format.h"

#include <charconv>

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_reader.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/checksum.h"
#include "codecs/bytes/status_macros.h"
#include "storage/io/durable_file.h"

namespace cortex {
namespace {

constexpr uint64_t kHeaderMagic = 0x4745535845545243;   // "CRTEXSEG" in file order
constexpr uint64_t kTrailerMagic = 0x444e455845545243;  // "CRTEXEND" in file order
constexpr std::string_view kSuffix = ".seg";
constexpr size_t kHashDigits = 16;

// Magic first, then the checksum, then the version: a number is only believed once its bytes are known to be sound.
absl::Status CheckFrame(std::string_view what, uint64_t magic, uint64_t expected_magic, uint64_t checksum,
                        uint64_t expected_checksum, uint32_t version) {
  if (magic != expected_magic) return absl::DataLossError(absl::StrFormat("not a segment file: bad %s magic", what));
  if (checksum != expected_checksum) {
    return absl::DataLossError(absl::StrFormat("%s checksum mismatch: expected %016x, got %016x", what,
                                               expected_checksum, checksum));
  }
  if (version != kSegmentFormatVersion) {
    return absl::UnimplementedError(
        absl::StrFormat("segment format %d is unknown, this version reads %d", version, kSegmentFormatVersion));
  }
  return absl::OkStatus();
}

}  // namespace

std::string EncodeSegmentHeader(const SegmentHeader& header) {
  std::string out;
  ByteWriter writer(&out);
  writer.Put(kHeaderMagic);
  writer.Put(kSegmentFormatVersion);
  writer.Put(header.shard);
  writer.Put(header.id.value());
  writer.Put(header.table.value());
  writer.Put(header.schema_id);
  out.resize(kSegmentHeaderBytes - sizeof(uint64_t), '\0');
  writer.Put(Checksum64(out));
  return out;
}

absl::StatusOr<SegmentHeader> DecodeSegmentHeader(absl::Span<const std::byte> bytes) {
  if (bytes.size() < kSegmentHeaderBytes) return absl::DataLossError("segment header is cut short");
  bytes = bytes.first(kSegmentHeaderBytes);
  ByteReader reader(bytes);
  uint64_t magic = 0, id = 0, checksum = 0;
  uint32_t version = 0, table = 0;
  SegmentHeader header;
  RETURN_IF_ERROR(reader.Read(&magic));
  RETURN_IF_ERROR(reader.Read(&version));
  RETURN_IF_ERROR(reader.Read(&header.shard));
  RETURN_IF_ERROR(reader.Read(&id));
  RETURN_IF_ERROR(reader.Read(&table));
  RETURN_IF_ERROR(reader.Read(&header.schema_id));
  const absl::Span<const std::byte> covered = bytes.first(kSegmentHeaderBytes - sizeof(checksum));
  RETURN_IF_ERROR(ByteReader(bytes.subspan(covered.size())).Read(&checksum));
  RETURN_IF_ERROR(CheckFrame("header", magic, kHeaderMagic, Checksum64(covered), checksum, version));
  header.id = SegmentId(id);
  header.table = TableId(table);
  return header;
}

std::string EncodeSegmentTrailer(const SegmentTrailer& trailer) {
  std::string out;
  ByteWriter writer(&out);
  writer.Put(trailer.footer_offset);
  writer.Put(trailer.footer_bytes);
  writer.Put(trailer.footer_checksum);
  writer.Put(kSegmentFormatVersion);
  writer.Put(uint32_t{0});
  writer.Put(Checksum64(out));
  writer.Put(kTrailerMagic);
  return out;
}

absl::StatusOr<SegmentTrailer> DecodeSegmentTrailer(absl::Span<const std::byte> bytes, uint64_t file_bytes) {
  ByteReader reader(bytes);
  SegmentTrailer trailer;
  uint32_t version = 0, zero = 0;
  uint64_t checksum = 0, magic = 0;
  RETURN_IF_ERROR(reader.Read(&trailer.footer_offset));
  RETURN_IF_ERROR(reader.Read(&trailer.footer_bytes));
  RETURN_IF_ERROR(reader.Read(&trailer.footer_checksum));
  RETURN_IF_ERROR(reader.Read(&version));
  RETURN_IF_ERROR(reader.Read(&zero));
  const uint64_t actual = Checksum64(bytes.first(reader.offset()));
  RETURN_IF_ERROR(reader.Read(&checksum));
  RETURN_IF_ERROR(reader.Read(&magic));
  RETURN_IF_ERROR(CheckFrame("trailer", magic, kTrailerMagic, actual, checksum, version));
  const uint64_t body_end = file_bytes - kSegmentTrailerBytes;
  if (trailer.footer_offset < kSegmentHeaderBytes || trailer.footer_offset > body_end ||
      trailer.footer_bytes != body_end - trailer.footer_offset) {
    return absl::DataLossError(absl::StrFormat("footer does not fit the file: offset %d, %d bytes, file of %d",
                                               trailer.footer_offset, trailer.footer_bytes, file_bytes));
  }
  return trailer;
}

std::string SegmentFileName(uint32_t shard, SegmentId id, uint64_t content_hash) {
  return absl::StrFormat("%02d-%016x-%016x%s", shard, id.value(), content_hash, kSuffix);
}

std::string SegmentTemporaryName(uint32_t shard, SegmentId id) {
  return absl::StrFormat("%02d-%016x%s%s", shard, id.value(), kSuffix, kTemporarySuffix);
}

bool IsSegmentFileName(std::string_view name) {
  if (name.ends_with(kTemporarySuffix)) name.remove_suffix(kTemporarySuffix.size());
  if (!name.ends_with(kSuffix)) return false;
  name.remove_suffix(kSuffix.size());
  // Digits of "<shard>-<id>" or "<shard>-<id>-<hash>": two or more, then sixteen each.
  size_t part = 0, digits = 0;
  for (const char c : name) {
    if (c == '-') {
      if (part == 0 ? digits < 2 : digits != kHashDigits) return false;
      ++part;
      digits = 0;
    } else {
      if (!(c >= '0' && c <= '9') && (part == 0 || !(c >= 'a' && c <= 'f'))) return false;
      ++digits;
    }
  }
  return (part == 1 || part == 2) && digits == kHashDigits;
}

std::optional<uint64_t> ContentHashOf(std::string_view file_name) {
  if (!file_name.ends_with(kSuffix)) return std::nullopt;
  file_name.remove_suffix(kSuffix.size());
  if (file_name.size() <= kHashDigits || file_name[file_name.size() - kHashDigits - 1] != '-') return std::nullopt;
  const std::string_view digits = file_name.substr(file_name.size() - kHashDigits);
  uint64_t hash = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), hash, 16);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return hash;
}

}  // namespace cortex

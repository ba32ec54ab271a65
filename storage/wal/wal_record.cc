#include "storage/wal/wal_record.h"

#include <cstring>

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_reader.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/checksum.h"
#include "codecs/bytes/status_macros.h"

namespace cortex {
namespace {

constexpr std::string_view kFileMagic("CORTXWAL", 8);
constexpr uint32_t kRecordMagic = 0x52'4c'41'57;  // "WALR"
constexpr std::string_view kNamePrefix = "wal-";
constexpr std::string_view kNameSuffix = ".log";
constexpr size_t kNameDigits = 20;

template <size_t kSize>
std::array<std::byte, kSize> ToArray(const std::string& bytes) {
  std::array<std::byte, kSize> out{};
  std::memcpy(out.data(), bytes.data(), std::min(kSize, bytes.size()));
  return out;
}

}  // namespace

std::array<std::byte, kWalFileHeaderBytes> EncodeWalFileHeader(const WalFileHeader& header) {
  std::string bytes(kFileMagic);
  ByteWriter writer(&bytes);
  writer.Put(kWalMajorVersion);
  writer.Put(kWalMinorVersion);
  writer.Put(static_cast<uint32_t>(kWalFileHeaderBytes));
  writer.Put(header.server_id);
  writer.Put(header.first_commit);
  writer.Put(header.start_position);
  writer.Put(uint64_t{0});
  writer.Put(uint64_t{0});
  writer.Put(Checksum64(bytes));
  return ToArray<kWalFileHeaderBytes>(bytes);
}

absl::StatusOr<WalFileHeader> DecodeWalFileHeader(absl::Span<const std::byte> bytes) {
  if (bytes.size() < kWalFileHeaderBytes) {
    return absl::DataLossError(absl::StrFormat("file header cut short: %d of %d bytes", bytes.size(),
                                               kWalFileHeaderBytes));
  }
  if (AsStringView(bytes.subspan(0, kFileMagic.size())) != kFileMagic) {
    return absl::DataLossError("file header has no wal magic");
  }
  ByteReader reader(bytes.subspan(kFileMagic.size(), kWalFileHeaderBytes - kFileMagic.size()));
  uint16_t major = 0;
  uint16_t minor = 0;
  uint32_t header_bytes = 0;
  uint64_t reserved = 0;
  uint64_t checksum = 0;
  WalFileHeader header;
  RETURN_IF_ERROR(reader.Read(&major));
  RETURN_IF_ERROR(reader.Read(&minor));
  RETURN_IF_ERROR(reader.Read(&header_bytes));
  RETURN_IF_ERROR(reader.Read(&header.server_id));
  RETURN_IF_ERROR(reader.Read(&header.first_commit));
  RETURN_IF_ERROR(reader.Read(&header.start_position));
  RETURN_IF_ERROR(reader.Read(&reserved));
  RETURN_IF_ERROR(reader.Read(&reserved));
  RETURN_IF_ERROR(reader.Read(&checksum));
  const uint64_t computed = Checksum64(bytes.subspan(0, kWalFileHeaderBytes - sizeof(checksum)));
  if (checksum != computed) {
    return absl::DataLossError(
        absl::StrFormat("file header checksum mismatch: expected %016x, got %016x", checksum, computed));
  }
  if (major != kWalMajorVersion) {
    return absl::UnimplementedError(
        absl::StrFormat("wal format %d.%d is not known to this version, which reads %d.x", major, minor,
                        kWalMajorVersion));
  }
  if (header.first_commit == 0 || header.start_position % kWalAlignment != 0) {
    return absl::DataLossError(absl::StrFormat("file header impossible: first commit %d, start position %d",
                                               header.first_commit, header.start_position));
  }
  return header;
}

std::array<std::byte, kWalRecordHeaderBytes> EncodeWalRecordHeader(const WalRecordHeader& header) {
  std::string bytes;
  bytes.reserve(kWalRecordHeaderBytes);
  ByteWriter writer(&bytes);
  writer.Put(uint64_t{0});  // the checksum, known last
  writer.Put(kRecordMagic);
  writer.Put(header.epoch);
  writer.Put(header.position);
  writer.Put(header.commit);
  writer.Put(header.synced_through);
  writer.Put(header.payload_checksum);
  writer.Put(header.payload_bytes);
  writer.Put(header.kind);
  writer.Align(kWalAlignment);
  writer.PatchAt(0, Checksum64(std::string_view(bytes).substr(sizeof(uint64_t))));
  return ToArray<kWalRecordHeaderBytes>(bytes);
}

std::optional<WalRecordHeader> DecodeWalRecordHeader(absl::Span<const std::byte> bytes) {
  if (bytes.size() < kWalRecordHeaderBytes) return std::nullopt;
  bytes = bytes.subspan(0, kWalRecordHeaderBytes);
  const auto field = [&](size_t offset, auto* value) { std::memcpy(value, bytes.data() + offset, sizeof(*value)); };
  uint64_t checksum = 0;
  uint32_t magic = 0;
  uint8_t kind = 0;
  WalRecordHeader header;
  field(8, &magic);
  if (magic != kRecordMagic) return std::nullopt;  // first, so that searching through foreign bytes stays cheap
  field(0, &checksum);
  if (checksum != Checksum64(bytes.subspan(sizeof(checksum)))) return std::nullopt;
  field(12, &header.epoch);
  field(16, &header.position);
  field(24, &header.commit);
  field(32, &header.synced_through);
  field(40, &header.payload_checksum);
  field(48, &header.payload_bytes);
  field(52, &kind);
  header.kind = static_cast<WalRecordKind>(kind);
  return header;
}

std::string WalFileName(Commit first_commit) {
  return absl::StrFormat("%s%0*d%s", kNamePrefix, kNameDigits, first_commit, kNameSuffix);
}

std::optional<Commit> ParseWalFileName(std::string_view name) {
  if (name.size() != kNamePrefix.size() + kNameDigits + kNameSuffix.size()) return std::nullopt;
  if (!name.starts_with(kNamePrefix) || !name.ends_with(kNameSuffix)) return std::nullopt;
  Commit commit = 0;
  for (const char digit : name.substr(kNamePrefix.size(), kNameDigits)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    const auto value = static_cast<Commit>(digit - '0');
    if (commit > (UINT64_MAX - value) / 10) return std::nullopt;
    commit = commit * 10 + value;
  }
  return commit;
}

}  // namespace cortex

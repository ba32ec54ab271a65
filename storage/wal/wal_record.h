// What one WAL record and one WAL file header are in bytes (FORMAT.md shows the boxes). Pure: spans in, structs out.
#ifndef CORTEX_STORAGE_WAL_WAL_RECORD_H_
#define CORTEX_STORAGE_WAL_WAL_RECORD_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/runtime/strong_id.h"

namespace cortex {

// A place in the log counted in bytes over all its files since the log began. Never reused, never goes back.
using WalPosition = uint64_t;

enum class WalRecordKind : uint8_t {
  kData = 1,          // a commit of the layer above; the payload is opaque here
  kSyncedMarker = 2,  // no payload; carries the position known synced after the last group
};

inline constexpr uint16_t kWalMajorVersion = 1;
inline constexpr uint16_t kWalMinorVersion = 0;
inline constexpr size_t kWalFileHeaderBytes = 64;
inline constexpr size_t kWalRecordHeaderBytes = 56;
inline constexpr size_t kWalAlignment = 8;
inline constexpr uint64_t kWalMaxPayloadBytes = uint64_t{1} << 30;

struct WalFileHeader {
  uint64_t server_id = 0;
  Commit first_commit = 0;           // every record in the file has this commit or a later one
  WalPosition start_position = 0;    // of byte 0 of the file's record area; all before it was synced at creation

  friend bool operator==(const WalFileHeader&, const WalFileHeader&) = default;
};

struct WalRecordHeader {
  WalPosition position = 0;        // where this record starts
  Commit commit = 0;
  WalPosition synced_through = 0;  // everything below was known synced when this record was written
  uint32_t epoch = 1;
  WalRecordKind kind = WalRecordKind::kData;
  uint32_t payload_bytes = 0;
  uint64_t payload_checksum = 0;

  friend bool operator==(const WalRecordHeader&, const WalRecordHeader&) = default;
};

// Bytes a record takes in the log: header, payload, zero padding to kWalAlignment.
constexpr uint64_t WalRecordBytes(uint64_t payload_bytes) {
  return kWalRecordHeaderBytes + (payload_bytes + kWalAlignment - 1) / kWalAlignment * kWalAlignment;
}

std::array<std::byte, kWalFileHeaderBytes> EncodeWalFileHeader(const WalFileHeader& header);
// DATA_LOSS if the bytes are no header; UNIMPLEMENTED if they are one of a newer major version.
absl::StatusOr<WalFileHeader> DecodeWalFileHeader(absl::Span<const std::byte> bytes);

std::array<std::byte, kWalRecordHeaderBytes> EncodeWalRecordHeader(const WalRecordHeader& header);
// Nothing if `bytes` does not start with a record header whose own checksum holds. The payload is not looked at, so the
// kind and lengths are as written, not yet believed.
std::optional<WalRecordHeader> DecodeWalRecordHeader(absl::Span<const std::byte> bytes);

// "wal-00000000000000000042.log" and back; nothing for any other name.
std::string WalFileName(Commit first_commit);
std::optional<Commit> ParseWalFileName(std::string_view name);

}  // namespace cortex

#endif  // CORTEX_STORAGE_WAL_WAL_RECORD_H_

// The frame of a segment file: its fixed header, its fixed trailer, its name. FORMAT.md shows the boxes.
#ifndef CORTEX_STORAGE_SEGMENT_SEGMENT_FORMAT_H_
#define CORTEX_STORAGE_SEGMENT_SEGMENT_FORMAT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/runtime/strong_id.h"

namespace cortex {

inline constexpr uint32_t kSegmentFormatVersion = 1;
inline constexpr uint64_t kSegmentHeaderBytes = 64;
inline constexpr uint64_t kSegmentTrailerBytes = 48;
// Every piece begins at a multiple of this: a cache line, the widest vector register.
inline constexpr uint64_t kPieceAlignment = 64;
// The unit of verification: small enough that a single row is cheap, large enough that checksums are 1/8192 of a file.
inline constexpr uint64_t kPageBytes = 64 << 10;

struct SegmentHeader {
  SegmentId id;
  TableId table;
  uint32_t schema_id = 0;
  uint32_t shard = 0;
};

// Exactly kSegmentHeaderBytes.
std::string EncodeSegmentHeader(const SegmentHeader& header);
// Errors: DATA_LOSS; UNIMPLEMENTED for a sound header of a newer format.
absl::StatusOr<SegmentHeader> DecodeSegmentHeader(absl::Span<const std::byte> bytes);

struct SegmentTrailer {
  uint64_t footer_offset = 0;
  uint64_t footer_bytes = 0;
  uint64_t footer_checksum = 0;
};

// Exactly kSegmentTrailerBytes.
std::string EncodeSegmentTrailer(const SegmentTrailer& trailer);
// The footer lies between header and trailer of a file of `file_bytes`. Errors: DATA_LOSS, UNIMPLEMENTED.
absl::StatusOr<SegmentTrailer> DecodeSegmentTrailer(absl::Span<const std::byte> bytes, uint64_t file_bytes);

// "<shard, 2 digits>-<segment id, 16 hex>-<content hash, 16 hex>.seg". The content hash is the checksum of the footer,
// which holds, directly or through page checksums, the checksum of every other byte that matters.
std::string SegmentFileName(uint32_t shard, SegmentId id, uint64_t content_hash);
// The name while the file is being written.
std::string SegmentTemporaryName(uint32_t shard, SegmentId id);
// True for names of these two forms, whatever the numbers: such a file is ours.
bool IsSegmentFileName(std::string_view name);
// The content hash in a file name; nullopt if it is not of that form.
std::optional<uint64_t> ContentHashOf(std::string_view file_name);

}  // namespace cortex

#endif  // CORTEX_STORAGE_SEGMENT_SEGMENT_FORMAT_H_

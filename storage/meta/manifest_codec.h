// Values of the meta store other than table definitions, as bytes. FORMAT.md is the description.
//
// Encoders give the same bytes for the same value. Decoders read untrusted bytes: DATA_LOSS for anything an encoder
// would not have written.
#ifndef CORTEX_STORAGE_META_MANIFEST_CODEC_H_
#define CORTEX_STORAGE_META_MANIFEST_CODEC_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/meta/manifest.h"

namespace cortex {

// Table and segment id travel in the key; DecodeSegment takes them from there. INTERNAL if the record makes no sense.
absl::StatusOr<std::string> EncodeSegment(const SegmentRecord& segment);
absl::StatusOr<SegmentRecord> DecodeSegment(TableId table, SegmentId id, std::string_view bytes);

std::string EncodeSealPoint(const SealPoint& point);
absl::StatusOr<SealPoint> DecodeSealPoint(std::string_view bytes);

// `ends` ascends by row, each row once (else INTERNAL).
absl::StatusOr<std::string> EncodeEnds(absl::Span<const VersionEnd> ends);
absl::StatusOr<std::vector<VersionEnd>> DecodeEnds(std::string_view bytes);

// Strings in any order; short where neighbours share a prefix, as sorted keys do.
std::string EncodeColdFences(absl::Span<const std::string> fences);
absl::StatusOr<std::vector<std::string>> DecodeColdFences(std::string_view bytes);

std::string EncodeNumber(uint64_t number);
absl::StatusOr<uint64_t> DecodeNumber(std::string_view bytes);

// What the format key says. CheckFormat refuses what this program cannot read with FAILED_PRECONDITION.
std::string EncodeFormat();
absl::Status CheckFormat(std::string_view bytes);

}  // namespace cortex

#endif  // CORTEX_STORAGE_META_MANIFEST_CODEC_H_

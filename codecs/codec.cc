#include "codecs/codec.h"

#include "absl/strings/str_format.h"

namespace cortex {

std::string_view EncodingName(EncodingId id) {
  switch (id) {
    case EncodingId::kPlain:
      return "plain";
    case EncodingId::kConstant:
      return "constant";
    case EncodingId::kDictionary:
      return "dictionary";
    case EncodingId::kRunLength:
      return "run_length";
    case EncodingId::kBitPack:
      return "bitpack";
    case EncodingId::kDelta:
      return "delta";
    case EncodingId::kByteSplitZstd:
      return "byte_split_zstd";
    case EncodingId::kZstd:
      return "zstd";
    case EncodingId::kZptv:
      return "zptv";
    case EncodingId::kScaled:
      return "scaled";
    case EncodingId::kNarrowed:
      return "narrowed";
    case EncodingId::kResidual:
      return "residual";
    case EncodingId::kFrontBits:
      return "front_bits";
    case EncodingId::kZstdRows:
      return "zstd_rows";
    case EncodingId::kCodedDictionary:
      return "coded_dictionary";
    case EncodingId::kSymbols:
      return "symbols";
    case EncodingId::kSketched:
      return "sketched";
  }
  return "unknown";
}

absl::StatusOr<absl::Span<const std::byte>> MemorySource::Read(uint64_t offset, uint64_t count) const {
  if (offset > bytes_.size() || count > bytes_.size() - offset) {
    return absl::DataLossError(
        absl::StrFormat("truncated: %d bytes wanted at offset %d of %d", count, offset, bytes_.size()));
  }
  return bytes_.subspan(offset, count);
}

}  // namespace cortex

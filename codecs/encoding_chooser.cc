#include "codecs/encoding_chooser.h"

#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "codecs/byte_split_zstd.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/codec_registry.h"
#include "codecs/nested_chunk.h"
#include "codecs/plain.h"
#include "codecs/sketched.h"
#include "codecs/zptv_codec.h"

namespace cortex {
namespace {

// Rows this wide (vectors) are fetched in place when plain.
constexpr uint32_t kWideRowBytes = 256;

// How an effort trades. Sizes are compared as bytes + byte_per_ns · decode time, times a handicap.
struct Taste {
  double bytes_per_ns;        // what a nanosecond of decoding is worth
  double pack_handicap;       // what giving up zero copy costs
  double zstd_handicap;       // decompression of scalars and strings
  double wide_zstd_handicap;  // decompression of wide rows
};

// Light: chunks are scanned from the mapping, so zstd must halve scalars, and wide rows must save a fifth:
// full-mantissa floats give 10-16 %, which is not worth losing zero copy at 2 GB/s.
constexpr Taste kLightTaste{0.1, 1.05, 2.0, 1.25};
// Strings: symbols must save a third (dictionaries are filtered by code), and zstd, which decodes 64 KiB for one row, as
// much again.
constexpr double kLightSymbolsHandicap = 1.5;
constexpr double kLightStringHandicap = 2.5;
// Heavy: size decides, unless nothing is gained.
constexpr Taste kHeavyTaste{0.01, 1.01, 1.03, 1.03};
// Narrower rows are read as quickly as their sketch.
constexpr uint32_t kLeastSketchedValues = 64;
constexpr uint32_t kLeastSketchedRows = 256;
// Lossless ZPTV against the best of the others.
constexpr double kLightZptvHandicap = 1.25;
constexpr double kHeavyZptvHandicap = 1.03;

// Once something is this much smaller than plain, what costs more to estimate is not asked any more.
constexpr double kGoodEnoughLight = 4;
constexpr double kGoodEnoughHeavy = 64;

// Samples mislead by as much. Where size decides, the two best are both encoded if their estimates are closer than this. Not
// of wide rows: they are most of the bytes, and zstd at an archive's levels spends 80 ns on each byte of their noise.
constexpr double kCloseRace = 1.3;

// Cheap estimates first.
std::vector<EncodingId> Candidates(Compression compression) {
  using enum EncodingId;
  switch (compression) {
    case Compression::kNone:
      return {kPlain};
    case Compression::kDictionary:
      return {kPlain, kConstant, kDictionary};
    case Compression::kRunLength:
      return {kPlain, kConstant, kRunLength};
    case Compression::kDelta:
      return {kPlain, kConstant, kDelta};
    case Compression::kAuto:
    case Compression::kZptv:  // without a contract it is lossless: the best of what there is
      return {kPlain,    kConstant, kRunLength,       kDelta,     kBitPack,  kDictionary,    kScaled,
              kNarrowed, kCodedDictionary, kFrontBits, kResidual, kByteSplitZstd, kZstdRows, kSymbols, kZstd};
  }
  return {kPlain};
}

double Handicap(EncodingId id, const ValueSpan& rows, EncodingEffort effort) {
  const bool light = effort == EncodingEffort::kLight;
  const Taste& taste = light ? kLightTaste : kHeavyTaste;
  switch (id) {
    case EncodingId::kPlain:
      return 1.0;
    case EncodingId::kByteSplitZstd:
    case EncodingId::kResidual:
    case EncodingId::kZstdRows:
      return rows.shape.row_bytes() >= kWideRowBytes ? taste.wide_zstd_handicap : taste.zstd_handicap;
    case EncodingId::kZstd:
      return light ? kLightStringHandicap : taste.zstd_handicap;
    case EncodingId::kSymbols:
      return light ? kLightSymbolsHandicap : taste.pack_handicap;
    default:
      return taste.pack_handicap;
  }
}

double Score(const Codec& codec, const ValueSpan& rows, EncodingEffort effort, uint64_t bytes) {
  const Taste& taste = effort == EncodingEffort::kLight ? kLightTaste : kHeavyTaste;
  const double values = static_cast<double>(rows.byte_size()) / 8;
  return Handicap(codec.id(), rows, effort) * static_cast<double>(bytes) +
         taste.bytes_per_ns * codec.decode_ns_per_value() * values;
}

absl::StatusOr<EncodedBytes> EncodeBest(const ValueSpan& rows, const std::vector<EncodingId>& candidates,
                                        EncodingEffort effort) {
  const Codec* best = PlainCodec();
  const uint64_t plain_bytes = *best->EstimateBytes(rows, effort);
  const double good_enough =
      static_cast<double>(plain_bytes) / (effort == EncodingEffort::kLight ? kGoodEnoughLight : kGoodEnoughHeavy);
  double best_score = Score(*best, rows, effort, plain_bytes);
  const Codec* second = nullptr;
  double second_score = HUGE_VAL;
  for (EncodingId id : candidates) {
    if (best_score < good_enough) break;
    ASSIGN_OR_RETURN(const Codec* codec, FindCodec(id));
    const std::optional<uint64_t> bytes = codec->EstimateBytes(rows, effort);
    if (!bytes.has_value()) continue;
    const double score = Score(*codec, rows, effort, *bytes);
    if (score < best_score) {
      second = std::exchange(best, codec);
      second_score = std::exchange(best_score, score);
    } else if (score < second_score) {
      second = codec;
      second_score = score;
    }
  }
  EncodedBytes encoded{best->id(), {}, {}};
  RETURN_IF_ERROR(best->Encode(rows, effort, &encoded.bytes));
  const bool wide = rows.shape.row_bytes() >= kWideRowBytes;
  if (effort == EncodingEffort::kHeavy && !wide && second_score < kCloseRace * best_score) {
    EncodedBytes other{second->id(), {}, {}};
    RETURN_IF_ERROR(second->Encode(rows, effort, &other.bytes));
    if (Score(*second, rows, effort, other.bytes.size()) < Score(*best, rows, effort, encoded.bytes.size())) {
      best = second;
      encoded = std::move(other);
    }
  }
  // An estimate from a sample can be wrong; nothing may grow.
  if (best != PlainCodec() && encoded.bytes.size() >= plain_bytes) {
    encoded = {EncodingId::kPlain, {}, {}};
    RETURN_IF_ERROR(PlainCodec()->Encode(rows, effort, &encoded.bytes));
  }
  return encoded;
}

// Under a bound: ZPTV, or plain (which makes no error) if that is not larger.
absl::StatusOr<EncodedBytes> EncodeBounded(const ValueSpan& rows, const EncodeOptions& options) {
  EncodedBytes encoded{EncodingId::kZptv, {}, ZptvStatement{options.contract, {}}};
  ASSIGN_OR_RETURN(encoded.statement->error,
                   EncodeZptv(rows,
                              {.contract = options.contract,
                               .is_complex = options.is_complex,
                               .exact_rows = options.exact_rows},
                              &encoded.bytes));
  if (encoded.bytes.size() < *PlainCodec()->EstimateBytes(rows, options.effort)) return encoded;
  encoded = {EncodingId::kPlain, {}, ZptvStatement{options.contract, {}}};
  RETURN_IF_ERROR(PlainCodec()->Encode(rows, options.effort, &encoded.bytes));
  return encoded;
}

// The best encoding of all, ZPTV's exact forms included.
absl::StatusOr<EncodedBytes> EncodeExact(const ValueSpan& rows, const EncodeOptions& options) {
  ASSIGN_OR_RETURN(EncodedBytes best, EncodeBest(rows, Candidates(options.compression), options.effort));
  EncodedBytes zptv{EncodingId::kZptv, {}, {}};
  const ZptvStatement made = options.made.value_or(ZptvStatement());
  RETURN_IF_ERROR(EncodeZptv(rows,
                             {.is_complex = options.is_complex, .made_under = made.contract, .made_error = made.error},
                             &zptv.bytes)
                      .status());
  const double handicap = options.effort == EncodingEffort::kLight ? kLightZptvHandicap : kHeavyZptvHandicap;
  if (handicap * static_cast<double>(zptv.bytes.size()) < static_cast<double>(best.bytes.size())) best = std::move(zptv);
  best.statement = options.made;
  return best;
}

absl::StatusOr<EncodedBytes> EncodeAsDeclared(const ValueSpan& rows, const EncodeOptions& options) {
  if (options.compression != Compression::kZptv || !IsFloat(rows.shape.type)) {
    return EncodeBest(rows, Candidates(options.compression), options.effort);
  }
  if (options.contract.kind != ZptvContract::Kind::kLossless) return EncodeBounded(rows, options);
  return EncodeExact(rows, options);
}

// Whether a sketch as base layer may take no more than `share` above `bytes`, the best without. What is in two of three
// raw bytes or less has structure that a refinement would lose; where the sketch alone is too large nobody needs to try.
bool MayCarrySketch(const ValueSpan& rows, uint64_t bytes, double share) {
  if (!(share > 0) || !IsFloat(rows.shape.type) || rows.shape.values_per_row < kLeastSketchedValues) return false;
  if (rows.row_count < kLeastSketchedRows) return false;
  return 3 * bytes > 2 * rows.byte_size();
}

}  // namespace

absl::StatusOr<EncodedBytes> EncodeChunk(const ValueSpan& rows, const EncodeOptions& options) {
  ASSIGN_OR_RETURN(EncodedBytes best, EncodeAsDeclared(rows, options));
  const bool exact = options.contract.kind == ZptvContract::Kind::kLossless;
  const bool free_choice = options.compression == Compression::kAuto || options.compression == Compression::kZptv;
  if (!exact || !free_choice || !MayCarrySketch(rows, best.bytes.size(), options.sketch_share)) return best;
  EncodedBytes sketched{EncodingId::kSketched, {}, best.statement};
  RETURN_IF_ERROR(SketchedCodec()->Encode(rows, options.effort, &sketched.bytes));
  const double limit = static_cast<double>(best.bytes.size()) * (1 + options.sketch_share);
  if (static_cast<double>(sketched.bytes.size()) <= limit) return sketched;
  return best;
}

absl::StatusOr<EncodedBytes> EncodeChunk(const ValueSpan& rows, Compression compression, EncodingEffort effort) {
  return EncodeChunk(rows, EncodeOptions{.compression = compression, .effort = effort});
}

absl::StatusOr<EncodedBytes> EncodeNested(const ValueSpan& rows, EncodingEffort effort) {
  std::vector<EncodingId> candidates = Candidates(Compression::kAuto);
  std::erase_if(candidates, Nests);
  return EncodeBest(rows, candidates, effort);
}

absl::StatusOr<EncodedBytes> EncodeEntries(const ValueSpan& rows, EncodingEffort effort) {
  std::vector<EncodingId> candidates = Candidates(Compression::kAuto);
  std::erase_if(candidates, [](EncodingId id) {
    return id == EncodingId::kDictionary || id == EncodingId::kCodedDictionary;
  });
  return EncodeBest(rows, candidates, effort);
}

}  // namespace cortex

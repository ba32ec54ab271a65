// The interface of all encodings: a codec turns the rows of one chunk into bytes, an EncodedChunk answers questions
// about those bytes. One encoding = one .h/.cc pair in this folder, listed in codec_registry.cc.
//
//   analyze  how many bytes would a sample take?          (encoding_chooser compares the answers)
//   encode   rows -> bytes
//   open     bytes -> EncodedChunk: Filter, Gather, Decode; all of them cost in proportion to the rows asked for,
//            rounded up to blocks, never to the whole chunk
//
// Bytes are never trusted: Open and every read check lengths, offsets and counts before use and answer DATA_LOSS.
#ifndef CORTEX_CODECS_CODEC_H_
#define CORTEX_CODECS_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "codecs/value_filter.h"
#include "codecs/values.h"
#include "codecs/zptv/contract.h"

namespace cortex {

// Numbered for ever: they are in the files. Zero is no encoding.
enum class EncodingId : uint8_t {
  kPlain = 1,          // values as they are; zero-copy
  kConstant = 2,       // one row, repeated
  kDictionary = 3,     // distinct values + bit-packed codes
  kRunLength = 4,      // (value, run end)
  kBitPack = 5,        // frame of reference + bit-packed offsets, blocks of 1,024
  kDelta = 6,          // frame of reference of differences, blocks of 1,024
  kByteSplitZstd = 7,  // bytes grouped by significance, then zstd, in blocks of rows
  kZstd = 8,           // zstd blocks of variable-length bytes
  kZptv = 9,           // floats within a declared error, or exactly
  kScaled = 10,        // floats that are integers times a scale: a nested chunk of integers, and exceptions
  kNarrowed = 11,      // floats that fit a narrower float type: a nested chunk of that type
  kResidual = 12,      // integers less what was predicted, entropy-coded, in blocks of rows
  kFrontBits = 13,     // floats cut in two: the front bits as codes of a dictionary, the rest bit-packed
  kZstdRows = 14,      // zstd blocks of fixed-width rows
  kCodedDictionary = 15,  // distinct values + codes, each in a chunk of their own
  kSymbols = 16,       // strings coded one by one with a table of frequent byte strings
  kSketched = 20,      // wide floats as sketches and what is missing to the values
};

std::string_view EncodingName(EncodingId id);

// What a chunk is for: light encodings favour decode speed (warm), heavy ones size (cold).
enum class EncodingEffort : uint8_t { kLight, kHeavy };

// Where an EncodedChunk's bytes come from: a mapped file region whose pages are checksummed on first touch, a cache, or
// plain memory. Read verifies, so a codec calls it for what it is about to use and for no more than that.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual uint64_t size() const = 0;
  // Bytes [offset, offset + count), valid as long as the source. Errors: DATA_LOSS out of range or checksum mismatch.
  virtual absl::StatusOr<absl::Span<const std::byte>> Read(uint64_t offset, uint64_t count) const = 0;
};

// A source over plain memory, which must outlive it.
class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(absl::Span<const std::byte> bytes) : bytes_(bytes) {}
  uint64_t size() const override { return bytes_.size(); }
  absl::StatusOr<absl::Span<const std::byte>> Read(uint64_t offset, uint64_t count) const override;

 private:
  absl::Span<const std::byte> bytes_;
};

// Distinct strings, numbered from 0. Entries never move while the object lives.
class StringDictionary {
 public:
  virtual ~StringDictionary() = default;
  // Entries [0, size()) may be read. A growing dictionary (hot tier) only ever adds.
  virtual uint32_t size() const = 0;
  virtual std::string_view At(uint32_t code) const = 0;
  // The code of `value`, or nullopt.
  virtual std::optional<uint32_t> Find(std::string_view value) const = 0;
};

// One encoded chunk, opened. Immutable and thread-safe. Borrows its ByteSource.
class EncodedChunk {
 public:
  virtual ~EncodedChunk() = default;

  virtual EncodingId encoding() const = 0;
  virtual uint32_t row_count() const = 0;

  // About how many rows are decoded to read one; 1 where rows are read one by one, or in blocks of 1,024. Who wants
  // most of a block is better off asking for all of it at once.
  virtual uint32_t block_rows() const { return 1; }

  // Appends rows [first, first + count) to `out`, whose shape is the chunk's. `out` may have grown on error.
  virtual absl::Status Decode(uint32_t first, uint32_t count, ValueBuffer* out) const = 0;

  // Appends the rows listed (ascending, repeats allowed) to `out`.
  virtual absl::Status Gather(absl::Span<const uint32_t> rows, ValueBuffer* out) const = 0;

  // Clears bit i of `selection` (LSB first, count bits) for every row first + i that does not satisfy `filter`; bits
  // already clear stay clear, and a codec may skip their rows. Scalars and kBytes only (values_per_row == 1).
  // `first` is a multiple of 64.
  virtual absl::Status Filter(const ValueFilter& filter, uint32_t first, uint32_t count, uint64_t* selection) const = 0;

  // Rows [first, first + count) in place, if the encoding stores them so (plain); otherwise nullopt. The bytes live as
  // long as the chunk. This is how scans of plain columns copy nothing.
  virtual absl::StatusOr<std::optional<ValueSpan>> TryView(uint32_t first, uint32_t count) const {
    return std::optional<ValueSpan>();
  }

  // Dictionary-encoded strings: the dictionary (lives as long as the chunk), and the codes of rows
  // [first, first + count) into `codes`. Others: nullptr, FAILED_PRECONDITION.
  virtual const StringDictionary* dictionary() const { return nullptr; }
  virtual absl::Status DecodeCodes(uint32_t first, uint32_t count, uint32_t* codes) const {
    return absl::FailedPreconditionError("chunk is not dictionary encoded");
  }

  // Memory it holds beside its source, about: what Open had to decode to find its way.
  virtual uint64_t memory_bytes() const { return 0; }

  // What the values are in respect of those that were given when they were sealed. nullopt: the same.
  virtual std::optional<ZptvStatement> statement() const { return std::nullopt; }
};

// Stateless; one instance per encoding, owned by the registry.
class Codec {
 public:
  virtual ~Codec() = default;

  virtual EncodingId id() const = 0;

  // Bytes `rows` would take (exact, or estimated from a sample where encoding is slow), or nullopt if this encoding
  // cannot hold them or surely does not pay.
  virtual std::optional<uint64_t> EstimateBytes(const ValueSpan& rows, EncodingEffort effort) const = 0;

  // Cost of decoding one row of 8 bytes, ns, measured on one core; the chooser weighs it against size by tier.
  virtual double decode_ns_per_value() const = 0;

  // Appends the encoding of `rows` to `out`. Same rows and effort, same bytes. `out` may have grown on error.
  // Errors: INVALID_ARGUMENT if this encoding cannot hold them.
  virtual absl::Status Encode(const ValueSpan& rows, EncodingEffort effort, std::string* out) const = 0;

  // Opens what Encode wrote. `source` must outlive the chunk. Errors: DATA_LOSS.
  virtual absl::StatusOr<std::unique_ptr<EncodedChunk>> Open(const ByteSource* source, ValueShape shape,
                                                             uint32_t row_count) const = 0;
};

}  // namespace cortex

#endif  // CORTEX_CODECS_CODEC_H_

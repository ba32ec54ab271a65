// A chunk inside a chunk: encodings that turn rows into simpler rows of another type (scaled, narrowed, dictionary
// codes) leave those to whichever plain-standing encoding suits them. One level deep: what is nested never nests, so
// damaged bytes cannot recurse. Internal to codecs.
#ifndef CORTEX_CODECS_NESTED_CHUNK_H_
#define CORTEX_CODECS_NESTED_CHUNK_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "codecs/chunk_io.h"
#include "codecs/codec.h"

namespace cortex {

// Encodings whose chunks hold another chunk.
constexpr bool Nests(EncodingId id) {
  return id == EncodingId::kScaled || id == EncodingId::kNarrowed || id == EncodingId::kCodedDictionary;
}

// 16 bytes: encoding u8, type u8, zero u16, extra u32 (the outer encoding's own), offset u64 of the nested bytes in the
// chunk, which reach to its end.
inline constexpr uint64_t kNestedHeaderBytes = 16;

// Encodes `rows` with the best encoding that does not nest, appends it to `out` (padded to 8 from `start`, where the
// outer chunk begins) and fills in the header at `start`.
absl::Status AppendNested(const ValueSpan& rows, EncodingEffort effort, uint32_t extra, size_t start, std::string* out);

// The nested chunk, opened, with the bytes it borrows.
class NestedChunk {
 public:
  // `values_per_row` and `row_count` are the outer chunk's. Errors: DATA_LOSS.
  static absl::StatusOr<NestedChunk> Open(const ByteSource* source, uint32_t values_per_row, uint32_t row_count);

  const EncodedChunk& chunk() const { return *chunk_; }
  const ValueShape& shape() const { return shape_; }
  uint32_t extra() const { return extra_; }
  uint64_t offset() const { return bytes_->offset(); }

  // Rows to ask for at a time: whole blocks of the nested encoding.
  uint32_t PieceRows() const;
  // Calls visit(first row, rows decoded) in pieces until [first, first + count) is done. With a selection (bit i is row
  // first + i, and `first` a multiple of 64), pieces without a set bit are left out.
  template <class Visit>
  absl::Status ForEachPiece(uint32_t first, uint32_t count, const uint64_t* selection, const Visit& visit) const;

 private:
  std::unique_ptr<SliceSource> bytes_;
  std::unique_ptr<EncodedChunk> chunk_;
  ValueShape shape_;
  uint32_t extra_ = 0;
};

// The size of `rows` in `codec`, judged by encoding a few whole blocks spread over them. nullopt if it refuses them.
std::optional<uint64_t> EstimateBySample(const Codec& codec, const ValueSpan& rows, EncodingEffort effort);

template <class Visit>
absl::Status NestedChunk::ForEachPiece(uint32_t first, uint32_t count, const uint64_t* selection,
                                       const Visit& visit) const {
  const uint32_t piece = PieceRows();
  ValueBuffer values(shape_);
  for (uint32_t row = first, rows = 0; row < first + count; row += rows) {
    rows = std::min(piece - row % piece, first + count - row);
    if (selection != nullptr && !AnyBit(selection + (row - first) / 64, rows)) continue;
    values.Clear();
    if (absl::Status s = chunk_->Decode(row, rows, &values); !s.ok()) return s;
    if (absl::Status s = visit(row, values.span()); !s.ok()) return s;
  }
  return absl::OkStatus();
}

}  // namespace cortex

#endif  // CORTEX_CODECS_NESTED_CHUNK_H_

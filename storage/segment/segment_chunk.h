// One column of one row group, opened: a ColumnChunk over the pieces of a file.
#ifndef CORTEX_STORAGE_SEGMENT_SEGMENT_CHUNK_H_
#define CORTEX_STORAGE_SEGMENT_SEGMENT_CHUNK_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "codecs/codec.h"
#include "codecs/zptv/sketch/section.h"
#include "storage/segment/lazy_value.h"
#include "storage/segment/paged_source.h"
#include "storage/segment/segment_footer.h"
#include "storage/segment_view.h"

namespace cortex {

// An encoded piece and what reads it. Without rows there is neither.
class OpenedPiece {
 public:
  static absl::StatusOr<OpenedPiece> Open(const ByteSource* file, const EncodedPiece& piece, ValueShape shape);
  const EncodedChunk* get() const { return chunk_.get(); }
  const EncodedChunk* operator->() const { return chunk_.get(); }
  uint64_t memory_bytes() const;
  const ByteSource* source() const { return source_.get(); }

 private:
  std::unique_ptr<PagedSource> source_;
  std::unique_ptr<EncodedChunk> chunk_;  // borrows source_
};

// Immutable, thread-safe. Validity is copied into memory at open (one bit per row); values stay in the file. Dense
// chunks translate row numbers into ranks among the present rows: one stored sum per 1,024 rows, and a popcount.
class SegmentChunk final : public ColumnChunk {
 public:
  struct Context {
    const ByteSource* file = nullptr;
    const ChunkLayout* layout = nullptr;
    DataType type;
    uint32_t row_count = 0;
    std::weak_ptr<const void> keep_alive;  // what a column of codes must hold to keep the dictionary
    std::string where;                     // for errors: file, row group, column
  };
  // `file` and `layout` must outlive the chunk. Errors: DATA_LOSS, UNIMPLEMENTED for an unknown encoding.
  static absl::StatusOr<std::unique_ptr<SegmentChunk>> Open(Context context);

  const ZoneMap* zone_map() const override;
  EncodingId encoding() const override { return context_.layout->values.encoding; }
  uint64_t stored_bytes() const override { return context_.layout->stored_bytes(); }
  // About, with what it will keep of sketches.
  uint64_t memory_bytes() const;
  uint32_t block_rows() const override { return values_.get() == nullptr ? 1 : values_->block_rows(); }
  bool has_nulls() const override { return context_.layout->null_count > 0; }
  absl::Status Validity(uint32_t first, uint32_t count, uint64_t* words) const override;
  absl::Status Decode(uint32_t first, uint32_t count, Column* out) const override;
  absl::Status Gather(absl::Span<const uint32_t> rows, Column* out) const override;
  void AppendExactRows(uint32_t first, uint32_t count, Bitmap* out) const override {
    out->Append(context_.layout->statement.has_value(), count);
  }
  absl::Status Filter(const ColumnPredicate& predicate, uint32_t first, uint32_t count,
                      uint64_t* selection) const override;
  absl::StatusOr<std::optional<ValueSpan>> TryView(uint32_t first, uint32_t count) const override;
  const StringDictionary* dictionary() const override;
  absl::Status DecodeCodes(uint32_t first, uint32_t count, uint32_t* codes) const override;

  absl::StatusOr<const RowSketches*> Sketch(SketchKind kind) const override;
  uint32_t SketchRow(uint32_t row) const override { return context_.layout->dense ? Rank(row) : row; }

 private:
  struct OpenedSketch {
    std::unique_ptr<ByteSource> source;
    std::optional<SketchSection> section;  // borrows source
  };
  // The bytes of the sketch of this kind: a piece of its own, or the beginning of the values. nullptr: there is none.
  std::unique_ptr<ByteSource> SketchBytes(SketchKind kind) const;
  explicit SegmentChunk(Context context) : context_(std::move(context)) {}
  absl::Status OpenPieces();
  absl::Status ReadValidity();

  bool all_null() const { return context_.layout->null_count == context_.row_count; }
  bool IsPresent(uint32_t row) const { return validity_.empty() ? !all_null() : GetBit(validity_.data(), row); }
  const uint64_t* validity_words() const { return validity_.data(); }
  // Present rows before `row`.
  uint32_t Rank(uint32_t row) const;

  absl::Status DecodeRows(uint32_t first, uint32_t count, Column* out) const;
  absl::Status DecodeCodedRows(uint32_t first, uint32_t count, Column* out) const;
  absl::Status DecodeList(uint32_t first, uint32_t count, Column* out) const;
  absl::Status GatherRows(absl::Span<const uint32_t> rows, Column* out) const;
  absl::Status GatherRuns(absl::Span<const uint32_t> rows, Column* out) const;
  absl::Status ReadCodes(uint32_t first, uint32_t count, uint32_t* codes) const;
  absl::Status FilterValues(const ValueFilter& filter, uint32_t first, uint32_t count, uint64_t* selection) const;
  absl::Status FilterDense(const ValueFilter& filter, uint32_t first, uint32_t count, uint64_t* selection) const;
  void AppendValidity(uint32_t first, uint32_t count, Column* out) const;
  bool TakesCodes(const Column& out) const;
  std::shared_ptr<const StringDictionary> SharedDictionary() const;

  absl::Status CheckRange(uint32_t first, uint32_t count) const;
  // The status of a read: where it happened, and DATA_LOSS if the disk failed under it.
  absl::Status Sealed(absl::Status status) const;

  const Context context_;
  std::vector<uint64_t> validity_;  // empty: all present, or all null
  std::vector<uint32_t> ranks_;     // dense only: Rank(1,024 i)
  OpenedPiece values_;
  OpenedPiece list_ends_;
  LazyValue<OpenedSketch> euclidean_sketch_;
  LazyValue<OpenedSketch> polar_sketch_;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_SEGMENT_SEGMENT_CHUNK_H_

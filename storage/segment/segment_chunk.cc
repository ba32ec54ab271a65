#include "storage/segment/segment_chunk.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/bytes/string_view.h"
#include "codecs/chunk_io.h"
#include "codecs/codec_registry.h"
#include "codecs/sketched.h"

namespace cortex {
namespace {

constexpr uint32_t kRowsPerRank = 1024;
constexpr ValueShape kListEndShape = {PhysicalType::kInt32, 1};

// Bits of word `w` that belong to the first `count` bits.
uint64_t WordMask(size_t w, uint32_t count) {
  const size_t left = count - w * 64;
  return left >= 64 ? ~uint64_t{0} : (uint64_t{1} << left) - 1;
}

// Appends `count` rows to `out`: where `is_present(i)`, the next row of `values`, else zeros.
template <typename IsPresent>
void Expand(const ValueSpan& values, uint32_t count, IsPresent is_present, ValueBuffer* out) {
  const size_t width = values.shape.row_bytes();
  uint32_t next = 0;
  for (uint32_t i = 0; i < count; ++i) {
    if (!is_present(i)) {
      out->AppendZeros(1);
    } else if (width == 0) {
      out->AppendString(values.StringAt(next++));
    } else {
      std::memcpy(out->ExtendFixed(1), values.fixed + width * next++, width);
    }
  }
}

}  // namespace

absl::StatusOr<OpenedPiece> OpenedPiece::Open(const ByteSource* file, const EncodedPiece& piece, ValueShape shape) {
  OpenedPiece opened;
  if (piece.row_count == 0) return opened;
  opened.source_ = std::make_unique<PagedSource>(file, piece.bytes);
  ASSIGN_OR_RETURN(opened.chunk_, OpenChunk(piece.encoding, opened.source_.get(), shape, piece.row_count));
  return opened;
}

uint64_t OpenedPiece::memory_bytes() const {
  constexpr uint64_t kSmallChunkBytes = 128;  // of those that keep nothing
  if (chunk_ == nullptr) return 0;
  return source_->memory_bytes() + std::max(kSmallChunkBytes, chunk_->memory_bytes());
}

uint64_t SegmentChunk::memory_bytes() const {
  uint64_t bytes = sizeof(*this) + validity_.capacity() * sizeof(uint64_t) + ranks_.capacity() * sizeof(uint32_t) +
                   context_.where.capacity() + values_.memory_bytes() + list_ends_.memory_bytes();
  for (const SketchPiece& sketch : context_.layout->sketches) {
    bytes += sizeof(OpenedSketch) + PagedSource::MemoryBytes(sketch.bytes);
  }
  return bytes;
}

absl::StatusOr<std::unique_ptr<SegmentChunk>> SegmentChunk::Open(Context context) {
  std::unique_ptr<SegmentChunk> chunk(new SegmentChunk(std::move(context)));
  RETURN_IF_ERROR(chunk->Sealed(chunk->OpenPieces()));
  return chunk;
}

absl::Status SegmentChunk::OpenPieces() {
  const ChunkLayout& layout = *context_.layout;
  if (layout.validity.length > 0) RETURN_IF_ERROR(ReadValidity());
  ASSIGN_OR_RETURN(values_, OpenedPiece::Open(context_.file, layout.values, context_.type.shape()));
  ASSIGN_OR_RETURN(list_ends_, OpenedPiece::Open(context_.file, layout.list_ends, kListEndShape));
  return absl::OkStatus();
}

std::unique_ptr<ByteSource> SegmentChunk::SketchBytes(SketchKind kind) const {
  if (kind == SketchKind::kEuclidean && encoding() == EncodingId::kSketched) {
    const uint64_t bytes = SketchedSectionBytes(context_.type.shape(), context_.layout->values.row_count);
    return std::make_unique<SliceSource>(values_.source(), 0, bytes);
  }
  for (const SketchPiece& piece : context_.layout->sketches) {
    if (piece.kind != static_cast<uint32_t>(kind)) continue;
    return std::make_unique<PagedSource>(context_.file, piece.bytes);
  }
  return nullptr;
}

absl::StatusOr<const RowSketches*> SegmentChunk::Sketch(SketchKind kind) const {
  if (SketchBytes(kind) == nullptr) return nullptr;
  const auto open = [&]() -> absl::StatusOr<std::unique_ptr<OpenedSketch>> {
    auto opened = std::make_unique<OpenedSketch>();
    opened->source = SketchBytes(kind);
    auto section = SketchSection::Open(opened->source.get(), kind, context_.type.shape(),
                                       context_.layout->values.row_count);
    if (!section.ok()) return Sealed(section.status());
    opened->section = *std::move(section);
    return opened;
  };
  const LazyValue<OpenedSketch>& slot = kind == SketchKind::kPolar ? polar_sketch_ : euclidean_sketch_;
  ASSIGN_OR_RETURN(const OpenedSketch* const opened, slot.Get(open));
  return &*opened->section;
}

absl::Status SegmentChunk::ReadValidity() {
  const PagedSource source(context_.file, context_.layout->validity);
  ASSIGN_OR_RETURN(const absl::Span<const std::byte> bytes, source.Read(0, source.size()));
  validity_.resize(WordsForBits(context_.row_count));
  std::memcpy(validity_.data(), bytes.data(), validity_.size() * sizeof(uint64_t));
  validity_.back() &= WordMask(validity_.size() - 1, context_.row_count);
  const uint32_t present = context_.row_count - context_.layout->null_count;
  if (CountOnes(validity_.data(), context_.row_count) != present) {
    return absl::DataLossError("validity does not agree with the null count");
  }
  if (!context_.layout->dense) return absl::OkStatus();
  uint32_t rank = 0;
  for (size_t w = 0; w < validity_.size(); ++w) {
    if (w % (kRowsPerRank / 64) == 0) ranks_.push_back(rank);
    rank += std::popcount(validity_[w]);
  }
  return absl::OkStatus();
}

const ZoneMap* SegmentChunk::zone_map() const {
  return context_.layout->zone_map.has_value() ? &*context_.layout->zone_map : nullptr;
}

uint32_t SegmentChunk::Rank(uint32_t row) const {
  if (validity_.empty()) return all_null() ? 0 : row;
  if (row == context_.row_count) return row - context_.layout->null_count;
  const uint32_t block = row / kRowsPerRank;
  const uint64_t* const words = validity_.data() + block * (kRowsPerRank / 64);
  return ranks_[block] + static_cast<uint32_t>(CountOnes(words, row % kRowsPerRank));
}

// --- public reads -------------------------------------------------------------------------------------------------

absl::Status SegmentChunk::Validity(uint32_t first, uint32_t count, uint64_t* words) const {
  RETURN_IF_ERROR(CheckRange(first, count));
  std::fill_n(words, WordsForBits(count), 0);
  if (!validity_.empty()) {
    CopyBits(validity_.data(), first, words, 0, count);
  } else if (!all_null()) {
    FillOnes(words, count);
  }
  return absl::OkStatus();
}

absl::Status SegmentChunk::Decode(uint32_t first, uint32_t count, Column* out) const {
  RETURN_IF_ERROR(CheckRange(first, count));
  if (count == 0) return absl::OkStatus();
  if (context_.type.is_list()) return Sealed(DecodeList(first, count, out));
  if (TakesCodes(*out)) return Sealed(DecodeCodedRows(first, count, out));
  out->Flatten();
  return Sealed(DecodeRows(first, count, out));
}

absl::Status SegmentChunk::Gather(absl::Span<const uint32_t> rows, Column* out) const {
  if (rows.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(CheckRange(rows.back(), 1));
  if (context_.type.is_list()) return Sealed(GatherRuns(rows, out));
  const uint32_t span = rows.back() - rows.front() + 1;
  // Codes come in ranges: taken where they would not mean decoding much more than was asked for.
  if (TakesCodes(*out) && rows.size() >= span / 4) {
    Column range(context_.type);
    RETURN_IF_ERROR(Decode(rows.front(), span, &range));
    std::vector<uint32_t> shifted(rows.begin(), rows.end());
    for (uint32_t& row : shifted) row -= rows.front();
    out->AppendSelected(range, shifted);
    return absl::OkStatus();
  }
  out->Flatten();
  return Sealed(GatherRows(rows, out));
}

absl::Status SegmentChunk::Filter(const ColumnPredicate& predicate, uint32_t first, uint32_t count,
                                  uint64_t* selection) const {
  RETURN_IF_ERROR(CheckRange(first, count));
  const bool want_null = predicate.kind == ColumnPredicate::Kind::kIsNull;
  for (size_t w = 0; w < WordsForBits(count); ++w) {
    uint64_t present = all_null() ? 0 : ~uint64_t{0};
    if (!validity_.empty()) present = validity_[first / 64 + w];
    selection[w] &= (want_null ? ~present : present) | ~WordMask(w, count);
  }
  if (predicate.kind != ColumnPredicate::Kind::kValues || all_null() || count == 0) return absl::OkStatus();
  return Sealed(FilterValues(predicate.filter, first, count, selection));
}

absl::StatusOr<std::optional<ValueSpan>> SegmentChunk::TryView(uint32_t first, uint32_t count) const {
  RETURN_IF_ERROR(CheckRange(first, count));
  std::optional<ValueSpan> view;
  if (context_.type.is_list() || context_.type.is_string() || values_.get() == nullptr) return view;
  uint32_t stored_first = first;
  if (context_.layout->dense) {
    stored_first = Rank(first);
    if (Rank(first + count) - stored_first != count) return view;  // null rows are not there to be seen
  }
  absl::StatusOr<std::optional<ValueSpan>> viewed = values_->TryView(stored_first, count);
  RETURN_IF_ERROR(Sealed(viewed.status()));
  return viewed;
}

const StringDictionary* SegmentChunk::dictionary() const {
  return context_.type.is_list() || values_.get() == nullptr ? nullptr : values_->dictionary();
}

absl::Status SegmentChunk::DecodeCodes(uint32_t first, uint32_t count, uint32_t* codes) const {
  if (dictionary() == nullptr) return absl::FailedPreconditionError("chunk is not dictionary encoded");
  RETURN_IF_ERROR(CheckRange(first, count));
  return Sealed(ReadCodes(first, count, codes));
}

// --- decoding -----------------------------------------------------------------------------------------------------

absl::Status SegmentChunk::DecodeRows(uint32_t first, uint32_t count, Column* out) const {
  if (!context_.layout->dense) {
    if (values_.get() == nullptr) return absl::DataLossError("no values");
    RETURN_IF_ERROR(values_->Decode(first, count, out->mutable_values()));
  } else {
    const uint32_t begin = Rank(first);
    const uint32_t present = Rank(first + count) - begin;
    if (present == 0) {
      out->mutable_values()->AppendZeros(count);
    } else if (present == count) {
      RETURN_IF_ERROR(values_->Decode(begin, count, out->mutable_values()));
    } else {
      ValueBuffer stored(context_.type.shape());
      RETURN_IF_ERROR(values_->Decode(begin, present, &stored));
      Expand(stored.span(), count, [&](uint32_t i) { return IsPresent(first + i); }, out->mutable_values());
    }
  }
  AppendValidity(first, count, out);
  return absl::OkStatus();
}

absl::Status SegmentChunk::DecodeCodedRows(uint32_t first, uint32_t count, Column* out) const {
  std::vector<uint32_t>& codes = *out->mutable_codes();
  const size_t before = codes.size();
  codes.resize(before + count);
  if (absl::Status read = ReadCodes(first, count, codes.data() + before); !read.ok()) {
    codes.resize(before);
    return read;
  }
  if (!out->is_dictionary()) out->SetDictionary(SharedDictionary());
  AppendValidity(first, count, out);
  return absl::OkStatus();
}

absl::Status SegmentChunk::ReadCodes(uint32_t first, uint32_t count, uint32_t* codes) const {
  if (!context_.layout->dense) {
    RETURN_IF_ERROR(values_->DecodeCodes(first, count, codes));
    if (validity_.empty()) return absl::OkStatus();
    for (uint32_t i = 0; i < count; ++i) {
      if (!IsPresent(first + i)) codes[i] = 0;
    }
    return absl::OkStatus();
  }
  const uint32_t begin = Rank(first);
  const uint32_t present = Rank(first + count) - begin;
  RETURN_IF_ERROR(values_->DecodeCodes(begin, present, codes));
  uint32_t next = present;  // spread in place, from the end
  for (uint32_t i = count; i > 0; --i) codes[i - 1] = IsPresent(first + i - 1) ? codes[--next] : 0;
  return absl::OkStatus();
}

absl::Status SegmentChunk::DecodeList(uint32_t first, uint32_t count, Column* out) const {
  if (list_ends_.get() == nullptr) return absl::DataLossError("no list ends");
  const uint32_t from = first == 0 ? 0 : first - 1;
  ValueBuffer buffer(kListEndShape);
  RETURN_IF_ERROR(list_ends_->Decode(from, first + count - from, &buffer));
  const absl::Span<const int32_t> decoded = buffer.values<int32_t>();
  const int64_t begin = first == 0 ? 0 : decoded[0];
  const absl::Span<const int32_t> ends = first == 0 ? decoded : decoded.subspan(1);
  int64_t previous = begin;
  for (const int32_t end : ends) {
    if (end < previous) return absl::DataLossError("list ends fall");
    previous = end;
  }
  if (begin < 0 || previous > context_.layout->values.row_count) {
    return absl::DataLossError("list ends beyond the elements");
  }
  if (previous > begin) {
    RETURN_IF_ERROR(values_->Decode(static_cast<uint32_t>(begin), static_cast<uint32_t>(previous - begin),
                                    out->mutable_values()));
  }
  std::vector<uint32_t>& offsets = *out->mutable_list_offsets();
  const uint32_t base = offsets.back();
  for (const int32_t end : ends) offsets.push_back(base + static_cast<uint32_t>(end - begin));
  AppendValidity(first, count, out);
  return absl::OkStatus();
}

absl::Status SegmentChunk::GatherRows(absl::Span<const uint32_t> rows, Column* out) const {
  const auto count = static_cast<uint32_t>(rows.size());
  std::vector<uint64_t> present(WordsForBits(count), 0);
  std::vector<uint32_t> stored_rows;
  for (uint32_t i = 0; i < count; ++i) {
    if (!IsPresent(rows[i])) continue;
    SetBit(present.data(), i);
    if (context_.layout->dense) stored_rows.push_back(Rank(rows[i]));
  }
  if (!context_.layout->dense) {
    if (values_.get() == nullptr) return absl::DataLossError("no values");
    RETURN_IF_ERROR(values_->Gather(rows, out->mutable_values()));
  } else if (stored_rows.empty()) {
    out->mutable_values()->AppendZeros(count);
  } else {
    ValueBuffer stored(context_.type.shape());
    RETURN_IF_ERROR(values_->Gather(stored_rows, &stored));
    Expand(stored.span(), count, [&](uint32_t i) { return GetBit(present.data(), i); }, out->mutable_values());
  }
  out->FinishAppend(count, has_nulls() ? present.data() : nullptr, 0);
  return absl::OkStatus();
}

// Lists: row by row, neighbours together.
absl::Status SegmentChunk::GatherRuns(absl::Span<const uint32_t> rows, Column* out) const {
  for (size_t i = 0; i < rows.size();) {
    size_t end = i + 1;
    while (end < rows.size() && rows[end] == rows[end - 1] + 1) ++end;
    RETURN_IF_ERROR(DecodeList(rows[i], static_cast<uint32_t>(end - i), out));
    i = end;
  }
  return absl::OkStatus();
}

// --- filtering ----------------------------------------------------------------------------------------------------

absl::Status SegmentChunk::FilterValues(const ValueFilter& filter, uint32_t first, uint32_t count,
                                        uint64_t* selection) const {
  if (values_.get() == nullptr) return absl::DataLossError("no values");
  if (context_.layout->dense) return FilterDense(filter, first, count, selection);
  return values_->Filter(filter, first, count, selection);
}

// Translates the selection into one over the present rows, filters that, and translates back. The codec wants to begin
// at a multiple of 64; rows before the first one asked for are simply not selected.
absl::Status SegmentChunk::FilterDense(const ValueFilter& filter, uint32_t first, uint32_t count,
                                       uint64_t* selection) const {
  const uint32_t begin = Rank(first);
  const uint32_t aligned = begin / 64 * 64;
  const uint32_t stored_count = Rank(first + count) - aligned;
  std::vector<uint64_t> stored(WordsForBits(stored_count), 0);
  uint32_t rank = begin - aligned;
  for (uint32_t i = 0; i < count; ++i) {
    if (!IsPresent(first + i)) continue;
    if (GetBit(selection, i)) SetBit(stored.data(), rank);
    ++rank;
  }
  if (stored_count == begin - aligned) return absl::OkStatus();  // no present row in the range
  RETURN_IF_ERROR(values_->Filter(filter, aligned, stored_count, stored.data()));
  rank = begin - aligned;
  for (uint32_t i = 0; i < count; ++i) {
    if (!IsPresent(first + i)) continue;
    if (!GetBit(stored.data(), rank)) ClearBit(selection, i);
    ++rank;
  }
  return absl::OkStatus();
}

// --- helpers ------------------------------------------------------------------------------------------------------

void SegmentChunk::AppendValidity(uint32_t first, uint32_t count, Column* out) const {
  if (!has_nulls()) return out->FinishAppend(count, nullptr, 0);
  if (!validity_.empty()) return out->FinishAppend(count, validity_.data(), first);
  const std::vector<uint64_t> none(WordsForBits(count), 0);
  out->FinishAppend(count, none.data(), 0);
}

bool SegmentChunk::TakesCodes(const Column& out) const {
  if (dictionary() == nullptr) return false;
  return out.row_count() == 0 ? !out.is_dictionary() : out.shared_dictionary().get() == dictionary();
}

std::shared_ptr<const StringDictionary> SegmentChunk::SharedDictionary() const {
  return {context_.keep_alive.lock(), dictionary()};
}

absl::Status SegmentChunk::CheckRange(uint32_t first, uint32_t count) const {
  if (first <= context_.row_count && count <= context_.row_count - first) return absl::OkStatus();
  return absl::InternalError(absl::StrFormat("rows %d + %d asked of a chunk of %d", first, count, context_.row_count));
}

absl::Status SegmentChunk::Sealed(absl::Status status) const {
  if (status.ok()) status = context_.file->Read(0, 0).status();  // a mapping answers for what was read just now
  if (status.ok()) return status;
  return absl::Status(status.code(), AbslView(absl::StrFormat("%s: %s", StdView(status.message()), context_.where)));
}

}  // namespace cortex

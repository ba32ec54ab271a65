#include "codecs/integer_blocks.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/bytes/string_view.h"
#include "codecs/chunk_io.h"
#include "codecs/filter_values.h"
#include "codecs/simd/unpack_kernels.h"

namespace cortex {
namespace {

template <typename T>
void Widen(const ValueSpan& rows, uint32_t first, uint32_t count, int64_t* values) {
  for (uint32_t i = 0; i < count; ++i) values[i] = LoadAs<T>(rows.fixed + (size_t{first} + i) * sizeof(T));
}

uint32_t BlockCount(uint32_t row_count) { return (row_count + kIntegerBlockRows - 1) / kIntegerBlockRows; }
// After the head: u32 offset, u8 width, u8 zero, u16 exceptions.
constexpr uint64_t EntryBytes(unsigned head_words) { return head_words * sizeof(int64_t) + 8; }

// Scratch for one decoded block.
struct alignas(64) BlockScratch {
  std::byte rows[kIntegerBlockRows * sizeof(int64_t)];
};

}  // namespace

bool HoldsIntegers(ValueShape shape) {
  return shape.values_per_row == 1 && (IsInteger(shape.type) || shape.type == PhysicalType::kBool);
}

unsigned WordBits(PhysicalType type) { return type == PhysicalType::kInt64 ? 64 : 32; }

void WidenRows(const ValueSpan& rows, uint32_t first, uint32_t count, int64_t* values) {
  switch (WidthOf(rows.shape.type)) {
    case 1:
      return Widen<int8_t>(rows, first, count, values);
    case 2:
      return Widen<int16_t>(rows, first, count, values);
    case 4:
      return Widen<int32_t>(rows, first, count, values);
    default:
      return Widen<int64_t>(rows, first, count, values);
  }
}

void StoreNarrow(const uint32_t* words, uint32_t count, uint32_t width_bytes, std::byte* rows) {
  const absl::Span<const uint32_t> values(words, count);
  if (width_bytes == 1) {
    simd::Narrow(values, reinterpret_cast<uint8_t*>(rows));
  } else if (width_bytes == 2) {
    simd::Narrow(values, reinterpret_cast<uint16_t*>(rows));
  } else {
    std::memcpy(rows, words, count * sizeof(uint32_t));
  }
}

template <class Visit>
void IntegerBlockCodec::ForEachBlock(const ValueSpan& rows, const Visit& visit) const {
  const unsigned word_bits = wide_words_ ? 64 : WordBits(rows.shape.type);
  IntegerBlock block;
  int64_t values[kIntegerBlockRows];
  for (uint32_t first = 0; first < rows.row_count; first += kIntegerBlockRows) {
    const uint32_t count = std::min(kIntegerBlockRows, rows.row_count - first);
    WidenRows(rows, first, count, values);
    PlanBlock({values, count}, word_bits, &block);
    visit(first / kIntegerBlockRows, block, count, word_bits);
  }
}

std::optional<uint64_t> IntegerBlockCodec::EstimateBytes(const ValueSpan& rows, EncodingEffort) const {
  if (!HoldsIntegers(rows.shape)) return std::nullopt;
  uint64_t bytes = BlockCount(rows.row_count) * EntryBytes(head_words_);
  ForEachBlock(rows, [&](uint32_t, const IntegerBlock& block, uint32_t count, unsigned word_bits) {
    bytes += PackedBlockBytes(block.packed, count, word_bits);
  });
  return bytes;
}

absl::Status IntegerBlockCodec::Encode(const ValueSpan& rows, EncodingEffort, std::string* out) const {
  if (!HoldsIntegers(rows.shape)) {
    return absl::InvalidArgumentError(absl::StrFormat("%s holds one integer per row", AbslView(EncodingName(id()))));
  }
  const size_t start = out->size();
  out->resize(start + BlockCount(rows.row_count) * EntryBytes(head_words_), '\0');
  ByteWriter writer(out);
  ForEachBlock(rows, [&](uint32_t i, const IntegerBlock& block, uint32_t count, unsigned word_bits) {
    size_t entry = start + i * EntryBytes(head_words_);
    for (unsigned k = 0; k < head_words_; ++k, entry += sizeof(int64_t)) writer.PatchAt(entry, block.head[k]);
    writer.PatchAt(entry, static_cast<uint32_t>(out->size() - start));
    writer.PatchAt(entry + 4, block.packed.width);
    writer.PatchAt(entry + 6, block.packed.exception_count);
    AppendPackedBlock({block.values, count}, block.packed, word_bits, out);
  });
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<EncodedChunk>> IntegerBlockCodec::Open(const ByteSource* source, ValueShape shape,
                                                                      uint32_t row_count) const {
  const absl::string_view name = AbslView(EncodingName(id()));
  if (!HoldsIntegers(shape)) return absl::DataLossError(absl::StrFormat("%s chunk of a column without integers", name));
  if (source->size() < BlockCount(row_count) * EntryBytes(head_words_)) {
    return absl::DataLossError(
        absl::StrFormat("%s chunk of %d rows has only %d bytes", name, row_count, source->size()));
  }
  return OpenBlocks(source, shape, row_count);
}

absl::StatusOr<IntegerBlockView> ReadIntegerBlock(const ByteSource* source, unsigned head_words, uint32_t block,
                                                  uint32_t count, unsigned word_bits) {
  ASSIGN_OR_RETURN(const auto entry, source->Read(block * EntryBytes(head_words), EntryBytes(head_words)));
  IntegerBlockView view;
  const std::byte* at = entry.data();
  for (unsigned k = 0; k < head_words; ++k, at += sizeof(int64_t)) view.head[k] = LoadAs<int64_t>(at);
  const PackedBlock packed{LoadAs<uint8_t>(at + 4), LoadAs<uint16_t>(at + 6)};
  ASSIGN_OR_RETURN(view.packed, PackedBlockView::Read(source, LoadAs<uint32_t>(at), packed, count, word_bits));
  return view;
}

uint32_t IntegerBlockChunk::RowsIn(uint32_t block) const {
  return std::min(kIntegerBlockRows, row_count_ - block * kIntegerBlockRows);
}

absl::Status IntegerBlockChunk::Decode(uint32_t first, uint32_t count, ValueBuffer* out) const {
  RETURN_IF_ERROR(CheckRange(first, count, row_count_));
  if (count == 0) return absl::OkStatus();
  const uint32_t width = shape_.row_bytes();
  std::byte* to = out->ExtendFixed(count);
  BlockScratch scratch;
  for (uint32_t row = first; row < first + count;) {
    const uint32_t block = row / kIntegerBlockRows, skip = row % kIntegerBlockRows;
    RETURN_IF_ERROR(DecodeBlock(block, scratch.rows));
    const uint32_t rows = std::min(RowsIn(block) - skip, first + count - row);
    std::memcpy(to, scratch.rows + size_t{skip} * width, size_t{rows} * width);
    to += size_t{rows} * width;
    row += rows;
  }
  return absl::OkStatus();
}

absl::Status IntegerBlockChunk::Gather(absl::Span<const uint32_t> rows, ValueBuffer* out) const {
  RETURN_IF_ERROR(CheckRows(rows, row_count_));
  const uint32_t width = shape_.row_bytes();
  BlockScratch scratch;
  for (size_t i = 0; i < rows.size();) {
    const uint32_t block = rows[i] / kIntegerBlockRows;
    size_t end = i + 1;
    while (end < rows.size() && rows[end] / kIntegerBlockRows == block) ++end;
    std::byte* to = out->ExtendFixed(static_cast<uint32_t>(end - i));
    // A few rows of a block are picked out one by one where the encoding can.
    bool picked = end - i <= 16;
    for (size_t k = i; k < end && picked; ++k) {
      ASSIGN_OR_RETURN(picked, DecodeRow(rows[k], to + (k - i) * width));
    }
    if (!picked) {
      RETURN_IF_ERROR(DecodeBlock(block, scratch.rows));
      for (size_t k = i; k < end; ++k) {
        std::memcpy(to + (k - i) * width, scratch.rows + size_t{rows[k] % kIntegerBlockRows} * width, width);
      }
    }
    i = end;
  }
  return absl::OkStatus();
}

absl::Status IntegerBlockChunk::Filter(const ValueFilter& filter, uint32_t first, uint32_t count,
                                       uint64_t* selection) const {
  RETURN_IF_ERROR(CheckRange(first, count, row_count_));
  const uint32_t width = shape_.row_bytes();
  BlockScratch scratch;
  for (uint32_t row = first; row < first + count;) {
    const uint32_t block = row / kIntegerBlockRows, skip = row % kIntegerBlockRows;
    const uint32_t rows = std::min(RowsIn(block) - skip, first + count - row);
    uint64_t* bits = selection + (row - first) / 64;
    // `first` is a multiple of 64, so every block begins at a word; a block already ruled out is not decoded.
    if (AnyBit(bits, rows)) {
      RETURN_IF_ERROR(DecodeBlock(block, scratch.rows));
      FilterFixedValues({.shape = shape_, .row_count = rows, .fixed = scratch.rows + size_t{skip} * width}, filter,
                        bits);
    }
    row += rows;
  }
  return absl::OkStatus();
}

}  // namespace cortex

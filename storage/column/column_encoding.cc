#include "storage/column/column_encoding.h"

#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "storage/column/string_dictionary.h"

namespace cortex {
namespace {

// Bits of a column's flags.
constexpr uint8_t kHasValidity = 1, kHasExactRows = 2;

enum class Layout : uint8_t { kFixed = 1, kStrings = 2, kCodes = 3, kList = 4, kPresent = 5 };

// Null rows of at least this width are left out. Narrow ones cost less to write than to pick apart.
constexpr uint32_t kPresentFromRowBytes = 64;
// What a column written without its null rows may grow to again: a few bytes of a damaged record must not ask for more.
constexpr uint64_t kMaxExpandedBytes = 1 << 30;

Layout LayoutOf(const Column& column) {
  if (column.is_dictionary()) return Layout::kCodes;
  if (column.type().is_list()) return Layout::kList;
  if (column.type().is_string()) return Layout::kStrings;
  const uint64_t width = column.values().shape.row_bytes();
  const bool worth_it = column.has_validity() && width >= kPresentFromRowBytes;
  return worth_it && column.row_count() * width <= kMaxExpandedBytes ? Layout::kPresent : Layout::kFixed;
}

// --- encoding -----------------------------------------------------------------------------------------------------

template <typename T>
void PutArray(const T* values, size_t count, std::string* out) {
  if (count != 0) out->append(reinterpret_cast<const char*>(values), count * sizeof(T));
}

void PutValues(const ValueSpan& values, std::string* out) {
  if (values.shape.type != PhysicalType::kBytes) return PutArray(values.fixed, values.byte_size(), out);
  // Offsets are written from 0, whatever the span began at.
  const uint32_t begin = values.offsets[0];
  const uint32_t end = values.offsets[values.row_count];
  const size_t at = out->size();
  PutArray(values.offsets, size_t{values.row_count} + 1, out);
  if (begin != 0) {
    for (uint32_t i = 0; i <= values.row_count; ++i) {
      const uint32_t offset = values.offsets[i] - begin;
      std::memcpy(out->data() + at + i * sizeof(offset), &offset, sizeof(offset));
    }
  }
  PutArray(values.bytes + begin, end - begin, out);
}

// The rows that are not null, in order.
void PutPresent(const Column& column, std::string* out) {
  for (uint32_t row = 0; row < column.row_count(); ++row) {
    if (!column.IsNull(row)) PutArray(column.FixedAt(row).data(), column.FixedAt(row).size(), out);
  }
}

// Only the entries in use, renumbered in order of first use: a shared dictionary may be far larger than the batch.
void PutCodes(const Column& column, std::string* out) {
  constexpr uint32_t kUnused = UINT32_MAX;
  std::vector<uint32_t> renumbered(column.dictionary().size(), kUnused);
  std::vector<uint32_t> codes(column.row_count(), 0);
  ValueBuffer entries(column.type().shape());
  for (uint32_t row = 0; row < column.row_count(); ++row) {
    if (column.IsNull(row)) continue;
    uint32_t& code = renumbered[column.codes()[row]];
    if (code == kUnused) {
      code = entries.row_count();
      entries.AppendString(column.dictionary().At(column.codes()[row]));
    }
    codes[row] = code;
  }
  ByteWriter(out).Put<uint32_t>(entries.row_count());
  PutValues(entries.span(), out);
  PutArray(codes.data(), codes.size(), out);
}

void PutBody(const Column& column, Layout layout, const Bitmap* exact_rows, std::string* out) {
  if (column.has_validity()) PutArray(column.validity_words(), WordsForBits(column.row_count()), out);
  if (exact_rows != nullptr) PutArray(exact_rows->words(), WordsForBits(column.row_count()), out);
  if (layout == Layout::kCodes) return PutCodes(column, out);
  if (layout == Layout::kPresent) return PutPresent(column, out);
  if (layout == Layout::kList) PutArray(column.list_offsets().data(), column.list_offsets().size(), out);
  PutValues(column.values(), out);
}

// --- decoding -----------------------------------------------------------------------------------------------------

absl::Status Malformed(std::string_view what) {
  return absl::DataLossError(absl::StrFormat("malformed column: %s", what));
}

absl::Status ReadArray(ByteReader* reader, uint64_t count, size_t width, absl::Span<const std::byte>* out) {
  return reader->ReadBytes(count * width, out);  // count < 2^33 and width <= 2^20: no overflow
}

// `count` + 1 offsets that begin at 0 and never fall. Copied, since bytes in a record have no alignment.
absl::Status ReadOffsets(ByteReader* reader, uint32_t count, std::vector<uint32_t>* offsets) {
  absl::Span<const std::byte> bytes;
  RETURN_IF_ERROR(ReadArray(reader, uint64_t{count} + 1, sizeof(uint32_t), &bytes));
  offsets->resize(size_t{count} + 1);
  std::memcpy(offsets->data(), bytes.data(), bytes.size());
  if (offsets->front() != 0) return Malformed("offsets do not begin at 0");
  bool ascending = true;
  for (size_t i = 1; i < offsets->size(); ++i) ascending &= (*offsets)[i - 1] <= (*offsets)[i];
  return ascending ? absl::OkStatus() : Malformed("offsets fall");
}

absl::Status ReadValues(ByteReader* reader, uint32_t count, ValueBuffer* out) {
  absl::Span<const std::byte> bytes;
  ValueSpan values{.shape = out->shape(), .row_count = count};
  if (values.shape.type != PhysicalType::kBytes) {
    RETURN_IF_ERROR(ReadArray(reader, count, values.shape.row_bytes(), &bytes));
    values.fixed = bytes.data();
    out->Append(values);
    return absl::OkStatus();
  }
  std::vector<uint32_t> offsets;
  RETURN_IF_ERROR(ReadOffsets(reader, count, &offsets));
  RETURN_IF_ERROR(reader->ReadBytes(offsets.back(), &bytes));
  values.offsets = offsets.data();
  values.bytes = reinterpret_cast<const char*>(bytes.data());
  out->Append(values);
  return absl::OkStatus();
}

absl::Status ReadCodes(ByteReader* reader, uint32_t row_count, Column* column) {
  uint32_t entry_count = 0;
  RETURN_IF_ERROR(reader->Read(&entry_count));
  if (entry_count > row_count) return Malformed("more dictionary entries than rows");
  ValueBuffer entries(column->type().shape());
  RETURN_IF_ERROR(ReadValues(reader, entry_count, &entries));
  absl::Span<const std::byte> bytes;
  RETURN_IF_ERROR(ReadArray(reader, row_count, sizeof(uint32_t), &bytes));
  column->SetDictionary(MakeStringDictionary(std::move(entries)));
  std::vector<uint32_t>& codes = *column->mutable_codes();
  codes.resize(row_count);
  if (row_count != 0) std::memcpy(codes.data(), bytes.data(), bytes.size());
  return absl::OkStatus();
}

absl::Status ReadPresent(ByteReader* reader, uint32_t row_count, const std::vector<uint64_t>& validity,
                         ValueBuffer* out) {
  const size_t width = out->shape().row_bytes();
  if (row_count * width > kMaxExpandedBytes) return Malformed("null rows of more than 1 GiB");
  absl::Span<const std::byte> present;
  RETURN_IF_ERROR(ReadArray(reader, CountOnes(validity.data(), row_count), width, &present));
  for (uint32_t row = 0; row < row_count; ++row) {
    if (!GetBit(validity.data(), row)) {
      out->AppendZeros(1);
      continue;
    }
    std::memcpy(out->ExtendFixed(1), present.data(), width);
    present.remove_prefix(width);
  }
  return absl::OkStatus();
}

absl::Status ReadList(ByteReader* reader, uint32_t row_count, Column* column) {
  RETURN_IF_ERROR(ReadOffsets(reader, row_count, column->mutable_list_offsets()));
  return ReadValues(reader, column->list_offsets().back(), column->mutable_values());
}

bool LayoutFits(Layout layout, const DataType& type) {
  switch (layout) {
    case Layout::kFixed:
    case Layout::kPresent:
      return !type.is_string() && !type.is_list();
    case Layout::kStrings:
    case Layout::kCodes:
      return type.is_string();
    case Layout::kList:
      return type.is_list();
  }
  return false;
}

absl::Status CheckPresentCodes(const Column& column) {
  for (uint32_t row = 0; row < column.row_count(); ++row) {
    if (column.codes()[row] >= column.dictionary().size() && !column.IsNull(row)) {
      return Malformed("dictionary code out of range");
    }
  }
  return absl::OkStatus();
}

// One bit per row.
absl::Status ReadBits(ByteReader* reader, uint32_t row_count, std::vector<uint64_t>* bits) {
  absl::Span<const std::byte> words;
  RETURN_IF_ERROR(ReadArray(reader, WordsForBits(row_count), sizeof(uint64_t), &words));
  bits->resize(WordsForBits(row_count));
  std::memcpy(bits->data(), words.data(), words.size());
  return absl::OkStatus();
}

absl::Status ReadBody(ByteReader* reader, const EncodedColumn& encoded, uint32_t row_count, Column* column,
                      Bitmap* exact_rows) {
  const auto layout = static_cast<Layout>(encoded.layout);
  const bool has_validity = encoded.has_validity;
  std::vector<uint64_t> validity;
  if (has_validity) RETURN_IF_ERROR(ReadBits(reader, row_count, &validity));
  if (encoded.has_exact_rows) {
    std::vector<uint64_t> bits;
    RETURN_IF_ERROR(ReadBits(reader, row_count, &bits));
    exact_rows->AppendBits(bits.data(), 0, row_count);
  }
  if (layout == Layout::kCodes) {
    RETURN_IF_ERROR(ReadCodes(reader, row_count, column));
  } else if (layout == Layout::kList) {
    RETURN_IF_ERROR(ReadList(reader, row_count, column));
  } else if (layout == Layout::kPresent) {
    if (!has_validity) return Malformed("present rows without validity");
    RETURN_IF_ERROR(ReadPresent(reader, row_count, validity, column->mutable_values()));
  } else {
    RETURN_IF_ERROR(ReadValues(reader, row_count, column->mutable_values()));
  }
  column->FinishAppend(row_count, has_validity ? validity.data() : nullptr, 0);
  return layout == Layout::kCodes ? CheckPresentCodes(*column) : absl::OkStatus();
}

}  // namespace

void EncodeColumn(const Column& column, ColumnId id, const Bitmap* exact_rows, std::string* out) {
  ByteWriter writer(out);
  const Layout layout = LayoutOf(column);
  writer.Put<uint32_t>(id.value());
  writer.Put<uint8_t>(static_cast<uint8_t>(layout));
  const int flags = (column.has_validity() ? kHasValidity : 0) | (exact_rows != nullptr ? kHasExactRows : 0);
  writer.Put<uint8_t>(static_cast<uint8_t>(flags));
  writer.Put<uint16_t>(0);
  const size_t length_at = out->size();
  writer.Put<uint64_t>(0);
  PutBody(column, layout, exact_rows, out);
  const uint64_t length = out->size() - length_at - sizeof(uint64_t);
  std::memcpy(out->data() + length_at, &length, sizeof(length));
}

absl::Status ReadEncodedColumn(ByteReader* reader, EncodedColumn* column) {
  uint32_t id = 0;
  uint8_t flags = 0;
  uint16_t reserved = 0;
  uint64_t length = 0;
  RETURN_IF_ERROR(reader->Read(&id));
  RETURN_IF_ERROR(reader->Read(&column->layout));
  RETURN_IF_ERROR(reader->Read(&flags));
  RETURN_IF_ERROR(reader->Read(&reserved));
  RETURN_IF_ERROR(reader->Read(&length));
  if ((flags & ~(kHasValidity | kHasExactRows)) != 0 || reserved != 0) return Malformed("bad column header");
  column->id = ColumnId(id);
  column->has_validity = (flags & kHasValidity) != 0;
  column->has_exact_rows = (flags & kHasExactRows) != 0;
  return reader->ReadBytes(length, &column->body);
}

absl::Status DecodeColumn(const EncodedColumn& encoded, uint32_t row_count, Column* out, Bitmap* exact_rows) {
  if (!LayoutFits(static_cast<Layout>(encoded.layout), out->type())) return Malformed("layout does not fit the type");
  ByteReader reader(encoded.body);
  RETURN_IF_ERROR(ReadBody(&reader, encoded, row_count, out, exact_rows));
  if (reader.remaining() != 0) return Malformed(absl::StrFormat("%d bytes too many", reader.remaining()));
  return absl::OkStatus();
}

}  // namespace cortex

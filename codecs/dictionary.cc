#include "codecs/dictionary.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/bytes/buffer.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/chunk_io.h"
#include "codecs/dictionary_builder.h"
#include "codecs/filter_values.h"
#include "codecs/simd/bitmap_kernels.h"
#include "codecs/simd/predicate_kernels.h"
#include "codecs/simd/unpack_kernels.h"

namespace cortex {
namespace {

constexpr uint64_t kHeaderBytes = 8;  // u32 entry count, u8 code width, three zero bytes
constexpr uint32_t kBlockRows = simd::kPackedBlockValues;
// Up to here a set of codes is compared value by value; beyond, looked up in a bitmap.
constexpr size_t kSmallCodeSet = 16;

unsigned CodeWidth(uint32_t entry_count) {
  return entry_count <= 1 ? 0 : static_cast<unsigned>(std::bit_width(entry_count - 1));
}

// Bit-packed codes of one chunk, in blocks of 1,024 of equal size (the last one shorter).
class PackedCodes {
 public:
  PackedCodes(const ByteSource* source, uint64_t offset, unsigned width, uint32_t row_count, uint32_t entry_count)
      : source_(source), offset_(offset), width_(width), row_count_(row_count), entry_count_(entry_count) {}

  static uint64_t Bytes(uint32_t row_count, unsigned width) {
    const uint64_t full = row_count / kBlockRows * uint64_t{simd::PackedBytes(kBlockRows, width, 32)};
    const uint32_t rest = row_count % kBlockRows;
    return full + (rest == 0 ? 0 : simd::PackedBytes(rest, width, 32));
  }

  // Codes of all rows of a block (room for 1,024), each below the entry count. Errors: DATA_LOSS.
  absl::Status UnpackBlock(uint32_t block, uint32_t* codes) const {
    ASSIGN_OR_RETURN(const auto bytes, ReadBlock(block));
    const uint32_t rows = RowsIn(block);
    simd::UnpackBits(bytes.data(), width_, rows, uint32_t{0}, codes);
    return CheckCode(simd::MaxOf({codes, rows}));
  }
  absl::StatusOr<uint32_t> At(uint32_t row) const {
    ASSIGN_OR_RETURN(const auto bytes, ReadBlock(row / kBlockRows));
    const uint32_t code = simd::UnpackOne32(bytes.data(), width_, row % kBlockRows);
    RETURN_IF_ERROR(CheckCode(code));
    return code;
  }
  // Calls visit(codes of some rows, how many, first of them counted from `first`) until [first, first + count) is done.
  template <class Visit>
  absl::Status ForEachBlock(uint32_t first, uint32_t count, const Visit& visit) const {
    alignas(64) uint32_t codes[kBlockRows];
    for (uint32_t row = first; row < first + count;) {
      const uint32_t block = row / kBlockRows, skip = row % kBlockRows;
      RETURN_IF_ERROR(UnpackBlock(block, codes));
      const uint32_t rows = std::min(RowsIn(block) - skip, first + count - row);
      RETURN_IF_ERROR(visit(codes + skip, rows, row - first));
      row += rows;
    }
    return absl::OkStatus();
  }

 private:
  uint32_t RowsIn(uint32_t block) const { return std::min(kBlockRows, row_count_ - block * kBlockRows); }
  absl::StatusOr<absl::Span<const std::byte>> ReadBlock(uint32_t block) const {
    return source_->Read(offset_ + block * uint64_t{simd::PackedBytes(kBlockRows, width_, 32)},
                         simd::PackedBytes(RowsIn(block), width_, 32));
  }
  absl::Status CheckCode(uint32_t code) const {
    if (code < entry_count_) return absl::OkStatus();
    return absl::DataLossError(absl::StrFormat("dictionary code %d of %d entries", code, entry_count_));
  }

  const ByteSource* source_;
  uint64_t offset_;
  unsigned width_;
  uint32_t row_count_;
  uint32_t entry_count_;
};

// The codes a filter keeps: [begin, end), or a set.
struct CodeSet {
  bool is_range = true;
  uint32_t begin = 0, end = 0;
  std::vector<int32_t> few;      // a small set
  std::vector<uint64_t> bitmap;  // a larger one
};

void AndCodes(const CodeSet& set, absl::Span<const uint32_t> codes, uint32_t entry_count, uint64_t* selection) {
  if (set.is_range) {
    if (set.begin == set.end) return ClearBits(selection, 0, static_cast<uint32_t>(codes.size()));
    return simd::AndInterval(codes, set.begin, set.end - 1, selection);
  }
  if (!set.bitmap.empty()) return simd::AndCodesIn(codes, set.bitmap.data(), entry_count, selection);
  simd::AndInSet(absl::Span<const int32_t>(reinterpret_cast<const int32_t*>(codes.data()), codes.size()),
                 absl::Span<const int32_t>(set.few), selection);
}

class DictionaryChunk : public EncodedChunk {
 public:
  DictionaryChunk(PackedCodes codes, uint32_t row_count, uint32_t entry_count)
      : codes_(codes), row_count_(row_count), entry_count_(entry_count) {}

  EncodingId encoding() const override { return EncodingId::kDictionary; }
  uint32_t row_count() const override { return row_count_; }

  absl::Status Decode(uint32_t first, uint32_t count, ValueBuffer* out) const override {
    RETURN_IF_ERROR(CheckRange(first, count, row_count_));
    return codes_.ForEachBlock(first, count, [&](const uint32_t* codes, uint32_t rows, uint32_t) {
      return AppendEntries({codes, rows}, out);
    });
  }

  absl::Status Gather(absl::Span<const uint32_t> rows, ValueBuffer* out) const override {
    RETURN_IF_ERROR(CheckRows(rows, row_count_));
    for (uint32_t row : rows) {
      ASSIGN_OR_RETURN(const uint32_t code, codes_.At(row));
      RETURN_IF_ERROR(AppendEntries({&code, 1}, out));
    }
    return absl::OkStatus();
  }

  absl::Status Filter(const ValueFilter& filter, uint32_t first, uint32_t count, uint64_t* selection) const override {
    RETURN_IF_ERROR(CheckRange(first, count, row_count_));
    const CodeSet kept = KeptCodes(filter);
    return codes_.ForEachBlock(first, count, [&](const uint32_t* codes, uint32_t rows, uint32_t done) {
      AndCodes(kept, {codes, rows}, entry_count_, selection + done / 64);
      return absl::OkStatus();
    });
  }

 protected:
  uint32_t entry_count() const { return entry_count_; }
  const PackedCodes& codes() const { return codes_; }
  virtual absl::Status AppendEntries(absl::Span<const uint32_t> codes, ValueBuffer* out) const = 0;
  virtual CodeSet KeptCodes(const ValueFilter& filter) const = 0;

 private:
  PackedCodes codes_;
  uint32_t row_count_;
  uint32_t entry_count_;
};

class StringEntries final : public StringDictionary {
 public:
  StringEntries(std::vector<uint32_t> offsets, const char* heap) : offsets_(std::move(offsets)), heap_(heap) {}

  uint32_t size() const override { return static_cast<uint32_t>(offsets_.size() - 1); }
  std::string_view At(uint32_t code) const override {
    return {heap_ + offsets_[code], offsets_[code + 1] - offsets_[code]};
  }
  std::optional<uint32_t> Find(std::string_view value) const override {
    const uint32_t code = LowerBound(value);
    if (code == size() || At(code) != value) return std::nullopt;
    return code;
  }
  // First code whose entry is >= value (> value with `after`).
  uint32_t LowerBound(std::string_view value, bool after = false) const {
    uint32_t low = 0, high = size();
    while (low < high) {
      const uint32_t middle = low + (high - low) / 2;
      const int order = At(middle).compare(value);
      if (order < 0 || (after && order == 0)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

 private:
  std::vector<uint32_t> offsets_;
  const char* heap_;
};

class StringDictionaryChunk final : public DictionaryChunk {
 public:
  StringDictionaryChunk(PackedCodes codes, uint32_t row_count, StringEntries entries)
      : DictionaryChunk(codes, row_count, entries.size()), entries_(std::move(entries)) {}

  const StringDictionary* dictionary() const override { return &entries_; }
  absl::Status DecodeCodes(uint32_t first, uint32_t count, uint32_t* out) const override {
    RETURN_IF_ERROR(CheckRange(first, count, row_count()));
    return codes().ForEachBlock(first, count, [&](const uint32_t* codes, uint32_t rows, uint32_t done) {
      std::memcpy(out + done, codes, rows * sizeof(uint32_t));
      return absl::OkStatus();
    });
  }

 protected:
  absl::Status AppendEntries(absl::Span<const uint32_t> codes, ValueBuffer* out) const override {
    for (uint32_t code : codes) RETURN_IF_ERROR(AppendChecked(entries_.At(code), out));
    return absl::OkStatus();
  }

  CodeSet KeptCodes(const ValueFilter& filter) const override {
    CodeSet kept;
    if (filter.kind == ValueFilter::Kind::kInterval) {
      kept.end = entries_.size();
      if (filter.lower.has_value()) {
        kept.begin = entries_.LowerBound(std::get<std::string>(filter.lower->value), !filter.lower->inclusive);
      }
      if (filter.upper.has_value()) {
        kept.end = entries_.LowerBound(std::get<std::string>(filter.upper->value), filter.upper->inclusive);
      }
      kept.end = std::max(kept.begin, kept.end);
      return kept;
    }
    kept.is_range = false;
    for (const FilterValue& member : filter.set) {
      const auto code = entries_.Find(std::get<std::string>(member));
      if (code.has_value()) kept.few.push_back(static_cast<int32_t>(*code));
    }
    if (kept.few.size() > kSmallCodeSet) {
      kept.bitmap.resize(simd::BitmapWords(entries_.size()));
      for (int32_t code : kept.few) kept.bitmap[static_cast<size_t>(code) / 64] |= uint64_t{1} << (code % 64);
    }
    return kept;
  }

 private:
  StringEntries entries_;
};

class FixedDictionaryChunk final : public DictionaryChunk {
 public:
  FixedDictionaryChunk(PackedCodes codes, uint32_t row_count, ValueBuffer entries)
      : DictionaryChunk(codes, row_count, entries.row_count()), entries_(std::move(entries)) {}

 protected:
  absl::Status AppendEntries(absl::Span<const uint32_t> codes, ValueBuffer* out) const override {
    std::byte* to = out->ExtendFixed(static_cast<uint32_t>(codes.size()));
    const std::byte* table = entries_.span().fixed;
    switch (entries_.shape().row_bytes()) {
      case 1:
        for (size_t i = 0; i < codes.size(); ++i) to[i] = table[codes[i]];
        break;
      case 2:
        simd::GatherTable(codes, reinterpret_cast<const uint16_t*>(table), reinterpret_cast<uint16_t*>(to));
        break;
      case 4:
        simd::GatherTable(codes, reinterpret_cast<const uint32_t*>(table), reinterpret_cast<uint32_t*>(to));
        break;
      default:
        simd::GatherTable(codes, reinterpret_cast<const uint64_t*>(table), reinterpret_cast<uint64_t*>(to));
        break;
    }
    return absl::OkStatus();
  }

  // The filter runs over the entries; what it keeps is nearly always one range, because they are sorted.
  CodeSet KeptCodes(const ValueFilter& filter) const override {
    CodeSet kept;
    kept.bitmap.assign(simd::BitmapWords(entry_count()), 0);
    simd::FillBitmap(kept.bitmap.data(), entry_count());
    FilterFixedValues(entries_.span(), filter, kept.bitmap.data());
    std::vector<uint32_t> codes(entry_count());
    const size_t count = simd::BitmapToRows(kept.bitmap.data(), entry_count(), 0, codes.data());
    if (count == 0) return kept;
    kept.begin = codes[0];
    kept.end = codes[count - 1] + 1;
    kept.is_range = kept.end - kept.begin == count;
    return kept;
  }

 private:
  ValueBuffer entries_;
};

absl::StatusOr<StringEntries> ReadStrings(const ByteSource* source, uint32_t entry_count, uint64_t* end) {
  ASSIGN_OR_RETURN(const auto bytes, source->Read(kHeaderBytes, sizeof(uint32_t) * (uint64_t{entry_count} + 1)));
  std::vector<uint32_t> offsets(entry_count + size_t{1});
  std::memcpy(offsets.data(), bytes.data(), bytes.size());
  if (offsets[0] != 0 || !std::is_sorted(offsets.begin(), offsets.end())) {
    return absl::DataLossError("dictionary offsets descend");
  }
  const uint64_t heap_at = kHeaderBytes + bytes.size();
  ASSIGN_OR_RETURN(const auto heap, source->Read(heap_at, offsets.back()));
  *end = heap_at + heap.size();
  return StringEntries(std::move(offsets), reinterpret_cast<const char*>(heap.data()));
}

class Dictionary final : public Codec {
 public:
  EncodingId id() const override { return EncodingId::kDictionary; }
  double decode_ns_per_value() const override { return 0.6; }

  std::optional<uint64_t> EstimateBytes(const ValueSpan& rows, EncodingEffort) const override {
    if (!HasDictionaryForm(rows.shape)) return std::nullopt;
    // Nearly distinct values cannot pay; the first rows tell without hashing all of them. Not fewer rows: draws from
    // 17,000 values look nearly distinct for 2,000 rows and are not over 65,536.
    constexpr uint32_t kProbeRows = 8192;
    if (rows.row_count > 4 * kProbeRows && !BuildDictionary(rows.Slice(0, kProbeRows), kProbeRows / 20 * 19)) {
      return std::nullopt;
    }
    const auto built = BuildDictionary(rows, rows.row_count / 4 * 3 + 1);
    if (!built.has_value()) return std::nullopt;
    const auto entries = static_cast<uint32_t>(built->first_rows.size());
    uint64_t bytes = kHeaderBytes + PackedCodes::Bytes(rows.row_count, CodeWidth(entries));
    for (uint32_t row : built->first_rows) {
      bytes += rows.shape.type == PhysicalType::kBytes ? rows.StringAt(row).size() + sizeof(uint32_t)
                                                       : rows.shape.row_bytes();
    }
    return bytes;
  }

  absl::Status Encode(const ValueSpan& rows, EncodingEffort, std::string* out) const override {
    if (!HasDictionaryForm(rows.shape)) return absl::InvalidArgumentError("dictionary holds one value per row");
    auto built = BuildDictionary(rows, rows.row_count);
    SortDictionary(rows, &*built);
    const auto entries = static_cast<uint32_t>(built->first_rows.size());
    const unsigned width = CodeWidth(entries);
    const size_t start = out->size();
    ByteWriter writer(out);
    writer.Put(entries);
    writer.Put(static_cast<uint8_t>(width));
    PadFrom(start, 8, out);
    if (rows.shape.type == PhysicalType::kBytes) {
      uint32_t end = 0;
      writer.Put(end);
      for (uint32_t row : built->first_rows) writer.Put(end += static_cast<uint32_t>(rows.StringAt(row).size()));
      for (uint32_t row : built->first_rows) out->append(rows.StringAt(row));
    } else {
      const size_t row_bytes = rows.shape.row_bytes();
      for (uint32_t row : built->first_rows) {
        out->append(reinterpret_cast<const char*>(rows.fixed) + row * row_bytes, row_bytes);
      }
    }
    PadFrom(start, 8, out);
    for (uint32_t first = 0; first < rows.row_count; first += kBlockRows) {
      const uint32_t count = std::min(kBlockRows, rows.row_count - first);
      const size_t at = out->size();
      out->resize(at + simd::PackedBytes(count, width, 32));
      simd::PackBits(absl::Span<const uint32_t>(built->codes.data() + first, count), width,
                     reinterpret_cast<std::byte*>(out->data() + at));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<EncodedChunk>> Open(const ByteSource* source, ValueShape shape,
                                                     uint32_t row_count) const override {
    if (!HasDictionaryForm(shape)) return absl::DataLossError("dictionary chunk of a column of vectors");
    ASSIGN_OR_RETURN(const auto header, source->Read(0, kHeaderBytes));
    const auto entry_count = LoadAs<uint32_t>(header.data());
    const unsigned width = LoadAs<uint8_t>(header.data() + 4);
    if (entry_count > row_count || (entry_count == 0) != (row_count == 0) || width != CodeWidth(entry_count)) {
      return absl::DataLossError(
          absl::StrFormat("dictionary of %d entries and %d bits for %d rows", entry_count, width, row_count));
    }
    const bool strings = shape.type == PhysicalType::kBytes;
    uint64_t end = kHeaderBytes + uint64_t{shape.row_bytes()} * entry_count;
    std::optional<StringEntries> string_entries;
    ValueBuffer fixed_entries(shape);
    if (strings) {
      ASSIGN_OR_RETURN(string_entries, ReadStrings(source, entry_count, &end));
    } else {
      ASSIGN_OR_RETURN(const auto bytes, source->Read(kHeaderBytes, end - kHeaderBytes));
      if (entry_count != 0) std::memcpy(fixed_entries.ExtendFixed(entry_count), bytes.data(), bytes.size());
    }
    const uint64_t codes_at = AlignUp(end, 8);
    if (codes_at + PackedCodes::Bytes(row_count, width) != source->size()) {
      return absl::DataLossError(absl::StrFormat("dictionary chunk of %d rows has %d bytes instead of %d", row_count,
                                                 source->size(), codes_at + PackedCodes::Bytes(row_count, width)));
    }
    const PackedCodes codes(source, codes_at, width, row_count, entry_count);
    if (strings) return std::make_unique<StringDictionaryChunk>(codes, row_count, *std::move(string_entries));
    return std::make_unique<FixedDictionaryChunk>(codes, row_count, std::move(fixed_entries));
  }
};

}  // namespace

const Codec* DictionaryCodec() {
  static const Dictionary codec;
  return &codec;
}

}  // namespace cortex

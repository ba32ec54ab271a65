#include "codecs/dictionary.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/chunk_io.h"
#include "codecs/codec_registry.h"
#include "codecs/dictionary_builder.h"
#include "codecs/dictionary_codes.h"
#include "codecs/encoding_chooser.h"
#include "codecs/filter_values.h"
#include "codecs/nested_chunk.h"
#include "codecs/simd/bitmap_kernels.h"
#include "codecs/simd/predicate_kernels.h"
#include "codecs/simd/unpack_kernels.h"

namespace cortex {
namespace {

constexpr uint64_t kHeaderBytes = 8;  // packed codes: u32 entry count, u8 code width, three zero bytes
// Up to here a set of codes is compared value by value; beyond, looked up in a bitmap.
constexpr size_t kSmallCodeSet = 16;

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
  DictionaryChunk(EncodingId encoding, std::unique_ptr<DictionaryCodes> codes, uint32_t row_count, uint32_t entry_count)
      : encoding_(encoding), codes_(std::move(codes)), row_count_(row_count), entry_count_(entry_count) {}

  EncodingId encoding() const override { return encoding_; }
  uint32_t row_count() const override { return row_count_; }
  uint32_t block_rows() const override { return codes_->block_rows(); }

  absl::Status Decode(uint32_t first, uint32_t count, ValueBuffer* out) const override {
    RETURN_IF_ERROR(CheckRange(first, count, row_count_));
    return codes_->ForEach(first, count,
                           [&](absl::Span<const uint32_t> codes, uint32_t) { return AppendEntries(codes, out); });
  }

  absl::Status Gather(absl::Span<const uint32_t> rows, ValueBuffer* out) const override {
    RETURN_IF_ERROR(CheckRows(rows, row_count_));
    std::vector<uint32_t> codes;
    RETURN_IF_ERROR(codes_->Gather(rows, &codes));
    return AppendEntries(codes, out);
  }

  absl::Status Filter(const ValueFilter& filter, uint32_t first, uint32_t count, uint64_t* selection) const override {
    RETURN_IF_ERROR(CheckRange(first, count, row_count_));
    const CodeSet kept = KeptCodes(filter);
    return codes_->ForEach(first, count, [&](absl::Span<const uint32_t> codes, uint32_t done) {
      AndCodes(kept, codes, entry_count_, selection + done / 64);
      return absl::OkStatus();
    });
  }

 protected:
  uint32_t entry_count() const { return entry_count_; }
  const DictionaryCodes& codes() const { return *codes_; }
  virtual absl::Status AppendEntries(absl::Span<const uint32_t> codes, ValueBuffer* out) const = 0;
  virtual CodeSet KeptCodes(const ValueFilter& filter) const = 0;

 private:
  EncodingId encoding_;
  std::unique_ptr<DictionaryCodes> codes_;
  uint32_t row_count_;
  uint32_t entry_count_;
};

class StringEntries final : public StringDictionary {
 public:
  StringEntries(std::vector<uint32_t> offsets, const char* heap) : offsets_(std::move(offsets)), heap_(heap) {}
  // Entries that were decoded, and are kept.
  explicit StringEntries(ValueBuffer decoded)
      : decoded_(std::move(decoded)),
        offsets_(decoded_.span().offsets, decoded_.span().offsets + decoded_.row_count() + 1),
        heap_(decoded_.span().bytes) {}

  uint32_t size() const override { return static_cast<uint32_t>(offsets_.size() - 1); }
  uint64_t memory_bytes() const { return offsets_.capacity() * sizeof(uint32_t); }
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
  ValueBuffer decoded_;
  std::vector<uint32_t> offsets_;
  const char* heap_;
};

class StringDictionaryChunk final : public DictionaryChunk {
 public:
  StringDictionaryChunk(EncodingId encoding, std::unique_ptr<DictionaryCodes> codes, uint32_t row_count,
                        StringEntries entries)
      : DictionaryChunk(encoding, std::move(codes), row_count, entries.size()), entries_(std::move(entries)) {}

  uint64_t memory_bytes() const override { return sizeof(*this) + entries_.memory_bytes(); }
  const StringDictionary* dictionary() const override { return &entries_; }
  absl::Status DecodeCodes(uint32_t first, uint32_t count, uint32_t* out) const override {
    RETURN_IF_ERROR(CheckRange(first, count, row_count()));
    return codes().ForEach(first, count, [&](absl::Span<const uint32_t> codes, uint32_t done) {
      std::memcpy(out + done, codes.data(), codes.size() * sizeof(uint32_t));
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
  FixedDictionaryChunk(EncodingId encoding, std::unique_ptr<DictionaryCodes> codes, uint32_t row_count,
                       ValueBuffer entries)
      : DictionaryChunk(encoding, std::move(codes), row_count, entries.row_count()), entries_(std::move(entries)) {}

  uint64_t memory_bytes() const override { return sizeof(*this) + entries_.memory_bytes(); }

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

absl::StatusOr<StringEntries> ReadStrings(const ByteSource* source, uint64_t at, uint32_t entry_count, uint64_t* end) {
  ASSIGN_OR_RETURN(const auto bytes, source->Read(at, sizeof(uint32_t) * (uint64_t{entry_count} + 1)));
  std::vector<uint32_t> offsets(entry_count + size_t{1});
  std::memcpy(offsets.data(), bytes.data(), bytes.size());
  if (offsets[0] != 0 || !std::is_sorted(offsets.begin(), offsets.end())) {
    return absl::DataLossError("dictionary offsets descend");
  }
  const uint64_t heap_at = at + bytes.size();
  ASSIGN_OR_RETURN(const auto heap, source->Read(heap_at, offsets.back()));
  *end = heap_at + heap.size();
  return StringEntries(std::move(offsets), reinterpret_cast<const char*>(heap.data()));
}

// What a coded_dictionary's entries may take when decoded: opening one decodes them all.
constexpr uint64_t kMaxDecodedEntryBytes = 64 << 20;

// All entries of a coded_dictionary. Errors: DATA_LOSS.
absl::StatusOr<ValueBuffer> DecodeEntries(EncodingId id, const ByteSource& source, ValueShape shape,
                                          uint32_t entry_count) {
  constexpr uint32_t kPiece = 1024;
  if (id == EncodingId::kCodedDictionary) return absl::DataLossError("dictionary entries are a coded_dictionary");
  ASSIGN_OR_RETURN(const auto chunk, OpenChunk(id, &source, shape, entry_count));
  ValueBuffer entries(shape);
  const uint32_t piece = std::max(kPiece, chunk->block_rows());
  for (uint32_t first = 0; first < entry_count; first += piece) {
    RETURN_IF_ERROR(chunk->Decode(first, std::min(piece, entry_count - first), &entries));
    if (entries.span().byte_size() > kMaxDecodedEntryBytes) {
      return absl::DataLossError(absl::StrFormat("dictionary entries exceed %d bytes", kMaxDecodedEntryBytes));
    }
  }
  return entries;
}

uint64_t EntryBytes(const ValueSpan& rows, const BuiltDictionary& built) {
  if (rows.shape.type != PhysicalType::kBytes) return built.first_rows.size() * uint64_t{rows.shape.row_bytes()};
  uint64_t bytes = 0;
  for (uint32_t row : built.first_rows) bytes += rows.StringAt(row).size() + sizeof(uint32_t);
  return bytes;
}

void AppendEntryBytes(const ValueSpan& rows, const BuiltDictionary& built, std::string* out) {
  if (rows.shape.type != PhysicalType::kBytes) {
    const size_t row_bytes = rows.shape.row_bytes();
    for (uint32_t row : built.first_rows) {
      out->append(reinterpret_cast<const char*>(rows.fixed) + row * row_bytes, row_bytes);
    }
    return;
  }
  ByteWriter writer(out);
  uint32_t end = 0;
  writer.Put(end);
  for (uint32_t row : built.first_rows) writer.Put(end += static_cast<uint32_t>(rows.StringAt(row).size()));
  for (uint32_t row : built.first_rows) out->append(rows.StringAt(row));
}

// For an estimate: nullopt if a dictionary surely does not pay.
std::optional<BuiltDictionary> TryDictionary(const ValueSpan& rows) {
  if (!HasDictionaryForm(rows.shape)) return std::nullopt;
  // Nearly distinct values cannot pay; the first rows tell without hashing all of them. Not fewer rows: draws from
  // 17,000 values look nearly distinct for 2,000 rows and are not over 65,536.
  constexpr uint32_t kProbeRows = 8192;
  if (rows.row_count > 4 * kProbeRows && !BuildDictionary(rows.Slice(0, kProbeRows), kProbeRows / 20 * 19)) {
    return std::nullopt;
  }
  return BuildDictionary(rows, rows.row_count / 4 * 3 + 1);
}

// For encoding: complete and sorted.
BuiltDictionary SortedDictionary(const ValueSpan& rows) {
  auto built = BuildDictionary(rows, rows.row_count);
  SortDictionary(rows, &*built);
  return *std::move(built);
}

class Dictionary final : public Codec {
 public:
  EncodingId id() const override { return EncodingId::kDictionary; }
  double decode_ns_per_value() const override { return 0.6; }

  std::optional<uint64_t> EstimateBytes(const ValueSpan& rows, EncodingEffort) const override {
    const auto built = TryDictionary(rows);
    if (!built.has_value()) return std::nullopt;
    const auto entries = static_cast<uint32_t>(built->first_rows.size());
    return kHeaderBytes + PackedCodes::Bytes(rows.row_count, entries) + EntryBytes(rows, *built);
  }

  absl::Status Encode(const ValueSpan& rows, EncodingEffort, std::string* out) const override {
    if (!HasDictionaryForm(rows.shape)) return absl::InvalidArgumentError("dictionary holds one value per row");
    const BuiltDictionary built = SortedDictionary(rows);
    const auto entries = static_cast<uint32_t>(built.first_rows.size());
    const size_t start = out->size();
    ByteWriter writer(out);
    writer.Put(entries);
    writer.Put(static_cast<uint8_t>(PackedCodes::Width(entries)));
    PadFrom(start, 8, out);
    AppendEntryBytes(rows, built, out);
    PadFrom(start, 8, out);
    PackedCodes::Append(built.codes, entries, out);
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<EncodedChunk>> Open(const ByteSource* source, ValueShape shape,
                                                     uint32_t row_count) const override {
    if (!HasDictionaryForm(shape)) return absl::DataLossError("dictionary chunk of a column of vectors");
    ASSIGN_OR_RETURN(const auto header, source->Read(0, kHeaderBytes));
    const auto entries = LoadAs<uint32_t>(header.data());
    const unsigned width = LoadAs<uint8_t>(header.data() + 4);
    if (entries > row_count || (entries == 0) != (row_count == 0) || width != PackedCodes::Width(entries)) {
      return absl::DataLossError(
          absl::StrFormat("dictionary of %d entries and %d bits for %d rows", entries, width, row_count));
    }
    if (shape.type == PhysicalType::kBytes) {
      uint64_t end = 0;
      ASSIGN_OR_RETURN(StringEntries strings, ReadStrings(source, kHeaderBytes, entries, &end));
      ASSIGN_OR_RETURN(auto codes, OpenCodes(source, end, row_count, entries));
      return std::make_unique<StringDictionaryChunk>(id(), std::move(codes), row_count, std::move(strings));
    }
    ValueBuffer values(shape);
    ASSIGN_OR_RETURN(const auto bytes, source->Read(kHeaderBytes, uint64_t{shape.row_bytes()} * entries));
    if (entries != 0) std::memcpy(values.ExtendFixed(entries), bytes.data(), bytes.size());
    ASSIGN_OR_RETURN(auto codes, OpenCodes(source, kHeaderBytes + bytes.size(), row_count, entries));
    return std::make_unique<FixedDictionaryChunk>(id(), std::move(codes), row_count, std::move(values));
  }

 private:
  // The codes, which follow the entries that end at `end`.
  static absl::StatusOr<std::unique_ptr<DictionaryCodes>> OpenCodes(const ByteSource* source, uint64_t end,
                                                                    uint32_t row_count, uint32_t entries) {
    const uint64_t codes_at = AlignUp(end, 8), codes_bytes = PackedCodes::Bytes(row_count, entries);
    if (codes_at + codes_bytes != source->size()) {
      return absl::DataLossError(absl::StrFormat("dictionary chunk of %d rows has %d bytes instead of %d", row_count,
                                                 source->size(), codes_at + codes_bytes));
    }
    return std::make_unique<PackedCodes>(source, codes_at, row_count, entries);
  }
};

// Bits that codes take on average if each costs what it is rare.
double EntropyBits(const BuiltDictionary& built) {
  std::vector<uint32_t> counts(built.first_rows.size());
  for (uint32_t code : built.codes) ++counts[code];
  const auto rows = static_cast<double>(built.codes.size());
  double bits = 0;
  for (uint32_t count : counts) bits += count * std::log2(rows / count);
  return bits;
}

class CodedDictionary final : public Codec {
 public:
  EncodingId id() const override { return EncodingId::kCodedDictionary; }
  double decode_ns_per_value() const override { return 2.5; }

  // Warm chunks keep packed codes: a scan compares those where they lie.
  std::optional<uint64_t> EstimateBytes(const ValueSpan& rows, EncodingEffort effort) const override {
    if (effort == EncodingEffort::kLight || rows.row_count == 0) return std::nullopt;
    auto built = TryDictionary(rows);
    if (!built.has_value()) return std::nullopt;
    const double code_bits = EntropyBits(*built) * 1.02;
    SortDictionary(rows, &*built);
    const auto entries = EncodeEntries(Entries(rows, *built).span(), EncodingEffort::kLight);
    if (!entries.ok()) return std::nullopt;
    return kCodesHeaderBytes + entries->bytes.size() + static_cast<uint64_t>(code_bits / 8) + 256;
  }

  absl::Status Encode(const ValueSpan& rows, EncodingEffort effort, std::string* out) const override {
    if (!HasDictionaryForm(rows.shape)) return absl::InvalidArgumentError("coded_dictionary holds one value per row");
    const BuiltDictionary built = SortedDictionary(rows);
    if (EntryBytes(rows, built) > kMaxDecodedEntryBytes) {
      return absl::InvalidArgumentError("coded_dictionary entries exceed 64 MiB");
    }
    ASSIGN_OR_RETURN(const EncodedBytes entries, EncodeEntries(Entries(rows, built).span(), effort));
    const size_t start = out->size();
    out->resize(start + kCodesHeaderBytes, '\0');
    ByteWriter writer(out);
    writer.PatchAt(start + kNestedHeaderBytes, entries.encoding);
    writer.PatchAt(start + kNestedHeaderBytes + 4, static_cast<uint32_t>(entries.bytes.size()));
    out->append(entries.bytes);
    const ValueSpan codes{.shape = {PhysicalType::kInt32, 1},
                          .row_count = rows.row_count,
                          .fixed = reinterpret_cast<const std::byte*>(built.codes.data())};
    return AppendNested(codes, effort, static_cast<uint32_t>(built.first_rows.size()), start, out);
  }

  absl::StatusOr<std::unique_ptr<EncodedChunk>> Open(const ByteSource* source, ValueShape shape,
                                                     uint32_t row_count) const override {
    if (!HasDictionaryForm(shape)) return absl::DataLossError("coded_dictionary chunk of a column of vectors");
    ASSIGN_OR_RETURN(NestedChunk nested, NestedChunk::Open(source, 1, row_count));
    const uint32_t entries = nested.extra();
    if (entries > row_count || (entries == 0) != (row_count == 0) || nested.shape().type != PhysicalType::kInt32) {
      return absl::DataLossError(absl::StrFormat("coded_dictionary of %d entries for %d rows", entries, row_count));
    }
    ASSIGN_OR_RETURN(const auto header, source->Read(kNestedHeaderBytes, kCodesHeaderBytes - kNestedHeaderBytes));
    const auto bytes = LoadAs<uint32_t>(header.data() + 4);
    if (kCodesHeaderBytes + uint64_t{bytes} > nested.offset()) {
      return absl::DataLossError("dictionary entries reach into their codes");
    }
    const SliceSource entry_bytes(source, kCodesHeaderBytes, bytes);
    ASSIGN_OR_RETURN(ValueBuffer values, DecodeEntries(LoadAs<EncodingId>(header.data()), entry_bytes, shape, entries));
    auto codes = std::make_unique<NestedCodes>(std::move(nested), entries);
    if (shape.type != PhysicalType::kBytes) {
      return std::make_unique<FixedDictionaryChunk>(id(), std::move(codes), row_count, std::move(values));
    }
    return std::make_unique<StringDictionaryChunk>(id(), std::move(codes), row_count, StringEntries(std::move(values)));
  }

 private:
  // After the nested header: encoding of the entries u8, three zero bytes, their length u32.
  static constexpr uint64_t kCodesHeaderBytes = kNestedHeaderBytes + 8;

  static ValueBuffer Entries(const ValueSpan& rows, const BuiltDictionary& built) {
    ValueBuffer entries(rows.shape);
    for (const uint32_t row : built.first_rows) entries.Append(rows.Slice(row, 1));
    return entries;
  }
};

}  // namespace

const Codec* DictionaryCodec() {
  static const Dictionary codec;
  return &codec;
}

const Codec* CodedDictionaryCodec() {
  static const CodedDictionary codec;
  return &codec;
}

}  // namespace cortex

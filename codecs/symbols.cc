#include "codecs/symbols.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/bitpack.h"
#include "codecs/bytes/buffer.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/chunk_io.h"
#include "codecs/filter_values.h"
#include "codecs/symbol_table.h"

namespace cortex {
namespace {

constexpr uint64_t kHeaderBytes = 8;  // u8 symbol count, three zero bytes, u32 bytes of the lengths
constexpr uint32_t kBlockRows = 1024;
constexpr ValueShape kLengthShape{PhysicalType::kInt32, 1};
constexpr size_t kTableSampleBytes = 16 << 10;  // as in the paper
constexpr size_t kSizeSampleBytes = 64 << 10;
constexpr uint64_t kMaxBytes = std::numeric_limits<uint32_t>::max();

uint32_t BlockCount(uint32_t rows) { return (rows + kBlockRows - 1) / kBlockRows; }

// Rows spread evenly over all, about `bytes` of them.
std::vector<std::string_view> SampleRows(const ValueSpan& rows, size_t bytes) {
  const size_t raw = rows.row_count == 0 ? 0 : rows.offsets[rows.row_count] - rows.offsets[0];
  const auto step = static_cast<uint32_t>(std::max<size_t>(1, raw / bytes));
  std::vector<std::string_view> sample;
  for (uint64_t row = 0; row < rows.row_count; row += step) sample.push_back(rows.StringAt(static_cast<uint32_t>(row)));
  return sample;
}

std::vector<Symbol> SymbolsOf(const ValueSpan& rows) {
  std::vector<std::string_view> sample = SampleRows(rows, kTableSampleBytes);
  size_t bytes = 0;
  for (std::string_view& text : sample) {  // a few rows may be as long as all others
    text = text.substr(0, 2 * kTableSampleBytes - std::min(bytes, 2 * kTableSampleBytes));
    bytes += text.size();
  }
  return FindSymbols(sample);
}

uint64_t TableBytes(absl::Span<const Symbol> symbols) {
  uint64_t bytes = kHeaderBytes + symbols.size();
  for (const Symbol& symbol : symbols) bytes += symbol.length;
  return AlignUp(bytes, 8);
}

// Coded rows, one after the other, and how long each is.
struct CodedRows {
  std::string bytes;
  ValueBuffer lengths{kLengthShape};

  void Add(const SymbolEncoder& encoder, std::string_view text) {
    const size_t begin = bytes.size();
    encoder.Append(text, &bytes);
    const auto length = static_cast<int32_t>(bytes.size() - begin);
    std::memcpy(lengths.ExtendFixed(1), &length, sizeof(length));
  }
};

class SymbolsChunk final : public EncodedChunk {
 public:
  SymbolsChunk(const ByteSource* source, SymbolDecoder decoder, std::vector<uint32_t> starts, uint64_t data_at,
               std::unique_ptr<SliceSource> lengths_source, std::unique_ptr<EncodedChunk> lengths, uint32_t row_count)
      : source_(source),
        decoder_(decoder),
        starts_(std::move(starts)),
        data_at_(data_at),
        lengths_source_(std::move(lengths_source)),
        lengths_(std::move(lengths)),
        row_count_(row_count) {}

  EncodingId encoding() const override { return EncodingId::kSymbols; }
  uint32_t row_count() const override { return row_count_; }
  uint64_t memory_bytes() const override {
    return sizeof(*this) + sizeof(SliceSource) + starts_.capacity() * sizeof(uint32_t) + lengths_->memory_bytes();
  }

  absl::Status Decode(uint32_t first, uint32_t count, ValueBuffer* out) const override {
    RETURN_IF_ERROR(CheckRange(first, count, row_count_));
    Block block;
    for (uint32_t row = first; row < first + count; ++row) {
      RETURN_IF_ERROR(Seek(row, &block));
      ASSIGN_OR_RETURN(const std::string_view text, TextAt(row, &block));
      RETURN_IF_ERROR(AppendChecked(text, out));
    }
    return absl::OkStatus();
  }

  absl::Status Gather(absl::Span<const uint32_t> rows, ValueBuffer* out) const override {
    RETURN_IF_ERROR(CheckRows(rows, row_count_));
    Block block;
    for (const uint32_t row : rows) {
      RETURN_IF_ERROR(Seek(row, &block));
      ASSIGN_OR_RETURN(const std::string_view text, TextAt(row, &block));
      RETURN_IF_ERROR(AppendChecked(text, out));
    }
    return absl::OkStatus();
  }

  absl::Status Filter(const ValueFilter& filter, uint32_t first, uint32_t count, uint64_t* selection) const override {
    RETURN_IF_ERROR(CheckRange(first, count, row_count_));
    Block block;
    for (uint32_t i = 0; i < count; ++i) {
      if (!TestBit(selection, i)) continue;
      RETURN_IF_ERROR(Seek(first + i, &block));
      ASSIGN_OR_RETURN(const std::string_view text, TextAt(first + i, &block));
      if (!MatchesFilter(filter, text)) ClearBits(selection, i, 1);
    }
    return absl::OkStatus();
  }

 private:
  // Where the codes of 1,024 rows lie; text is the row decoded last.
  struct Block {
    uint32_t number = std::numeric_limits<uint32_t>::max();
    uint32_t offsets[kBlockRows + 1];
    absl::Span<const std::byte> codes;
    ValueBuffer lengths{kLengthShape};
    Buffer text;
  };

  // Makes `block` the one that holds `row`.
  absl::Status Seek(uint32_t row, Block* block) const {
    const uint32_t number = row / kBlockRows;
    if (number == block->number) return absl::OkStatus();
    block->number = std::numeric_limits<uint32_t>::max();
    const uint32_t first = number * kBlockRows, rows = std::min(kBlockRows, row_count_ - first);
    const uint32_t bytes = starts_[number + 1] - starts_[number];
    block->lengths.Clear();
    RETURN_IF_ERROR(lengths_->Decode(first, rows, &block->lengths));
    uint64_t end = 0;
    block->offsets[0] = 0;
    for (uint32_t i = 0; i < rows; ++i) {
      end += static_cast<uint32_t>(block->lengths.values<int32_t>()[i]);
      block->offsets[i + 1] = static_cast<uint32_t>(end);
      if (end > bytes) break;
    }
    if (end != bytes) {
      return absl::DataLossError(absl::StrFormat("codes of strings come to %d of %d bytes", end, bytes));
    }
    ASSIGN_OR_RETURN(block->codes, source_->Read(data_at_ + starts_[number], bytes));
    block->number = number;
    return absl::OkStatus();
  }

  absl::StatusOr<std::string_view> TextAt(uint32_t row, Block* block) const {
    const uint32_t i = row % kBlockRows, begin = block->offsets[i], size = block->offsets[i + 1] - begin;
    block->text.Resize(SymbolDecoder::RoomFor(size));
    const absl::Span<const uint8_t> codes(reinterpret_cast<const uint8_t*>(block->codes.data()) + begin, size);
    ASSIGN_OR_RETURN(const size_t length, decoder_.Decode(codes, block->text.as<char>()));
    return std::string_view(block->text.as<char>(), length);
  }

  const ByteSource* source_;
  SymbolDecoder decoder_;
  std::vector<uint32_t> starts_;  // of the blocks' codes, and their end
  uint64_t data_at_;
  std::unique_ptr<SliceSource> lengths_source_;
  std::unique_ptr<EncodedChunk> lengths_;
  uint32_t row_count_;
};

class Symbols final : public Codec {
 public:
  EncodingId id() const override { return EncodingId::kSymbols; }
  double decode_ns_per_value() const override { return 5; }

  // The table it would have, tried on a sample.
  std::optional<uint64_t> EstimateBytes(const ValueSpan& rows, EncodingEffort effort) const override {
    if (rows.shape.type != PhysicalType::kBytes || rows.row_count == 0) return std::nullopt;
    const std::vector<Symbol> symbols = SymbolsOf(rows);
    const SymbolEncoder encoder(symbols);
    CodedRows sample;
    for (const std::string_view text : SampleRows(rows, kSizeSampleBytes)) sample.Add(encoder, text);
    const double rows_per_sampled = static_cast<double>(rows.row_count) / sample.lengths.row_count();
    const auto sampled = sample.bytes.size() + *BitPackCodec()->EstimateBytes(sample.lengths.span(), effort);
    return TableBytes(symbols) + BlockCount(rows.row_count) * sizeof(uint32_t) +
           static_cast<uint64_t>(static_cast<double>(sampled) * rows_per_sampled);
  }

  absl::Status Encode(const ValueSpan& rows, EncodingEffort effort, std::string* out) const override {
    if (rows.shape.type != PhysicalType::kBytes) return absl::InvalidArgumentError("symbols holds strings");
    const std::vector<Symbol> symbols = SymbolsOf(rows);
    const SymbolEncoder encoder(symbols);
    CodedRows coded;
    std::vector<uint64_t> starts;
    for (uint32_t row = 0; row < rows.row_count; ++row) {
      if (row % kBlockRows == 0) starts.push_back(coded.bytes.size());
      if (rows.StringAt(row).size() > std::numeric_limits<int32_t>::max() / 2) {
        return absl::InvalidArgumentError(absl::StrFormat("row %d exceeds 1 GiB", row));
      }
      coded.Add(encoder, rows.StringAt(row));
    }
    starts.push_back(coded.bytes.size());
    if (coded.bytes.size() > kMaxBytes) return absl::InvalidArgumentError("symbols chunk exceeds 4 GiB");
    std::string lengths;
    RETURN_IF_ERROR(BitPackCodec()->Encode(coded.lengths.span(), effort, &lengths));

    const size_t start = out->size();
    ByteWriter writer(out);
    writer.Put(static_cast<uint32_t>(symbols.size()));
    writer.Put(static_cast<uint32_t>(lengths.size()));
    for (const Symbol& symbol : symbols) writer.Put(static_cast<uint8_t>(symbol.length));
    for (const Symbol& symbol : symbols) out->append(reinterpret_cast<const char*>(&symbol.bytes), symbol.length);
    PadFrom(start, 8, out);
    for (const uint64_t at : starts) writer.Put(static_cast<uint32_t>(at));
    PadFrom(start, 8, out);
    out->append(lengths);
    out->append(coded.bytes);
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<EncodedChunk>> Open(const ByteSource* source, ValueShape shape,
                                                     uint32_t row_count) const override {
    if (shape.type != PhysicalType::kBytes) return absl::DataLossError("symbols chunk of a fixed-width column");
    ASSIGN_OR_RETURN(const auto header, source->Read(0, kHeaderBytes));
    const auto symbol_count = LoadAs<uint32_t>(header.data());
    const auto lengths_bytes = LoadAs<uint32_t>(header.data() + 4);
    ASSIGN_OR_RETURN(const std::vector<Symbol> symbols, ReadSymbols(source, symbol_count));
    ASSIGN_OR_RETURN(SymbolDecoder decoder, SymbolDecoder::Create(symbols));
    const uint64_t starts_at = TableBytes(symbols);
    const uint32_t blocks = BlockCount(row_count);
    ASSIGN_OR_RETURN(const auto bytes, source->Read(starts_at, (blocks + uint64_t{1}) * sizeof(uint32_t)));
    std::vector<uint32_t> starts(blocks + size_t{1});
    std::memcpy(starts.data(), bytes.data(), bytes.size());
    const uint64_t lengths_at = AlignUp(starts_at + bytes.size(), 8), data_at = lengths_at + lengths_bytes;
    if (starts[0] != 0 || !std::is_sorted(starts.begin(), starts.end()) ||
        data_at + starts.back() != source->size()) {
      return absl::DataLossError(absl::StrFormat("symbols chunk of %d rows has %d bytes instead of %d", row_count,
                                                 source->size(), data_at + starts.back()));
    }
    auto lengths_source = std::make_unique<SliceSource>(source, lengths_at, lengths_bytes);
    ASSIGN_OR_RETURN(auto lengths, BitPackCodec()->Open(lengths_source.get(), kLengthShape, row_count));
    return std::make_unique<SymbolsChunk>(source, decoder, std::move(starts), data_at, std::move(lengths_source),
                                          std::move(lengths), row_count);
  }

 private:
  static absl::StatusOr<std::vector<Symbol>> ReadSymbols(const ByteSource* source, uint32_t count) {
    if (count > kMaxSymbols) return absl::DataLossError(absl::StrFormat("%d symbols", count));
    ASSIGN_OR_RETURN(const auto lengths, source->Read(kHeaderBytes, count));
    std::vector<Symbol> symbols(count);
    uint64_t at = kHeaderBytes + count;
    for (uint32_t i = 0; i < count; ++i) {
      symbols[i].length = static_cast<uint8_t>(lengths[i]);
      if (symbols[i].length > kMaxSymbolBytes) {
        return absl::DataLossError(absl::StrFormat("symbol of %d bytes", symbols[i].length));
      }
      ASSIGN_OR_RETURN(const auto bytes, source->Read(at, symbols[i].length));
      std::memcpy(&symbols[i].bytes, bytes.data(), bytes.size());
      at += bytes.size();
    }
    return symbols;
  }
};

}  // namespace

const Codec* SymbolsCodec() {
  static const Symbols codec;
  return &codec;
}

}  // namespace cortex

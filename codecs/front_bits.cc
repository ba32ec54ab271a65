#include "codecs/front_bits.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/chunk_io.h"
#include "codecs/integer_blocks.h"
#include "codecs/simd/unpack_kernels.h"

namespace cortex {
namespace {

constexpr uint64_t kHeaderBytes = 8;  // u8 rest bits, u8 code bits, u16 entries, u32 zero; then u16 per entry
constexpr uint64_t kEntryBytes = 8;   // directory: u32 offset, u16 exceptions, u16 zero
constexpr unsigned kMaxFrontBits = 16;
constexpr unsigned kMaxCodeBits = 6;
constexpr size_t kMaxEntries = size_t{1} << kMaxCodeBits;
constexpr uint64_t kExceptionBytes = 2 * sizeof(uint16_t);
constexpr size_t kSampleSize = 1024;

bool HoldsFrontBits(ValueShape shape) {
  return shape.values_per_row == 1 && (shape.type == PhysicalType::kFloat32 || shape.type == PhysicalType::kFloat64);
}
unsigned BitsOf(PhysicalType type) { return 8 * WidthOf(type); }
uint32_t BlockCount(uint32_t rows) { return (rows + kIntegerBlockRows - 1) / kIntegerBlockRows; }

uint64_t BitsAt(const ValueSpan& rows, size_t i) {
  return rows.shape.type == PhysicalType::kFloat64 ? LoadAs<uint64_t>(rows.fixed + i * sizeof(uint64_t))
                                                   : LoadAs<uint32_t>(rows.fixed + i * sizeof(uint32_t));
}

// Where values are cut, and the fronts that have a code.
struct Cut {
  unsigned rest_bits = 0;
  unsigned code_bits = 0;
  std::vector<uint16_t> entries;

  uint64_t front(uint64_t bits) const { return bits >> rest_bits; }
  uint64_t rest(uint64_t bits) const { return bits & ((uint64_t{1} << rest_bits) - 1); }
};

// The cut with `rest_bits` that suits the sample, most frequent fronts first, and the bits a value takes with it.
Cut CutAt(unsigned rest_bits, const std::vector<uint64_t>& sample, double* bits_per_value) {
  std::map<uint64_t, uint32_t> counts;
  for (uint64_t bits : sample) ++counts[bits >> rest_bits];
  std::vector<std::pair<uint32_t, uint64_t>> order;
  for (const auto& [front, count] : counts) order.emplace_back(count, front);
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  Cut best;
  *bits_per_value = HUGE_VAL;
  size_t covered = 0, taken = 0;
  for (unsigned code_bits = 0; code_bits <= kMaxCodeBits; ++code_bits) {
    for (; taken < order.size() && taken < size_t{1} << code_bits; ++taken) covered += order[taken].first;
    const double exceptions = 1 - static_cast<double>(covered) / static_cast<double>(sample.size());
    const double bits = rest_bits + code_bits + exceptions * 8.0 * kExceptionBytes;
    if (bits >= *bits_per_value) continue;
    *bits_per_value = bits;
    best = Cut{rest_bits, code_bits, {}};
    for (size_t i = 0; i < taken; ++i) best.entries.push_back(static_cast<uint16_t>(order[i].second));
  }
  return best;
}

// The best cut for up to 1,024 values spread over the rows (at least one). Deterministic.
Cut FindCut(const ValueSpan& rows, double* bits_per_value) {
  std::vector<uint64_t> sample(std::min<size_t>(rows.row_count, kSampleSize));
  for (size_t i = 0; i < sample.size(); ++i) sample[i] = BitsAt(rows, i * rows.row_count / sample.size());
  Cut best;
  *bits_per_value = HUGE_VAL;
  const unsigned width = BitsOf(rows.shape.type);
  for (unsigned rest_bits = width - kMaxFrontBits; rest_bits < width; ++rest_bits) {
    double bits;
    Cut cut = CutAt(rest_bits, sample, &bits);
    if (bits >= *bits_per_value) continue;
    *bits_per_value = bits;
    best = std::move(cut);
  }
  return best;
}

// Where the parts of one block lie, from its start.
struct BlockLayout {
  uint64_t rests_at, fronts_at, positions_at, end;

  BlockLayout(uint32_t rows, unsigned rest_bits, unsigned code_bits, uint32_t exceptions, unsigned word_bits)
      : rests_at(simd::PackedBytes(rows, code_bits, 32)),
        fronts_at(rests_at + simd::PackedBytes(rows, rest_bits, word_bits)),
        positions_at(fronts_at + exceptions * sizeof(uint16_t)),
        end(positions_at + exceptions * sizeof(uint16_t)) {}
};

class FrontBitsChunk final : public IntegerBlockChunk {
 public:
  FrontBitsChunk(const ByteSource* source, ValueShape shape, uint32_t row_count, const Cut& cut)
      : IntegerBlockChunk(shape, row_count),
        source_(source),
        rest_bits_(cut.rest_bits),
        code_bits_(cut.code_bits),
        directory_at_(AlignUp(kHeaderBytes + cut.entries.size() * sizeof(uint16_t), 8)) {
    for (size_t i = 0; i < cut.entries.size(); ++i) fronts_[i] = uint64_t{cut.entries[i]} << rest_bits_;
  }

  EncodingId encoding() const override { return EncodingId::kFrontBits; }

 protected:
  absl::Status DecodeBlock(uint32_t block, std::byte* rows) const override {
    return shape().type == PhysicalType::kFloat64 ? Decode(block, reinterpret_cast<uint64_t*>(rows))
                                                  : Decode(block, reinterpret_cast<uint32_t*>(rows));
  }

 private:
  template <typename Word>
  absl::Status Decode(uint32_t block, Word* rows) const {
    ASSIGN_OR_RETURN(const auto entry, source_->Read(directory_at_ + block * kEntryBytes, kEntryBytes));
    const uint32_t count = RowsIn(block);
    const auto exceptions = LoadAs<uint16_t>(entry.data() + sizeof(uint32_t));
    const BlockLayout layout(count, rest_bits_, code_bits_, exceptions, 8 * sizeof(Word));
    ASSIGN_OR_RETURN(const auto bytes, source_->Read(LoadAs<uint32_t>(entry.data()), layout.end));
    alignas(64) uint32_t codes[kIntegerBlockRows];
    alignas(64) Word fronts[kIntegerBlockRows];
    simd::UnpackBits(bytes.data(), code_bits_, count, uint32_t{0}, codes);
    simd::UnpackBits(bytes.data() + layout.rests_at, rest_bits_, count, Word{0}, rows);
    // A code has at most 6 bits, and the table 64 entries: what the dictionary does not fill is 0.
    alignas(64) Word table[kMaxEntries];
    for (size_t i = 0; i < kMaxEntries; ++i) table[i] = static_cast<Word>(fronts_[i]);
    simd::GatherTable(absl::Span<const uint32_t>(codes, count), table, fronts);
    simd::OrInto(absl::Span<const Word>(fronts, count), rows);
    for (uint32_t e = 0; e < exceptions; ++e) {
      const auto position = LoadAs<uint16_t>(bytes.data() + layout.positions_at + e * sizeof(uint16_t));
      if (position >= count) {
        return absl::DataLossError(absl::StrFormat("front_bits exception at %d of %d rows", position, count));
      }
      const Word front = LoadAs<uint16_t>(bytes.data() + layout.fronts_at + e * sizeof(uint16_t));
      const Word rest_mask = static_cast<Word>((Word{1} << rest_bits_) - 1);
      rows[position] = static_cast<Word>(front << rest_bits_) | (rows[position] & rest_mask);
    }
    return absl::OkStatus();
  }

  const ByteSource* source_;
  unsigned rest_bits_;
  unsigned code_bits_;
  uint64_t directory_at_;
  uint64_t fronts_[kMaxEntries] = {};
};

// One block's parts, on their way out.
struct BlockParts {
  uint32_t codes[kIntegerBlockRows];
  uint64_t rests[kIntegerBlockRows];
  std::vector<uint16_t> fronts, positions;

  void Fill(const ValueSpan& rows, const Cut& cut) {
    fronts.clear();
    positions.clear();
    for (uint32_t i = 0; i < rows.row_count; ++i) {
      const uint64_t bits = BitsAt(rows, i);
      rests[i] = cut.rest(bits);
      const auto front = static_cast<uint16_t>(cut.front(bits));
      const auto entry = std::find(cut.entries.begin(), cut.entries.end(), front);
      const bool found = entry != cut.entries.end();
      codes[i] = found ? static_cast<uint32_t>(entry - cut.entries.begin()) : 0;
      if (found) continue;
      fronts.push_back(front);
      positions.push_back(static_cast<uint16_t>(i));
    }
  }

  void AppendTo(uint32_t count, const Cut& cut, unsigned word_bits, std::string* out) const {
    const BlockLayout layout(count, cut.rest_bits, cut.code_bits, static_cast<uint32_t>(fronts.size()), word_bits);
    const size_t start = out->size();
    out->resize(start + AlignUp(layout.end, 8), '\0');
    auto* bytes = reinterpret_cast<std::byte*>(out->data() + start);
    simd::PackBits(absl::Span<const uint32_t>(codes, count), cut.code_bits, bytes);
    if (word_bits == 64) {
      simd::PackBits(absl::Span<const uint64_t>(rests, count), cut.rest_bits, bytes + layout.rests_at);
    } else {
      uint32_t narrow[kIntegerBlockRows];
      std::transform(rests, rests + count, narrow, [](uint64_t rest) { return static_cast<uint32_t>(rest); });
      simd::PackBits(absl::Span<const uint32_t>(narrow, count), cut.rest_bits, bytes + layout.rests_at);
    }
    std::copy_n(reinterpret_cast<const std::byte*>(fronts.data()), fronts.size() * sizeof(uint16_t),
                bytes + layout.fronts_at);
    std::copy_n(reinterpret_cast<const std::byte*>(positions.data()), positions.size() * sizeof(uint16_t),
                bytes + layout.positions_at);
  }
};

class FrontBits final : public Codec {
 public:
  EncodingId id() const override { return EncodingId::kFrontBits; }
  double decode_ns_per_value() const override { return 0.8; }

  std::optional<uint64_t> EstimateBytes(const ValueSpan& rows, EncodingEffort) const override {
    if (!HoldsFrontBits(rows.shape) || rows.row_count == 0) return std::nullopt;
    double bits;
    const Cut cut = FindCut(rows, &bits);
    return kHeaderBytes + cut.entries.size() * sizeof(uint16_t) + BlockCount(rows.row_count) * kEntryBytes +
           static_cast<uint64_t>(bits * rows.row_count / 8);
  }

  absl::Status Encode(const ValueSpan& rows, EncodingEffort, std::string* out) const override {
    if (!HoldsFrontBits(rows.shape)) return absl::InvalidArgumentError("front_bits holds one float per row");
    double bits;
    Cut cut{BitsOf(rows.shape.type) - kMaxFrontBits, 0, {}};
    if (rows.row_count != 0) cut = FindCut(rows, &bits);
    const size_t start = out->size();
    ByteWriter writer(out);
    writer.Put(static_cast<uint8_t>(cut.rest_bits));
    writer.Put(static_cast<uint8_t>(cut.code_bits));
    writer.Put(static_cast<uint16_t>(cut.entries.size()));
    writer.Put(uint32_t{0});
    for (uint16_t front : cut.entries) writer.Put(front);
    PadFrom(start, 8, out);
    size_t entry = out->size();
    out->resize(entry + BlockCount(rows.row_count) * kEntryBytes, '\0');
    BlockParts parts;
    for (uint32_t first = 0; first < rows.row_count; first += kIntegerBlockRows, entry += kEntryBytes) {
      const uint32_t count = std::min(kIntegerBlockRows, rows.row_count - first);
      parts.Fill(rows.Slice(first, count), cut);
      writer.PatchAt(entry, static_cast<uint32_t>(out->size() - start));
      writer.PatchAt(entry + sizeof(uint32_t), static_cast<uint16_t>(parts.fronts.size()));
      parts.AppendTo(count, cut, BitsOf(rows.shape.type), out);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<EncodedChunk>> Open(const ByteSource* source, ValueShape shape,
                                                     uint32_t row_count) const override {
    if (!HoldsFrontBits(shape)) return absl::DataLossError("front_bits chunk of a column without floats");
    ASSIGN_OR_RETURN(const auto header, source->Read(0, kHeaderBytes));
    Cut cut{LoadAs<uint8_t>(header.data()), LoadAs<uint8_t>(header.data() + 1), {}};
    const auto entries = LoadAs<uint16_t>(header.data() + 2);
    const unsigned width = BitsOf(shape.type);
    if (cut.rest_bits < width - kMaxFrontBits || cut.rest_bits >= width || cut.code_bits > kMaxCodeBits ||
        entries > 1u << cut.code_bits) {
      return absl::DataLossError(absl::StrFormat("front_bits chunk with %d of %d rest bits, %d entries in %d bits",
                                                 cut.rest_bits, width, entries, cut.code_bits));
    }
    ASSIGN_OR_RETURN(const auto fronts, source->Read(kHeaderBytes, entries * sizeof(uint16_t)));
    cut.entries.resize(entries);
    if (entries != 0) std::memcpy(cut.entries.data(), fronts.data(), fronts.size());
    if (source->size() < AlignUp(kHeaderBytes + fronts.size(), 8) + BlockCount(row_count) * kEntryBytes) {
      return absl::DataLossError(
          absl::StrFormat("front_bits chunk of %d rows has only %d bytes", row_count, source->size()));
    }
    return std::make_unique<FrontBitsChunk>(source, shape, row_count, cut);
  }
};

}  // namespace

const Codec* FrontBitsCodec() {
  static const FrontBits codec;
  return &codec;
}

}  // namespace cortex

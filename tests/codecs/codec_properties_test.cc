// The property suite every encoding passes: what goes in comes out, in whole, in parts and by row; filters agree with
// brute force; damaged bytes never crash and truncated ones are DATA_LOSS.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <random>

#include "absl/strings/match.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/codec_registry.h"
#include "codecs/encoding_chooser.h"
#include "codecs/filter_values.h"
#include "codecs/narrowed.h"
#include "codecs/plain.h"
#include "codecs/simd/distance_kernels.h"
#include "codecs/simd/half.h"
#include "tests/codecs/sample_columns.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

using testing::SameRows;
using testing::SampleColumn;
using testing::SampleColumns;

// A copy at an address of its own: exactly `size` bytes, so that sanitizers see every step outside. 64-byte aligned, as
// segments align chunks.
struct OwnBytes {
  explicit OwnBytes(std::string_view bytes) : size(bytes.size()) {
    data = static_cast<std::byte*>(::operator new (size == 0 ? 1 : size, std::align_val_t{64}));
    if (size != 0) std::memcpy(data, bytes.data(), size);
  }
  ~OwnBytes() { ::operator delete (data, std::align_val_t{64}); }
  OwnBytes(const OwnBytes&) = delete;
  OwnBytes& operator=(const OwnBytes&) = delete;
  absl::Span<const std::byte> span() const { return {data, size}; }

  size_t size;
  std::byte* data;
};

bool Encode(const Codec& codec, const ValueSpan& rows, EncodingEffort effort, std::string* out) {
  const absl::Status status = codec.Encode(rows, effort, out);
  if (status.ok()) return true;
  REQUIRE(status.code() == absl::StatusCode::kInvalidArgument);
  return false;
}

// Every row through Decode, then all of them through Gather.
absl::Status ReadAll(const EncodedChunk& chunk, ValueShape shape) {
  ValueBuffer out(shape);
  if (absl::Status s = chunk.Decode(0, chunk.row_count(), &out); !s.ok()) return s;
  std::vector<uint32_t> rows(chunk.row_count());
  for (uint32_t i = 0; i < chunk.row_count(); ++i) rows[i] = i;
  out.Reset(shape);
  return chunk.Gather(rows, &out);
}

// The others judge by a sample.
bool EstimatesExactly(EncodingId id) { return id <= EncodingId::kDelta; }

// What damaged bytes may answer. A nested chunk may claim an encoding this version does not know.
bool IsRefusal(const absl::Status& status) {
  return status.code() == absl::StatusCode::kDataLoss ||
         (status.code() == absl::StatusCode::kUnimplemented && absl::StrContains(status.message(), "unknown to this"));
}

double NumberAt(const ValueSpan& rows, uint32_t i) {
  const std::byte* at = rows.fixed + size_t{i} * rows.shape.row_bytes();
  if (rows.shape.type == PhysicalType::kFloat16) return ToFloat(*reinterpret_cast<const Half*>(at));
  if (rows.shape.type == PhysicalType::kFloat32) return *reinterpret_cast<const float*>(at);
  return *reinterpret_cast<const double*>(at);
}

int64_t IntegerAt(const ValueSpan& rows, uint32_t i) {
  uint64_t bits = 0;
  const uint32_t width = rows.shape.row_bytes();
  std::memcpy(&bits, rows.fixed + size_t{i} * width, width);
  return static_cast<int64_t>(bits << (64 - 8 * width)) >> (64 - 8 * width);
}

FilterValue ValueAt(const ValueSpan& rows, uint32_t i) {
  if (rows.shape.type == PhysicalType::kBytes) return std::string(rows.StringAt(i));
  if (IsFloat(rows.shape.type)) return NumberAt(rows, i);
  return IntegerAt(rows, i);
}

bool Matches(const ValueFilter& filter, const ValueSpan& rows, uint32_t i) {
  if (rows.shape.type == PhysicalType::kBytes) return MatchesFilter(filter, rows.StringAt(i));
  if (IsFloat(rows.shape.type)) return MatchesFilter(filter, NumberAt(rows, i));
  return MatchesFilter(filter, IntegerAt(rows, i));
}

// Intervals and sets made of values of the column, so that something qualifies.
std::vector<ValueFilter> SomeFilters(const ValueSpan& rows, std::mt19937_64& random) {
  const auto any = [&] { return ValueAt(rows, static_cast<uint32_t>(random() % rows.row_count)); };
  std::vector<ValueFilter> filters(5);
  filters[1].lower = FilterBound{any(), true};
  filters[2].upper = FilterBound{any(), false};
  filters[3].lower = FilterBound{any(), false};
  filters[3].upper = FilterBound{any(), true};
  filters[4].kind = ValueFilter::Kind::kSet;
  for (int i = 0; i < 3; ++i) {
    FilterValue value = any();
    const bool known = std::any_of(filters[4].set.begin(), filters[4].set.end(),
                                   [&](const FilterValue& other) { return other == value; });
    if (!known) filters[4].set.push_back(std::move(value));
  }
  ValueFilter many = filters[4];  // more members than are compared one by one
  for (uint32_t i = 0; i < rows.row_count && many.set.size() < 40; i += 3) {
    FilterValue value = ValueAt(rows, i);
    if (std::find(many.set.begin(), many.set.end(), value) == many.set.end()) many.set.push_back(std::move(value));
  }
  filters.push_back(std::move(many));
  return filters;
}

void CheckFilters(const EncodedChunk& chunk, const ValueSpan& rows, std::mt19937_64& random) {
  if (rows.row_count == 0 || rows.shape.values_per_row != 1) return;
  for (const ValueFilter& filter : SomeFilters(rows, random)) {
    const uint32_t first = rows.row_count > 64 ? static_cast<uint32_t>(random() % (rows.row_count / 64)) * 64 : 0;
    const uint32_t count = rows.row_count - first;
    std::vector<uint64_t> selection(count / 64 + 1);
    for (uint64_t& word : selection) word = random() | random();
    const std::vector<uint64_t> before = selection;
    REQUIRE_OK(chunk.Filter(filter, first, count, selection.data()));
    for (uint32_t i = 0; i < selection.size() * 64; ++i) {
      const bool was = before[i / 64] >> (i % 64) & 1;
      const bool is = selection[i / 64] >> (i % 64) & 1;
      const bool expected = was && (i >= count || Matches(filter, rows, first + i));
      if (is != expected) {
        CAPTURE(i, first, count, was);
        REQUIRE(is == expected);
      }
    }
  }
}

void CheckReads(const EncodedChunk& chunk, const ValueSpan& rows, std::mt19937_64& random) {
  ValueBuffer all(rows.shape);
  REQUIRE_OK(chunk.Decode(0, rows.row_count, &all));
  REQUIRE(SameRows(all.span(), rows));
  REQUIRE_STATUS(chunk.Decode(1, rows.row_count, &all), absl::StatusCode::kInvalidArgument, "outside");
  if (rows.row_count == 0) return;
  for (int i = 0; i < 4; ++i) {
    const auto first = static_cast<uint32_t>(random() % rows.row_count);
    const auto count = static_cast<uint32_t>(random() % (rows.row_count - first + 1));
    ValueBuffer part(rows.shape);
    REQUIRE_OK(chunk.Decode(first, count, &part));
    REQUIRE(SameRows(part.span(), rows.Slice(first, count)));
    const auto view = REQUIRE_OK_AND_TAKE(chunk.TryView(first, count));
    if (view.has_value()) REQUIRE(SameRows(*view, rows.Slice(first, count)));
  }
  std::vector<uint32_t> picked;
  ValueBuffer expected(rows.shape), gathered(rows.shape);
  for (uint32_t row = 0; row < rows.row_count; row += static_cast<uint32_t>(random() % 60)) {
    picked.push_back(row);  // a step of 0 repeats a row
    expected.Append(rows.Slice(row, 1));
  }
  REQUIRE_OK(chunk.Gather(picked, &gathered));
  REQUIRE(SameRows(gathered.span(), expected.span()));
  REQUIRE_STATUS(chunk.Gather({rows.row_count}, &gathered), absl::StatusCode::kInvalidArgument, "ascend");
}

void CheckCodes(const EncodedChunk& chunk, const ValueSpan& rows) {
  if (chunk.dictionary() == nullptr) {
    uint32_t code;
    REQUIRE_STATUS(chunk.DecodeCodes(0, 0, &code), absl::StatusCode::kFailedPrecondition, "not dictionary");
    return;
  }
  std::vector<uint32_t> codes(rows.row_count);
  REQUIRE_OK(chunk.DecodeCodes(0, rows.row_count, codes.data()));
  for (uint32_t i = 0; i < rows.row_count; ++i) {
    REQUIRE(chunk.dictionary()->At(codes[i]) == rows.StringAt(i));
    REQUIRE(chunk.dictionary()->Find(rows.StringAt(i)) == codes[i]);
  }
  REQUIRE(!chunk.dictionary()->Find("surely not an entry").has_value());
}

TEST_CASE("Every codec returns the rows it was given", "[codecs]") {
  const uint32_t rows = GENERATE(0u, 1u, 2u, 63u, 64u, 65u, 1023u, 1024u, 1025u, 3000u);
  std::mt19937_64 random(rows + 17);
  for (const SampleColumn& column : SampleColumns(rows, rows + 1)) {
    for (const Codec* codec : AllCodecs()) {
      for (EncodingEffort effort : {EncodingEffort::kLight, EncodingEffort::kHeavy}) {
        INFO(column.name << ", " << rows << " rows, " << EncodingName(codec->id()));
        std::string bytes = "before";  // Encode appends
        const ValueSpan span = column.values.span();
        if (!Encode(*codec, span, effort, &bytes)) continue;
        const OwnBytes own(std::string_view(bytes).substr(6));
        const MemorySource source(own.span());
        const auto chunk = REQUIRE_OK_AND_TAKE(OpenChunk(codec->id(), &source, span.shape, rows));
        REQUIRE(chunk->encoding() == codec->id());
        REQUIRE(chunk->row_count() == rows);
        CheckReads(*chunk, span, random);
        CheckFilters(*chunk, span, random);
        CheckCodes(*chunk, span);
        const auto estimate = codec->EstimateBytes(span, effort);
        if (estimate.has_value() && EstimatesExactly(codec->id())) {
          // Exact but for padding.
          REQUIRE(*estimate <= own.size);
          REQUIRE(*estimate + 16 > own.size);
        }
      }
    }
  }
}

TEST_CASE("Every codec refuses truncated bytes with DATA_LOSS", "[codecs]") {
  const uint32_t rows = GENERATE(1u, 90u, 1100u);
  for (const SampleColumn& column : SampleColumns(rows, 5)) {
    for (const Codec* codec : AllCodecs()) {
      const ValueSpan span = column.values.span();
      std::string bytes;
      if (!Encode(*codec, span, EncodingEffort::kLight, &bytes)) continue;
      if (codec->id() == EncodingId::kConstant && span.shape.type == PhysicalType::kBytes)
        continue;  // any length is one
      // Each length where that is cheap, otherwise a spread of them and the last ones.
      const size_t step = bytes.size() * rows > 200000 ? bytes.size() / 40 + 1 : 1;
      for (size_t size = 0; size < bytes.size(); size += bytes.size() - size < 9 ? 1 : step) {
        const OwnBytes own(std::string_view(bytes).substr(0, size));
        const MemorySource source(own.span());
        const auto chunk = codec->Open(&source, span.shape, rows);
        const absl::Status status = chunk.ok() ? ReadAll(**chunk, span.shape) : chunk.status();
        if (status.code() != absl::StatusCode::kDataLoss) {
          INFO(column.name << ", " << EncodingName(codec->id()) << ", " << size << " of " << bytes.size() << " bytes");
          REQUIRE(status.code() == absl::StatusCode::kDataLoss);
        }
      }
    }
  }
}

TEST_CASE("Every codec survives damaged bytes", "[codecs]") {
  const uint32_t rows = 1100;
  std::mt19937_64 random(99);
  for (const SampleColumn& column : SampleColumns(rows, 6)) {
    for (const Codec* codec : AllCodecs()) {
      const ValueSpan span = column.values.span();
      std::string bytes;
      if (!Encode(*codec, span, EncodingEffort::kLight, &bytes) || bytes.empty()) continue;
      for (int round = 0; round < 30; ++round) {
        std::string damaged = bytes;
        // Headers and directories are where damage hurts: half of it lands in the first 64 bytes.
        const size_t reach = round % 2 == 0 ? bytes.size() : std::min<size_t>(bytes.size(), 64);
        for (int k = 0; k < 1 + round % 3; ++k) damaged[random() % reach] = static_cast<char>(random());
        const OwnBytes own(damaged);
        const MemorySource source(own.span());
        const auto chunk = codec->Open(&source, span.shape, rows);
        const absl::Status status = chunk.ok() ? ReadAll(**chunk, span.shape) : chunk.status();
        INFO(column.name << ", " << EncodingName(codec->id()) << ": " << status.ToString());
        REQUIRE((status.ok() || IsRefusal(status)));
        if (!chunk.ok() || span.shape.values_per_row != 1) continue;
        std::vector<uint64_t> selection(rows / 64 + 1, ~uint64_t{0});
        for (const ValueFilter& filter : SomeFilters(span, random)) {
          const absl::Status filtered = (*chunk)->Filter(filter, 0, rows, selection.data());
          REQUIRE((filtered.ok() || filtered.code() == absl::StatusCode::kDataLoss));
        }
      }
    }
  }
}

TEST_CASE("Every codec reads a chunk that lies at an odd address", "[codecs]") {
  const uint32_t rows = 1100;
  std::mt19937_64 random(7);
  for (const SampleColumn& column : SampleColumns(rows, 9)) {
    for (const Codec* codec : AllCodecs()) {
      INFO(column.name << ", " << EncodingName(codec->id()));
      const ValueSpan span = column.values.span();
      std::string bytes = "x";
      if (!Encode(*codec, span, EncodingEffort::kLight, &bytes)) continue;
      const OwnBytes own(bytes);
      const MemorySource source(own.span().subspan(1));
      const auto chunk = REQUIRE_OK_AND_TAKE(codec->Open(&source, span.shape, rows));
      CheckReads(*chunk, span, random);
      CheckFilters(*chunk, span, random);
    }
  }
}

TEST_CASE("FindCodec names an unknown encoding", "[codecs]") {
  REQUIRE_STATUS(FindCodec(static_cast<EncodingId>(77)), absl::StatusCode::kUnimplemented, "encoding 77");
  for (const Codec* codec : AllCodecs()) REQUIRE(REQUIRE_OK_AND_TAKE(FindCodec(codec->id())) == codec);
}

TEST_CASE("Every numbered encoding is in the registry, and this suite encodes something with it", "[codecs]") {
  for (int number = 0; number < 256; ++number) {
    const auto id = static_cast<EncodingId>(number);
    INFO("encoding " << number);
    REQUIRE(FindCodec(id).ok() == (EncodingName(id) != "unknown"));
  }
  const std::vector<SampleColumn> columns = SampleColumns(1100, 11);
  for (const Codec* codec : AllCodecs()) {
    INFO(EncodingName(codec->id()));
    std::string bytes;
    REQUIRE(std::any_of(columns.begin(), columns.end(), [&](const SampleColumn& column) {
      return codec->Encode(column.values.span(), EncodingEffort::kHeavy, &bytes).ok();
    }));
  }
}

TEST_CASE("Narrowed rows are seen in place, and a distance to them is a distance to the rows", "[codecs]") {
  ValueBuffer rows(ValueShape{PhysicalType::kFloat32, 48});
  auto* to = reinterpret_cast<float*>(rows.ExtendFixed(150));
  for (int i = 0; i < 150 * 48; ++i) to[i] = ToFloat(ToHalf(std::sin(0.7 * i)));
  std::string bytes;
  REQUIRE_OK(NarrowedCodec()->Encode(rows.span(), EncodingEffort::kLight, &bytes));
  const MemorySource source(AsBytes(bytes));
  const auto chunk = REQUIRE_OK_AND_TAKE(NarrowedCodec()->Open(&source, rows.shape(), 150));
  const auto view = REQUIRE_OK_AND_TAKE(TryNarrowView(*chunk, 70, 60));
  REQUIRE(view.has_value());
  REQUIRE(view->shape == ValueShape{PhysicalType::kFloat16, 48});
  REQUIRE(view->row_count == 60);
  const absl::Span<const float> query(to, 48);
  std::vector<double> narrow(60), wide(60);
  simd::SquaredL2(query, simd::Rows<Half>{reinterpret_cast<const Half*>(view->fixed), 60, 48, 48}, narrow.data());
  simd::SquaredL2(query, simd::Rows<float>{to + 70 * 48, 60, 48, 48}, wide.data());
  REQUIRE(narrow == wide);
  REQUIRE_STATUS(TryNarrowView(*chunk, 100, 51).status(), absl::StatusCode::kInvalidArgument, "");

  bytes.clear();
  REQUIRE_OK(PlainCodec()->Encode(rows.span(), EncodingEffort::kLight, &bytes));
  const MemorySource plain(AsBytes(bytes));
  const auto others = REQUIRE_OK_AND_TAKE(PlainCodec()->Open(&plain, rows.shape(), 150));
  REQUIRE_FALSE(REQUIRE_OK_AND_TAKE(TryNarrowView(*others, 0, 150)).has_value());
}

}  // namespace
}  // namespace cortex

#include "codecs/encoding_chooser.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <functional>
#include <random>

#include "codecs/bytes/byte_writer.h"
#include "codecs/codec_registry.h"
#include "tests/codecs/sample_columns.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

constexpr uint32_t kRows = 65536;

template <typename T>
ValueBuffer Column(PhysicalType type, uint32_t per_row, uint32_t rows, const std::function<T(size_t)>& value) {
  ValueBuffer out(ValueShape{type, per_row});
  auto* to = reinterpret_cast<T*>(out.ExtendFixed(rows));
  for (size_t i = 0; i < size_t{rows} * per_row; ++i) to[i] = value(i);
  return out;
}

ValueBuffer Strings(const std::function<std::string(uint32_t)>& value) {
  ValueBuffer out(ValueShape{PhysicalType::kBytes, 1});
  for (uint32_t i = 0; i < kRows; ++i) out.AppendString(value(i));
  return out;
}

// Encodes, checks that it comes back, and returns the encoding; `ratio` is raw size by encoded size.
EncodingId Choose(const ValueBuffer& column, Compression compression, EncodingEffort effort, double* ratio = nullptr) {
  const ValueSpan rows = column.span();
  const EncodedBytes encoded = REQUIRE_OK_AND_TAKE(EncodeChunk(rows, compression, effort));
  const MemorySource source(AsBytes(encoded.bytes));
  const auto chunk = REQUIRE_OK_AND_TAKE(OpenChunk(encoded.encoding, &source, rows.shape, rows.row_count));
  ValueBuffer decoded(rows.shape);
  REQUIRE_OK(chunk->Decode(0, rows.row_count, &decoded));
  REQUIRE(testing::SameRows(decoded.span(), rows));
  if (ratio != nullptr) *ratio = static_cast<double>(rows.byte_size()) / static_cast<double>(encoded.bytes.size());
  return encoded.encoding;
}

TEST_CASE("EncodeChunk finds the scheme that fits the data", "[codecs]") {
  using enum EncodingId;
  const auto effort = GENERATE(EncodingEffort::kLight, EncodingEffort::kHeavy);
  std::mt19937_64 random(1);
  double ratio = 0;
  const auto choose = [&](const ValueBuffer& column) { return Choose(column, Compression::kAuto, effort, &ratio); };

  REQUIRE(choose(Column<double>(PhysicalType::kFloat64, 1, kRows, [](size_t) { return NAN; })) == kConstant);
  REQUIRE(choose(Column<int64_t>(PhysicalType::kInt64, 1, kRows, [&](size_t i) {
            return 1700000000000000000 + static_cast<int64_t>(i) * 300000000000;
          })) == kDelta);  // regular time stamps
  REQUIRE(ratio > 300);
  REQUIRE(choose(Column<int64_t>(PhysicalType::kInt64, 1, kRows, [&](size_t i) {
            return 1700000000000000000 + static_cast<int64_t>(i) * 1000000 + static_cast<int64_t>(random() % 100000);
          })) == kDelta);  // with jitter
  REQUIRE(ratio > 3);
  REQUIRE(choose(Column<int32_t>(PhysicalType::kInt32, 1, kRows,
                                 [](size_t i) { return static_cast<int32_t>(i / 5000 * 77777); })) == kRunLength);
  REQUIRE(choose(Column<int32_t>(PhysicalType::kInt32, 1, kRows,
                                 [&](size_t) { return 100000 + static_cast<int32_t>(random() % 1000); })) == kBitPack);
  REQUIRE(choose(Strings([&](uint32_t) { return "archetype_" + std::to_string(random() % 77); })) ==
          (effort == EncodingEffort::kLight ? kDictionary : kCodedDictionary));
  REQUIRE(ratio > 10);
  REQUIRE(choose(Strings([&](uint32_t i) {
            return "the " + std::to_string(i) + "th question asks why the card was declined at machine " +
                   std::to_string(random() % 100000);
          })) == kZstd);
  std::vector<std::string> words(400);
  for (std::string& word : words) {
    for (uint64_t i = 0; i < 2 + random() % 7; ++i) word += static_cast<char>('a' + random() % 26);
  }
  REQUIRE(choose(Strings([&](uint32_t) {
            std::string text;
            for (int i = 0; i < 6; ++i) text += words[random() % 400] + ' ';
            return text;
          })) == (effort == EncodingEffort::kLight ? kSymbols : kZstd));
}

TEST_CASE("EncodeChunk keeps noise-like vectors plain for scans, and splits them for archives", "[codecs]") {
  std::mt19937_64 random(2);
  std::normal_distribution<double> normal;
  const ValueBuffer field = Column<double>(PhysicalType::kFloat64, 512, 500, [&](size_t) { return normal(random); });
  REQUIRE(Choose(field, Compression::kZptv, EncodingEffort::kLight) == EncodingId::kPlain);
  double ratio = 0;
  REQUIRE(Choose(field, Compression::kZptv, EncodingEffort::kHeavy, &ratio) == EncodingId::kByteSplitZstd);
  REQUIRE(ratio > 1.08);
  const ValueBuffer integers = Column<double>(PhysicalType::kFloat64, 512, 500, [&](size_t) {
    return static_cast<double>(static_cast<int>(random() % 200) - 100);
  });
  REQUIRE(Choose(integers, Compression::kZptv, EncodingEffort::kLight, &ratio) == EncodingId::kScaled);
  REQUIRE(ratio > 7);
}

TEST_CASE("EncodeChunk finds decimals, counts and narrower floats in doubles", "[codecs]") {
  using enum EncodingId;
  const auto effort = GENERATE(EncodingEffort::kLight, EncodingEffort::kHeavy);
  std::mt19937_64 random(4);
  std::normal_distribution<double> normal;
  double ratio = 0;
  const auto choose = [&](uint32_t per_row, uint32_t rows, const std::function<double(size_t)>& value) {
    return Choose(Column<double>(PhysicalType::kFloat64, per_row, rows, value), Compression::kAuto, effort, &ratio);
  };
  REQUIRE(choose(1, kRows, [&](size_t) { return std::round(1e5 * normal(random)) / 1000; }) == kScaled);
  REQUIRE(ratio > 3);
  // One reading in a hundred is none.
  REQUIRE(choose(1, kRows, [&](size_t) {
            return random() % 100 == 0 ? NAN : std::round(1e5 * normal(random)) / 1000;
          }) == kScaled);
  REQUIRE(ratio > 2.8);
  REQUIRE(choose(1, kRows, [&](size_t) { return 0.0123 * std::round(2000 * normal(random)); }) == kScaled);
  REQUIRE(ratio > 4);
  REQUIRE(choose(512, 200, [&](size_t) { return static_cast<float>(normal(random)); }) == kNarrowed);
  REQUIRE(ratio > 1.99);
}

TEST_CASE("EncodeChunk codes identifiers by how often they occur, for archives", "[codecs]") {
  std::mt19937_64 random(5);
  std::vector<double> weights;
  for (int i = 1; i <= 4096; ++i) weights.push_back(1.0 / i);
  std::discrete_distribution<int> zipf(weights.begin(), weights.end());
  const ValueBuffer labels = Strings([&](uint32_t) { return "entity/" + std::to_string(zipf(random)); });
  double packed = 0, coded = 0;
  REQUIRE(Choose(labels, Compression::kAuto, EncodingEffort::kLight, &packed) == EncodingId::kDictionary);
  REQUIRE(Choose(labels, Compression::kAuto, EncodingEffort::kHeavy, &coded) == EncodingId::kCodedDictionary);
  REQUIRE(coded > 1.6 * packed);
}

TEST_CASE("EncodeChunk obeys the declared compression and falls back to plain", "[codecs]") {
  using enum EncodingId;
  const auto light = EncodingEffort::kLight;
  const ValueBuffer numbers = Column<int64_t>(PhysicalType::kInt64, 1, kRows, [](size_t i) { return i % 9; });
  REQUIRE(Choose(numbers, Compression::kNone, light) == kPlain);
  REQUIRE(Choose(numbers, Compression::kDictionary, light) == kDictionary);
  REQUIRE(Choose(numbers, Compression::kDelta, light) == kDelta);
  const ValueBuffer runs = Column<int64_t>(PhysicalType::kInt64, 1, kRows, [](size_t i) { return i / 100; });
  REQUIRE(Choose(runs, Compression::kRunLength, light) == kRunLength);
  std::mt19937_64 random(3);
  const ValueBuffer noise = Column<double>(PhysicalType::kFloat64, 1, kRows,
                                           [&](size_t) { return std::ldexp(static_cast<double>(random()), -64); });
  REQUIRE(Choose(noise, Compression::kDictionary, light) == kPlain);  // every value distinct
  REQUIRE(Choose(noise, Compression::kRunLength, light) == kPlain);
  REQUIRE(Choose(noise, Compression::kDelta, light) == kPlain);  // not integers
}

TEST_CASE("EncodeChunk is deterministic and never larger than plain", "[codecs]") {
  for (const auto& column : testing::SampleColumns(700, 8)) {
    for (const auto effort : {EncodingEffort::kLight, EncodingEffort::kHeavy}) {
      const auto first = REQUIRE_OK_AND_TAKE(EncodeChunk(column.values.span(), Compression::kAuto, effort));
      const auto second = REQUIRE_OK_AND_TAKE(EncodeChunk(column.values.span(), Compression::kAuto, effort));
      INFO(column.name);
      REQUIRE((first.encoding == second.encoding && first.bytes == second.bytes));
      REQUIRE(first.bytes.size() <= column.values.span().byte_size() + sizeof(uint32_t));
    }
  }
}

}  // namespace
}  // namespace cortex

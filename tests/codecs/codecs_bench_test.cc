// Speed of the encodings: codecs_test "[.bench]". Numbers of a real run are in codecs/README.md.
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <random>

#include "codecs/bytes/byte_writer.h"
#include "codecs/codec_registry.h"
#include "tests/codecs/stopwatch.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

using testing::BestNs;
using testing::Report;

constexpr uint32_t kRows = 65536;

void Measure(const char* what, EncodingId id, const ValueBuffer& column, const ValueFilter* filter) {
  const ValueSpan rows = column.span();
  const Codec* codec = REQUIRE_OK_AND_TAKE(FindCodec(id));
  std::string bytes;
  const double raw = static_cast<double>(rows.byte_size());
  const std::string name = std::string(what) + ", " + std::string(EncodingName(id)) + ": ";
  Report((name + "encode").c_str(),
         raw / BestNs(
                   [&] {
                     bytes.clear();
                     REQUIRE_OK(codec->Encode(rows, EncodingEffort::kLight, &bytes));
                   },
                   3),
         "GB/s");
  Report((name + "ratio").c_str(), raw / static_cast<double>(bytes.size()), ": 1");
  const MemorySource source(AsBytes(bytes));
  const auto chunk = REQUIRE_OK_AND_TAKE(OpenChunk(id, &source, rows.shape, rows.row_count));
  ValueBuffer out(rows.shape);
  Report((name + "decode").c_str(), raw / BestNs([&] {
                                      out.Clear();
                                      REQUIRE_OK(chunk->Decode(0, rows.row_count, &out));
                                    }),
         "GB/s");
  if (filter != nullptr) {
    std::vector<uint64_t> selection(rows.row_count / 64);
    Report((name + "filter").c_str(), raw / BestNs([&] {
                                        std::fill(selection.begin(), selection.end(), ~uint64_t{0});
                                        REQUIRE_OK(chunk->Filter(*filter, 0, rows.row_count, selection.data()));
                                      }),
           "GB/s");
  }
  const std::vector<uint32_t> one = {rows.row_count / 2};
  Report((name + "one row").c_str(), BestNs([&] {
           out.Clear();
           REQUIRE_OK(chunk->Gather(one, &out));
         }),
         "ns");
}

template <typename T>
ValueBuffer Column(PhysicalType type, uint32_t per_row, uint32_t rows, const std::function<T(size_t)>& value) {
  ValueBuffer out(ValueShape{type, per_row});
  auto* to = reinterpret_cast<T*>(out.ExtendFixed(rows));
  for (size_t i = 0; i < size_t{rows} * per_row; ++i) to[i] = value(i);
  return out;
}

TEST_CASE("Codec speed", "[.bench]") {
  using enum EncodingId;
  std::mt19937_64 random(4);
  std::normal_distribution<double> normal;
  ValueFilter ints, floats, strings;
  ints.lower = FilterBound{int64_t{1005}};
  ints.upper = FilterBound{int64_t{1500}};
  floats.lower = FilterBound{0.25};
  strings.lower = FilterBound{std::string("kind 3")};
  const auto small = Column<int64_t>(PhysicalType::kInt64, 1, kRows,
                                     [&](size_t) { return 1000 + static_cast<int64_t>(random() % 1000); });
  for (EncodingId id : {kPlain, kDictionary, kBitPack, kDelta, kByteSplitZstd}) Measure("int64", id, small, &ints);
  const auto runs = Column<int64_t>(PhysicalType::kInt64, 1, kRows, [](size_t i) { return 1000 + int64_t(i / 90); });
  Measure("int64 runs", kRunLength, runs, &ints);
  const auto stamps = Column<int64_t>(PhysicalType::kInt64, 1, kRows, [&](size_t i) {
    return 1700000000000000000 + int64_t(i) * 1000000 + int64_t(random() % 1000);
  });
  Measure("time stamps", kDelta, stamps, &ints);
  const auto scores = Column<float>(PhysicalType::kFloat32, 1, kRows, [&](size_t) { return float(normal(random)); });
  for (EncodingId id : {kPlain, kByteSplitZstd}) Measure("float32", id, scores, &floats);
  const auto field = Column<double>(PhysicalType::kFloat64, 512, 1024, [&](size_t) { return normal(random); });
  for (EncodingId id : {kPlain, kByteSplitZstd}) Measure("256 complex128", id, field, nullptr);
  const auto lattice =
      Column<double>(PhysicalType::kFloat64, 512, 1024, [&](size_t) { return std::round(100 * normal(random)); });
  Measure("256 complex128 of integers", kByteSplitZstd, lattice, nullptr);
  ValueBuffer kinds(ValueShape{PhysicalType::kBytes, 1}), texts(ValueShape{PhysicalType::kBytes, 1});
  for (uint32_t i = 0; i < kRows; ++i) {
    kinds.AppendString("kind " + std::to_string(random() % 77));
    texts.AppendString("card " + std::to_string(random() % 100000) + " was declined at machine " + std::to_string(i));
  }
  for (EncodingId id : {kPlain, kDictionary}) Measure("77 strings", id, kinds, &strings);
  for (EncodingId id : {kPlain, kZstd}) Measure("texts", id, texts, &strings);
}

}  // namespace
}  // namespace cortex

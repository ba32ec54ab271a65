#include "codecs/zptv/sketch/section.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <random>
#include <vector>

#include "codecs/bytes/byte_writer.h"
#include "tests/codecs/zptv/golden_bytes.h"
#include "tests/codecs/zptv/sketch/sample_rows.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

struct Column {
  ValueShape shape;
  uint32_t rows;
  std::vector<double> values;
  Buffer bytes;

  ValueSpan All() const { return {.shape = shape, .row_count = rows, .fixed = bytes.data()}; }
};

Column MakeColumn(PhysicalType type, uint32_t rows, uint32_t values_per_row) {
  std::mt19937_64 random(rows);
  Column out{.shape = {type, values_per_row}, .rows = rows};
  out.values = testing::SampleRows(testing::RowKind::kClustered, type, rows, values_per_row, random);
  out.bytes = testing::ToColumn(type, out.values);
  return out;
}

std::string SectionOf(SketchKind kind, const Column& column) {
  std::string out;
  AppendSketchSection(kind, column.All(), &out);
  return out;
}

TEST_CASE("Sketch sections return their blocks", "[codecs][zptv]") {
  for (const uint32_t rows : {0u, 1u, 1023u, 1024u, 1025u, 2500u}) {
    CAPTURE(rows);
    const Column column = MakeColumn(PhysicalType::kFloat32, rows, 6);
    const std::string bytes = SectionOf(SketchKind::kEuclidean, column);
    const MemorySource source(AsBytes(bytes));
    const auto section = REQUIRE_OK_AND_TAKE(SketchSection::Open(&source, SketchKind::kEuclidean, column.shape, rows));
    REQUIRE(section.block_count() == (rows + 1023) / 1024);
    uint32_t seen = 0;
    for (uint32_t b = 0; b < section.block_count(); ++b) {
      const SketchBlock block = REQUIRE_OK_AND_TAKE(section.Euclidean(b, SketchBlock::Level::kCoarse));
      REQUIRE_OK(section.Euclidean(b));
      const BlockQuery query(block, absl::MakeConstSpan(column.values).subspan(seen * 6, 6),
                             CanonicalPrecision::kFloat32);
      double lower, upper;
      query.Coarse(0, 1, &lower, &upper);
      REQUIRE((lower == 0 && upper < 1));
      seen += block.rows();
    }
    REQUIRE(seen == rows);
    const std::string polar = SectionOf(SketchKind::kPolar, column);
    const MemorySource polar_source(AsBytes(polar));
    const auto polar_section =
        REQUIRE_OK_AND_TAKE(SketchSection::Open(&polar_source, SketchKind::kPolar, column.shape, rows));
    for (uint32_t b = 0; b < polar_section.block_count(); ++b) REQUIRE_OK(polar_section.Polar(b));
  }
}

TEST_CASE("Sketch blocks made one by one are those of the section", "[codecs][zptv]") {
  const Column column = MakeColumn(PhysicalType::kFloat64, 3000, 4);
  for (const SketchKind kind : {SketchKind::kEuclidean, SketchKind::kPolar}) {
    const std::string section = SectionOf(kind, column);
    size_t at = 64;
    for (uint32_t first = 0; first < 3000; first += kSketchBlockRows) {
      const uint32_t rows = std::min(3000 - first, kSketchBlockRows);
      const Buffer block = BuildBlock(kind, column.All().Slice(first, rows));
      REQUIRE(block.size() == SketchBlockBytes(kind, column.shape, rows));
      REQUIRE(std::memcmp(block.data(), section.data() + at, block.size()) == 0);
      at += block.size();
    }
    REQUIRE(at == section.size());
  }
}

TEST_CASE("Sketch sections are refused when truncated, foreign or newer", "[codecs][zptv]") {
  const Column column = MakeColumn(PhysicalType::kFloat32, 40, 8);
  const std::string bytes = SectionOf(SketchKind::kEuclidean, column);
  const auto open = [&](const std::string& b, uint32_t rows) {
    const MemorySource source(AsBytes(b));
    return SketchSection::Open(&source, SketchKind::kEuclidean, column.shape, rows).status();
  };
  for (size_t size = 0; size < bytes.size(); ++size) {
    REQUIRE_STATUS(open(bytes.substr(0, size), 40), absl::StatusCode::kDataLoss, "sketch section");
  }
  REQUIRE_STATUS(open(bytes + "x", 40), absl::StatusCode::kDataLoss, "sketch section");
  REQUIRE_STATUS(open(bytes, 41), absl::StatusCode::kDataLoss, "the column has 41 rows");
  std::string other = bytes;
  other[0] = 'x';
  REQUIRE_STATUS(open(other, 40), absl::StatusCode::kDataLoss, "not a sketch section");
  other = bytes;
  other[4] = 2;
  REQUIRE_STATUS(open(other, 40), absl::StatusCode::kUnimplemented, "version 2");
  other = bytes;
  other[5] = 9;
  REQUIRE_STATUS(open(other, 40), absl::StatusCode::kUnimplemented, "kind 9");
  // A damaged block is found when it is asked for.
  other = bytes;
  const float bad = -1;
  std::memcpy(other.data() + 64 + SketchBlockLayout(40, 8).norms_begin, &bad, sizeof(bad));
  const MemorySource source(AsBytes(other));
  const auto section = REQUIRE_OK_AND_TAKE(SketchSection::Open(&source, SketchKind::kEuclidean, column.shape, 40));
  REQUIRE_STATUS(section.Euclidean(0), absl::StatusCode::kDataLoss, "impossible numbers");
}

TEST_CASE("Golden sketch sections are written and read", "[codecs][zptv]") {
  Column column{.shape = {PhysicalType::kFloat32, 6}, .rows = 3};
  for (int i = 0; i < 18; ++i) column.values.push_back(i * 7 % 5 - 1.5 + i / 6);
  column.bytes = testing::ToColumn(column.shape.type, column.values);
  for (const SketchKind kind : {SketchKind::kEuclidean, SketchKind::kPolar}) {
    const std::string today = SectionOf(kind, column);
    const std::string golden =
        testing::GoldenBytes(kind == SketchKind::kPolar ? "sketch_polar" : "sketch_euclidean", today);
    REQUIRE(today == golden);
    const MemorySource source(AsBytes(golden));
    const auto section = REQUIRE_OK_AND_TAKE(SketchSection::Open(&source, kind, column.shape, 3));
    double lower[3], upper[3];
    const auto query = absl::MakeConstSpan(column.values).subspan(6, 6);
    if (kind == SketchKind::kEuclidean) {
      BlockQuery(REQUIRE_OK_AND_TAKE(section.Euclidean(0)), query, CanonicalPrecision::kFloat32)
          .Coarse(0, 3, lower, upper);
    } else {
      PolarBlockQuery(REQUIRE_OK_AND_TAKE(section.Polar(0)), query).Coarse(0, 3, lower, upper);
    }
    REQUIRE((lower[1] == 0 && upper[1] < upper[0] && upper[1] < upper[2]));
  }
}

}  // namespace
}  // namespace cortex

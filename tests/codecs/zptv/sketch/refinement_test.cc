#include "codecs/zptv/sketch/refinement.h"

#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "tests/codecs/zptv/sketch/sample_rows.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

constexpr PhysicalType kTypes[] = {PhysicalType::kFloat16, PhysicalType::kFloat32, PhysicalType::kFloat64};

// Bits per value a refinement needs at least: the mean length of its integers.
double MeanBits(const Buffer& refinement, PhysicalType type) {
  double bits = 0;
  const size_t width = WidthOf(type), count = refinement.size() / width;
  for (size_t i = 0; i < count; ++i) {
    uint64_t z = 0;
    std::memcpy(&z, refinement.data() + i * width, width);
    bits += std::bit_width(z);
  }
  return bits / static_cast<double>(count);
}

Buffer Refine(const SketchBlock& block, const ValueSpan& rows) {
  Buffer out;
  RefineSketch(block, 0, rows, out.Extend(size_t{rows.row_count} * rows.shape.row_bytes()));
  return out;
}

void CheckExact(const ValueSpan& rows) {
  const Buffer block_bytes = BuildSketchBlock(rows);
  const SketchBlock block =
      REQUIRE_OK_AND_TAKE(SketchBlock::Open(block_bytes.span(), rows.row_count, rows.shape.values_per_row));
  Buffer values = Refine(block, rows);
  const size_t row_bytes = rows.shape.row_bytes();
  // One row out of the middle, then all in place.
  std::vector<std::byte> one(row_bytes);
  const uint32_t row = rows.row_count / 2;
  RestoreFromSketch(block, row, 1, rows.shape.type, values.data() + row * row_bytes, one.data());
  REQUIRE(std::memcmp(one.data(), rows.fixed + row * row_bytes, row_bytes) == 0);
  RestoreFromSketch(block, 0, rows.row_count, rows.shape.type, values.data(), values.data());
  REQUIRE(std::memcmp(values.data(), rows.fixed, values.size()) == 0);
}

TEST_CASE("Sketch refinements return every value bit by bit", "[codecs][zptv]") {
  std::mt19937_64 random(1);
  for (const PhysicalType type : kTypes) {
    for (const testing::RowKind kind : testing::kAllRowKinds) {
      for (const uint32_t components : {1u, 7u, 63u, 130u, 200u}) {
        CAPTURE(static_cast<int>(type), static_cast<int>(kind), components);
        const Buffer column = testing::ToColumn(type, testing::SampleRows(kind, type, 20, components, random));
        CheckExact({.shape = {type, components}, .row_count = 20, .fixed = column.data()});
      }
    }
    // Any bits at all: NaN payloads, infinities, subnormals, −0.
    Buffer any;
    any.Resize(40 * 33 * WidthOf(type));
    for (size_t i = 0; i < any.size(); ++i) any.as<uint8_t>()[i] = static_cast<uint8_t>(random());
    CheckExact({.shape = {type, 33}, .row_count = 40, .fixed = any.data()});
    Buffer zeros = testing::ToColumn(type, std::vector<double>(40 * 33, -0.0));
    CheckExact({.shape = {type, 33}, .row_count = 40, .fixed = zeros.data()});
  }
}

TEST_CASE("Sketch refinements are smaller than their values", "[codecs][zptv]") {
  std::mt19937_64 random(2);
  for (const PhysicalType type : kTypes) {
    const Buffer column =
        testing::ToColumn(type, testing::SampleRows(testing::RowKind::kNormal, type, 200, 256, random));
    const ValueSpan rows{.shape = {type, 256}, .row_count = 200, .fixed = column.data()};
    const Buffer block_bytes = BuildSketchBlock(rows);
    const SketchBlock block = REQUIRE_OK_AND_TAKE(SketchBlock::Open(block_bytes.span(), 200, 256));
    REQUIRE(MeanBits(Refine(block, rows), type) < 8.0 * WidthOf(type) - 5.5);
  }
}

}  // namespace
}  // namespace cortex

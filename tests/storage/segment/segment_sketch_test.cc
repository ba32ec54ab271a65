// Sketches beside the values of a segment: present where asked for, about the rows as they are stored, verified.
#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "codecs/simd/distance_kernels.h"
#include "codecs/zptv/sketch/bounds.h"
#include "storage/segment/segment_chunk.h"
#include "tests/storage/segment/segment_fixture.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

using testing::SegmentSpec;
using testing::WrittenSegment;

constexpr uint32_t kRows = 1500;

std::shared_ptr<const TableDefinition> VectorTable() {
  return testing::TestTable("t", {{"state", DataType::Vector(TypeKind::kFloat64, 70)},
                                  {"field", DataType::Vector(TypeKind::kComplex128, 64)},
                                  {"short", DataType::Vector(TypeKind::kFloat32, 8)},
                                  {"x", DataType::Scalar(TypeKind::kInt32)}});
}

WrittenSegment Write(const testing::TempDir& dir, std::vector<SketchKind> sketches, double null_fraction) {
  SegmentSpec spec{.sketches = std::move(sketches)};
  spec.groups.push_back(testing::RandomBatch(VectorTable(), {.row_count = kRows, .null_fraction = null_fraction}));
  return REQUIRE_OK_AND_TAKE(testing::WriteSegment(dir.path(), spec));
}

const SegmentChunk& ChunkOf(const SegmentReader& reader, const WrittenSegment& segment, std::string_view name) {
  const ColumnId id = segment.table->columns[*segment.table->FindColumn(name)].id;
  const ColumnChunk* const chunk = REQUIRE_OK_AND_TAKE(reader.row_group(0).column(id));
  const auto* const ours = dynamic_cast<const SegmentChunk*>(chunk);
  REQUIRE(ours != nullptr);
  return *ours;
}

// Every present row's interval, from its place in the sketch, holds its distance to a query.
void CheckEuclidean(const SegmentChunk& chunk, const DataType& type) {
  const RowSketches* const sketch = REQUIRE_OK_AND_TAKE(chunk.Sketch(SketchKind::kEuclidean));
  REQUIRE(sketch != nullptr);
  REQUIRE(sketch == REQUIRE_OK_AND_TAKE(chunk.Sketch(SketchKind::kEuclidean)));
  const std::vector<double> query(type.shape().values_per_row, 0.25);
  std::vector<double> lower, upper;
  for (uint32_t b = 0; b < sketch->block_count(); ++b) {
    const SketchBlock block = REQUIRE_OK_AND_TAKE(sketch->Euclidean(b));
    lower.resize(lower.size() + block.rows());
    upper.resize(lower.size());
    BlockQuery(block, query, CanonicalPrecision::kFloat64)
        .Coarse(0, block.rows(), &lower[b * kSketchBlockRows], &upper[b * kSketchBlockRows]);
  }
  Column column(type);
  REQUIRE_OK(chunk.Decode(0, kRows, &column));
  size_t wrong = 0, present = 0;
  for (uint32_t row = 0; row < kRows; ++row) {
    if (column.IsNull(row)) continue;
    ++present;
    const auto* const values = reinterpret_cast<const double*>(column.FixedAt(row).data());
    const double squared = simd::SquaredL2(absl::MakeConstSpan(query), {values, query.size()});
    const uint32_t at = chunk.SketchRow(row);
    const bool undecided = lower[at] < 0 && upper[at] > 1e308;
    wrong += !undecided && !(lower[at] <= squared && squared <= upper[at]);
  }
  REQUIRE(wrong == 0);
  REQUIRE(present > 0);
}

TEST_CASE("Segments keep sketches of vectors and fields, at every share of nulls", "[storage][segment]") {
  for (const double null_fraction : {0.0, 0.05, 0.5}) {
    CAPTURE(null_fraction);
    testing::TempDir dir;
    const WrittenSegment segment = Write(dir, {SketchKind::kEuclidean, SketchKind::kPolar}, null_fraction);
    const auto reader = REQUIRE_OK_AND_TAKE(testing::OpenSegment(segment));
    const SegmentChunk& state = ChunkOf(*reader, segment, "state");
    const SegmentChunk& field = ChunkOf(*reader, segment, "field");
    CheckEuclidean(state, DataType::Vector(TypeKind::kFloat64, 70));
    CheckEuclidean(field, DataType::Vector(TypeKind::kComplex128, 64));
    const RowSketches* const polar = REQUIRE_OK_AND_TAKE(field.Sketch(SketchKind::kPolar));
    REQUIRE(polar != nullptr);
    for (uint32_t b = 0; b < polar->block_count(); ++b) REQUIRE_OK(polar->Polar(b));
    REQUIRE(REQUIRE_OK_AND_TAKE(state.Sketch(SketchKind::kPolar)) == nullptr);
    for (const char* name : {"short", "x"}) {
      REQUIRE(REQUIRE_OK_AND_TAKE(ChunkOf(*reader, segment, name).Sketch(SketchKind::kEuclidean)) == nullptr);
    }
    REQUIRE_OK(reader->Verify());
  }
}

TEST_CASE("Segments have no sketches unless asked for, and answer the same with them", "[storage][segment]") {
  testing::TempDir plain_dir, sketched_dir;
  const WrittenSegment plain = Write(plain_dir, {}, 0.1);
  const WrittenSegment sketched = Write(sketched_dir, {SketchKind::kEuclidean}, 0.1);
  const auto plain_reader = REQUIRE_OK_AND_TAKE(testing::OpenSegment(plain));
  const auto sketched_reader = REQUIRE_OK_AND_TAKE(testing::OpenSegment(sketched));
  const SegmentChunk& without = ChunkOf(*plain_reader, plain, "state");
  const SegmentChunk& with = ChunkOf(*sketched_reader, sketched, "state");
  REQUIRE(REQUIRE_OK_AND_TAKE(without.Sketch(SketchKind::kEuclidean)) == nullptr);
  REQUIRE(with.stored_bytes() > without.stored_bytes());
  REQUIRE(REQUIRE_OK_AND_TAKE(testing::ReadEverything(*plain_reader, *plain.table)) ==
          REQUIRE_OK_AND_TAKE(testing::ReadEverything(*sketched_reader, *sketched.table)));
}

TEST_CASE("Sketches beside values take what encoding saved, and no column passes its raw size for one",
          "[storage][segment]") {
  testing::TempDir dir;
  SegmentSpec spec{.sketches = {SketchKind::kEuclidean, SketchKind::kPolar},
                   .sketches_within_raw = true,
                   .apply_contracts = true};
  spec.groups.push_back(testing::FieldRows(testing::FieldTable(), 512));
  const WrittenSegment segment = REQUIRE_OK_AND_TAKE(testing::WriteSegment(dir.path(), spec));
  const auto reader = REQUIRE_OK_AND_TAKE(testing::OpenSegment(segment));
  const SegmentChunk& exact = ChunkOf(*reader, segment, "exact");
  const SegmentChunk& bounded = ChunkOf(*reader, segment, "bounded");
  REQUIRE(exact.encoding() == EncodingId::kPlain);
  REQUIRE(REQUIRE_OK_AND_TAKE(exact.Sketch(SketchKind::kEuclidean)) == nullptr);
  REQUIRE(REQUIRE_OK_AND_TAKE(exact.Sketch(SketchKind::kPolar)) == nullptr);
  REQUIRE(REQUIRE_OK_AND_TAKE(ChunkOf(*reader, segment, "words").Sketch(SketchKind::kEuclidean)) == nullptr);
  REQUIRE(REQUIRE_OK_AND_TAKE(bounded.Sketch(SketchKind::kEuclidean)) != nullptr);
  for (const SegmentColumnStats& column : REQUIRE_OK_AND_TAKE(reader->ColumnStats())) {
    // Checksums of pages take a part in 8,192.
    if (column.column.value() > 2) REQUIRE(column.stored_bytes <= column.raw_bytes + column.raw_bytes / 4096);
  }
}

TEST_CASE("Damage to a sketch is found when it is read, and by Verify", "[storage][segment]") {
  testing::TempDir dir;
  WrittenSegment segment = Write(dir, {SketchKind::kEuclidean}, 0);
  const size_t at = segment.bytes.find(std::string("SKET\x01\x01", 6));
  REQUIRE(at != std::string::npos);
  segment.bytes[at + 64 + 20] ^= 1;
  const auto reader = REQUIRE_OK_AND_TAKE(testing::OpenSegment(segment));
  REQUIRE_STATUS(ChunkOf(*reader, segment, "state").Sketch(SketchKind::kEuclidean), absl::StatusCode::kDataLoss,
                 "checksum mismatch");
  REQUIRE_STATUS(reader->Verify(), absl::StatusCode::kDataLoss, "sketch");
}

}  // namespace
}  // namespace cortex

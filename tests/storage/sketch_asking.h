// Asks the sketches of a column's rows, wherever they are, about distances that are known: intervals must enclose what
// the canonical kernels answer for the rows as they are read.
#ifndef CORTEX_TESTS_STORAGE_SKETCH_ASKING_H_
#define CORTEX_TESTS_STORAGE_SKETCH_ASKING_H_

#include <catch2/catch.hpp>
#include <cmath>
#include <optional>
#include <vector>

#include "codecs/simd/distance_kernels.h"
#include "codecs/zptv/sketch/bounds.h"
#include "codecs/zptv/sketch/polar.h"
#include "codecs/zptv/sketch/section.h"
#include "storage/column/column.h"
#include "storage/column/schema.h"
#include "storage/segment_view.h"
#include "tests/support/status_assertions.h"

namespace cortex::testing {

inline std::vector<double> RowOf(const Column& column, uint32_t row) {
  const absl::Span<const std::byte> bytes = column.FixedAt(row);
  std::vector<double> values;
  if (column.type().shape().type == PhysicalType::kFloat32) {
    const auto* const floats = reinterpret_cast<const float*>(bytes.data());
    values.assign(floats, floats + bytes.size() / sizeof(float));
  } else {
    const auto* const doubles = reinterpret_cast<const double*>(bytes.data());
    values.assign(doubles, doubles + bytes.size() / sizeof(double));
  }
  return values;
}

inline double CanonicalSquares(const Column& column, absl::Span<const double> query, absl::Span<const double> row) {
  if (column.type().shape().type != PhysicalType::kFloat32) return simd::SquaredL2(query, row);
  const std::vector<float> a(query.begin(), query.end()), b(row.begin(), row.end());
  return simd::SquaredL2(absl::MakeConstSpan(a), absl::MakeConstSpan(b));
}

// All rows of one column of a group, null ones included.
inline Column RowsOf(const RowGroupView& group, const ColumnDefinition& definition) {
  const ColumnChunk* const chunk = REQUIRE_OK_AND_TAKE(group.column(definition.id));
  Column column(definition.type);
  REQUIRE_OK(chunk->Decode(0, group.row_count(), &column));
  return column;
}

struct SketchAnswers {
  uint32_t rows = 0;  // present ones
  uint32_t sketched = 0, polar = 0;
  uint32_t wrong = 0;

  void Add(const SketchAnswers& other) {
    rows += other.rows;
    sketched += other.sketched;
    polar += other.polar;
    wrong += other.wrong;
  }
};

// What `sketches`, of `chunk`, say of each present row of `column`. `rows`: the values whose distances must be enclosed.
inline SketchAnswers AskSketches(const RowSketches& sketches, const ColumnChunk& chunk, SketchKind kind,
                                 const Column& rows, absl::Span<const double> query) {
  const bool is_float = rows.type().shape().type == PhysicalType::kFloat32;
  const CanonicalPrecision precision = is_float ? CanonicalPrecision::kFloat32 : CanonicalPrecision::kFloat64;
  SketchAnswers answers;
  uint32_t opened = UINT32_MAX;
  std::optional<BlockQuery> euclidean;
  std::optional<PolarBlockQuery> polar;
  for (uint32_t row = 0; row < rows.row_count(); ++row) {
    if (rows.IsNull(row)) continue;
    ++answers.rows;
    const uint32_t at = chunk.SketchRow(row), block = at / kSketchBlockRows, in_block = at % kSketchBlockRows;
    if (block >= sketches.block_count() || sketches.RowsOf(block) == 0) continue;
    const std::vector<double> values = RowOf(rows, row);
    double lower, upper, fine_lower, fine_upper;
    if (kind == SketchKind::kEuclidean) {
      if (block != opened) euclidean.emplace(REQUIRE_OK_AND_TAKE(sketches.Euclidean(block)), query, precision);
      const double squares = CanonicalSquares(rows, query, values);
      euclidean->Coarse(in_block, 1, &lower, &upper);
      euclidean->Fine({&in_block, 1}, &fine_lower, &fine_upper);
      answers.wrong += !(lower <= squares && squares <= upper && fine_lower <= squares && squares <= fine_upper);
      ++answers.sketched;
    } else {
      if (block != opened) polar.emplace(REQUIRE_OK_AND_TAKE(sketches.Polar(block)), query);
      const double distance = simd::FieldDistance(simd::FieldMetric::kPolar, query, values);
      polar->Coarse(in_block, 1, &lower, &upper);
      answers.wrong += !(std::sqrt(lower) <= distance && distance <= std::sqrt(upper));
      ++answers.polar;
    }
    opened = block;
  }
  return answers;
}

// Both kinds, of the rows as the group serves them.
inline SketchAnswers AskGroup(const RowGroupView& group, const ColumnDefinition& definition,
                              absl::Span<const double> query) {
  const Column rows = RowsOf(group, definition);
  SketchAnswers answers{.rows = rows.row_count() - rows.null_count()};
  for (const SketchKind kind : {SketchKind::kEuclidean, SketchKind::kPolar}) {
    const ColumnChunk* const chunk = REQUIRE_OK_AND_TAKE(group.sketched_column(definition.id, kind));
    if (chunk == nullptr) continue;
    const RowSketches* const sketches = REQUIRE_OK_AND_TAKE(chunk->Sketch(kind));
    if (sketches == nullptr) continue;
    SketchAnswers of_kind = AskSketches(*sketches, *chunk, kind, rows, query);
    of_kind.rows = 0;
    answers.Add(of_kind);
  }
  return answers;
}

}  // namespace cortex::testing

#endif  // CORTEX_TESTS_STORAGE_SKETCH_ASKING_H_

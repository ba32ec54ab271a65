// Rows for sketch tests: shapes of data that bounds must survive, and the canonical distances they must enclose.
#ifndef CORTEX_TESTS_CODECS_ZPTV_SKETCH_SAMPLE_ROWS_H_
#define CORTEX_TESTS_CODECS_ZPTV_SKETCH_SAMPLE_ROWS_H_

#include <cstdint>
#include <random>
#include <vector>

#include "codecs/bytes/buffer.h"
#include "codecs/values.h"
#include "codecs/zptv/sketch/bounds.h"

namespace cortex::testing {

enum class RowKind {
  kNormal,      // white noise
  kClustered,   // few directions, far from the origin
  kSparse,      // mostly zeros
  kOutlier,     // one component dwarfs the others
  kMixedScale,  // rows of very different length
  kHuge,        // near the largest number of the type
  kTiny,        // near the smallest
  kRepeated,    // few distinct rows, zero rows among them
};
inline constexpr RowKind kAllRowKinds[] = {RowKind::kNormal,  RowKind::kClustered,  RowKind::kSparse,
                                           RowKind::kOutlier, RowKind::kMixedScale, RowKind::kHuge,
                                           RowKind::kTiny,    RowKind::kRepeated};

// A value of the column's type, exactly.
double RoundToType(PhysicalType type, double value);

// `rows` rows of doubles that `type` represents exactly.
std::vector<double> SampleRows(RowKind kind, PhysicalType type, size_t rows, size_t components,
                               std::mt19937_64& random);

// The same values in the column's type.
Buffer ToColumn(PhysicalType type, const std::vector<double>& values);

// The squared distance the canonical kernel computes for the column.
double CanonicalSquared(PhysicalType type, CanonicalPrecision precision, absl::Span<const double> query,
                        absl::Span<const double> row);

}  // namespace cortex::testing

#endif  // CORTEX_TESTS_CODECS_ZPTV_SKETCH_SAMPLE_ROWS_H_

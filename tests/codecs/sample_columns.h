// Columns the codec tests share: every type, and the shapes that break encoders (empty, one value, all equal, extremes,
// NaN payloads, −0, random, lengths beside block edges).
#ifndef CORTEX_TESTS_CODECS_SAMPLE_COLUMNS_H_
#define CORTEX_TESTS_CODECS_SAMPLE_COLUMNS_H_

#include <random>
#include <string>
#include <vector>

#include "codecs/values.h"

namespace cortex::testing {

struct SampleColumn {
  std::string name;
  ValueBuffer values;
};

// All rows of all types; `rows` rows each.
std::vector<SampleColumn> SampleColumns(uint32_t rows, uint64_t seed);

// True if both hold the same bits.
bool SameRows(const ValueSpan& a, const ValueSpan& b);

}  // namespace cortex::testing

#endif  // CORTEX_TESTS_CODECS_SAMPLE_COLUMNS_H_

// Float columns for the ZPTV tests, and reading them back.
#ifndef CORTEX_TESTS_CODECS_FLOAT_COLUMNS_H_
#define CORTEX_TESTS_CODECS_FLOAT_COLUMNS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "codecs/values.h"

namespace cortex::testing {

// `values` rounded to `type`, values_per_row to a row.
ValueBuffer Make(PhysicalType type, uint32_t values_per_row, const std::vector<double>& values);

// Independent normal values.
std::vector<double> Noise(size_t count, uint64_t seed);
// Complex fields of few modes that drift from row to row, a little noise on top.
std::vector<double> SmoothFields(uint32_t rows, uint32_t points, uint64_t seed);

// What EncodeZptv made of `rows`.
ValueBuffer DecodeAll(const std::string& bytes, const ValueSpan& rows);

}  // namespace cortex::testing

#endif  // CORTEX_TESTS_CODECS_FLOAT_COLUMNS_H_

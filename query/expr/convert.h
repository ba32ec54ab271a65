// Conversion of float elements between widths: what vector casts and mixed distances share. Internal to query/expr.
#ifndef CORTEX_QUERY_EXPR_CONVERT_H_
#define CORTEX_QUERY_EXPR_CONVERT_H_

#include <cstddef>
#include <string>

#include "codecs/values.h"
#include "query/expr/batch_column.h"

namespace cortex::query {

// `count` values of one float type to another; narrowing rounds to nearest even.
void ConvertFloats(PhysicalType from, const std::byte* in, size_t count, PhysicalType to, std::byte* out);

// A vector column with its elements in another float type. Returns the column itself if the type is already right.
BatchColumn ConvertVector(const BatchColumn& column, const DataType& to);

// Shortest decimal text that reads back to the same value (`1.5`, `1e-07`, `nan`, `inf`).
std::string FloatText(double value);
std::string FloatText(float value);

}  // namespace cortex::query

#endif  // CORTEX_QUERY_EXPR_CONVERT_H_

// Values of result columns as query-text tests write them.
#ifndef CORTEX_TESTS_CQL_VALUE_TEXT_H_
#define CORTEX_TESTS_CQL_VALUE_TEXT_H_

#include <string>

#include "storage/column/column.h"

namespace cortex::testing {

// `NULL`, `true`, `12`, `1.5`, `nan`, `text`, `X'00ff'`, `2026-01-01T00:00:00Z`, `(1, -2)` for complex values, `[1, 2]`
// for vectors and lists. Floats in the shortest form that reads back.
std::string ValueText(const Column& column, uint32_t row);

}  // namespace cortex::testing

#endif  // CORTEX_TESTS_CQL_VALUE_TEXT_H_

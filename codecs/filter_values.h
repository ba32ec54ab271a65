// A ValueFilter applied to plain values: what every encoding falls back on once values lie in memory.
#ifndef CORTEX_CODECS_FILTER_VALUES_H_
#define CORTEX_CODECS_FILTER_VALUES_H_

#include <cstdint>
#include <string_view>

#include "codecs/value_filter.h"
#include "codecs/values.h"

namespace cortex {

// Clears bit i of `selection` for every row i of `values` (one scalar per row, not kBytes) that does not satisfy
// `filter`; clear bits stay clear. NaN rules and value kinds: value_filter.h. One SIMD pass (sets: one per member).
void FilterFixedValues(const ValueSpan& values, const ValueFilter& filter, uint64_t* selection);

// The same for one value of a string column, an integer or a float.
bool MatchesFilter(const ValueFilter& filter, std::string_view value);
bool MatchesFilter(const ValueFilter& filter, int64_t value);
bool MatchesFilter(const ValueFilter& filter, double value);

}  // namespace cortex

#endif  // CORTEX_CODECS_FILTER_VALUES_H_

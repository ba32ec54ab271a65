// A predicate codecs evaluate on encoded values: an interval or a set, over one scalar per row.
//
// Integers (and bool, as 0/1) compare as int64, floats as double (float16 and float32 widen exactly), bytes
// lexicographically as unsigned bytes. NaN in the data never satisfies an interval or a set; -0 equals +0.
#ifndef CORTEX_CODECS_VALUE_FILTER_H_
#define CORTEX_CODECS_VALUE_FILTER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace cortex {

// Which alternative is held follows from the column: integers and bool int64_t, floats double, bytes std::string.
using FilterValue = std::variant<int64_t, double, std::string>;

struct FilterBound {
  FilterValue value;
  bool inclusive = true;
};

struct ValueFilter {
  enum class Kind : uint8_t { kInterval, kSet };
  Kind kind = Kind::kInterval;
  std::optional<FilterBound> lower;  // kInterval: absent = unbounded
  std::optional<FilterBound> upper;
  std::vector<FilterValue> set;  // kSet: any order, no duplicates
};

}  // namespace cortex

#endif  // CORTEX_CODECS_VALUE_FILTER_H_

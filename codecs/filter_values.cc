#include "codecs/filter_values.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "codecs/simd/half.h"
#include "codecs/simd/predicate_kernels.h"

namespace cortex {
namespace {

void ClearAll(uint32_t count, uint64_t* selection) {
  const uint32_t words = count / 64;
  std::fill_n(selection, words, 0);
  if (count % 64 != 0) selection[words] &= ~((uint64_t{1} << (count % 64)) - 1);
}

template <typename T>
struct Interval {
  T lower;
  T upper;
};

// The closed interval of T that holds the same values as the filter's; nullopt if it is empty.
template <typename T>
std::optional<Interval<T>> IntegerInterval(const ValueFilter& filter) {
  int64_t lower = std::numeric_limits<T>::min();
  int64_t upper = std::numeric_limits<T>::max();
  if (filter.lower.has_value()) {
    const int64_t bound = std::get<int64_t>(filter.lower->value);
    if (!filter.lower->inclusive && bound == std::numeric_limits<int64_t>::max()) return std::nullopt;
    lower = std::max(lower, filter.lower->inclusive ? bound : bound + 1);
  }
  if (filter.upper.has_value()) {
    const int64_t bound = std::get<int64_t>(filter.upper->value);
    if (!filter.upper->inclusive && bound == std::numeric_limits<int64_t>::min()) return std::nullopt;
    upper = std::min(upper, filter.upper->inclusive ? bound : bound - 1);
  }
  if (lower > upper) return std::nullopt;
  return Interval<T>{static_cast<T>(lower), static_cast<T>(upper)};
}

// The closed double interval of the filter; nullopt if it is empty or a bound is NaN.
std::optional<Interval<double>> FloatInterval(const ValueFilter& filter) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Interval<double> interval{-kInfinity, kInfinity};
  if (filter.lower.has_value()) {
    const double bound = std::get<double>(filter.lower->value);
    if (std::isnan(bound) || (!filter.lower->inclusive && bound == kInfinity)) return std::nullopt;
    interval.lower = filter.lower->inclusive ? bound : std::nextafter(bound, kInfinity);
  }
  if (filter.upper.has_value()) {
    const double bound = std::get<double>(filter.upper->value);
    if (std::isnan(bound) || (!filter.upper->inclusive && bound == -kInfinity)) return std::nullopt;
    interval.upper = filter.upper->inclusive ? bound : std::nextafter(bound, -kInfinity);
  }
  if (interval.lower > interval.upper) return std::nullopt;
  return interval;
}

// A double interval over float32 values: the smallest float >= lower, the largest float <= upper.
Interval<float> NarrowToFloat(Interval<double> interval) {
  auto lower = static_cast<float>(interval.lower);
  auto upper = static_cast<float>(interval.upper);
  if (static_cast<double>(lower) < interval.lower) lower = std::nextafterf(lower, HUGE_VALF);
  if (static_cast<double>(upper) > interval.upper) upper = std::nextafterf(upper, -HUGE_VALF);
  return {lower, upper};
}

template <typename T>
absl::Span<const T> Typed(const ValueSpan& values) {
  return {reinterpret_cast<const T*>(values.fixed), values.row_count};
}

template <typename T>
void FilterIntegers(const ValueSpan& values, const ValueFilter& filter, uint64_t* selection) {
  if (filter.kind == ValueFilter::Kind::kSet) {
    std::vector<T> set;
    for (const FilterValue& member : filter.set) {
      const int64_t value = std::get<int64_t>(member);
      if (value >= std::numeric_limits<T>::min() && value <= std::numeric_limits<T>::max()) {
        set.push_back(static_cast<T>(value));
      }
    }
    return simd::AndInSet(Typed<T>(values), absl::Span<const T>(set), selection);
  }
  const auto interval = IntegerInterval<T>(filter);
  if (!interval.has_value()) return ClearAll(values.row_count, selection);
  simd::AndInterval(Typed<T>(values), interval->lower, interval->upper, selection);
}

void FilterFloat64(const ValueSpan& values, const ValueFilter& filter, uint64_t* selection) {
  if (filter.kind == ValueFilter::Kind::kSet) {
    std::vector<double> set;
    for (const FilterValue& member : filter.set) set.push_back(std::get<double>(member));
    return simd::AndInSet(Typed<double>(values), absl::Span<const double>(set), selection);
  }
  const auto interval = FloatInterval(filter);
  if (!interval.has_value()) return ClearAll(values.row_count, selection);
  simd::AndInterval(Typed<double>(values), interval->lower, interval->upper, selection);
}

void FilterFloat32(const ValueSpan& values, const ValueFilter& filter, uint64_t* selection) {
  if (filter.kind == ValueFilter::Kind::kSet) {
    std::vector<float> set;
    for (const FilterValue& member : filter.set) {
      const double value = std::get<double>(member);
      if (static_cast<double>(static_cast<float>(value)) == value) set.push_back(static_cast<float>(value));
    }
    return simd::AndInSet(Typed<float>(values), absl::Span<const float>(set), selection);
  }
  const auto interval = FloatInterval(filter);
  if (!interval.has_value()) return ClearAll(values.row_count, selection);
  const Interval<float> narrow = NarrowToFloat(*interval);
  simd::AndInterval(Typed<float>(values), narrow.lower, narrow.upper, selection);
}

// float16 is rare in predicates: widen and compare one by one.
void FilterFloat16(const ValueSpan& values, const ValueFilter& filter, uint64_t* selection) {
  const auto halves = Typed<Half>(values);
  for (uint32_t i = 0; i < values.row_count; ++i) {
    if (!MatchesFilter(filter, static_cast<double>(ToFloat(halves[i])))) {
      selection[i / 64] &= ~(uint64_t{1} << (i % 64));
    }
  }
}

template <typename T>
bool Matches(const ValueFilter& filter, const T& value) {
  if (filter.kind == ValueFilter::Kind::kSet) {
    for (const FilterValue& member : filter.set) {
      if (std::get<T>(member) == value) return true;
    }
    return false;
  }
  if (filter.lower.has_value()) {
    const T& bound = std::get<T>(filter.lower->value);
    if (!(value > bound || (filter.lower->inclusive && value == bound))) return false;
  }
  if (filter.upper.has_value()) {
    const T& bound = std::get<T>(filter.upper->value);
    if (!(value < bound || (filter.upper->inclusive && value == bound))) return false;
  }
  return true;
}

}  // namespace

void FilterFixedValues(const ValueSpan& values, const ValueFilter& filter, uint64_t* selection) {
  switch (values.shape.type) {
    case PhysicalType::kBool:
    case PhysicalType::kInt8:
      return FilterIntegers<int8_t>(values, filter, selection);
    case PhysicalType::kInt16:
      return FilterIntegers<int16_t>(values, filter, selection);
    case PhysicalType::kInt32:
      return FilterIntegers<int32_t>(values, filter, selection);
    case PhysicalType::kInt64:
      return FilterIntegers<int64_t>(values, filter, selection);
    case PhysicalType::kFloat16:
      return FilterFloat16(values, filter, selection);
    case PhysicalType::kFloat32:
      return FilterFloat32(values, filter, selection);
    case PhysicalType::kFloat64:
      return FilterFloat64(values, filter, selection);
    case PhysicalType::kBytes:
      return ClearAll(values.row_count, selection);  // not a fixed-width type: no row qualifies
  }
}

bool MatchesFilter(const ValueFilter& filter, std::string_view value) {
  // Compared without making a string of `value`: this runs once per distinct string of a chunk.
  if (filter.kind == ValueFilter::Kind::kSet) {
    return std::any_of(filter.set.begin(), filter.set.end(),
                       [&](const FilterValue& member) { return std::get<std::string>(member) == value; });
  }
  if (filter.lower.has_value()) {
    const int order = value.compare(std::get<std::string>(filter.lower->value));
    if (order < 0 || (order == 0 && !filter.lower->inclusive)) return false;
  }
  if (filter.upper.has_value()) {
    const int order = value.compare(std::get<std::string>(filter.upper->value));
    if (order > 0 || (order == 0 && !filter.upper->inclusive)) return false;
  }
  return true;
}

bool MatchesFilter(const ValueFilter& filter, int64_t value) { return Matches<int64_t>(filter, value); }

bool MatchesFilter(const ValueFilter& filter, double value) {
  return !std::isnan(value) && Matches<double>(filter, value);
}

}  // namespace cortex

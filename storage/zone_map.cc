#include "storage/zone_map.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

#include "codecs/simd/half.h"

namespace cortex {
namespace {

// --- computing ----------------------------------------------------------------------------------------------------

template <typename T>
void BoundIntegers(const Column& column, uint32_t first, uint32_t count, ZoneMap* zone) {
  const T* const values = column.values_as<T>().data();
  T low = 0;
  T high = 0;
  bool any = false;
  if (zone->null_count == 0) {
    low = high = values[first];
    any = true;
    for (uint32_t row = first; row < first + count; ++row) {
      low = std::min(low, values[row]);
      high = std::max(high, values[row]);
    }
  } else {
    for (uint32_t row = first; row < first + count; ++row) {
      if (column.IsNull(row)) continue;
      low = any ? std::min(low, values[row]) : values[row];
      high = any ? std::max(high, values[row]) : values[row];
      any = true;
    }
  }
  if (!any) return;
  zone->min = static_cast<int64_t>(low);
  zone->max = static_cast<int64_t>(high);
}

double Widen(double value) { return value; }
double Widen(float value) { return value; }
double Widen(uint16_t half_bits) { return ToFloat(Half{half_bits}); }

template <typename T>
void BoundFloats(const Column& column, uint32_t first, uint32_t count, ZoneMap* zone) {
  const T* const values = column.values_as<T>().data();
  double low = INFINITY;
  double high = -INFINITY;
  bool any = false;
  for (uint32_t row = first; row < first + count; ++row) {
    if (column.IsNull(row)) continue;
    const double value = Widen(values[row]);
    if (std::isnan(value)) {
      zone->has_nan = true;
      continue;
    }
    any = true;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (!any) return;
  zone->min = low;
  zone->max = high;
}

// The shortest string of at most kZoneMapPrefixBytes that is above every string beginning with `value`'s prefix.
std::optional<std::string> RoundUp(std::string_view value) {
  std::string rounded(value.substr(0, kZoneMapPrefixBytes));
  while (!rounded.empty() && rounded.back() == '\xff') rounded.pop_back();
  if (rounded.empty()) return std::nullopt;
  rounded.back() = static_cast<char>(static_cast<unsigned char>(rounded.back()) + 1);
  return rounded;
}

void BoundStrings(const Column& column, uint32_t first, uint32_t count, ZoneMap* zone) {
  std::string_view low;
  std::string_view high;
  bool any = false;
  for (uint32_t row = first; row < first + count; ++row) {
    if (column.IsNull(row)) continue;
    const std::string_view value = column.StringAt(row);
    if (!any || value < low) low = value;
    if (!any || value > high) high = value;
    any = true;
  }
  if (!any) return;
  zone->exact = low.size() <= kZoneMapPrefixBytes && high.size() <= kZoneMapPrefixBytes;
  zone->min = std::string(low.substr(0, kZoneMapPrefixBytes));
  if (high.size() <= kZoneMapPrefixBytes) {
    zone->max = std::string(high);
  } else if (std::optional<std::string> rounded = RoundUp(high); rounded.has_value()) {
    zone->max = *std::move(rounded);
  } else {
    zone->max_unbounded = true;
  }
}

void ComputeBounds(const Column& column, uint32_t first, uint32_t count, ZoneMap* zone) {
  switch (column.type().shape().type) {
    case PhysicalType::kBool:
      return BoundIntegers<uint8_t>(column, first, count, zone);
    case PhysicalType::kInt8:
      return BoundIntegers<int8_t>(column, first, count, zone);
    case PhysicalType::kInt16:
      return BoundIntegers<int16_t>(column, first, count, zone);
    case PhysicalType::kInt32:
      return BoundIntegers<int32_t>(column, first, count, zone);
    case PhysicalType::kInt64:
      return BoundIntegers<int64_t>(column, first, count, zone);
    case PhysicalType::kFloat16:
      return BoundFloats<uint16_t>(column, first, count, zone);
    case PhysicalType::kFloat32:
      return BoundFloats<float>(column, first, count, zone);
    case PhysicalType::kFloat64:
      return BoundFloats<double>(column, first, count, zone);
    case PhysicalType::kBytes:
      return BoundStrings(column, first, count, zone);
  }
}

uint32_t CountNulls(const Column& column, uint32_t first, uint32_t count) {
  if (!column.has_validity()) return 0;
  Bitmap present;
  present.AppendBits(column.validity_words(), first, count);
  return count - static_cast<uint32_t>(present.CountOnes());
}

// --- deciding -----------------------------------------------------------------------------------------------------

// Whether a and b can be ordered: same alternative, no NaN. What cannot be ordered prunes nothing and proves nothing.
bool Comparable(const FilterValue& a, const FilterValue& b) {
  if (a.index() != b.index()) return false;
  const auto is_nan = [](const FilterValue& v) {
    const double* number = std::get_if<double>(&v);
    return number != nullptr && std::isnan(*number);
  };
  return !is_nan(a) && !is_nan(b);
}

bool SurelyLess(const FilterValue& a, const FilterValue& b) { return Comparable(a, b) && a < b; }
bool SurelyLessOrEqual(const FilterValue& a, const FilterValue& b) { return Comparable(a, b) && a <= b; }

bool IntervalMayMatch(const ZoneMap& zone, const ValueFilter& filter) {
  if (filter.lower.has_value() && zone.max.has_value()) {
    const FilterValue& bound = filter.lower->value;
    if (filter.lower->inclusive ? SurelyLess(*zone.max, bound) : SurelyLessOrEqual(*zone.max, bound)) return false;
  }
  if (filter.upper.has_value()) {
    const FilterValue& bound = filter.upper->value;
    if (filter.upper->inclusive ? SurelyLess(bound, *zone.min) : SurelyLessOrEqual(bound, *zone.min)) return false;
  }
  return true;
}

bool SetMayMatch(const ZoneMap& zone, const ValueFilter& filter) {
  return std::any_of(filter.set.begin(), filter.set.end(), [&](const FilterValue& value) {
    return !SurelyLess(value, *zone.min) && !(zone.max.has_value() && SurelyLess(*zone.max, value));
  });
}

bool IntervalAllMatch(const ZoneMap& zone, const ValueFilter& filter) {
  if (filter.lower.has_value()) {
    const FilterValue& bound = filter.lower->value;
    if (!(filter.lower->inclusive ? SurelyLessOrEqual(bound, *zone.min) : SurelyLess(bound, *zone.min))) return false;
  }
  if (filter.upper.has_value()) {
    if (!zone.max.has_value()) return false;
    const FilterValue& bound = filter.upper->value;
    if (!(filter.upper->inclusive ? SurelyLessOrEqual(*zone.max, bound) : SurelyLess(*zone.max, bound))) return false;
  }
  return true;
}

bool SetAllMatch(const ZoneMap& zone, const ValueFilter& filter) {
  if (!zone.exact || !zone.max.has_value() || *zone.min != *zone.max) return false;
  return std::find(filter.set.begin(), filter.set.end(), *zone.min) != filter.set.end();
}

}  // namespace

bool ZoneMap::MayMatch(const ColumnPredicate& predicate) const {
  switch (predicate.kind) {
    case ColumnPredicate::Kind::kIsNull:
      return null_count > 0;
    case ColumnPredicate::Kind::kIsNotNull:
      return null_count < row_count;
    case ColumnPredicate::Kind::kValues:
      break;
  }
  if (!min.has_value()) return false;
  return predicate.filter.kind == ValueFilter::Kind::kInterval ? IntervalMayMatch(*this, predicate.filter)
                                                               : SetMayMatch(*this, predicate.filter);
}

bool ZoneMap::AllMatch(const ColumnPredicate& predicate) const {
  switch (predicate.kind) {
    case ColumnPredicate::Kind::kIsNull:
      return null_count == row_count;
    case ColumnPredicate::Kind::kIsNotNull:
      return null_count == 0;
    case ColumnPredicate::Kind::kValues:
      break;
  }
  if (null_count > 0 || has_nan || !min.has_value()) return row_count == 0;
  return predicate.filter.kind == ValueFilter::Kind::kInterval ? IntervalAllMatch(*this, predicate.filter)
                                                               : SetAllMatch(*this, predicate.filter);
}

ZoneMap ComputeZoneMap(const Column& column, uint32_t first, uint32_t count) {
  ZoneMap zone{.row_count = count, .null_count = CountNulls(column, first, count)};
  if (count > 0 && column.type().is_filterable()) ComputeBounds(column, first, count, &zone);
  return zone;
}

void MergeZoneMap(const ZoneMap& other, ZoneMap* zone) {
  zone->row_count += other.row_count;
  zone->null_count += other.null_count;
  zone->has_nan |= other.has_nan;
  zone->exact &= other.exact;
  zone->max_unbounded |= other.max_unbounded;
  if (other.min.has_value() && (!zone->min.has_value() || *other.min < *zone->min)) zone->min = other.min;
  if (other.max.has_value() && (!zone->max.has_value() || *zone->max < *other.max)) zone->max = other.max;
  if (zone->max_unbounded) zone->max.reset();
}

}  // namespace cortex

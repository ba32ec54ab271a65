#include "storage/zone_map.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <tuple>

#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

using testing::Null;

ColumnPredicate Interval(std::optional<FilterBound> lower, std::optional<FilterBound> upper) {
  return {.filter = {.lower = std::move(lower), .upper = std::move(upper)}};
}

ColumnPredicate InSet(std::vector<FilterValue> set) {
  return {.filter = {.kind = ValueFilter::Kind::kSet, .set = std::move(set)}};
}

Column Strings(const std::vector<testing::TestValue>& values) {
  Column column(DataType::String());
  for (const testing::TestValue& value : values) testing::AppendValue(value, &column);
  return column;
}

Column Doubles(const std::vector<testing::TestValue>& values) {
  Column column(DataType::Scalar(TypeKind::kFloat64));
  for (const testing::TestValue& value : values) testing::AppendValue(value, &column);
  return column;
}

bool Satisfies(const ValueFilter& filter, const FilterValue& value) {
  if (filter.kind == ValueFilter::Kind::kSet) {
    return std::find(filter.set.begin(), filter.set.end(), value) != filter.set.end();
  }
  const auto& [lower, upper] = std::tie(filter.lower, filter.upper);
  if (lower.has_value() && !(lower->inclusive ? lower->value <= value : lower->value < value)) return false;
  return !upper.has_value() || (upper->inclusive ? value <= upper->value : value < upper->value);
}

TEST_CASE("ZoneMap of floats leaves NaN out and flags it", "[storage][column]") {
  const ZoneMap zone = ComputeZoneMap(Doubles({NAN, 2.0, Null{}, -1.0}), 0, 4);
  REQUIRE(zone.has_nan);
  REQUIRE(zone.null_count == 1);
  REQUIRE(zone.min == FilterValue(-1.0));
  REQUIRE(zone.max == FilterValue(2.0));
  REQUIRE_FALSE(zone.AllMatch(Interval({}, {})));
  const ZoneMap only_nan = ComputeZoneMap(Doubles({NAN, NAN}), 0, 2);
  REQUIRE_FALSE(only_nan.MayMatch(Interval({}, {})));
  REQUIRE(only_nan.MayMatch({.kind = ColumnPredicate::Kind::kIsNotNull}));
}

TEST_CASE("ZoneMap of float16 widens exactly", "[storage][column]") {
  Column column(DataType::Scalar(TypeKind::kFloat16));
  for (const uint16_t bits : {0x0001, 0x3c00, 0xfbff, 0x7bff}) column.AppendScalar<uint16_t>(bits);
  const ZoneMap zone = ComputeZoneMap(column, 0, 4);
  REQUIRE(zone.min == FilterValue(-65504.0));
  REQUIRE(zone.max == FilterValue(65504.0));
  REQUIRE(ComputeZoneMap(column, 0, 1).max == FilterValue(0x1p-24));
  REQUIRE(ComputeZoneMap(column, 1, 1).max == FilterValue(1.0));
}

TEST_CASE("ZoneMap of strings keeps prefixes and rounds the maximum up", "[storage][column]") {
  const std::string long_b(40, 'b');
  const ZoneMap zone = ComputeZoneMap(Strings({"abc", long_b}), 0, 2);
  REQUIRE_FALSE(zone.exact);
  REQUIRE(zone.min == FilterValue(std::string("abc")));
  REQUIRE(zone.max == FilterValue(std::string(31, 'b') + "c"));
  REQUIRE(zone.MayMatch(InSet({long_b})));
  REQUIRE_FALSE(zone.MayMatch(InSet({std::string("c")})));
  REQUIRE(zone.MayMatch(Interval(FilterBound{long_b, true}, {})));

  const ZoneMap carried = ComputeZoneMap(Strings({std::string(31, 'b') + "\xff\xff"}), 0, 1);
  REQUIRE(carried.max == FilterValue(std::string(30, 'b') + "c"));
  const ZoneMap unbounded = ComputeZoneMap(Strings({std::string(40, '\xff')}), 0, 1);
  REQUIRE(unbounded.max_unbounded);
  REQUIRE_FALSE(unbounded.max.has_value());
  REQUIRE(unbounded.MayMatch(Interval(FilterBound{std::string(50, '\xff'), true}, {})));
  REQUIRE(unbounded.AllMatch(Interval(FilterBound{std::string("a"), true}, {})));
  REQUIRE_FALSE(unbounded.AllMatch(Interval({}, FilterBound{std::string(50, '\xff'), true})));
}

TEST_CASE("ZoneMap counts nulls of a range that begins anywhere", "[storage][column]") {
  Column column(DataType::Scalar(TypeKind::kInt32));
  for (int i = 0; i < 300; ++i) {
    if (i % 3 == 0) {
      column.AppendNull();
    } else {
      column.AppendScalar<int32_t>(i);
    }
  }
  const ZoneMap zone = ComputeZoneMap(column, 100, 100);
  REQUIRE(zone.null_count == 33);
  REQUIRE(zone.min == FilterValue(int64_t{100}));
  REQUIRE(zone.max == FilterValue(int64_t{199}));
}

TEST_CASE("ZoneMap neither prunes nor proves what it cannot compare", "[storage][column]") {
  const ZoneMap zone = ComputeZoneMap(Doubles({1.0, 2.0}), 0, 2);
  const ColumnPredicate nan = Interval(FilterBound{NAN, true}, {});
  REQUIRE(zone.MayMatch(nan));
  REQUIRE_FALSE(zone.AllMatch(nan));
  const ColumnPredicate other_kind = Interval(FilterBound{int64_t{5}, true}, {});
  REQUIRE(zone.MayMatch(other_kind));
  REQUIRE_FALSE(zone.AllMatch(other_kind));
}

TEST_CASE("ZoneMap never contradicts the rows", "[storage][column]") {
  const uint64_t seed = GENERATE(1, 2, 3, 4);
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 2000; ++round) {
    Column column(DataType::Scalar(TypeKind::kInt16));
    const auto count = static_cast<uint32_t>(1 + random() % 6);
    std::vector<std::optional<int64_t>> rows;
    for (uint32_t i = 0; i < count; ++i) {
      if (random() % 4 == 0) {
        column.AppendNull();
        rows.push_back(std::nullopt);
      } else {
        rows.push_back(static_cast<int64_t>(random() % 10) - 5);
        column.AppendScalar<int16_t>(static_cast<int16_t>(*rows.back()));
      }
    }
    ColumnPredicate predicate;
    const auto bound = [&]() -> std::optional<FilterBound> {
      if (random() % 4 == 0) return std::nullopt;
      return FilterBound{static_cast<int64_t>(random() % 12) - 6, random() % 2 == 0};
    };
    predicate = random() % 2 == 0
                    ? Interval(bound(), bound())
                    : InSet({static_cast<int64_t>(random() % 12) - 6, static_cast<int64_t>(random() % 12) + 6});
    uint32_t matches = 0;
    for (const auto& row : rows) matches += row.has_value() && Satisfies(predicate.filter, *row);
    const uint32_t split = static_cast<uint32_t>(random() % (count + 1));
    ZoneMap merged = ComputeZoneMap(column, 0, split);
    MergeZoneMap(ComputeZoneMap(column, split, count - split), &merged);
    for (const ZoneMap& zone : {ComputeZoneMap(column, 0, count), merged}) {
      if (matches > 0 && !zone.MayMatch(predicate)) FAIL("pruned a match in round " << round);
      if (matches < count && zone.AllMatch(predicate)) FAIL("promised too much in round " << round);
    }
  }
}

}  // namespace
}  // namespace cortex

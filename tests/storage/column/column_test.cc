#include "storage/column/column.h"

#include <random>

#include "storage/column/string_dictionary.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

using testing::FirstDifference;
using testing::ValueText;

std::shared_ptr<const StringDictionary> Letters() {
  ValueBuffer entries(DataType::String().shape());
  for (const char* letter : {"a", "b", "c"}) entries.AppendString(letter);
  return MakeStringDictionary(std::move(entries));
}

// Code 9 stands under a null: it must never be looked up.
Column Coded(std::shared_ptr<const StringDictionary> dictionary) {
  Bitmap validity;
  for (const bool present : {true, true, false, true}) validity.PushBack(present);
  return Column::OfCodes(DataType::String(), std::move(dictionary), {2, 0, 9, 1}, std::move(validity));
}

TEST_CASE("Column reads codes like plain strings", "[storage][column]") {
  Column column = Coded(Letters());
  REQUIRE(column.StringAt(0) == "c");
  REQUIRE(column.StringAt(2).empty());
  REQUIRE(column.null_count() == 1);
  Column flat = Coded(Letters());
  flat.Flatten();
  REQUIRE_FALSE(flat.is_dictionary());
  REQUIRE(FirstDifference(column, flat) == "");
}

TEST_CASE("Column keeps codes only while dictionaries are the same", "[storage][column]") {
  const auto letters = Letters();
  const Column source = Coded(letters);
  Column out(DataType::String());
  out.AppendRows(source, 1, 3);
  REQUIRE(out.is_dictionary());
  out.AppendRows(Coded(letters), 0, 1);
  REQUIRE(out.is_dictionary());
  out.AppendRows(Coded(Letters()), 0, 4);  // another object
  REQUIRE_FALSE(out.is_dictionary());
  REQUIRE(out.row_count() == 8);
  REQUIRE(out.StringAt(0) == "a");
  REQUIRE(out.IsNull(1));
  REQUIRE(out.StringAt(3) == "c");
  REQUIRE(out.StringAt(7) == "b");
  out.AppendString("z");
  REQUIRE(out.StringAt(8) == "z");
}

TEST_CASE("Column appends ranges and selections of every type like single rows", "[storage][column]") {
  const uint64_t seed = GENERATE(1, 2);
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const Batch batch = testing::RandomBatch(testing::AllTypesTable(), {.row_count = 300, .seed = seed});
  for (const Column& source : batch.columns) {
    CAPTURE(source.type().ToString());
    Column by_range(source.type());
    Column by_selection(source.type());
    std::vector<std::string> expected_range;
    std::vector<std::string> expected_selection;
    for (int step = 0; step < 20; ++step) {
      const auto first = static_cast<uint32_t>(random() % 300);
      const auto count = static_cast<uint32_t>(random() % (300 - first + 1));
      by_range.AppendRows(source, first, count);
      std::vector<uint32_t> rows;
      for (uint32_t row = first; row < first + count; ++row) {
        expected_range.push_back(ValueText(source, row));
        if (random() % 3 != 0) continue;
        rows.push_back(row);
        expected_selection.push_back(ValueText(source, row));
      }
      by_selection.AppendSelected(source, rows);
    }
    REQUIRE(by_range.row_count() == expected_range.size());
    REQUIRE(by_selection.row_count() == expected_selection.size());
    for (uint32_t row = 0; row < by_range.row_count(); ++row) {
      if (ValueText(by_range, row) != expected_range[row]) FAIL("range row " << row);
    }
    for (uint32_t row = 0; row < by_selection.row_count(); ++row) {
      if (ValueText(by_selection, row) != expected_selection[row]) FAIL("selected row " << row);
    }
  }
}

TEST_CASE("Column nulls hold zero values", "[storage][column]") {
  Column numbers(DataType::Scalar(TypeKind::kInt64));
  numbers.AppendScalar<int64_t>(5);
  numbers.AppendNulls(2);
  REQUIRE(numbers.values_as<int64_t>()[2] == 0);
  REQUIRE_FALSE(numbers.IsNull(0));
  REQUIRE(numbers.null_count() == 2);
  Column lists(DataType::ListString());
  lists.AppendStringList({"x", "y"});
  lists.AppendNull();
  lists.AppendStringList({});
  REQUIRE(lists.list_offsets() == absl::Span<const uint32_t>({0, 2, 2, 2}));
  REQUIRE(lists.IsNull(1));
  REQUIRE_FALSE(lists.IsNull(2));
}

}  // namespace
}  // namespace cortex

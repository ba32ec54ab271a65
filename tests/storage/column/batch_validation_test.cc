#include <limits>

#include "storage/column/batch.h"
#include "storage/column/string_dictionary.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

using testing::BatchBuilder;
using testing::Null;
using testing::TestTable;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

std::shared_ptr<const TableDefinition> Small() {
  return TestTable("t", {{"x", DataType::Scalar(TypeKind::kInt32)},
                         {"name", DataType::String(4)},
                         {"words", DataType::ListString(4)},
                         {"flag", DataType::Scalar(TypeKind::kBool)},
                         {"blob", DataType::Scalar(TypeKind::kBytes)}});
}

// Two good rows, then this one.
Batch Third(const std::vector<testing::TestValue>& values) {
  BatchBuilder builder(Small());
  builder.Row({"a", 1, 1, "n", std::vector<std::string>{"w"}, 1, "\xff"});
  builder.Row({"b", 2, Null{}, Null{}, Null{}, Null{}, Null{}});
  return builder.Row(values).Build();
}

TEST_CASE("ValidateBatch accepts random rows of every type", "[storage][column]") {
  REQUIRE_OK(ValidateBatch(testing::RandomBatch(testing::AllTypesTable(), {.row_count = 500})));
}

TEST_CASE("ValidateBatch names table, row and column of a bad value", "[storage][column]") {
  const std::vector<std::string> no_words;
  REQUIRE_OK(ValidateBatch(Third({"c", 3, 0, "äß", std::vector<std::string>{"", "abcd"}, 0, std::string(9, '\0')})));
  REQUIRE_STATUS(ValidateBatch(Third({"", 3, 0, "", no_words, 0, ""})), kInvalid,
                 "empty key: table \"t\", row 2, column \"key\"");
  REQUIRE_STATUS(ValidateBatch(Third({Null{}, 3, 0, "", no_words, 0, ""})), kInvalid,
                 "not nullable: table \"t\", row 2, column \"key\"");
  REQUIRE_STATUS(ValidateBatch(Third({"c", Null{}, 0, "", no_words, 0, ""})), kInvalid, "row 2, column \"time\"");
  REQUIRE_STATUS(ValidateBatch(Third({"c", 3, 0, "abcde", no_words, 0, ""})), kInvalid,
                 "string too long: 5 bytes, at most 4: table \"t\", row 2, column \"name\"");
  REQUIRE_STATUS(ValidateBatch(Third({"c", 3, 0, "a\xff", no_words, 0, ""})), kInvalid,
                 "not valid UTF-8: table \"t\", row 2, column \"name\"");
  REQUIRE_STATUS(ValidateBatch(Third({"c", 3, 0, "", std::vector<std::string>{"", "", "\x80"}, 0, ""})), kInvalid,
                 "not valid UTF-8: table \"t\", row 2, column \"words\"");
  REQUIRE_STATUS(ValidateBatch(Third({"c", 3, 0, "", std::vector<std::string>{"12345"}, 0, ""})), kInvalid,
                 "row 2, column \"words\"");
  REQUIRE_STATUS(ValidateBatch(Third({"c", 3, 0, "", no_words, 2, ""})), kInvalid,
                 "bool must be 0 or 1, got 2: table \"t\", row 2, column \"flag\"");
}

TEST_CASE("ValidateBatch refuses a character cut between two strings", "[storage][column]") {
  Batch batch = BatchBuilder(Small())
                    .Row({"a", 1, 0, "\xc3", std::vector<std::string>{}, 0, ""})
                    .Row({"b", 1, 0, "\xa4", std::vector<std::string>{}, 0, ""})
                    .Build();
  REQUIRE_STATUS(ValidateBatch(batch), kInvalid, "row 0, column \"name\"");
}

TEST_CASE("ValidateBatch checks dictionaries as far as rows use them", "[storage][column]") {
  ValueBuffer entries(DataType::String().shape());
  for (const char* entry : {"good", "\xff", "much too long"}) entries.AppendString(entry);
  const auto dictionary = MakeStringDictionary(std::move(entries));
  const auto with_codes = [&](std::vector<uint32_t> codes, bool second_null) {
    Batch batch = BatchBuilder(Small())
                      .Row({"a", 1, 0, "", std::vector<std::string>{}, 0, ""})
                      .Row({"b", 1, 0, "", std::vector<std::string>{}, 0, ""})
                      .Build();
    Bitmap validity;
    validity.PushBack(true);
    validity.PushBack(!second_null);
    batch.columns[3] = Column::OfCodes(DataType::String(4), dictionary, std::move(codes), std::move(validity));
    return batch;
  };
  REQUIRE_OK(ValidateBatch(with_codes({0, 0}, false)));
  REQUIRE_OK(ValidateBatch(with_codes({0, 77}, true)));
  REQUIRE_STATUS(ValidateBatch(with_codes({0, 3}, false)), kInvalid, "code out of range: 3 of 3 entries");
  REQUIRE_STATUS(ValidateBatch(with_codes({0, 1}, false)), kInvalid, "not valid UTF-8: table \"t\", row 1");
  REQUIRE_STATUS(ValidateBatch(with_codes({0, 2}, false)), kInvalid, "string too long: 13 bytes");
}

TEST_CASE("ValidateBatch checks the batch's own shape", "[storage][column]") {
  Batch batch = Third({"c", 3, 0, "", std::vector<std::string>{}, 0, ""});
  SECTION("no rows") { REQUIRE_STATUS(ValidateBatch(Batch::For(Small())), kInvalid, "without rows"); }
  SECTION("too many rows") {
    batch.row_count = kMaxBatchRows + 1;
    REQUIRE_STATUS(ValidateBatch(batch), kInvalid, "too many rows");
  }
  SECTION("a column short of a row") {
    batch.columns[2].AppendNull();
    REQUIRE_STATUS(ValidateBatch(batch), kInvalid, "wrong row count: expected 3, got 4");
  }
  SECTION("a column of another type") {
    batch.columns[2].Reset(DataType::Scalar(TypeKind::kInt64));
    REQUIRE_STATUS(ValidateBatch(batch), kInvalid, "wrong type: expected int32, got int64");
  }
  SECTION("a column missing") {
    batch.columns.pop_back();
    REQUIRE_STATUS(ValidateBatch(batch), kInvalid, "wrong column count: table \"t\", expected 7, got 6");
  }
  SECTION("list offsets that overrun") {
    batch.columns[4].mutable_list_offsets()->back() = 5;
    REQUIRE_STATUS(ValidateBatch(batch), kInvalid, "do not agree");
  }
}

TEST_CASE("ValidateBatch limits a row to 1 MiB", "[storage][column]") {
  const auto with_blob = [](size_t bytes) {
    return Third({"c", 3, 0, "", std::vector<std::string>{}, 0, std::string(bytes, 'x')});
  };
  const size_t others = 1 + 8 + 4 + 1;  // key, time, x, flag
  REQUIRE_OK(ValidateBatch(with_blob(kMaxRowBytes - others)));
  REQUIRE_STATUS(ValidateBatch(with_blob(kMaxRowBytes - others + 1)), kInvalid,
                 "row larger than 1 MiB: table \"t\", row 2, 1048577 bytes");
}

TEST_CASE("ValidateBatch wants relation lists as long as parents and children together", "[storage][column]") {
  const auto table = TestTable("r", {{"parent_entities", DataType::ListString()},
                                     {"child_entities", DataType::ListString()},
                                     {"relationship_types", DataType::ListString()},
                                     {"relationship_strengths", DataType::Scalar(TypeKind::kListFloat32)}});
  using Words = std::vector<std::string>;
  using Numbers = std::vector<double>;
  REQUIRE_OK(ValidateBatch(BatchBuilder(table)
                               .Row({"a", 1, Words{"p"}, Words{"c", "d"}, Words{"x", "y", "z"}, Numbers{1, 2, 3}})
                               .Row({"a", 1, Words{"p"}, Null{}, Words{}, Null{}})
                               .Row({"a", 1, Null{}, Null{}, Null{}, Null{}})
                               .Build()));
  REQUIRE_STATUS(
      ValidateBatch(BatchBuilder(table).Row({"a", 1, Words{"p"}, Words{"c"}, Words{"x"}, Numbers{1, 2}}).Build()),
      kInvalid, "expected 2, got 1: table \"r\", row 0, column \"relationship_types\"");
  REQUIRE_STATUS(ValidateBatch(BatchBuilder(table).Row({"a", 1, Null{}, Null{}, Null{}, Numbers{1}}).Build()), kInvalid,
                 "column \"relationship_strengths\"");
}

}  // namespace
}  // namespace cortex

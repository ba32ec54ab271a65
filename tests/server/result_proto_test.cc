#include "server/result_proto.h"

#include <google/protobuf/util/message_differencer.h>

#include "server/batch_proto.h"
#include "storage/column/string_dictionary.h"
#include "tests/server/wire_builders.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

using cortex::testing::AllTypesTable;
using cortex::testing::FromJson;

constexpr char kRows[] = R"({"rows": [
    {"k": "a", "t": 1, "b": true, "i8": -8, "i64": 64, "f16": 0.5, "f32": 1.5, "f64": 2.5, "c128": [1, 2], "s": "text",
     "raw": "AAE=", "vec": [1, 2, 3], "field": [[1, 2], [3, 4]], "names": ["x", "yy"], "weights": [0.5, 0.25]},
    {"k": "b", "t": 2},
    {"k": "c", "t": 3, "b": false, "s": "", "names": [], "weights": [], "vec": [4, 5, 6]}]})";

std::vector<std::string> Names(const TableDefinition& table) {
  std::vector<std::string> names;
  for (const ColumnDefinition& column : table.columns) names.push_back(column.name);
  return names;
}

wire::RowBatch AsRows(const Batch& batch, uint32_t first) {
  wire::RowBatch rows;
  for (uint32_t row = first; row < batch.row_count; ++row) RowToProto(Names(*batch.table), batch.columns, row, &rows);
  return rows;
}

using google::protobuf::util::MessageDifferencer;

TEST_CASE("Columns survive the way out and in again", "[server][batch]") {
  const auto table = AllTypesTable();
  const Batch batch = REQUIRE_OK_AND_TAKE(BatchFromRows(FromJson<wire::RowBatch>(kRows), table));
  wire::ColumnBatch proto;
  proto.set_row_count(batch.row_count);
  for (size_t i = 0; i < batch.columns.size(); ++i) {
    ColumnToProto(batch.columns[i], table->columns[i].name, 0, batch.row_count, proto.add_columns());
  }
  const Batch again = REQUIRE_OK_AND_TAKE(BatchFromColumns(proto, table));
  CHECK(MessageDifferencer::Equals(AsRows(again, 0), AsRows(batch, 0)));
}

TEST_CASE("ColumnToProto sends a slice", "[server][batch]") {
  const auto table = AllTypesTable();
  const Batch batch = REQUIRE_OK_AND_TAKE(BatchFromRows(FromJson<wire::RowBatch>(kRows), table));
  wire::ColumnBatch proto;
  proto.set_row_count(2);
  for (size_t i = 0; i < batch.columns.size(); ++i) {
    ColumnToProto(batch.columns[i], table->columns[i].name, 1, 2, proto.add_columns());
  }
  const Batch slice = REQUIRE_OK_AND_TAKE(BatchFromColumns(proto, table));
  CHECK(MessageDifferencer::Equals(AsRows(slice, 0), AsRows(batch, 1)));
}

TEST_CASE("ColumnToProto sends only the dictionary entries in use", "[server][batch]") {
  ValueBuffer entries(DataType::String().shape());
  for (const char* entry : {"unused", "red", "blue"}) entries.AppendString(entry);
  const auto dictionary = MakeStringDictionary(std::move(entries));
  wire::ColumnValues proto;
  ColumnToProto(Column::OfCodes(DataType::String(), dictionary, {2, 1, 2, 2, 1}, {}), "c", 0, 5, &proto);
  REQUIRE(proto.dictionary_size() == 2);
  CHECK(proto.dictionary(0) == "blue");
  CHECK(proto.codes() == cortex::testing::Pack<uint32_t>({0, 1, 0, 0, 1}));
  CHECK(proto.values().empty());

  wire::ColumnValues plain;  // hardly any repetition: strings are smaller than codes and entries
  ColumnToProto(Column::OfCodes(DataType::String(), dictionary, {2, 1}, {}), "c", 0, 2, &plain);
  CHECK(plain.dictionary_size() == 0);
  CHECK(plain.values() == "bluered");
}

}  // namespace
}  // namespace cortex

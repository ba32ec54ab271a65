#include "server/batch_proto.h"

#include <functional>

#include "google/rpc/error_details.pb.h"
#include "tests/server/wire_builders.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

using cortex::testing::AddColumn;
using cortex::testing::AllTypesTable;
using cortex::testing::FromJson;
using cortex::testing::Pack;
using cortex::testing::TwoRows;

const Column& ColumnOf(const Batch& batch, std::string_view name) {
  return batch.columns[*batch.table->FindColumn(name)];
}

TEST_CASE("BatchFromColumns reads every layout", "[server][batch]") {
  wire::ColumnBatch proto = TwoRows();
  AddColumn(&proto, "i8")->set_values(Pack<int8_t>({-1, 5}));
  AddColumn(&proto, "vec")->set_values(Pack<float>({1, 2, 3, 4, 5, 6}));
  wire::ColumnValues* s = AddColumn(&proto, "s");
  s->set_codes(Pack<uint32_t>({1, 0}));
  s->add_dictionary("zero");
  s->add_dictionary("one");
  wire::ColumnValues* weights = AddColumn(&proto, "weights");
  weights->set_offsets(Pack<uint32_t>({0, 2, 2}));
  weights->set_values(Pack<float>({0.5f, 0.25f}));
  wire::ColumnValues* names = AddColumn(&proto, "names");
  names->set_offsets(Pack<uint32_t>({0, 1, 3}));
  names->set_element_offsets(Pack<uint32_t>({0, 1, 1, 3}));
  names->set_values("xyz");

  const Batch batch = REQUIRE_OK_AND_TAKE(BatchFromColumns(proto, AllTypesTable()));
  CHECK(batch.row_count == 2);
  CHECK(ColumnOf(batch, "k").StringAt(1) == "bb");
  CHECK(ColumnOf(batch, "t").values_as<int64_t>()[1] == 20);
  CHECK(ColumnOf(batch, "i8").values_as<int8_t>()[0] == -1);
  CHECK(ColumnOf(batch, "vec").values_as<float>()[5] == 6);
  CHECK(ColumnOf(batch, "s").StringAt(0) == "one");
  CHECK(ColumnOf(batch, "weights").list_offsets()[1] == 2);
  CHECK(ColumnOf(batch, "names").elements().StringAt(2) == "yz");
  CHECK(ColumnOf(batch, "f64").null_count() == 2);  // left out: NULL
}

TEST_CASE("BatchFromColumns ignores the values of null rows", "[server][batch]") {
  wire::ColumnBatch proto = TwoRows();
  const std::string second_only("\x02", 1);
  wire::ColumnValues* f = AddColumn(&proto, "f64");
  f->set_values(Pack<double>({7, 8}));
  f->set_validity(second_only);
  wire::ColumnValues* s = AddColumn(&proto, "s");
  s->set_values("\xff\xfeok");  // the null row holds no UTF-8
  s->set_offsets(Pack<uint32_t>({0, 2, 4}));
  s->set_validity(second_only);
  wire::ColumnValues* b = AddColumn(&proto, "b");
  b->set_values(std::string("\x09\x01", 2));
  b->set_validity(second_only);
  wire::ColumnValues* d = AddColumn(&proto, "raw");
  d->set_codes(Pack<uint32_t>({99, 0}));
  d->add_dictionary("only");
  d->set_validity(second_only);

  const Batch batch = REQUIRE_OK_AND_TAKE(BatchFromColumns(proto, AllTypesTable()));
  CHECK(ColumnOf(batch, "f64").IsNull(0));
  CHECK(ColumnOf(batch, "f64").values_as<double>()[0] == 0);
  CHECK(ColumnOf(batch, "f64").values_as<double>()[1] == 8);
  CHECK(ColumnOf(batch, "s").StringAt(0).empty());
  CHECK(ColumnOf(batch, "s").StringAt(1) == "ok");
  CHECK(ColumnOf(batch, "b").values_as<uint8_t>()[0] == 0);
  CHECK(ColumnOf(batch, "raw").StringAt(1) == "only");
}

struct BadBatch {
  const char* what;
  std::function<void(wire::ColumnBatch*)> spoil;
  const char* message;
};

// Replaces the key column of TwoRows.
wire::ColumnValues* Key(wire::ColumnBatch* batch) { return batch->mutable_columns(0); }

std::vector<BadBatch> BadBatches() {
  using B = wire::ColumnBatch*;
  return {
      {"no rows", [](B b) { b->set_row_count(0); }, "a batch has 1 to 1048576 rows, got 0"},
      {"too many rows", [](B b) { b->set_row_count(2'000'000); }, "got 2000000"},
      {"unknown column", [](B b) { AddColumn(b, "vecc"); }, "did you mean \"vec\""},
      {"column twice", [](B b) { *b->add_columns() = b->columns(0); }, "stands twice"},
      {"no key", [](B b) { b->mutable_columns()->DeleteSubrange(0, 1); }, "missing column \"k\""},
      {"no time", [](B b) { b->mutable_columns()->DeleteSubrange(1, 1); }, "missing column \"t\""},
      {"null key", [](B b) { Key(b)->set_validity(std::string("\x01", 1)); }, "row 1"},
      {"empty key",
       [](B b) {
         Key(b)->set_offsets(Pack<uint32_t>({0, 0, 3}));
       },
       "empty key"},
      {"long key",
       [](B b) {
         Key(b)->set_values("a123456789");
         Key(b)->set_offsets(Pack<uint32_t>({0, 1, 10}));
       },
       "row 1, column \"k\""},
      {"invalid UTF-8", [](B b) { Key(b)->set_values("a\xff\xfe"); }, "UTF-8"},
      {"short fixed", [](B b) { AddColumn(b, "f64")->set_values("1234567"); }, "expected 16 bytes for 2 rows, got 7"},
      {"wrong dimension",
       [](B b) {
         AddColumn(b, "vec")->set_values(Pack<float>({1, 2, 3, 4}));
       },
       "expected 24 bytes"},
      {"bool of 2", [](B b) { AddColumn(b, "b")->set_values(std::string("\x01\x02", 2)); }, "row 1, column \"b\""},
      {"short validity", [](B b) { b->mutable_columns(1)->set_validity("ab"); }, "wrong length of validity"},
      {"offsets missing", [](B b) { Key(b)->clear_offsets(); }, "wrong length of offsets"},
      {"offsets from 1",
       [](B b) {
         Key(b)->set_offsets(Pack<uint32_t>({1, 1, 3}));
       },
       "must start at 0"},
      {"offsets fall",
       [](B b) {
         Key(b)->set_offsets(Pack<uint32_t>({0, 3, 1}));
       },
       "fall from 3 to 1"},
      {"offsets too far",
       [](B b) {
         Key(b)->set_offsets(Pack<uint32_t>({0, 1, 4}));
       },
       "offsets end at 4"},
      {"code out of range",
       [](B b) {
         AddColumn(b, "s")->set_codes(Pack<uint32_t>({0, 1}));
         b->mutable_columns(2)->add_dictionary("x");
       },
       "code 1 of a dictionary of 1"},
      {"dictionary repeats",
       [](B b) {
         AddColumn(b, "s")->set_codes(Pack<uint32_t>({0, 1}));
         b->mutable_columns(2)->add_dictionary("x");
         b->mutable_columns(2)->add_dictionary("x");
       },
       "stands twice"},
      {"both layouts",
       [](B b) {
         Key(b)->set_codes(Pack<uint32_t>({0, 0}));
       },
       "got both"},
      {"float list odd", [](B b) { AddColumn(b, "weights")->set_values("abc"); }, "not a multiple of 4"},
      {"float list offsets",
       [](B b) {
         AddColumn(b, "weights")->set_offsets(Pack<uint32_t>({0, 0, 1}));
       },
       "offsets end at 1"},
      {"string list bare",
       [](B b) {
         AddColumn(b, "names")->set_offsets(Pack<uint32_t>({0, 0, 0}));
       },
       "needs element_offsets"},
      {"string list element too long",
       [](B b) {
         wire::ColumnValues* names = AddColumn(b, "names");
         names->set_offsets(Pack<uint32_t>({0, 1, 1}));
         names->set_element_offsets(Pack<uint32_t>({0, 5}));
         names->set_values("fives");
       },
       "column \"names\""},
      {"wrong type", [](B b) { b->mutable_columns(1)->mutable_type()->set_kind(wire::DataType::KIND_INT64); },
       "wrong type, got int64"},
      {"unknown type",
       [](B b) { b->mutable_columns(1)->mutable_type()->set_kind(static_cast<wire::DataType::Kind>(99)); },
       "unknown type kind 99"},
  };
}

TEST_CASE("BatchFromColumns refuses bad input with one sentence", "[server][batch]") {
  for (const BadBatch& bad : BadBatches()) {
    CAPTURE(bad.what);
    wire::ColumnBatch proto = TwoRows();
    bad.spoil(&proto);
    const absl::Status status = BatchFromColumns(proto, AllTypesTable()).status();
    INFO(status.ToString());
    CHECK((absl::IsInvalidArgument(status) || absl::IsNotFound(status)));
    CHECK_THAT(std::string(status.message()), Catch::Contains(bad.message));
    CHECK_THAT(std::string(status.message()), Catch::Contains("table \"all\""));
  }
}

TEST_CASE("BatchFromColumns survives truncation of every field", "[server][batch]") {
  wire::ColumnBatch whole = TwoRows();
  AddColumn(&whole, "names")->set_offsets(Pack<uint32_t>({0, 1, 2}));
  whole.mutable_columns(2)->set_element_offsets(Pack<uint32_t>({0, 1, 2}));
  whole.mutable_columns(2)->set_values("xy");
  REQUIRE_OK(BatchFromColumns(whole, AllTypesTable()));
  const std::string bytes = whole.SerializeAsString();
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    wire::ColumnBatch proto;
    if (!proto.ParseFromString(bytes.substr(0, cut))) continue;
    CAPTURE(cut);
    const absl::Status status = BatchFromColumns(proto, AllTypesTable()).status();
    CHECK((status.ok() || absl::IsInvalidArgument(status)));
  }
}

TEST_CASE("A refused batch names the field in BadRequest", "[server][batch]") {
  wire::ColumnBatch proto = TwoRows();
  AddColumn(&proto, "f64")->set_values("1");
  const absl::Status status = BatchFromColumns(proto, AllTypesTable()).status();
  const auto payload = status.GetPayload("type.googleapis.com/google.rpc.BadRequest");
  REQUIRE(payload.has_value());
  google::rpc::BadRequest bad;
  REQUIRE(bad.ParseFromString(std::string(*payload)));
  CHECK(bad.field_violations(0).field() == "columns.columns[2]");
}

TEST_CASE("BatchFromRows reads what people write", "[server][batch]") {
  const auto rows = FromJson<wire::RowBatch>(R"({"rows": [
      {"k": "a", "t": "2026-03-01T12:00:00Z", "f32": 0.5, "i64": "9007199254740993", "field": [[1, 2], [3, 4]],
       "names": ["x", "y"], "b": true},
      {"k": "b", "t": 5, "f64": "NaN", "i64": -3, "field": [1, 2, 3, 4], "weights": [1.5], "raw": "AAE="}]})");
  const Batch batch = REQUIRE_OK_AND_TAKE(BatchFromRows(rows, AllTypesTable()));
  CHECK(batch.row_count == 2);
  CHECK(ColumnOf(batch, "t").values_as<int64_t>()[0] == 1'772'366'400'000'000'000);
  CHECK(ColumnOf(batch, "i64").values_as<int64_t>()[0] == 9'007'199'254'740'993);
  CHECK(ColumnOf(batch, "field").values_as<float>()[7] == 4);
  CHECK(ColumnOf(batch, "f32").IsNull(1));
  CHECK(std::isnan(ColumnOf(batch, "f64").values_as<double>()[1]));
  CHECK(ColumnOf(batch, "raw").StringAt(1) == std::string("\0\1", 2));
}

TEST_CASE("BatchFromRows says which columns the rows of a MERGE carry", "[server][batch]") {
  std::vector<bool> present;
  const auto rows = FromJson<wire::RowBatch>(R"({"rows": [{"k": "a", "t": 1, "f32": 0.5}, {"k": "b", "t": 2, "f32": null}]})");
  const Batch batch = REQUIRE_OK_AND_TAKE(BatchFromRows(rows, AllTypesTable(), &present));
  for (size_t i = 0; i < present.size(); ++i) {
    const std::string& name = batch.table->columns[i].name;
    CAPTURE(name);
    CHECK(present[i] == (name == "k" || name == "t" || name == "f32"));
  }
  const auto uneven = FromJson<wire::RowBatch>(R"({"rows": [{"k": "a", "t": 1, "f32": 0.5}, {"k": "b", "t": 2}]})");
  REQUIRE_STATUS(BatchFromRows(uneven, AllTypesTable(), &present), absl::StatusCode::kInvalidArgument,
                 "rows of one MERGE carry the same columns: table \"all\", row 1, column \"f32\"");
}

TEST_CASE("BatchFromRows refuses bad rows naming row and column", "[server][batch]") {
  const auto refuses = [](const std::string& row, const std::string& message) {
    CAPTURE(row);
    const auto rows = FromJson<wire::RowBatch>(R"({"rows": [{"k": "a", "t": 1}, )" + row + "]}");
    const absl::Status status = BatchFromRows(rows, AllTypesTable()).status();
    INFO(status.ToString());
    CHECK((absl::IsInvalidArgument(status) || absl::IsNotFound(status)));
    CHECK_THAT(std::string(status.message()), Catch::Contains(message));
  };
  refuses(R"({"k": "a"})", "row 1, column \"t\"");
  refuses(R"({"t": 1})", "row 1, column \"k\"");
  refuses(R"({"k": "", "t": 1})", "empty key");
  refuses(R"({"k": "a", "t": "soon"})", "row 1, column \"t\"");
  refuses(R"({"k": "a", "t": 1.5})", "row 1, column \"t\"");
  refuses(R"({"k": "a", "t": 1, "i8": 128})", "128 does not fit into int8");
  refuses(R"({"k": "a", "t": 1, "i64": 1e300})", "whole number");
  refuses(R"({"k": "a", "t": 1, "f32": 1e300})", "does not fit into float32");
  refuses(R"({"k": "a", "t": 1, "f16": 70000})", "does not fit into float16");
  refuses(R"({"k": "a", "t": 1, "vec": [1, 2]})", "takes 3 numbers, got 2");
  refuses(R"({"k": "a", "t": 1, "vec": [1, 2, 3, 4]})", "takes 3 numbers, got at least 4");
  refuses(R"({"k": "a", "t": 1, "vec": [[1, 2], 3]})", "expects a number");
  refuses(R"({"k": "a", "t": 1, "field": [[1, 2, 3]]})", "pair [re, im]");
  refuses(R"({"k": "a", "t": 1, "b": 1})", "true or false");
  refuses(R"({"k": "a", "t": 1, "raw": "*"})", "base64");
  refuses(R"({"k": "a", "t": 1, "nanes": []})", "did you mean \"names\"");
  REQUIRE_STATUS(BatchFromRows(wire::RowBatch(), AllTypesTable()), absl::StatusCode::kInvalidArgument, "got 0");
}

TEST_CASE("ColumnFromValue types parameters", "[server][batch]") {
  const auto type_of = [](const std::string& json) {
    return REQUIRE_OK_AND_TAKE(ColumnFromValue(FromJson<wire::Value>(json), "p")).type().ToString();
  };
  CHECK(type_of(R"({"boolValue": true})") == "bool");
  CHECK(type_of(R"({"int64Value": "5"})") == "int64");
  CHECK(type_of(R"({"doubleValue": 5})") == "float64");
  CHECK(type_of(R"({"stringValue": "x"})") == "string");
  CHECK(type_of(R"({"timestampNs": "5"})") == "timestamp");
  CHECK(type_of(R"({"list": [1, 2, 3]})") == "vector<float64, 3>");
  CHECK(type_of(R"({"list": [[1, 2]]})") == "vector<complex128, 1>");
  CHECK(type_of(R"({"list": ["a"]})") == "list<string>");
  CHECK(REQUIRE_OK_AND_TAKE(ColumnFromValue(wire::Value(), "p")).IsNull(0));
  REQUIRE_STATUS(ColumnFromValue(FromJson<wire::Value>(R"({"list": []})"), "p"), absl::StatusCode::kInvalidArgument,
                 "an empty list has no type");
  wire::Value vector;
  *vector.mutable_vector()->mutable_type() =
      FromJson<wire::DataType>(R"({"kind": "KIND_VECTOR", "element": "KIND_FLOAT32", "length": 2})");
  vector.mutable_vector()->set_values("1234567");
  REQUIRE_STATUS(ColumnFromValue(vector, "p"), absl::StatusCode::kInvalidArgument, "expected 8 bytes");
  vector.mutable_vector()->set_values("12345678");
  CHECK(REQUIRE_OK_AND_TAKE(ColumnFromValue(vector, "p")).row_count() == 1);
}

}  // namespace
}  // namespace cortex

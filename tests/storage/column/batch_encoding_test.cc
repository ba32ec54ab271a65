#include <catch2/catch.hpp>
#include <cstring>
#include <random>

#include "storage/column/batch.h"
#include "storage/column/string_dictionary.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

void RequireSame(const Batch& expected, const Batch& actual) {
  REQUIRE(actual.row_count == expected.row_count);
  for (size_t i = 0; i < expected.columns.size(); ++i) {
    CAPTURE(expected.table->columns[i].name);
    REQUIRE(testing::FirstDifference(expected.columns[i], actual.columns[i]) == "");
  }
}

std::string Encoded(const Batch& batch) {
  std::string bytes;
  EncodeBatch(batch, &bytes);
  return bytes;
}

// 20 rows whose `name` is coded by a dictionary with far more entries than rows.
Batch WithCodes() {
  Batch batch = testing::RandomBatch(testing::AllTypesTable(), {.row_count = 20, .seed = 5});
  ValueBuffer entries(DataType::String().shape());
  for (int i = 0; i < 1000; ++i) entries.AppendString("entry" + std::to_string(i));
  Bitmap validity;
  std::vector<uint32_t> codes;
  for (uint32_t row = 0; row < 20; ++row) {
    validity.PushBack(row % 7 != 0);
    codes.push_back(row % 7 == 0 ? 5000 : row % 3 * 400);
  }
  batch.columns[*batch.table->FindColumn("name")] = Column::OfCodes(
      DataType::String(16), MakeStringDictionary(std::move(entries)), std::move(codes), std::move(validity));
  return batch;
}

TEST_CASE("DecodeBatch gives back every type bit for bit", "[storage][column]") {
  const uint32_t rows = GENERATE(1, 63, 64, 65, 700);
  const double null_fraction = GENERATE(0.0, 0.3, 1.0);
  const Batch batch = testing::RandomBatch(testing::AllTypesTable(),
                                           {.row_count = rows, .seed = rows, .null_fraction = null_fraction});
  RequireSame(batch, REQUIRE_OK_AND_TAKE(DecodeBatch(Encoded(batch), batch.table)));
}

TEST_CASE("A batch remembers its exact rows, also under a later schema", "[storage][column]") {
  const uint32_t rows = GENERATE(1, 64, 65, 700);
  Batch batch = testing::RandomBatch(testing::AllTypesTable(), {.row_count = rows, .seed = rows});
  const size_t some = batch.columns.size() - 2, none = batch.columns.size() - 1;
  Bitmap exact, empty;
  for (uint32_t row = 0; row < rows; ++row) exact.PushBack(row % 3 == 0);
  empty.Append(false, rows);
  batch.SetExactRows(some, std::move(exact));
  batch.SetExactRows(none, std::move(empty));
  REQUIRE(batch.ExactRows(none) == nullptr);
  const auto check = [&](const Batch& read) {
    RequireSame(batch, read);
    for (size_t i = 0; i < batch.columns.size(); ++i) REQUIRE((read.ExactRows(i) != nullptr) == (i == some));
    for (uint32_t row = 0; row < rows; ++row) REQUIRE(read.ExactRows(some)->Get(row) == (row % 3 == 0));
  };
  check(REQUIRE_OK_AND_TAKE(DecodeBatch(Encoded(batch), batch.table)));
  check(AdaptBatch(batch, batch.table));
  const std::string bytes = Encoded(batch);
  for (size_t size = 0; size < bytes.size(); size += 1 + bytes.size() / 200) {
    REQUIRE_STATUS(DecodeBatch(bytes.substr(0, size), batch.table).status(), absl::StatusCode::kDataLoss, "");
  }
}

TEST_CASE("EncodeBatch writes only the dictionary entries in use", "[storage][column]") {
  const Batch batch = WithCodes();
  const Batch decoded = REQUIRE_OK_AND_TAKE(DecodeBatch(Encoded(batch), batch.table));
  RequireSame(batch, decoded);
  const Column& names = decoded.columns[*batch.table->FindColumn("name")];
  REQUIRE(names.is_dictionary());
  REQUIRE(names.dictionary().size() == 3);
}

TEST_CASE("EncodeBatch leaves out the null rows of wide columns", "[storage][column]") {
  const auto table = testing::TestTable("t", {{"field", DataType::Vector(TypeKind::kComplex128, 256)}});
  const Batch all = testing::RandomBatch(table, {.row_count = 200, .seed = 3, .null_fraction = 0});
  const Batch half = testing::RandomBatch(table, {.row_count = 200, .seed = 3, .null_fraction = 0.5});
  const Batch none = testing::RandomBatch(table, {.row_count = 200, .seed = 3, .null_fraction = 1});
  for (const Batch* batch : {&all, &half, &none}) {
    RequireSame(*batch, REQUIRE_OK_AND_TAKE(DecodeBatch(Encoded(*batch), table)));
  }
  const uint64_t rows = 4096 * (200 - half.columns[2].null_count());
  CHECK(Encoded(half).size() >= rows);
  CHECK(Encoded(half).size() < rows + 8192);
  CHECK(Encoded(none).size() < 8192);
}

TEST_CASE("EncodeBatch appends and DecodeBatch takes any alignment", "[storage][column]") {
  const Batch batch = WithCodes();
  std::string bytes = "x";
  EncodeBatch(batch, &bytes);
  RequireSame(batch, REQUIRE_OK_AND_TAKE(DecodeBatch(std::string_view(bytes).substr(1), batch.table)));
}

TEST_CASE("DecodeBatch refuses every truncation and any byte too many", "[storage][column]") {
  const Batch batch = WithCodes();
  const std::string bytes = Encoded(batch);
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::string cut = bytes.substr(0, size);  // its own memory, so that a sanitizer sees the end
    if (DecodeBatch(cut, batch.table).status().code() != absl::StatusCode::kDataLoss) FAIL("size " << size);
  }
  REQUIRE_STATUS(DecodeBatch(bytes + "x", batch.table), absl::StatusCode::kDataLoss, "1 bytes too many");
}

TEST_CASE("DecodeBatch survives flipped bits with an error or a readable batch", "[storage][column]") {
  const uint64_t seed = GENERATE(11, 12);
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const Batch batch = WithCodes();
  const std::string good = Encoded(batch);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = good;
    for (uint64_t flips = 1 + random() % 3; flips > 0; --flips) {
      bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
    }
    const absl::StatusOr<Batch> decoded = DecodeBatch(bytes, batch.table);
    if (!decoded.ok()) continue;
    for (const Column& column : decoded->columns) {
      for (uint32_t row = 0; row < decoded->row_count; ++row) testing::ValueText(column, row);
    }
  }
}

TEST_CASE("DecodeBatch tells another schema from damage", "[storage][column]") {
  const Batch batch = WithCodes();
  auto earlier = std::make_shared<TableDefinition>(*batch.table);
  earlier->schema_id = 0;
  REQUIRE_STATUS(DecodeBatch(Encoded(batch), earlier), absl::StatusCode::kFailedPrecondition, "schema 0, batch 1");
  auto same_number = std::make_shared<TableDefinition>(*batch.table);
  same_number->columns.back().id = ColumnId(77);
  REQUIRE_STATUS(DecodeBatch(Encoded(batch), same_number), absl::StatusCode::kDataLoss, "not the schema's");
  auto other = std::make_shared<TableDefinition>(*batch.table);
  other->id = TableId(99);
  REQUIRE_STATUS(DecodeBatch(Encoded(batch), other), absl::StatusCode::kDataLoss, "table id 7 where 99");
}

// Three columns by id: `i32` dropped, `i64` renamed, two added, the last with a default.
std::shared_ptr<const TableDefinition> Later(const TableDefinition& table) {
  auto later = std::make_shared<TableDefinition>(table);
  later->schema_id = 5;
  later->columns.erase(later->columns.begin() + *later->FindColumn("i32"));
  later->columns[*later->FindColumn("i64")].name = "renamed";
  later->columns.push_back({.id = ColumnId(later->next_column_id++), .name = "i32", .type = DataType::String()});
  Column value(DataType::Vector(TypeKind::kFloat32, 2));
  const float two[] = {0.5f, -2};
  std::memcpy(value.ExtendFixed(1), two, sizeof(two));
  later->columns.push_back({.id = ColumnId(later->next_column_id++),
                            .name = "pair",
                            .type = value.type(),
                            .nullable = false,
                            .default_value = std::make_shared<const Column>(std::move(value))});
  return later;
}

TEST_CASE("A batch of an earlier schema is read under a later one, by column id", "[storage][column]") {
  const Batch batch = WithCodes();
  const auto later = Later(*batch.table);
  const bool from_bytes = GENERATE(true, false);
  CAPTURE(from_bytes);
  const Batch read =
      from_bytes ? REQUIRE_OK_AND_TAKE(DecodeBatch(Encoded(batch), later)) : AdaptBatch(batch, later);
  REQUIRE_OK(ValidateBatch(read));
  REQUIRE(read.table == later);
  REQUIRE(read.row_count == batch.row_count);
  for (const ColumnDefinition& before : batch.table->columns) {
    if (before.name == "i32") continue;
    CAPTURE(before.name);
    const auto now = later->FindColumn(before.name == "i64" ? "renamed" : before.name);
    REQUIRE(now.has_value());
    CHECK(testing::FirstDifference(batch.columns[*batch.table->FindColumn(before.name)], read.columns[*now]) == "");
  }
  const Column& added = read.columns[*later->FindColumn("i32")];
  const Column& pair = read.columns[*later->FindColumn("pair")];
  CHECK(added.null_count() == batch.row_count);
  CHECK(pair.null_count() == 0);
  CHECK(pair.values_as<float>()[2 * batch.row_count - 1] == -2);
}

}  // namespace
}  // namespace cortex

#include "server/ingest_decode.h"

#include <catch2/catch.hpp>

#include "tests/server/wire_builders.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

using testing::AddColumn;
using testing::Pack;

// A table with a vector of 1 KiB, and a request of `rows` rows that leaves it out.
std::unique_ptr<Database> OpenWithWideTable(const std::string& data_dir) {
  auto database = REQUIRE_OK_AND_TAKE(Database::Open({.data_dir = data_dir, .create_builtin_tables = false}));
  TableDefinition table;
  table.name = "wide";
  table.key_column = "id";
  table.time_column = "at";
  table.columns = {{.name = "id", .type = DataType::String(), .nullable = false},
                   {.name = "at", .type = DataType::Scalar(TypeKind::kTimestamp), .nullable = false},
                   {.name = "v", .type = DataType::Vector(TypeKind::kFloat32, 256), .nullable = true}};
  REQUIRE_OK(database->CreateTable(std::move(table)).status());
  return database;
}

wire::IngestRequest WithoutTheVector(uint32_t rows) {
  wire::IngestRequest request;
  request.set_table("wide");
  wire::ColumnBatch* const batch = request.mutable_columns();
  batch->set_row_count(rows);
  wire::ColumnValues* const id = AddColumn(batch, "id");
  std::vector<uint32_t> offsets = {0};
  for (uint32_t row = 0; row < rows; ++row) offsets.push_back(row + 1);
  id->set_values(std::string(rows, 'k'));
  id->set_offsets(Pack(offsets));
  AddColumn(batch, "at")->set_values(Pack(std::vector<int64_t>(rows, 1)));
  return request;
}

}  // namespace

TEST_CASE("DecodeIngest makes no more NULLs of a small batch than the budget has room for", "[server][ingest]") {
  testing::TempDir dir;
  const auto database = OpenWithWideTable(dir.File("data"));
  MemoryBudget budget(4 << 20);
  REQUIRE_STATUS(DecodeIngest(*database, &budget, WithoutTheVector(10'000)).status(),
                 absl::StatusCode::kResourceExhausted, "memory budget");
  CHECK(budget.used() == 0);
  const IngestRequest fits = REQUIRE_OK_AND_TAKE(DecodeIngest(*database, &budget, WithoutTheVector(1'000)));
  CHECK(fits.batch.columns[2].null_count() == 1'000);
  CHECK(budget.used() == 0);
}

}  // namespace cortex

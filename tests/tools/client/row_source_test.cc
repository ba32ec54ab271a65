#include "tools/client/row_source.h"

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"
#include "tools/client/wire_column.h"

namespace cortex::client {
namespace {

v1::TableDefinition Table() {
  v1::TableDefinition table;
  table.set_name("t");
  const auto add = [&](const char* name, v1::DataType::Kind kind, uint32_t length = 0) {
    v1::ColumnDefinition* column = table.add_columns();
    column->set_name(name);
    column->set_nullable(true);
    column->mutable_type()->set_kind(kind);
    if (kind == v1::DataType::KIND_VECTOR) column->mutable_type()->set_element(v1::DataType::KIND_INT8);
    if (length > 0) column->mutable_type()->set_length(length);
  };
  add("key", v1::DataType::KIND_STRING);
  add("time", v1::DataType::KIND_TIMESTAMP);
  add("score", v1::DataType::KIND_FLOAT64);
  table.mutable_columns(0)->set_nullable(false);
  return table;
}

void WriteNpy(const std::string& path, const std::string& dtype, size_t rows, const std::string& payload) {
  std::string header = "{'descr': '" + dtype + "', 'fortran_order': False, 'shape': (" + std::to_string(rows) + ",), }\n";
  std::ofstream file(path, std::ios::binary);
  file << "\x93NUMPY" << '\1' << '\0' << static_cast<char>(header.size()) << '\0' << header << payload;
}

template <typename T>
std::string Pack(const std::vector<T>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

std::vector<v1::ColumnBatch> Drain(RowSource* source, const BatchLimits& limits) {
  std::vector<v1::ColumnBatch> batches;
  while (true) {
    v1::ColumnBatch batch;
    REQUIRE_OK(source->NextBatch(limits, &batch));
    if (batch.row_count() == 0) return batches;
    batches.push_back(std::move(batch));
  }
}

TEST_CASE("OpenTableDirectory reads columns side by side in batches", "[tools][client]") {
  const cortex::testing::TempDir dir;
  std::ofstream(dir.File("key.jsonl")) << "\"a\"\n\"b\"\n\"c\"\n";
  WriteNpy(dir.File("time.npy"), "<i8", 3, Pack<int64_t>({1, 2, 3}));
  WriteNpy(dir.File("score.npy"), "<f8", 3, Pack<double>({0.5, 1.5, 2.5}));
  WriteNpy(dir.File("score.valid.npy"), "|b1", 3, std::string("\1\0\0", 3));
  std::ofstream(dir.File("create.cql")) << "CREATE TABLE t ()";
  const auto source = REQUIRE_OK_AND_TAKE(OpenTableDirectory(dir.path(), Table()));
  BatchLimits limits;
  limits.max_rows = 2;
  const std::vector<v1::ColumnBatch> batches = Drain(source.get(), limits);
  REQUIRE(batches.size() == 2);
  REQUIRE(source->progress() == 1.0);
  REQUIRE(batches[0].row_count() == 2);
  REQUIRE(batches[0].columns_size() == 3);
  REQUIRE(batches[0].columns(1).name() == "score");
  REQUIRE(batches[0].columns(1).validity() == "\1");
  REQUIRE(batches[1].columns_size() == 2);  // all NULL, nullable, without default: left out
  const v1::DataType text = Table().columns(0).type();
  REQUIRE(REQUIRE_OK_AND_TAKE(WireColumn::Open(batches[1].columns(0), text, 1)).Text(0, TextStyle::kCsv) == "c");
}

TEST_CASE("OpenTableDirectory refuses what does not fit the table", "[tools][client]") {
  const cortex::testing::TempDir dir;
  REQUIRE_STATUS(OpenTableDirectory(dir.File("none"), Table()), absl::StatusCode::kNotFound, "none");
  REQUIRE_STATUS(OpenTableDirectory(dir.path(), Table()), absl::StatusCode::kInvalidArgument, "no .npy");
  SECTION("a wrong type") {
    WriteNpy(dir.File("score.npy"), "<f4", 1, Pack<float>({1}));
    REQUIRE_STATUS(OpenTableDirectory(dir.path(), Table()), absl::StatusCode::kInvalidArgument, "column score is float64");
  }
  SECTION("a column the table does not have") {
    WriteNpy(dir.File("sc0re.npy"), "<f8", 1, Pack<double>({1}));
    REQUIRE_STATUS(OpenTableDirectory(dir.path(), Table()), absl::StatusCode::kNotFound,
                   "no column \"sc0re\"; did you mean \"score\"?");
  }
  SECTION("different lengths") {
    WriteNpy(dir.File("score.npy"), "<f8", 1, Pack<double>({1}));
    WriteNpy(dir.File("time.npy"), "<i8", 2, Pack<int64_t>({1, 2}));
    REQUIRE_STATUS(OpenTableDirectory(dir.path(), Table()), absl::StatusCode::kInvalidArgument, "holds 2 rows");
  }
  SECTION("a validity file of another length") {
    WriteNpy(dir.File("score.npy"), "<f8", 1, Pack<double>({1}));
    WriteNpy(dir.File("score.valid.npy"), "|b1", 2, "\1\1");
    REQUIRE_STATUS(OpenTableDirectory(dir.path(), Table()), absl::StatusCode::kInvalidArgument, "valid.npy");
  }
}

TEST_CASE("OpenTableDirectory names file and line of a bad value", "[tools][client]") {
  const cortex::testing::TempDir dir;
  std::ofstream(dir.File("key.jsonl")) << "\"a\"\n7\n";
  const auto source = REQUIRE_OK_AND_TAKE(OpenTableDirectory(dir.path(), Table()));
  v1::ColumnBatch batch;
  REQUIRE_STATUS(source->NextBatch(BatchLimits(), &batch), absl::StatusCode::kInvalidArgument, "key.jsonl:2: column key");
}

TEST_CASE("OpenCsvFile reads rows by the names of its first line", "[tools][client]") {
  const cortex::testing::TempDir dir;
  const std::string path = dir.File("rows.csv");
  std::ofstream(path) << "time,key,score\n1970-01-01T00:00:00.000000005Z,a,0.25\n7,\"b,c\",\n";
  const auto source = REQUIRE_OK_AND_TAKE(OpenCsvFile(path, Table()));
  const std::vector<v1::ColumnBatch> batches = Drain(source.get(), BatchLimits());
  REQUIRE(batches.size() == 1);
  REQUIRE(batches[0].columns(0).values() == Pack<int64_t>({5, 7}));
  const v1::DataType number = Table().columns(2).type();
  const WireColumn score = REQUIRE_OK_AND_TAKE(WireColumn::Open(batches[0].columns(2), number, 2));
  REQUIRE(score.Number(0) == 0.25);
  REQUIRE(score.IsNull(1));
}

TEST_CASE("OpenCsvFile names the line of a bad record", "[tools][client]") {
  const cortex::testing::TempDir dir;
  const std::string path = dir.File("rows.csv");
  v1::ColumnBatch batch;
  std::ofstream(path) << "key,score\na,1\nb\n";
  REQUIRE_STATUS(REQUIRE_OK_AND_TAKE(OpenCsvFile(path, Table()))->NextBatch(BatchLimits(), &batch),
                 absl::StatusCode::kInvalidArgument, "rows.csv:3: 1 fields");
  std::ofstream(path) << "key,score\na,x\n";
  REQUIRE_STATUS(REQUIRE_OK_AND_TAKE(OpenCsvFile(path, Table()))->NextBatch(BatchLimits(), &batch),
                 absl::StatusCode::kInvalidArgument, "rows.csv:2: column score");
  std::ofstream(path) << "key,scor\n";
  REQUIRE_STATUS(OpenCsvFile(path, Table()), absl::StatusCode::kNotFound, "did you mean \"score\"?");
  std::ofstream(path) << "key,nope\n";
  REQUIRE_STATUS(OpenCsvFile(path, Table()), absl::StatusCode::kNotFound, "nope");
}

}  // namespace
}  // namespace cortex::client

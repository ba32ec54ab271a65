#include "query/exec/result_writer.h"

#include "tests/support/status_assertions.h"

using namespace cortex;         // NOLINT
using namespace cortex::query;  // NOLINT: a test of this very namespace

namespace {

RowBatch Numbers(int64_t first, uint32_t count) {
  Column column(DataType::Scalar(TypeKind::kInt64));
  for (uint32_t i = 0; i < count; ++i) column.AppendScalar<int64_t>(first + i);
  RowBatch rows;
  rows.row_count = count;
  rows.columns.push_back(BatchColumn::Of(std::move(column)));
  return rows;
}

// What came out: sizes of the batches, and all values.
struct Received {
  std::vector<uint32_t> sizes;
  std::vector<int64_t> values;
  ColumnSink sink() {
    return [this](uint32_t rows, std::vector<Column> columns) {
      sizes.push_back(rows);
      for (const int64_t value : columns[0].values_as<int64_t>()) values.push_back(value);
      return absl::OkStatus();
    };
  }
};

}  // namespace

TEST_CASE("ResultWriter skips, stops and cuts", "[query][exec]") {
  Received received;
  ResultWriter writer({ExprType::Int()}, {.offset = 3, .limit = 5, .max_batch_rows = 2}, received.sink());
  CHECK(*writer.Write(Numbers(0, 4)));
  CHECK(*writer.Write(Numbers(4, 2)));
  CHECK_FALSE(*writer.Write(Numbers(6, 100)));
  REQUIRE_OK(writer.Flush());
  CHECK(received.values == std::vector<int64_t>{3, 4, 5, 6, 7});
  CHECK(received.sizes == std::vector<uint32_t>{2, 2, 1});
  CHECK(writer.rows_written() == 5);
}

TEST_CASE("ResultWriter hands on whole columns untouched and merges small ones", "[query][exec]") {
  Received received;
  ResultWriter writer({ExprType::Int()}, {.max_batch_rows = 10}, received.sink());
  const auto owned = [](int64_t first, uint32_t count) {
    std::vector<Column> columns;
    columns.emplace_back(DataType::Scalar(TypeKind::kInt64));
    for (uint32_t i = 0; i < count; ++i) columns[0].AppendScalar<int64_t>(first + i);
    return columns;
  };
  CHECK(*writer.WriteOwned(9, owned(0, 9)));
  CHECK(received.sizes == std::vector<uint32_t>{9});
  CHECK(*writer.WriteOwned(2, owned(9, 2)));
  CHECK(*writer.WriteOwned(2, owned(11, 2)));
  CHECK(received.sizes.size() == 1);
  REQUIRE_OK(writer.Flush());
  CHECK(received.sizes == std::vector<uint32_t>{9, 4});
  CHECK(received.values.size() == 13);
}

TEST_CASE("ResultWriter gives back what its sink said", "[query][exec]") {
  ResultWriter writer({ExprType::Int()}, {.max_batch_rows = 1},
                      [](uint32_t, std::vector<Column>) { return absl::UnavailableError("reader gone"); });
  REQUIRE_STATUS(writer.Write(Numbers(0, 2)), absl::StatusCode::kUnavailable, "reader gone");
}

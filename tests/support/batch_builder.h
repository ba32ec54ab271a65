// Tables and batches for tests, written as values.
//
//   auto table = TestTable("t", {{"x", DataType::Scalar(TypeKind::kInt32)}});     // plus key "key" and time "time"
//   Batch batch = BatchBuilder(table).Row({"a", 17, 5}).Row({"b", 18, Null{}}).Build();
#ifndef CORTEX_TESTS_SUPPORT_BATCH_BUILDER_H_
#define CORTEX_TESTS_SUPPORT_BATCH_BUILDER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "storage/column/batch.h"
#include "storage/column/column.h"
#include "storage/column/schema.h"

namespace cortex::testing {

struct Null {};

// One value of any type: integers for bool, integers and timestamps; doubles for floats; vectors of doubles for complex
// values (re, im), vectors (complex elements interleaved) and lists of float32.
struct TestValue {
  std::variant<Null, int64_t, double, std::string, std::vector<double>, std::vector<std::string>> value;

  TestValue(Null) {}  // NOLINT: implicit on purpose, so that rows read as literals
  TestValue(int v) : value(static_cast<int64_t>(v)) {}
  TestValue(int64_t v) : value(v) {}
  TestValue(double v) : value(v) {}
  TestValue(const char* v) : value(std::string(v)) {}
  TestValue(std::string v) : value(std::move(v)) {}
  TestValue(std::vector<double> v) : value(std::move(v)) {}
  TestValue(std::vector<std::string> v) : value(std::move(v)) {}
};

// Appends `value` to `column`; the program ends if the two do not fit.
void AppendValue(const TestValue& value, Column* column);

class BatchBuilder {
 public:
  explicit BatchBuilder(std::shared_ptr<const TableDefinition> table) : batch_(Batch::For(std::move(table))) {}
  // One value per column, in the table's order.
  BatchBuilder& Row(const std::vector<TestValue>& values);
  Batch Build() { return std::move(batch_); }

 private:
  Batch batch_;
};

// A valid definition: "key" (string) and "time" come first, then `columns`, all nullable. Ids count from 1.
std::shared_ptr<const TableDefinition> TestTable(std::string name,
                                                 std::vector<std::pair<std::string, DataType>> columns,
                                                 TableKind kind = TableKind::kEvents);
// A table with a nullable column of every type.
std::shared_ptr<const TableDefinition> AllTypesTable();

struct RandomBatchOptions {
  uint32_t row_count = 1000;
  uint64_t seed = 1;
  double null_fraction = 0.2;   // of every nullable column
  uint32_t distinct_keys = 0;   // keys "k0000000" ...; 0: every row its own
  int64_t first_time = 1'700'000'000'000'000'000;
};
// Valid rows of any table. Numbers include zeros, extremes, NaN, infinities; strings include empty and non-ASCII ones.
Batch RandomBatch(std::shared_ptr<const TableDefinition> table, const RandomBatchOptions& options);

// The value of one row, bit for bit, as text: equal texts are equal values whatever the layout. "NULL" where null.
std::string ValueText(const Column& column, uint32_t row);
// Row for row; "" or a sentence about the first difference.
std::string FirstDifference(const Column& expected, const Column& actual);

}  // namespace cortex::testing

#endif  // CORTEX_TESTS_SUPPORT_BATCH_BUILDER_H_

// Small builders of wire messages for the tests of server/.
#ifndef CORTEX_TESTS_SERVER_WIRE_BUILDERS_H_
#define CORTEX_TESTS_SERVER_WIRE_BUILDERS_H_

#include <google/protobuf/util/json_util.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cortex/datastore/v1/types.pb.h"
#include "server/definition_proto.h"

namespace cortex::testing {

template <typename T>
std::string Pack(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

// A message from its JSON form; aborts on bad JSON, which only a bug of the test can cause.
template <typename Message>
Message FromJson(const std::string& json) {
  Message message;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &message);
  if (!status.ok()) {
    std::fprintf(stderr, "bad JSON in a test: %s\n", status.ToString().c_str());
    std::abort();
  }
  return message;
}

template <typename Message>
std::string ToJson(const Message& message) {
  std::string json;
  (void)google::protobuf::util::MessageToJsonString(message, &json);
  return json;
}

// A table with a column of every kind: key `k`, time `t`, and nullable columns named after their types.
inline std::shared_ptr<const TableDefinition> AllTypesTable() {
  auto table = std::make_shared<TableDefinition>();
  table->name = "all";
  table->key_column = "k";
  table->time_column = "t";
  const auto add = [&](const char* name, DataType type, bool nullable = true) {
    ColumnDefinition column;
    column.id = ColumnId(static_cast<uint32_t>(table->columns.size() + 1));
    column.name = name;
    column.type = type;
    column.nullable = nullable;
    table->columns.push_back(column);
  };
  add("k", DataType::String(8), false);
  add("t", DataType::Scalar(TypeKind::kTimestamp), false);
  add("b", DataType::Scalar(TypeKind::kBool));
  add("i8", DataType::Scalar(TypeKind::kInt8));
  add("i64", DataType::Scalar(TypeKind::kInt64));
  add("f16", DataType::Scalar(TypeKind::kFloat16));
  add("f32", DataType::Scalar(TypeKind::kFloat32));
  add("f64", DataType::Scalar(TypeKind::kFloat64));
  add("c128", DataType::Scalar(TypeKind::kComplex128));
  add("s", DataType::String());
  add("raw", DataType::Scalar(TypeKind::kBytes));
  add("vec", DataType::Vector(TypeKind::kFloat32, 3));
  add("field", DataType::Vector(TypeKind::kComplex64, 2));
  add("names", DataType::ListString(4));
  add("weights", DataType::Scalar(TypeKind::kListFloat32));
  return table;
}

// Two rows of `AllTypesTable` with key and time only.
inline wire::ColumnBatch TwoRows() {
  wire::ColumnBatch batch;
  batch.set_row_count(2);
  auto* key = batch.add_columns();
  key->set_name("k");
  key->set_values("abb");
  key->set_offsets(Pack<uint32_t>({0, 1, 3}));
  auto* time = batch.add_columns();
  time->set_name("t");
  time->set_values(Pack<int64_t>({10, 20}));
  return batch;
}

inline wire::ColumnValues* AddColumn(wire::ColumnBatch* batch, const std::string& name) {
  wire::ColumnValues* column = batch->add_columns();
  column->set_name(name);
  return column;
}

}  // namespace cortex::testing

#endif  // CORTEX_TESTS_SERVER_WIRE_BUILDERS_H_

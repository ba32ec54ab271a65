#include "tests/support/batch_builder.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>
#include <string_view>

namespace cortex::testing {
namespace {

[[noreturn]] void Misfit(const Column& column) {
  std::fprintf(stderr, "value does not fit a column of type %s\n", column.type().ToString().c_str());
  std::abort();
}

// Rounds to binary16 by truncation; tests compare bits, so any fixed rule does.
uint16_t HalfBits(double value) {
  if (std::isnan(value)) return 0x7e00;
  const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  const double magnitude = std::fabs(value);
  if (magnitude >= 65520) return sign | 0x7c00;
  if (magnitude < std::ldexp(1.0, -14)) return sign | static_cast<uint16_t>(std::ldexp(magnitude, 24));
  int exponent = 0;
  const double fraction = std::frexp(magnitude, &exponent);  // in [0.5, 1)
  return sign | static_cast<uint16_t>(((exponent + 14) << 10) + static_cast<int>((fraction * 2 - 1) * 1024));
}

template <typename T>
void Store(double value, std::byte*& out) {
  const T typed = static_cast<T>(value);
  std::memcpy(out, &typed, sizeof(T));
  out += sizeof(T);
}

void StoreFloat(PhysicalType type, double value, std::byte*& out) {
  if (type == PhysicalType::kFloat32) return Store<float>(value, out);
  if (type == PhysicalType::kFloat64) return Store<double>(value, out);
  const uint16_t half = HalfBits(value);
  std::memcpy(out, &half, sizeof(half));
  out += sizeof(half);
}

void AppendInteger(int64_t value, Column* column) {
  const uint32_t width = column->type().shape().row_bytes();
  const PhysicalType type = column->type().shape().type;
  if (IsFloat(type)) return AppendValue(static_cast<double>(value), column);
  if (width == 0 || column->type().is_list()) Misfit(*column);
  std::memcpy(column->ExtendFixed(1), &value, width);  // little-endian: the low bytes
}

void AppendFloats(const std::vector<double>& values, Column* column) {
  if (column->type().kind == TypeKind::kListFloat32) {
    return column->AppendFloatList(std::vector<float>(values.begin(), values.end()));
  }
  const ValueShape shape = column->type().shape();
  if (!IsFloat(shape.type) || values.size() != shape.values_per_row) Misfit(*column);
  std::byte* out = column->ExtendFixed(1);
  for (const double value : values) StoreFloat(shape.type, value, out);
}

class ValueMaker {
 public:
  explicit ValueMaker(uint64_t seed) : random_(seed) {}

  uint64_t Below(uint64_t limit) { return random_() % limit; }
  bool Chance(double p) { return static_cast<double>(random_() >> 11) * 0x1p-53 < p; }

  TestValue Make(const DataType& type) {
    switch (type.kind) {
      case TypeKind::kBool:
        return static_cast<int64_t>(Below(2));
      case TypeKind::kInt8:
      case TypeKind::kInt16:
      case TypeKind::kInt32:
      case TypeKind::kInt64:
      case TypeKind::kTimestamp:
        return Integer();
      case TypeKind::kString:
      case TypeKind::kBytes:
        return String(type.length);
      case TypeKind::kListString:
        return Strings(type.length);
      case TypeKind::kListFloat32:
        return Floats(Below(5));
      default:
        return type.shape().values_per_row == 1 ? TestValue(Float()) : Floats(type.shape().values_per_row);
    }
  }

 private:
  int64_t Integer() {
    if (Below(20) == 0) return std::numeric_limits<int64_t>::min();
    if (Below(20) == 0) return std::numeric_limits<int64_t>::max();
    return static_cast<int64_t>(Below(1000)) - 500;
  }
  double Float() {
    static constexpr double kSpecial[] = {0.0, -0.0, INFINITY, -INFINITY, NAN, 1e-300, 65504};
    if (Below(10) == 0) return kSpecial[Below(std::size(kSpecial))];
    return (static_cast<double>(Below(1 << 20)) - (1 << 19)) / 1024;
  }
  std::string String(uint32_t max_bytes) {
    static const std::string kSpecial[] = {"", "ä", "日本語", std::string(300, 'x'), "a"};
    std::string text = Below(8) == 0 ? kSpecial[Below(std::size(kSpecial))] : "s" + std::to_string(Below(200));
    return max_bytes != 0 && text.size() > max_bytes ? "" : text;
  }
  std::vector<std::string> Strings(uint32_t max_bytes) {
    std::vector<std::string> strings(Below(4));
    for (std::string& string : strings) string = String(max_bytes);
    return strings;
  }
  std::vector<double> Floats(uint64_t count) {
    std::vector<double> values(count);
    for (double& value : values) value = Float();
    return values;
  }

  std::mt19937_64 random_;
};

std::string KeyText(uint64_t number) {
  char text[16];
  std::snprintf(text, sizeof(text), "k%07llu", static_cast<unsigned long long>(number));
  return text;
}

std::string Hex(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) {
    char digits[4];
    std::snprintf(digits, sizeof(digits), "%02x", static_cast<unsigned char>(c));
    hex += digits;
  }
  return hex;
}

}  // namespace

void AppendValue(const TestValue& test_value, Column* column) {
  const auto& value = test_value.value;
  const DataType& type = column->type();
  if (std::holds_alternative<Null>(value)) return column->AppendNull();
  if (const auto* integer = std::get_if<int64_t>(&value)) return AppendInteger(*integer, column);
  if (const auto* number = std::get_if<double>(&value)) return AppendFloats({*number}, column);
  if (const auto* numbers = std::get_if<std::vector<double>>(&value)) return AppendFloats(*numbers, column);
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (!type.is_string()) Misfit(*column);
    return column->AppendString(*text);
  }
  if (type.kind != TypeKind::kListString) Misfit(*column);
  const auto& texts = std::get<std::vector<std::string>>(value);
  column->AppendStringList(std::vector<std::string_view>(texts.begin(), texts.end()));
}

BatchBuilder& BatchBuilder::Row(const std::vector<TestValue>& values) {
  if (values.size() != batch_.columns.size()) {
    std::fprintf(stderr, "%zu values for %zu columns\n", values.size(), batch_.columns.size());
    std::abort();
  }
  for (size_t i = 0; i < values.size(); ++i) AppendValue(values[i], &batch_.columns[i]);
  ++batch_.row_count;
  return *this;
}

std::shared_ptr<const TableDefinition> TestTable(std::string name,
                                                 std::vector<std::pair<std::string, DataType>> columns,
                                                 TableKind kind) {
  auto table = std::make_shared<TableDefinition>();
  table->id = TableId(7);
  table->name = std::move(name);
  table->kind = kind;
  table->key_column = "key";
  table->time_column = "time";
  table->columns.push_back({.id = ColumnId(1), .name = "key", .type = DataType::String(), .nullable = false});
  table->columns.push_back(
      {.id = ColumnId(2), .name = "time", .type = DataType::Scalar(TypeKind::kTimestamp), .nullable = false});
  for (auto& [column_name, type] : columns) {
    const ColumnId id(static_cast<uint32_t>(table->columns.size()) + 1);
    table->columns.push_back({.id = id, .name = std::move(column_name), .type = type});
  }
  table->next_column_id = static_cast<uint32_t>(table->columns.size()) + 1;
  return table;
}

std::shared_ptr<const TableDefinition> AllTypesTable() {
  return TestTable("all_types", {
                                    {"flag", DataType::Scalar(TypeKind::kBool)},
                                    {"i8", DataType::Scalar(TypeKind::kInt8)},
                                    {"i16", DataType::Scalar(TypeKind::kInt16)},
                                    {"i32", DataType::Scalar(TypeKind::kInt32)},
                                    {"i64", DataType::Scalar(TypeKind::kInt64)},
                                    {"f16", DataType::Scalar(TypeKind::kFloat16)},
                                    {"f32", DataType::Scalar(TypeKind::kFloat32)},
                                    {"f64", DataType::Scalar(TypeKind::kFloat64)},
                                    {"c64", DataType::Scalar(TypeKind::kComplex64)},
                                    {"c128", DataType::Scalar(TypeKind::kComplex128)},
                                    {"at", DataType::Scalar(TypeKind::kTimestamp)},
                                    {"text", DataType::String()},
                                    {"name", DataType::String(16)},
                                    {"blob", DataType::Scalar(TypeKind::kBytes)},
                                    {"vec16", DataType::Vector(TypeKind::kFloat16, 5)},
                                    {"vec32", DataType::Vector(TypeKind::kFloat32, 32)},
                                    {"vec128", DataType::Vector(TypeKind::kComplex128, 8)},
                                    {"words", DataType::ListString(64)},
                                    {"weights", DataType::Scalar(TypeKind::kListFloat32)},
                                });
}

Batch RandomBatch(std::shared_ptr<const TableDefinition> table, const RandomBatchOptions& options) {
  ValueMaker maker(options.seed);
  BatchBuilder builder(table);
  for (uint32_t row = 0; row < options.row_count; ++row) {
    std::vector<TestValue> values;
    for (const ColumnDefinition& column : table->columns) {
      if (column.name == table->key_column) {
        values.emplace_back(KeyText(options.distinct_keys == 0 ? row : maker.Below(options.distinct_keys)));
      } else if (column.name == table->time_column) {
        values.emplace_back(options.first_time + int64_t{row} * 1000);
      } else if (column.nullable && maker.Chance(options.null_fraction)) {
        values.emplace_back(Null{});
      } else {
        values.push_back(maker.Make(column.type));
      }
    }
    builder.Row(values);
  }
  return builder.Build();
}

std::string ValueText(const Column& column, uint32_t row) {
  if (column.IsNull(row)) return "NULL";
  const DataType& type = column.type();
  if (type.is_string()) return "'" + Hex(column.StringAt(row)) + "'";
  if (!type.is_list()) {
    const absl::Span<const std::byte> value = column.FixedAt(row);
    return Hex({reinterpret_cast<const char*>(value.data()), value.size()});
  }
  std::string text = "[";
  const ValueSpan elements = column.elements();
  for (uint32_t i = column.list_offsets()[row]; i < column.list_offsets()[row + 1]; ++i) {
    const size_t width = elements.shape.row_bytes();
    text += width == 0 ? Hex(elements.StringAt(i))
                       : Hex({reinterpret_cast<const char*>(elements.fixed) + i * width, width});
    text += ",";
  }
  return text + "]";
}

std::string FirstDifference(const Column& expected, const Column& actual) {
  if (expected.type() != actual.type()) {
    return "type " + expected.type().ToString() + " became " + actual.type().ToString();
  }
  if (expected.row_count() != actual.row_count()) {
    return std::to_string(expected.row_count()) + " rows became " + std::to_string(actual.row_count());
  }
  for (uint32_t row = 0; row < expected.row_count(); ++row) {
    const std::string want = ValueText(expected, row);
    const std::string got = ValueText(actual, row);
    if (want != got) return "row " + std::to_string(row) + ": " + want + " became " + got;
  }
  return "";
}

}  // namespace cortex::testing

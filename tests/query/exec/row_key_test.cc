#include "query/exec/row_key.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>

using cortex::Column;
using cortex::DataType;
using cortex::TypeKind;
using cortex::query::BatchColumn;
using cortex::query::DecodeKeyValue;
using cortex::query::RowKeyEncoder;

namespace {

std::vector<std::string> Keys(const BatchColumn& column, bool descending) {
  RowKeyEncoder encoder;
  encoder.AddColumn(column, descending);
  std::vector<std::string> keys(column.row_count);
  for (uint32_t row = 0; row < column.row_count; ++row) encoder.Append(row, &keys[row]);
  return keys;
}

// The rows of `column` are in ascending order already.
void RequireOrdered(Column column) {
  const BatchColumn view = BatchColumn::Of(std::move(column));
  const std::vector<std::string> up = Keys(view, false), down = Keys(view, true);
  for (size_t i = 0; i + 1 < up.size(); ++i) {
    CAPTURE(i);
    CHECK(up[i] < up[i + 1]);
    CHECK(down[i] > down[i + 1]);
  }
}

}  // namespace

TEST_CASE("Row keys order floats as values, NaN, NULL", "[query][exec]") {
  Column column(DataType::Scalar(TypeKind::kFloat64));
  const double inf = std::numeric_limits<double>::infinity();
  for (const double value : {-inf, -1e300, -1.0, -5e-324, 0.0, 5e-324, 1.0, 1e300, inf, std::nan("")})
    column.AppendScalar<double>(value);
  column.AppendNull();
  RequireOrdered(std::move(column));
}

TEST_CASE("Row keys order integers and text", "[query][exec]") {
  Column integers(DataType::Scalar(TypeKind::kInt16));
  for (const int16_t value : {-32768, -1, 0, 1, 32767}) integers.AppendScalar<int16_t>(value);
  integers.AppendNull();
  RequireOrdered(std::move(integers));
  Column text(DataType::Scalar(TypeKind::kBytes));
  for (const std::string& value :
       {std::string(), std::string("\0", 1), std::string("\0\0", 2), std::string("\0\x01", 2), std::string("\x01"),
        std::string("a"), std::string("a\0", 2), std::string("aa"), std::string("b"), std::string("\xff")}) {
    text.AppendString(value);
  }
  text.AppendNull();
  RequireOrdered(std::move(text));
}

TEST_CASE("Row keys make equal what groups together", "[query][exec]") {
  Column column(DataType::Scalar(TypeKind::kFloat32));
  for (const float value : {0.0f, -0.0f, std::nanf("1"), -std::nanf("2")}) column.AppendScalar<float>(value);
  const std::vector<std::string> keys = Keys(BatchColumn::Of(std::move(column)), false);
  CHECK(keys[0] == keys[1]);
  CHECK(keys[2] == keys[3]);
}

TEST_CASE("Row keys of several columns compare column by column", "[query][exec]") {
  Column text(DataType::String());
  Column number(DataType::Scalar(TypeKind::kInt64));
  for (const char* value : {"a", "ab", "a"}) text.AppendString(value);
  for (const int64_t value : {9, 1, 10}) number.AppendScalar<int64_t>(value);
  const BatchColumn first = BatchColumn::Of(std::move(text)), second = BatchColumn::Of(std::move(number));
  RowKeyEncoder encoder;
  encoder.AddColumn(first, false);
  encoder.AddColumn(second, true);
  std::string keys[3];
  for (uint32_t row = 0; row < 3; ++row) encoder.Append(row, &keys[row]);
  CHECK(keys[2] < keys[0]);  // equal text: the larger number first
  CHECK(keys[0] < keys[1]);
}

TEST_CASE("Row keys decode to the values they were made of", "[query][exec]") {
  Column text(DataType::String()), number(DataType::Scalar(TypeKind::kInt8)),
      real(DataType::Scalar(TypeKind::kFloat16));
  text.AppendString(std::string("x\0y", 3));
  text.AppendNull();
  number.AppendScalar<int8_t>(-7);
  number.AppendNull();
  cortex::query::AppendFloat(-1.5, &real);
  cortex::query::AppendFloat(0.25, &real);
  const BatchColumn a = BatchColumn::Of(std::move(text)), b = BatchColumn::Of(std::move(number)),
                    c = BatchColumn::Of(std::move(real));
  RowKeyEncoder encoder;
  for (const BatchColumn* column : {&a, &b, &c}) encoder.AddColumn(*column, false);
  Column out_text(a.type), out_number(b.type), out_real(c.type);
  for (uint32_t row = 0; row < 2; ++row) {
    std::string key;
    encoder.Append(row, &key);
    std::string_view rest = key;
    for (Column* column : {&out_text, &out_number, &out_real}) DecodeKeyValue(&rest, column);
    CHECK(rest.empty());
  }
  CHECK(out_text.StringAt(0) == std::string_view("x\0y", 3));
  CHECK(out_text.IsNull(1));
  CHECK(out_number.values_as<int8_t>()[0] == -7);
  CHECK(out_number.IsNull(1));
  CHECK(out_real.values_as<uint16_t>()[0] == 0xbe00);
}

TEST_CASE("KeepUpTo never drops a row that could be among the best", "[query][exec]") {
  const bool descending = GENERATE(false, true);
  std::mt19937_64 random(5);
  Column column(DataType::Scalar(TypeKind::kFloat64));
  for (int i = 0; i < 500; ++i) {
    switch (random() % 8) {
      case 0:
        column.AppendNull();
        break;
      case 1:
        column.AppendScalar<double>(std::nan(""));
        break;
      default:
        column.AppendScalar<double>(static_cast<double>(random() % 100) - 50);
        break;
    }
  }
  const BatchColumn view = BatchColumn::Of(std::move(column));
  const std::vector<std::string> keys = Keys(view, descending);
  RowKeyEncoder encoder;
  encoder.AddColumn(view, descending);
  for (uint32_t worst = 0; worst < 500; worst += 37) {
    std::vector<uint32_t> kept;
    encoder.KeepUpTo(keys[worst], 500, &kept);
    std::vector<bool> is_kept(500, false);
    for (const uint32_t row : kept) is_kept[row] = true;
    for (uint32_t row = 0; row < 500; ++row) {
      if (keys[row] <= keys[worst]) REQUIRE(is_kept[row]);
    }
  }
}

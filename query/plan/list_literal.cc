#include "query/plan/list_literal.h"

#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "query/expr/convert.h"
#include "query/expr/kernels.h"

namespace cortex::query {
namespace {

// The numbers of a vector or list<float32> constant, complex values as (re, im).
std::vector<double> NumbersOf(const Column& column) {
  const ValueSpan values = column.values();
  const size_t count = column.type().is_list() ? values.row_count : values.shape.values_per_row;
  std::vector<double> numbers(count);
  ConvertFloats(values.shape.type, values.fixed, count, PhysicalType::kFloat64,
                reinterpret_cast<std::byte*>(numbers.data()));
  return numbers;
}

Column VectorColumn(const DataType& type, const std::vector<double>& numbers) {
  Column column(type);
  ConvertFloats(PhysicalType::kFloat64, reinterpret_cast<const std::byte*>(numbers.data()), numbers.size(),
                type.shape().type, column.ExtendFixed(1));
  return column;
}

absl::StatusOr<BoundExpr> StringList(const std::vector<BoundExpr>& elements, cql::Position at) {
  std::vector<std::string_view> texts;
  for (const BoundExpr& element : elements) texts.push_back(element.constant->StringAt(0));
  Column column(DataType::ListString());
  column.AppendStringList(texts);
  return MakeConstant(ExprType::Of(DataType::ListString()), std::move(column), at);
}

}  // namespace

bool IsListLiteral(const BoundExpr& expr) {
  return expr.is_constant() && !expr.type.is_null &&
         (expr.type.family() == Family::kVector || expr.type.family() == Family::kList);
}

absl::StatusOr<BoundExpr> MakeListLiteral(std::vector<BoundExpr> elements, cql::Position at) {
  if (elements.empty()) return StringList(elements, at);
  std::vector<double> numbers;
  size_t strings = 0, complex = 0;
  for (const BoundExpr& element : elements) {
    if (!element.is_constant() || element.type.is_null || element.constant->IsNull(0)) {
      return cql::InvalidAt(element.position, "the elements of a list are constants and not NULL");
    }
    const Family family = element.type.family();
    strings += family == Family::kString;
    complex += family == Family::kComplex;
    if (IsNumeric(family)) {
      numbers.push_back(WidenToFloat(BatchColumn::Constant(element.constant, 1))[0]);
    } else if (family == Family::kComplex) {
      const auto* parts = element.constant->values_as<double>().data();
      numbers.insert(numbers.end(), parts, parts + 2);
    } else if (family != Family::kString) {
      return cql::InvalidAt(element.position, absl::StrFormat("a list cannot hold %s", element.type.ToString()));
    }
  }
  if (strings == elements.size()) return StringList(elements, at);
  if (strings > 0 || (complex > 0 && complex != elements.size())) {
    return cql::InvalidAt(at, "the elements of a list are of one sort: numbers, complex numbers or strings");
  }
  const TypeKind element = complex > 0 ? TypeKind::kComplex128 : TypeKind::kFloat64;
  const DataType type = DataType::Vector(element, static_cast<uint32_t>(elements.size()));
  if (absl::Status status = ValidateType(type); !status.ok()) return cql::InvalidAt(at, std::string(status.message()));
  BoundExpr literal = MakeConstant(ExprType::Of(type), VectorColumn(type, numbers), at);
  literal.is_list_text = true;
  return literal;
}

absl::StatusOr<BoundExpr> ConvertListLiteral(const BoundExpr& literal, const DataType& type) {
  const DataType& from = literal.type.data;
  const ExprType to = ExprType::Of(type);
  const auto misfit = [&] {
    return cql::InvalidAt(literal.position, absl::StrFormat("expected %s, got %s", type.ToString(), from.ToString()));
  };
  if (from == type) return literal;
  if (literal.constant->IsNull(0)) return MakeNull(to, literal.position);
  const bool empty = from.kind == TypeKind::kListString && literal.constant->elements().row_count == 0;
  if (type.kind == TypeKind::kListString || (empty && type.is_list())) {
    if (from.kind != TypeKind::kListString) return misfit();
    const ValueSpan elements = literal.constant->elements();
    Column column(type);
    if (type.kind == TypeKind::kListFloat32) {
      column.AppendFloatList({});
      return MakeConstant(to, std::move(column), literal.position);
    }
    std::vector<std::string_view> texts;
    for (uint32_t i = 0; i < elements.row_count; ++i) texts.push_back(elements.StringAt(i));
    column.AppendStringList(texts);
    return MakeConstant(to, std::move(column), literal.position);
  }
  if (from.kind == TypeKind::kListString) return misfit();
  std::vector<double> numbers = NumbersOf(*literal.constant);
  if (type.kind == TypeKind::kListFloat32) {
    if (from.is_complex()) return misfit();
    const std::vector<float> floats(numbers.begin(), numbers.end());
    Column column(type);
    column.AppendFloatList(floats);
    return MakeConstant(to, std::move(column), literal.position);
  }
  if (!type.is_vector() || (from.is_complex() && !type.is_complex())) return misfit();
  if (type.is_complex() && !from.is_complex()) {
    std::vector<double> pairs;
    for (const double re : numbers) pairs.insert(pairs.end(), {re, 0.0});
    numbers = std::move(pairs);
  }
  if (numbers.size() != type.shape().values_per_row) return misfit();
  return MakeConstant(to, VectorColumn(type, numbers), literal.position);
}

}  // namespace cortex::query

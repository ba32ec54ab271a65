// The type of an expression: a column type, an interval, or the bare NULL that fits anywhere.
//
// Computation happens in families: every integer as int64, every float as float64, so `int8 + int8` is an int64 and
// cannot overflow where the user does not expect it. A column that is merely passed on keeps its own type.
#ifndef CORTEX_QUERY_EXPR_EXPR_TYPE_H_
#define CORTEX_QUERY_EXPR_EXPR_TYPE_H_

#include <cstdint>
#include <string>

#include "storage/column/data_type.h"

namespace cortex::query {

enum class Family : uint8_t {
  kNull,
  kBool,
  kInt,
  kFloat,
  kTimestamp,
  kInterval,
  kString,
  kBytes,
  kComplex,
  kVector,
  kList
};

struct ExprType {
  DataType data;  // intervals: int64
  bool is_interval = false;
  bool is_null = false;

  static ExprType Of(DataType type) { return {.data = type}; }
  static ExprType Null() { return {.is_null = true}; }
  static ExprType Bool() { return Of(DataType::Scalar(TypeKind::kBool)); }
  static ExprType Int() { return Of(DataType::Scalar(TypeKind::kInt64)); }
  static ExprType Float() { return Of(DataType::Scalar(TypeKind::kFloat64)); }
  static ExprType Timestamp() { return Of(DataType::Scalar(TypeKind::kTimestamp)); }
  static ExprType Interval() { return {.data = DataType::Scalar(TypeKind::kInt64), .is_interval = true}; }
  static ExprType String() { return Of(DataType::String()); }

  Family family() const;
  // `float32`, `interval`, `NULL`: for messages.
  std::string ToString() const;
  bool operator==(const ExprType&) const = default;
};

inline bool IsNumeric(Family family) { return family == Family::kInt || family == Family::kFloat; }
// Families that have an order: what ORDER BY, GROUP BY, DISTINCT, min and max take.
bool IsOrdered(Family family);
// The elements of a float16, float32 or float64 vector, or of the real and imaginary parts of a complex one.
PhysicalType ElementPhysicalType(const DataType& vector);

}  // namespace cortex::query

#endif  // CORTEX_QUERY_EXPR_EXPR_TYPE_H_

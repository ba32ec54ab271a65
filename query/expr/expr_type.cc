#include "query/expr/expr_type.h"

namespace cortex::query {

Family ExprType::family() const {
  if (is_null) return Family::kNull;
  if (is_interval) return Family::kInterval;
  switch (data.kind) {
    case TypeKind::kBool:
      return Family::kBool;
    case TypeKind::kInt8:
    case TypeKind::kInt16:
    case TypeKind::kInt32:
    case TypeKind::kInt64:
      return Family::kInt;
    case TypeKind::kFloat16:
    case TypeKind::kFloat32:
    case TypeKind::kFloat64:
      return Family::kFloat;
    case TypeKind::kComplex64:
    case TypeKind::kComplex128:
      return Family::kComplex;
    case TypeKind::kTimestamp:
      return Family::kTimestamp;
    case TypeKind::kString:
      return Family::kString;
    case TypeKind::kBytes:
      return Family::kBytes;
    case TypeKind::kVector:
      return Family::kVector;
    case TypeKind::kListString:
    case TypeKind::kListFloat32:
      return Family::kList;
  }
  return Family::kNull;
}

std::string ExprType::ToString() const {
  if (is_null) return "NULL";
  return is_interval ? "interval" : data.ToString();
}

bool IsOrdered(Family family) {
  return family != Family::kComplex && family != Family::kVector && family != Family::kList;
}

PhysicalType ElementPhysicalType(const DataType& vector) { return vector.shape().type; }

}  // namespace cortex::query

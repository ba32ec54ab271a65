// Distances between vector columns, by the canonical kernels: one query row against many where one side is constant,
// row by row otherwise. Both sides come with the same element type and length; the binder saw to it.
#include <utility>

#include "absl/types/span.h"
#include "codecs/simd/distance_kernels.h"
#include "query/expr/kernels.h"

namespace cortex::query {
namespace {

template <typename T>
absl::Span<const T> RowOf(const BatchColumn& column, uint32_t row) {
  const uint32_t length = column.values.shape.values_per_row;
  return {column.data<T>() + size_t{column.Physical(row)} * length, length};
}

template <typename T>
simd::Rows<T> AllRows(const BatchColumn& column, uint32_t rows) {
  const uint32_t length = column.values.shape.values_per_row;
  return {.data = column.data<T>(), .row_count = rows, .length = length, .stride = length};
}

simd::FieldMetric MetricOf(DistanceMetric metric) {
  switch (metric) {
    case DistanceMetric::kPolar:
      return simd::FieldMetric::kPolar;
    case DistanceMetric::kFidelity:
      return simd::FieldMetric::kFidelity;
    default:
      return simd::FieldMetric::kEuclidean;
  }
}

template <typename T>
void FieldDistances(const BoundExpr& expr, const BatchColumn& a, const BatchColumn& b, uint32_t rows, double* out) {
  const simd::FieldMetric metric = MetricOf(expr.metric);
  if (a.constant || b.constant) {
    const simd::FieldQuery query(metric, RowOf<T>(a.constant ? a : b, 0));
    query.Distances(AllRows<T>(a.constant ? b : a, rows), out);
    return;
  }
  for (uint32_t i = 0; i < rows; ++i) out[i] = simd::FieldDistance(metric, RowOf<T>(a, i), RowOf<T>(b, i));
}

template <typename T>
void RealDistances(const BoundExpr& expr, const BatchColumn& a, const BatchColumn& b, uint32_t rows, double* out) {
  if (!a.constant && !b.constant) {
    for (uint32_t i = 0; i < rows; ++i) {
      const auto x = RowOf<T>(a, i), y = RowOf<T>(b, i);
      out[i] = expr.function == FunctionId::kL2Distance       ? simd::L2Distance(x, y)
               : expr.function == FunctionId::kCosineDistance ? simd::CosineDistance(x, y)
                                                              : simd::InnerProduct(x, y);
    }
    return;
  }
  const auto query = RowOf<T>(a.constant ? a : b, 0);
  const simd::Rows<T> all = AllRows<T>(a.constant ? b : a, rows);
  if (expr.function == FunctionId::kL2Distance) return simd::L2Distance(query, all, out);
  if (expr.function == FunctionId::kCosineDistance) return simd::CosineDistance(query, all, out);
  simd::InnerProduct(query, all, out);
}

template <typename T>
void HermitianProducts(const BatchColumn& a, const BatchColumn& b, uint32_t rows, T* out) {
  for (uint32_t i = 0; i < rows; ++i) {
    const simd::ComplexNumber product = simd::HermitianProduct(RowOf<T>(a, i), RowOf<T>(b, i));
    out[2 * i] = static_cast<T>(product.re);
    out[2 * i + 1] = static_cast<T>(product.im);
  }
}

void Dispatch(const BoundExpr& expr, const BatchColumn& a, const BatchColumn& b, uint32_t rows, std::byte* bytes) {
  auto* out = reinterpret_cast<double*>(bytes);
  const PhysicalType element = a.values.shape.type;
  if (expr.function == FunctionId::kCssDistance) {
    return element == PhysicalType::kFloat64 ? FieldDistances<double>(expr, a, b, rows, out)
                                             : FieldDistances<float>(expr, a, b, rows, out);
  }
  if (expr.type.family() == Family::kComplex) {
    if (element == PhysicalType::kFloat64) return HermitianProducts<double>(a, b, rows, out);
    return HermitianProducts<float>(a, b, rows, reinterpret_cast<float*>(bytes));
  }
  switch (element) {
    case PhysicalType::kFloat16:
      return RealDistances<Half>(expr, a, b, rows, out);
    case PhysicalType::kFloat32:
      return RealDistances<float>(expr, a, b, rows, out);
    default:
      return RealDistances<double>(expr, a, b, rows, out);
  }
}

}  // namespace

absl::StatusOr<BatchColumn> EvaluateDistance(const BoundExpr& expr, const std::vector<BatchColumn>& arguments,
                                             uint32_t rows) {
  const BatchColumn& a = arguments[0];
  const BatchColumn& b = arguments[1];
  const bool constant = a.constant && b.constant;
  const uint32_t count = constant ? 1 : rows;
  Column out(expr.type.data);
  Dispatch(expr, a, b, count, out.ExtendFixed(count));
  if (Bitmap validity = MergedValidity(count, {&a, &b}); !validity.empty()) out.SetValidity(std::move(validity));
  if (!constant) return BatchColumn::Of(std::move(out));
  return BatchColumn::Constant(std::make_shared<const Column>(std::move(out)), rows);
}

}  // namespace cortex::query

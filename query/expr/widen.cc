// Numeric columns as int64 or float64, and the validity of results.
#include <utility>

#include "codecs/simd/half.h"
#include "query/expr/kernels.h"

namespace cortex::query {
namespace {

template <typename Source, typename T>
void Copy(const BatchColumn& column, uint32_t rows, std::vector<T>* out) {
  const Source* source = column.data<Source>();
  for (uint32_t i = 0; i < rows; ++i) (*out)[i] = static_cast<T>(source[i]);
}

template <typename T>
void Finish(const BatchColumn& column, Widened<T>* widened) {
  if (widened->values == nullptr) widened->values = widened->owned.data();
  widened->stride = column.constant ? 0 : 1;
}

}  // namespace

Widened<int64_t> WidenToInt(const BatchColumn& column) {
  Widened<int64_t> out;
  const uint32_t rows = column.constant ? 1 : column.row_count;
  if (column.values.shape.type == PhysicalType::kInt64) {
    out.values = column.data<int64_t>();
  } else {
    out.owned.resize(rows);
    switch (column.values.shape.type) {
      case PhysicalType::kBool:
        Copy<uint8_t>(column, rows, &out.owned);
        break;
      case PhysicalType::kInt8:
        Copy<int8_t>(column, rows, &out.owned);
        break;
      case PhysicalType::kInt16:
        Copy<int16_t>(column, rows, &out.owned);
        break;
      case PhysicalType::kInt32:
        Copy<int32_t>(column, rows, &out.owned);
        break;
      default:
        break;  // only an all-NULL column: zeros
    }
  }
  Finish(column, &out);
  return out;
}

Widened<double> WidenToFloat(const BatchColumn& column) {
  Widened<double> out;
  const uint32_t rows = column.constant ? 1 : column.row_count;
  if (column.values.shape.type == PhysicalType::kFloat64) {
    out.values = column.data<double>();
  } else {
    out.owned.resize(rows);
    switch (column.values.shape.type) {
      case PhysicalType::kFloat32:
        Copy<float>(column, rows, &out.owned);
        break;
      case PhysicalType::kFloat16:
        for (uint32_t i = 0; i < rows; ++i) out.owned[i] = ToFloat(column.data<Half>()[i]);
        break;
      default: {
        const Widened<int64_t> integers = WidenToInt(column);
        for (uint32_t i = 0; i < rows; ++i) out.owned[i] = static_cast<double>(integers[i]);
        break;
      }
    }
  }
  Finish(column, &out);
  return out;
}

Bitmap MergedValidity(uint32_t rows, std::initializer_list<const BatchColumn*> inputs) {
  Bitmap merged;
  for (const BatchColumn* input : inputs) {
    if (input->validity == nullptr) continue;
    if (input->constant && rows > 1) {
      if (!input->IsNull(0)) continue;
      merged.Reset();
      merged.Append(false, rows);
      return merged;
    }
    if (merged.empty()) {
      merged.AppendBits(input->validity, 0, rows);
      continue;
    }
    for (size_t word = 0; word < WordsForBits(rows); ++word) merged.mutable_words()[word] &= input->validity[word];
  }
  return merged;
}

BatchColumn MakeBools(std::vector<uint8_t> values, Bitmap validity) {
  Column out(DataType::Scalar(TypeKind::kBool));
  if (!values.empty()) std::memcpy(out.ExtendFixed(static_cast<uint32_t>(values.size())), values.data(), values.size());
  if (!validity.empty()) out.SetValidity(std::move(validity));
  return BatchColumn::Of(std::move(out));
}

}  // namespace cortex::query

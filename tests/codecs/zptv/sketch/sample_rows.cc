#include "tests/codecs/zptv/sketch/sample_rows.h"

#include <cmath>
#include <cstring>

#include "codecs/simd/distance_kernels.h"
#include "codecs/simd/half.h"

namespace cortex::testing {
namespace {

template <typename T>
std::vector<T> Narrow(absl::Span<const double> values) {
  std::vector<T> out;
  for (const double v : values) {
    if constexpr (std::is_same_v<T, Half>) {
      out.push_back(ToHalf(v));
    } else {
      out.push_back(static_cast<T>(v));
    }
  }
  return out;
}

template <typename T>
Buffer Bytes(absl::Span<const double> values) {
  const std::vector<T> narrow = Narrow<T>(values);
  Buffer out;
  out.Append(narrow.data(), narrow.size() * sizeof(T));
  return out;
}

double Largest(PhysicalType type) {
  return type == PhysicalType::kFloat16 ? 6e4 : type == PhysicalType::kFloat32 ? 3e38 : 1e308;
}
double Smallest(PhysicalType type) {
  return type == PhysicalType::kFloat16 ? 0x1p-24 : type == PhysicalType::kFloat32 ? 0x1p-149 : 0x1p-1074;
}

double Exponential(std::mt19937_64& random, double from, double to) {
  return from * std::pow(to / from, std::uniform_real_distribution<double>(0, 1)(random));
}

}  // namespace

double RoundToType(PhysicalType type, double value) {
  if (type == PhysicalType::kFloat16) return ToFloat(ToHalf(value));
  if (type == PhysicalType::kFloat32) return static_cast<float>(value);
  return value;
}

std::vector<double> SampleRows(RowKind kind, PhysicalType type, size_t rows, size_t components,
                               std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  std::vector<double> base(4 * components), out;
  for (double& v : base) v = normal(random) + 3;
  for (size_t r = 0; r < rows; ++r) {
    const size_t cluster = random() % 4;
    double scale = 1;
    if (kind == RowKind::kMixedScale) scale = Exponential(random, type == PhysicalType::kFloat64 ? 1e-60 : 1e-6, 1e3);
    if (kind == RowKind::kHuge) scale = Largest(type) / (1 + random() % 8);
    if (kind == RowKind::kTiny) scale = Smallest(type) * static_cast<double>(1 + random() % 64);
    for (size_t i = 0; i < components; ++i) {
      double v = normal(random);
      switch (kind) {
        case RowKind::kClustered:
          v = base[cluster * components + i] + 0.1 * v;
          break;
        case RowKind::kSparse:
          v = random() % 16 == 0 ? v : 0;
          break;
        case RowKind::kOutlier:
          v = i == components / 3 ? 50 + v : v;
          break;
        case RowKind::kHuge:
          v = std::remainder(v, 1.0);
          break;
        case RowKind::kRepeated:
          v = cluster == 0 ? 0 : base[cluster * components + i];
          break;
        default:
          break;
      }
      out.push_back(RoundToType(type, v * scale));
    }
  }
  return out;
}

Buffer ToColumn(PhysicalType type, const std::vector<double>& values) {
  if (type == PhysicalType::kFloat16) return Bytes<Half>(values);
  if (type == PhysicalType::kFloat32) return Bytes<float>(values);
  return Bytes<double>(values);
}

double CanonicalSquared(PhysicalType type, CanonicalPrecision precision, absl::Span<const double> query,
                        absl::Span<const double> row) {
  const auto squared = [&]<typename T>(T) {
    const std::vector<T> a = Narrow<T>(query), b = Narrow<T>(row);
    return simd::SquaredL2(absl::Span<const T>(a), absl::Span<const T>(b));
  };
  if (precision == CanonicalPrecision::kFloat64) return squared(double{});
  return type == PhysicalType::kFloat16 ? squared(Half{}) : squared(float{});
}

}  // namespace cortex::testing

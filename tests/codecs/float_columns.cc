#include "tests/codecs/float_columns.h"

#include <cmath>
#include <random>

#include "codecs/bytes/byte_writer.h"
#include "codecs/simd/half.h"
#include "codecs/zptv_codec.h"
#include "tests/support/status_assertions.h"

namespace cortex::testing {

ValueBuffer Make(PhysicalType type, uint32_t values_per_row, const std::vector<double>& values) {
  ValueBuffer out(ValueShape{type, values_per_row});
  std::byte* to = out.ExtendFixed(static_cast<uint32_t>(values.size() / values_per_row));
  for (size_t i = 0; i < values.size(); ++i) {
    if (type == PhysicalType::kFloat64) reinterpret_cast<double*>(to)[i] = values[i];
    if (type == PhysicalType::kFloat32) reinterpret_cast<float*>(to)[i] = static_cast<float>(values[i]);
    if (type == PhysicalType::kFloat16) reinterpret_cast<Half*>(to)[i] = ToHalf(values[i]);
  }
  return out;
}

std::vector<double> Noise(size_t count, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> values(count);
  for (double& v : values) v = normal(random);
  return values;
}

std::vector<double> SmoothFields(uint32_t rows, uint32_t points, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  constexpr size_t kModes = 12;
  std::vector<double> modes(2 * kModes), values;
  for (double& m : modes) m = normal(random);
  for (uint32_t row = 0; row < rows; ++row) {
    for (double& m : modes) m = 0.98 * m + 0.2 * normal(random);
    for (uint32_t t = 0; t < points; ++t) {
      double re = 1e-3 * normal(random), im = 1e-3 * normal(random);
      for (size_t k = 0; k < kModes; ++k) {
        const double angle = 2 * M_PI * static_cast<double>(k * t) / points;
        re += modes[2 * k] * std::cos(angle) - modes[2 * k + 1] * std::sin(angle);
        im += modes[2 * k] * std::sin(angle) + modes[2 * k + 1] * std::cos(angle);
      }
      values.insert(values.end(), {re, im});
    }
  }
  return values;
}

ValueBuffer DecodeAll(const std::string& bytes, const ValueSpan& rows) {
  const MemorySource source(AsBytes(bytes));
  const auto chunk = REQUIRE_OK_AND_TAKE(ZptvCodec()->Open(&source, rows.shape, rows.row_count));
  ValueBuffer out(rows.shape);
  REQUIRE_OK(chunk->Decode(0, rows.row_count, &out));
  return out;
}

}  // namespace cortex::testing

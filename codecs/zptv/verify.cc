#include "codecs/zptv/verify.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/zptv/polar.h"
#include "codecs/zptv/typed_values.h"

namespace cortex::zptv {
namespace {

using Kind = ZptvContract::Kind;

// Sum of squares of the finite values times scale².
double ScaledSquares(PhysicalType type, const std::byte* values, size_t count, double scale) {
  double sum = 0;
  for (size_t i = 0; i < count; ++i) {
    const double v = ToDouble(BitsAt(values, type, i), type);
    if (std::isfinite(v)) sum += (v * scale) * (v * scale);
  }
  return sum;
}

// √(sum of squares), with a second pass where squares leave the range of doubles.
double Norm(PhysicalType type, const std::byte* values, size_t count) {
  const double sum = ScaledSquares(type, values, count, 1);
  if (sum > 0x1p-900 && sum < 0x1p1000) return std::sqrt(sum);
  const double scale = sum < 1 ? 0x1p600 : 0x1p-600;
  return std::sqrt(ScaledSquares(type, values, count, scale)) / scale;
}

// How far the rounding of the type may turn a value, in radians.
double TypeRounding(PhysicalType type) { return type == PhysicalType::kFloat64 ? 0x1p-50 : 0x1p-21; }

// Phase a multiple of π/8 and within π/16, amplitude within the bound.
bool PolarHolds(PhysicalType type, double bound, double re, double im, double decoded_re, double decoded_im) {
  const double amplitude = Modulus(re, im), decoded = Modulus(decoded_re, decoded_im);
  if (amplitude == 0) return decoded == 0;
  if (!(std::fabs(decoded - amplitude) <= bound * amplitude) || decoded == 0) return false;
  const double x = re / amplitude, y = im / amplitude, u = decoded_re / decoded, v = decoded_im / decoded;
  const double slack = TypeRounding(type);
  double nearest = 2;
  for (uint32_t p = 0; p < kPhases; ++p) {
    nearest = std::min(nearest, Modulus(u - kPhaseCosines[p], v - kPhaseSines[p]));
  }
  constexpr double kHalfState = 0x1.917a6bc29b42cp-3;  // 2 sin(π/32), the chord of π/16
  return nearest <= slack && Modulus(u - x, v - y) <= kHalfState * (1 + 1e-12) + slack;
}

}  // namespace

double Modulus(double x, double y) {
  const double squares = x * x + y * y;
  if (squares > 0x1p-900 && squares < 0x1p1000) return std::sqrt(squares);
  return std::hypot(x, y);
}

double RootMeanSquare(const LineShape& shape, const std::byte* values, size_t count) {
  size_t finite = 0;
  for (size_t i = 0; i < count; ++i) finite += std::isfinite(ToDouble(BitsAt(values, shape.type, i), shape.type));
  if (finite == 0) return 0;
  return Norm(shape.type, values, count) *
         std::sqrt(static_cast<double>(shape.components) / static_cast<double>(finite));
}

bool NumberHolds(const LineShape& shape, const BlockLimit& limit, const std::byte* original, const std::byte* decoded,
                 size_t i, double* error) {
  const PhysicalType type = shape.type;
  *error = 0;
  double was[2] = {}, is[2] = {};
  bool same = true, special = false, finite = true;
  for (uint32_t k = 0; k < shape.components; ++k) {
    const uint64_t before = BitsAt(original, type, i * shape.components + k);
    const uint64_t after = BitsAt(decoded, type, i * shape.components + k);
    was[k] = ToDouble(before, type);
    is[k] = ToDouble(after, type);
    finite = finite && std::isfinite(was[k]);
    same = same && before == after;
    special = special || (before != after && IsSpecial(before, type));
  }
  if (same) return true;
  if (special || !finite || limit.contract.kind == Kind::kLossless) return false;
  if (limit.contract.kind == Kind::kRowL2) return true;
  const double absolute = Modulus(was[0] - is[0], was[1] - is[1]);
  const double bound = limit.contract.bound;
  switch (limit.contract.kind) {
    case Kind::kAbs:
      *error = absolute;
      return absolute <= bound;
    case Kind::kRms:
      *error = absolute / limit.rms;
      return absolute <= bound * limit.rms;
    case Kind::kPoint: {
      const double amplitude = Modulus(was[0], was[1]);
      *error = absolute / amplitude;
      return absolute <= bound * amplitude;
    }
    case Kind::kPhase16:
      *error = absolute / Modulus(was[0], was[1]);
      return PolarHolds(type, bound, was[0], was[1], is[0], is[1]);
    default:
      return false;
  }
}

double RowError(PhysicalType type, const std::byte* original, const std::byte* decoded, size_t values) {
  if (std::memcmp(original, decoded, values * WidthOf(type)) == 0) return 0;
  double largest = 0;
  for (size_t i = 0; i < values; ++i) {
    const double was = std::fabs(ToDouble(BitsAt(original, type, i), type));
    if (std::isfinite(was)) largest = std::max(largest, was);
  }
  if (largest == 0) return std::numeric_limits<double>::infinity();
  // Near 1, squares neither overflow nor vanish.
  const double scale = std::ldexp(1.0, std::clamp(-std::ilogb(largest), -1000, 1000));
  double squares = 0, errors = 0;
  for (size_t i = 0; i < values; ++i) {
    const double was = ToDouble(BitsAt(original, type, i), type);
    if (!std::isfinite(was)) continue;
    const double scaled = was * scale, error = scaled - ToDouble(BitsAt(decoded, type, i), type) * scale;
    squares += scaled * scaled;
    errors += error * error;
  }
  return std::sqrt(errors / squares);
}

void ContractCheck::Add(double error) {
  ++count_;
  max_ = std::max(max_, error);
  squares_ += error * error;
}

absl::Status ContractCheck::Block(const std::byte* original, const std::byte* decoded, size_t values) {
  if (contract_.kind == Kind::kLossless) {
    if (std::memcmp(original, decoded, values * shape_.width()) == 0) return absl::OkStatus();
    return absl::InternalError("zptv did not give back a lossless block bit for bit");
  }
  BlockLimit limit{contract_};
  if (contract_.kind == Kind::kRms) limit.rms = RootMeanSquare(shape_, original, values);
  for (size_t i = 0; i < values / shape_.components; ++i) {
    double error = 0;
    if (!NumberHolds(shape_, limit, original, decoded, i, &error)) {
      return absl::InternalError(
          absl::StrFormat("zptv broke its contract %d(%g) at number %d of a block: error %g",
                          static_cast<int>(contract_.kind), contract_.bound, i, error));
    }
    if (contract_.kind != Kind::kRowL2) Add(error);
  }
  return contract_.kind == Kind::kRowL2 ? Rows(original, decoded, values) : absl::OkStatus();
}

absl::Status ContractCheck::Rows(const std::byte* original, const std::byte* decoded, size_t values) {
  const size_t row_bytes = size_t{values_per_row_} * shape_.width();
  for (size_t row = 0; row < values / values_per_row_; ++row) {
    const double error = RowError(shape_.type, original + row * row_bytes, decoded + row * row_bytes, values_per_row_);
    if (!(error <= contract_.bound)) {
      return absl::InternalError(absl::StrFormat("zptv broke its contract row_l2(%g) at row %d of a block: error %g",
                                                 contract_.bound, row, error));
    }
    Add(error);
  }
  return absl::OkStatus();
}

ZptvError ContractCheck::error() const {
  return {max_, count_ == 0 ? 0 : std::sqrt(squares_ / static_cast<double>(count_))};
}

}  // namespace cortex::zptv

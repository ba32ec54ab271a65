#include "codecs/zptv/verify.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/simd/quantise_kernels.h"
#include "codecs/zptv/polar.h"
#include "codecs/zptv/typed_values.h"

namespace cortex::zptv {
namespace {

using Kind = ZptvContract::Kind;

constexpr size_t kPiece = 512;  // values widened at a time; a multiple of both numbers of components

// Sum of squares of the finite values times scale².
double ScaledSquares(PhysicalType type, const std::byte* values, size_t count, double scale) {
  double sum = 0, wide[kPiece];
  for (size_t first = 0; first < count; first += kPiece) {
    const size_t here = std::min(kPiece, count - first);
    sum += simd::FiniteSquares(AsDoubles(values + first * WidthOf(type), type, here, wide), here, scale);
  }
  return sum;
}

size_t CountFinite(PhysicalType type, const std::byte* values, size_t count) {
  size_t finite = 0;
  double wide[kPiece];
  for (size_t first = 0; first < count; first += kPiece) {
    const size_t here = std::min(kPiece, count - first);
    finite += simd::CountFinite(AsDoubles(values + first * WidthOf(type), type, here, wide), here);
  }
  return finite;
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
  const size_t finite = CountFinite(shape.type, values, count);
  if (finite == 0) return 0;
  return Norm(shape.type, values, count) *
         std::sqrt(static_cast<double>(shape.components) / static_cast<double>(finite));
}

bool NumberHolds(const LineShape& shape, const BlockLimit& limit, const std::byte* original, const std::byte* decoded,
                 size_t i, double* error) {
  const PhysicalType type = shape.type;
  *error = 0;
  bool same = true, special = false;
  for (uint32_t k = 0; k < shape.components; ++k) {
    const uint64_t before = BitsAt(original, type, i * shape.components + k);
    const bool same_bits = before == BitsAt(decoded, type, i * shape.components + k);
    same = same && same_bits;
    special = special || (!same_bits && IsSpecial(before, type));
  }
  if (same) return true;
  if (special || limit.contract.kind == Kind::kLossless) return false;
  if (limit.contract.kind == Kind::kRowL2 && shape.components == 1) return true;
  double was[2] = {}, is[2] = {};
  for (uint32_t k = 0; k < shape.components; ++k) {
    was[k] = ToDouble(BitsAt(original, type, i * shape.components + k), type);
    is[k] = ToDouble(BitsAt(decoded, type, i * shape.components + k), type);
    if (!std::isfinite(was[k])) return false;  // half a number that is none
  }
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

namespace {

// AllHold under POINT, where each number has a scale of its own: true if all are clearly within it.
std::optional<bool> AllHoldPoints(const LineShape& shape, double bound, const std::byte* original,
                                  const std::byte* decoded, size_t count, ErrorSums* sums) {
  const size_t values = count * shape.components, width = shape.width();
  const double safe = bound * bound * (1 - 0x1p-38);
  double was[kPiece], is[kPiece];
  double largest = 0, sum = 0;  // of squares
  bool clear = bound < 0x1p400;
  for (size_t first = 0; first < values && clear; first += kPiece) {
    const size_t here = std::min(kPiece, values - first);
    const double* const x = AsDoubles(original + first * width, shape.type, here, was);
    const double* const y = AsDoubles(decoded + first * width, shape.type, here, is);
    for (size_t re = 0; re < here; re += shape.components) {
      const size_t im = re + shape.components - 1;
      const double dx = x[re] - y[re], dy = im == re ? 0 : x[im] - y[im];
      const double error = dx * dx + dy * dy, unit = x[re] * x[re] + (im == re ? 0 : x[im] * x[im]);
      // A number that came back has no error, whatever its size.
      const bool same = dx == 0 && dy == 0;
      clear &= same || (unit > 0x1p-900 && unit < 0x1p1000 && error > 0x1p-900 && error <= safe * unit);
      const double relative = same ? 0 : error / unit;
      largest = relative > largest ? relative : largest;
      sum += relative;
    }
  }
  if (!clear) return std::nullopt;
  *sums = {std::sqrt(largest), sum};
  return true;
}

}  // namespace

std::optional<bool> AllHold(const LineShape& shape, const BlockLimit& limit, const std::byte* original,
                            const std::byte* decoded, size_t count, ErrorSums* sums) {
  *sums = {};
  const Kind kind = limit.contract.kind;
  if (kind == Kind::kLossless || kind == Kind::kPhase16) return std::nullopt;
  const size_t values = count * shape.components, width = shape.width();
  // Nothing is asked of real numbers but that specials stay.
  if (kind == Kind::kRowL2 && shape.components == 1) return !AnySpecialChanged(original, decoded, shape.type, values);
  // Specials that came back leave no error; those that are not finite are told by their squares below.
  const bool any_special = AnySpecial(original, shape.type, values);
  if (any_special && (kind == Kind::kRowL2 || kind == Kind::kPoint)) return std::nullopt;
  if (any_special && AnySpecialChanged(original, decoded, shape.type, values)) return std::nullopt;
  if (kind == Kind::kRowL2) return true;
  if (kind == Kind::kPoint) return AllHoldPoints(shape, limit.contract.bound, original, decoded, count, sums);
  const double scale = kind == Kind::kAbs ? 1 : limit.rms;
  double was[kPiece], is[kPiece], squares[kPiece];
  double largest = 0, sum = 0;
  for (size_t first = 0; first < values; first += kPiece) {
    const size_t here = std::min(kPiece, values - first);
    const simd::SquareRange range = simd::SquaredErrors(AsDoubles(original + first * width, shape.type, here, was),
                                                        AsDoubles(decoded + first * width, shape.type, here, is),
                                                        here / shape.components, shape.components, squares);
    if (!(range.sound && range.largest < 0x1p1000 && range.smallest > 0x1p-900)) return std::nullopt;
    largest = std::max(largest, range.largest);
    sum += range.sum;
  }
  if (largest == 0) return true;
  *sums = {std::sqrt(largest) / scale, sum / scale / scale};
  return std::sqrt(largest) <= limit.contract.bound * scale;
}

double RowError(PhysicalType type, const std::byte* original, const std::byte* decoded, size_t values) {
  const size_t width = WidthOf(type);
  if (std::memcmp(original, decoded, values * width) == 0) return 0;
  double was[kPiece], is[kPiece];
  double largest = 0;
  for (size_t first = 0; first < values; first += kPiece) {
    const size_t here = std::min(kPiece, values - first);
    largest = std::max(largest, simd::LargestFinite(AsDoubles(original + first * width, type, here, was), here));
  }
  if (largest == 0) return std::numeric_limits<double>::infinity();
  // Near 1, squares neither overflow nor vanish.
  const double scale = std::ldexp(1.0, std::clamp(-std::ilogb(largest), -1000, 1000));
  double squares = 0, errors = 0;
  for (size_t first = 0; first < values; first += kPiece) {
    const size_t here = std::min(kPiece, values - first);
    const simd::RowSquares sums =
        simd::SumRowSquares(AsDoubles(original + first * width, type, here, was),
                            AsDoubles(decoded + first * width, type, here, is), here, scale);
    squares += sums.values;
    errors += sums.errors;
  }
  return std::sqrt(errors / squares);
}

void ContractCheck::Add(const ErrorSums& sums, uint64_t count) {
  count_ += count;
  max_ = std::max(max_, sums.largest);
  squares_ += sums.squares;
}

absl::Status ContractCheck::Block(const std::byte* original, const std::byte* decoded, size_t values) {
  if (contract_.kind == Kind::kLossless) {
    if (std::memcmp(original, decoded, values * shape_.width()) == 0) return absl::OkStatus();
    return absl::InternalError("zptv did not give back a lossless block bit for bit");
  }
  BlockLimit limit{contract_};
  if (contract_.kind == Kind::kRms) limit.rms = RootMeanSquare(shape_, original, values);
  const size_t count = values / shape_.components;
  const bool summed = contract_.kind != Kind::kRowL2;
  for (size_t first = 0; first < count; first += kPiece) {
    const size_t here = std::min(kPiece, count - first), offset = first * shape_.components * shape_.width();
    ErrorSums sums;
    if (AllHold(shape_, limit, original + offset, decoded + offset, here, &sums).value_or(false)) {
      if (summed) Add(sums, here);
      continue;
    }
    for (size_t i = first; i < first + here; ++i) {
      double error = 0;
      if (!NumberHolds(shape_, limit, original, decoded, i, &error)) {
        return absl::InternalError(
            absl::StrFormat("zptv broke its contract %d(%g) at number %d of a block: error %g",
                            static_cast<int>(contract_.kind), contract_.bound, i, error));
      }
      if (summed) Add({error, error * error}, 1);
    }
  }
  return contract_.kind == Kind::kRowL2 ? Rows(original, decoded, values) : absl::OkStatus();
}

absl::Status ContractCheck::Rows(const std::byte* original, const std::byte* decoded, size_t values) {
  if (values_per_row_ == 1) return Scalars(original, decoded, values);
  const size_t row_bytes = size_t{values_per_row_} * shape_.width();
  for (size_t row = 0; row < values / values_per_row_; ++row) {
    RETURN_IF_ERROR(Row(original + row * row_bytes, decoded + row * row_bytes, row));
  }
  return absl::OkStatus();
}

absl::Status ContractCheck::Row(const std::byte* original, const std::byte* decoded, size_t row) {
  const double error = RowError(shape_.type, original, decoded, values_per_row_);
  if (!(error <= contract_.bound)) {
    return absl::InternalError(absl::StrFormat("zptv broke its contract row_l2(%g) at row %d of a block: error %g",
                                               contract_.bound, row, error));
  }
  Add({error, error * error}, 1);
  return absl::OkStatus();
}

absl::Status ContractCheck::Scalars(const std::byte* original, const std::byte* decoded, size_t values) {
  // Clearly within the bound, and of a size for which a quotient needs no care; others are judged as rows.
  const double safe = contract_.bound * (1 - 0x1p-40);
  const size_t width = shape_.width();
  double was[kPiece], is[kPiece];
  for (size_t first = 0; first < values; first += kPiece) {
    const size_t here = std::min(kPiece, values - first);
    const double* const x = AsDoubles(original + first * width, shape_.type, here, was);
    const double* const y = AsDoubles(decoded + first * width, shape_.type, here, is);
    ErrorSums sums;
    uint64_t judged = 0;
    for (size_t i = 0; i < here; ++i) {
      const double size = std::fabs(x[i]), error = std::fabs(x[i] - y[i]) / size;
      if (size > 0x1p-400 && size < 0x1p400 && error <= safe) {
        ++judged;
        sums.largest = std::max(sums.largest, error);
        sums.squares += error * error;
      } else {
        const size_t at = (first + i) * width;
        RETURN_IF_ERROR(Row(original + at, decoded + at, first + i));
      }
    }
    Add(sums, judged);
  }
  return absl::OkStatus();
}

ZptvError ContractCheck::error() const {
  return {max_, count_ == 0 ? 0 : std::sqrt(squares_ / static_cast<double>(count_))};
}

}  // namespace cortex::zptv

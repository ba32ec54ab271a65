#include "codecs/zptv/sketch/row_envelope.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "codecs/simd/distance_kernels.h"
#include "codecs/zptv/sketch/row_values.h"

namespace cortex {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kSlack = 0x1p-20;
constexpr double kOutwards = 0x1p-30;
// In the unit of the range: norms beyond it do not describe rows near a centre, and squares that vanish are below it.
constexpr double kLargestNorm = 0x1p400;
constexpr double kUnderflow = 0x1p-400;
constexpr double kPi = 3.14159265358979323846;

// Smallest and largest norm seen, rounded outwards at the end.
class NormCollector {
 public:
  void Add(double norm) {
    least_ = std::min(least_, norm);
    largest_ = std::max(largest_, norm);
  }
  // Whether all norms were numbers that can be squared.
  bool sound() const { return largest_ < kLargestNorm; }
  void MarkUnsound() { largest_ = kInfinity; }
  NormRange Outwards() const {
    return {.least = std::max(0.0, least_ * (1 - kOutwards) - kUnderflow),
            .largest = largest_ * (1 + kOutwards) + kUnderflow};
  }

 private:
  double least_ = kInfinity;
  double largest_ = 0;
};

// The mean row, unscaled; not finite if a row is not.
std::vector<double> MeanRow(const ValueSpan& rows, std::vector<double>* row) {
  std::vector<double> mean(row->size(), 0.0);
  for (uint32_t r = 0; r < rows.row_count; ++r) {
    WidenRow(rows, r, row->data());
    for (size_t i = 0; i < mean.size(); ++i) mean[i] += (*row)[i];
  }
  for (double& value : mean) value /= rows.row_count;
  return mean;
}

bool IsSound(const NormRange& range) {
  return range.least >= 0 && range.least <= range.largest && range.largest < 2 * kLargestNorm;
}

// Of squares in the unit: norms in `range`, a query at `query` from the same point.
SquaredInterval Enclose(const NormRange& range, double query) {
  const double inside = range.least - query * (1 + kSlack), outside = query * (1 - kSlack) - range.largest;
  const double least = std::max({0.0, inside, outside}), largest = query + range.largest;
  return {.lower = least * least * (1 - kSlack), .upper = largest * largest * (1 + kSlack)};
}

// ‖query · unit − centre‖; infinite if it cannot be described.
double DistanceTo(absl::Span<const double> query, double unit, const float* centre) {
  std::vector<double> z(query.size());
  for (size_t i = 0; i < z.size(); ++i) z[i] = query[i] * unit - (centre == nullptr ? 0 : centre[i]);
  const double norm = std::sqrt(simd::SquaredNorm(absl::MakeConstSpan(z)));
  return norm < kLargestNorm ? norm : kInfinity;
}

}  // namespace

std::optional<RowEnvelope> EncloseRows(const ValueSpan& rows) {
  if (rows.row_count == 0) return std::nullopt;
  RowEnvelope range;
  std::vector<double> row(rows.shape.values_per_row);
  const std::vector<double> mean = MeanRow(rows, &row);
  double largest = 0;
  for (const double value : mean) {
    if (!std::isfinite(value)) return std::nullopt;
    largest = std::max(largest, std::abs(value));
  }
  if (largest > 0) range.exponent = std::ilogb(largest);
  if (std::abs(range.exponent) > kMaxSketchExponent) return std::nullopt;
  const double unit = std::ldexp(1.0, -range.exponent);
  for (const double value : mean) range.centre.push_back(static_cast<float>(value * unit));
  NormCollector from_centre, from_origin;
  for (uint32_t r = 0; r < rows.row_count && from_origin.sound() && from_centre.sound(); ++r) {
    WidenRow(rows, r, row.data());
    for (double& value : row) value *= unit;
    const double norm = std::sqrt(simd::SquaredNorm(absl::MakeConstSpan(row)));
    if (!(norm < kLargestNorm)) return std::nullopt;
    from_origin.Add(norm);
    for (size_t i = 0; i < row.size(); ++i) row[i] -= range.centre[i];
    from_centre.Add(std::sqrt(simd::SquaredNorm(absl::MakeConstSpan(row))));
  }
  if (!from_origin.sound() || !from_centre.sound()) return std::nullopt;
  range.from_origin = from_origin.Outwards();
  if (rows.row_count < kLeastRowsForCentre) {
    range.centre.clear();
  } else {
    range.from_centre = from_centre.Outwards();
  }
  return range;
}

bool IsSound(const RowEnvelope& range, uint32_t components) {
  const bool all_finite =
      std::all_of(range.centre.begin(), range.centre.end(), [](float value) { return std::isfinite(value); });
  return std::abs(range.exponent) <= kMaxSketchExponent && all_finite &&
         (range.centre.empty() || range.centre.size() == components) && IsSound(range.from_centre) &&
         IsSound(range.from_origin);
}

SquaredInterval SquaredDistances(const RowEnvelope& range, absl::Span<const double> query, CanonicalPrecision precision) {
  const double unit = std::ldexp(1.0, -range.exponent);
  const double from_origin = DistanceTo(query, unit, nullptr);
  if (!(from_origin < kInfinity)) return {-kInfinity, kInfinity};
  SquaredInterval squares = Enclose(range.from_origin, from_origin);
  if (!range.centre.empty()) {
    const double from_centre = DistanceTo(query, unit, range.centre.data());
    if (!(from_centre < kInfinity)) return {-kInfinity, kInfinity};
    const SquaredInterval about_centre = Enclose(range.from_centre, from_centre);
    squares = {std::max(squares.lower, about_centre.lower), std::min(squares.upper, about_centre.upper)};
  }
  return CanonicalSquares(squares, range.exponent, query.size(), precision);
}

SquaredInterval SquaredPolarDistances(const RowEnvelope& range, absl::Span<const double> query) {
  const double norm = DistanceTo(query, std::ldexp(1.0, -range.exponent), nullptr);
  if (!(norm < kInfinity)) return {-kInfinity, kInfinity};
  const SquaredInterval amplitudes = CanonicalSquares(Enclose(range.from_origin, norm), range.exponent,
                                                      query.size() / 2, CanonicalPrecision::kFloat64);
  const double m = static_cast<double>(query.size()) / 2;
  return {.lower = amplitudes.lower / m * (1 - kSlack), .upper = (amplitudes.upper / m + kPi * kPi) * (1 + kSlack)};
}

}  // namespace cortex

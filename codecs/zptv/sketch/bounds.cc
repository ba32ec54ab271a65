#include "codecs/zptv/sketch/bounds.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace cortex {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kSlack = 0x1p-20;
constexpr double kFloatUnderflow = 0x1p-140;  // in the block's unit, squared
// Queries this far from the block, in its unit, decide nothing: their squares must not overflow.
constexpr double kLargestQuery = 0x1p400;
constexpr size_t kBatchRows = 64;

struct Precision {
  double epsilon, underflow, largest;
};
Precision PrecisionOf(CanonicalPrecision precision) {
  if (precision == CanonicalPrecision::kFloat32) return {0x1p-24, 0x1p-148, std::numeric_limits<float>::max()};
  return {0x1p-53, 0x1p-1073, std::numeric_limits<double>::max()};
}

// Quantises z to integers up to `limit`; sets step and error.
template <typename T>
void QuantiseQuery(absl::Span<const double> z, double largest, int limit, T* out, simd::SketchInterval* interval) {
  const double step = largest / limit;
  if (!(step >= std::numeric_limits<double>::min())) {  // all error, no query
    interval->step = 0;
    interval->query_error = std::sqrt(interval->query_squared) * (1 + kSlack) + 0x1p-1000;
    return;
  }
  double squares = 0;
  const double steps = 1 / step, shift = limit + 1.5;
  for (size_t i = 0; i < z.size(); ++i) {
    const int k = std::clamp(static_cast<int>(z[i] * steps + shift) - (limit + 1), -limit, limit);
    out[i] = static_cast<T>(k);
    const double rest = z[i] - step * k;
    squares += rest * rest;
  }
  interval->step = step;
  // Rounding of rest and sum is within the slack; that of z itself is in SketchInterval::slack.
  interval->query_error = std::sqrt(squares) * (1 + kSlack) + 0x1p-45 * std::sqrt(interval->query_squared);
}

// What all intervals of a block share: how the canonical kernel rounds.
simd::SketchInterval RoundingOf(int exponent, size_t components, CanonicalPrecision precision) {
  const Precision p = PrecisionOf(precision);
  const auto n = static_cast<double>(components);
  const double theta = 1.01 * (std::ceil(n / 16) + 8) * p.epsilon;
  simd::SketchInterval terms;
  terms.slack = kSlack;
  terms.shrink = 1 - theta;
  terms.grow = 1 + theta;
  terms.unit_squared = std::ldexp(1.0, 2 * exponent);
  terms.underflow = kFloatUnderflow * terms.unit_squared + (n + 16) * p.underflow;
  terms.overflow = p.largest * (1 - theta);
  return terms;
}

// Squares of the block's unit as the canonical kernel may answer them.
SquaredInterval Canonical(SquaredInterval squares, const simd::SketchInterval& terms) {
  const double lower = squares.lower * terms.shrink * terms.unit_squared - terms.underflow;
  const double upper = squares.upper * terms.grow * terms.unit_squared + terms.underflow;
  return {std::max(0.0, lower), upper < terms.overflow ? upper : kInfinity};
}

}  // namespace

SquaredInterval CanonicalSquares(SquaredInterval squares, int exponent, size_t components,
                                 CanonicalPrecision precision) {
  return Canonical(squares, RoundingOf(exponent, components, precision));
}

double SquaredBelow(double distance) {
  if (!(distance > 0)) return -1;
  if (std::isinf(distance)) return std::numeric_limits<double>::max();
  double squared = distance * distance;
  if (std::isinf(squared)) squared = std::numeric_limits<double>::max();
  // The square is a few steps away at most, except where it underflows: there steps are the smallest numbers.
  while (squared > 0 && std::sqrt(squared) >= distance) squared = std::nextafter(squared, 0.0);
  for (;;) {
    const double next = std::nextafter(squared, kInfinity);
    if (std::isinf(next) || std::sqrt(next) >= distance) return squared;
    squared = next;
  }
}

BlockQuery::BlockQuery(const SketchBlock& block, absl::Span<const double> query, CanonicalPrecision precision)
    : block_(block) {
  const int exponent = block.head().exponent;
  const double unit = std::ldexp(1.0, -exponent);
  const absl::Span<const float> centroid = block.centroid();
  std::vector<double> z(query.size());
  double squares = 0, largest = 0;
  bool finite = true;
  for (size_t i = 0; i < query.size(); ++i) {
    z[i] = query[i] * unit - centroid[i];
    squares += z[i] * z[i];
    largest = std::max(largest, std::abs(z[i]));
    finite &= std::isfinite(query[i]);
  }
  decidable_ = finite && squares < kLargestQuery;
  if (!decidable_) return;
  coarse_ = RoundingOf(exponent, query.size(), precision);
  coarse_.query_squared = squares;
  coarse_.wide_squared = squares * (1 + kSlack);
  fine_ = coarse_;
  coarse_query_.assign(size_t{2} * block.plane_bytes(), 0);
  fine_query_.assign(size_t{2} * block.plane_bytes(), 0);
  QuantiseQuery(z, largest, simd::kCoarseQueryLimit, coarse_query_.data(), &coarse_);
  QuantiseQuery(z, largest, simd::kFineQueryLimit, fine_query_.data(), &fine_);
}

SquaredInterval BlockQuery::WholeBlock() const {
  if (!decidable_ || block_.head().undecidable_rows != 0) return {-kInfinity, kInfinity};
  // Triangle inequality: Q and the norms differ from the distance by at most the other.
  const double q = std::sqrt(coarse_.query_squared);
  const double from_inside = block_.head().min_norm - q * (1 + kSlack);
  const double from_outside = q * (1 - kSlack) - block_.head().max_norm;
  const double least = std::max({0.0, from_inside, from_outside});
  const double most = (q + block_.head().max_norm) * (1 + kSlack);
  return Canonical({least * least * (1 - kSlack), most * most}, coarse_);
}

void BlockQuery::Coarse(uint32_t first, uint32_t count, double* lower, double* upper) const {
  if (!decidable_) {
    std::fill_n(lower, count, -kInfinity);
    std::fill_n(upper, count, kInfinity);
    return;
  }
  double products[kBatchRows];
  const simd::SketchNorms norms = block_.norms(SketchBlock::Level::kCoarse);
  for (uint32_t done = 0; done < count;) {
    const uint32_t batch = std::min<uint32_t>(count - done, kBatchRows), row = first + done;
    simd::CoarseProducts(block_.high() + size_t{row} * block_.plane_bytes(), batch, block_.plane_bytes(),
                         coarse_query_.data(), products);
    simd::SketchIntervals(coarse_, {norms.squared + row, norms.length + row, norms.inverse + row, norms.residual + row},
                          products, batch, lower + done, upper + done);
    done += batch;
  }
}

void BlockQuery::Fine(absl::Span<const uint32_t> rows, double* lower, double* upper) const {
  if (!decidable_) {
    std::fill_n(lower, rows.size(), -kInfinity);
    std::fill_n(upper, rows.size(), kInfinity);
    return;
  }
  const simd::SketchNorms norms = block_.norms(SketchBlock::Level::kFine);
  double products[kBatchRows];
  float squared[kBatchRows], length[kBatchRows], inverse[kBatchRows], residual[kBatchRows];
  for (size_t done = 0; done < rows.size();) {
    const size_t batch = std::min(rows.size() - done, kBatchRows);
    for (size_t i = 0; i < batch; ++i) {
      const uint32_t row = rows[done + i];
      squared[i] = norms.squared[row];
      length[i] = norms.length[row];
      inverse[i] = norms.inverse[row];
      residual[i] = norms.residual[row];
    }
    simd::FineProducts(block_.high(), block_.low(), rows.data() + done, batch, block_.plane_bytes(), fine_query_.data(),
                       products);
    simd::SketchIntervals(fine_, {squared, length, inverse, residual}, products, batch, lower + done, upper + done);
    done += batch;
  }
}

}  // namespace cortex

#include "codecs/simd/field_math.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "codecs/simd/distance_kernels.h"

namespace cortex::simd {
namespace {

// Between these a square neither overflows nor loses bits to underflow.
constexpr double kSmallest = 0x1p-450;
constexpr double kLargest = 0x1p450;

bool SafeToSquare(double x) { return x > kSmallest && x < kLargest; }

// √(re² + im²) without overflow or underflow on the way.
double ComplexMagnitude(double re, double im) {
  const double largest = std::max(std::fabs(re), std::fabs(im));
  if (im == 0) return std::fabs(re);
  if (SafeToSquare(largest)) return std::sqrt(std::fma(re, re, im * im));
  if (largest == 0 || !std::isfinite(largest)) return largest;
  const int exponent = std::ilogb(largest);
  const double x = std::scalbn(re, -exponent);
  const double y = std::scalbn(im, -exponent);
  return std::scalbn(std::sqrt(std::fma(x, x, y * y)), exponent);
}

// √a·√b; as √(a·b) where possible, so that equal arguments give their value exactly.
double NormProduct(double a, double b) {
  if (SafeToSquare(a) && SafeToSquare(b)) return std::sqrt(a * b);
  return std::sqrt(a) * std::sqrt(b);
}

}  // namespace

double CanonicalNan(double value) { return std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value; }

double CosineFrom(double product, double squared_norm_a, double squared_norm_b) {
  if (std::isnan(squared_norm_a) || std::isnan(squared_norm_b)) return std::numeric_limits<double>::quiet_NaN();
  if (squared_norm_a == 0 || squared_norm_b == 0) return 1.0;
  const double cosine = product / NormProduct(squared_norm_a, squared_norm_b);
  if (std::isnan(cosine)) return CanonicalNan(cosine);
  return 1.0 - std::clamp(cosine, -1.0, 1.0);
}

double FidelityFrom(double re, double im, double squared_norm_a, double squared_norm_b) {
  if (std::isnan(squared_norm_a) || std::isnan(squared_norm_b)) return std::numeric_limits<double>::quiet_NaN();
  if (squared_norm_a == 0 || squared_norm_b == 0) return Arccos(0.0);
  const double cosine = ComplexMagnitude(re, im) / NormProduct(squared_norm_a, squared_norm_b);
  if (std::isnan(cosine)) return CanonicalNan(cosine);
  return Arccos(std::min(cosine, 1.0));
}

double PolarFrom(double phase_sum, double amplitude_sum, size_t n) {
  if (n == 0) return 0.0;
  const auto count = static_cast<double>(n);
  return CanonicalNan(std::sqrt(phase_sum / count + amplitude_sum / count));
}

double Atan2(double y, double x) {
  const double ax = std::fabs(x), ay = std::fabs(y);
  const bool swap = ay > ax;
  const double low = swap ? ax : ay;
  const double high = swap ? ay : ax;
  const bool upper = low > kTanPi8 * high;
  const double numerator = upper ? low - high : low;
  double denominator = upper ? low + high : high;
  if (denominator == 0) denominator = 1;
  const double t = numerator / denominator;
  const double s = t * t;
  double poly = kAtanCoefficients[10];
  for (int i = 9; i >= 0; --i) poly = std::fma(poly, s, kAtanCoefficients[i]);
  double part = std::fma(t * s, poly, t);
  double quarters = upper ? 1.0 : 0.0;
  if (swap) {
    part = -part;
    quarters = 2.0 - quarters;
  }
  if (x < 0) {
    part = -part;
    quarters = 4.0 - quarters;
  }
  const double angle = std::fma(quarters, kQuarterPi, std::fma(quarters, kQuarterPiLow, part));
  return y < 0 ? -angle : angle;
}

double Arccos(double c) { return Atan2(std::sqrt((1.0 - c) * (1.0 + c)), c); }

}  // namespace cortex::simd

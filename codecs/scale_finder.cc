#include "codecs/scale_finder.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>

namespace cortex {
namespace {

using simd::Scale;

constexpr size_t kSampleSize = 64;
// 10^22 is the last power of ten a double holds exactly; beyond 10^18 no decimal of a measurement goes.
constexpr int kMaxExponent = 18;
constexpr double kIntegerLimit = 0x1p53;

constexpr double kPowersOfTen[kMaxExponent + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                                   1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};

template <typename Float>
bool SameBits(Float a, Float b) {
  return std::memcmp(&a, &b, sizeof(Float)) == 0;
}

// The integer whose scaled value is `value` bit for bit.
template <typename Float>
bool ToInteger(Float value, Scale scale, int64_t* integer) {
  const double x = scale.divide ? value * scale.factor : value / scale.factor;
  if (!(std::fabs(x) < kIntegerLimit)) return false;  // also NaN
  // Adding 1.5 · 2^52 rounds to an integer; larger numbers are integers already or do not come back.
  constexpr double kRound = 0x1.8p52;
  const double rounded = std::fabs(x) < 0x1p51 ? (x + kRound) - kRound : x;
  *integer = static_cast<int64_t>(rounded);
  return SameBits(simd::ScaleOne<Float>(*integer, scale), value);
}

// Up to 64 values spread over the block.
template <typename Float>
std::vector<Float> Sample(absl::Span<const Float> values) {
  const size_t count = std::min(values.size(), kSampleSize);
  std::vector<Float> sample(count);
  for (size_t i = 0; i < count; ++i) sample[i] = values[i * values.size() / count];
  return sample;
}

// Bits the whole sample would take.
template <typename Float>
double Cost(absl::Span<const Float> sample, Scale scale, std::vector<int64_t>* integers) {
  integers->clear();
  for (Float value : sample) {
    int64_t integer;
    if (ToInteger(value, scale, &integer)) integers->push_back(integer);
  }
  const size_t exceptions = sample.size() - integers->size();
  double bits = static_cast<double>(exceptions) * 8 * (sizeof(Float) + sizeof(uint32_t));
  if (integers->empty()) return bits;
  const auto [min, max] = std::minmax_element(integers->begin(), integers->end());
  const auto width = std::bit_width(static_cast<uint64_t>(*max) - static_cast<uint64_t>(*min));
  return bits + static_cast<double>(width) * static_cast<double>(sample.size());
}

// Digits after the point that `value` needs, or -1 if it is no short decimal.
template <typename Float>
int Digits(Float value) {
  for (int e = 0; e <= kMaxExponent; ++e) {
    int64_t integer;
    if (ToInteger(value, Scale{kPowersOfTen[e], true}, &integer)) return e;
    if (std::fabs(static_cast<double>(value)) * kPowersOfTen[e] > kIntegerLimit) return -1;
  }
  return -1;
}

// The binary exponent of the lowest set bit: `value` is an odd multiple of 2^LowestBit. `value` is finite, not zero.
int LowestBit(double value) {
  int exponent;
  const auto mantissa = static_cast<uint64_t>(std::ldexp(std::fabs(std::frexp(value, &exponent)), 53));
  return exponent - 53 + std::countr_zero(mantissa);
}

// The best scale so far.
template <typename Float>
class Best {
 public:
  explicit Best(absl::Span<const Float> sample) : sample_(sample) { Try(Scale{1, false}); }

  void Try(Scale scale) {
    if (!std::isnormal(scale.factor)) return;
    const double cost = Cost(sample_, scale, &integers_);
    if (cost >= cost_) return;
    cost_ = cost;
    scale_ = scale;
    divisor_ = 0;
    for (int64_t integer : integers_) divisor_ = std::gcd(divisor_, integer);
  }

  // Takes a common divisor of all integers into the scale, where one rounding still does it.
  void TryDivisor() {
    const auto divisor = static_cast<double>(divisor_);
    if (divisor_ <= 1) return;
    if (!scale_.divide) return Try(Scale{scale_.factor * divisor, false});
    if (std::fmod(scale_.factor, divisor) == 0) return Try(Scale{scale_.factor / divisor, true});
    if (std::fmod(divisor, scale_.factor) == 0) return Try(Scale{divisor / scale_.factor, false});
  }

  const Scale& scale() const { return scale_; }

 private:
  absl::Span<const Float> sample_;
  Scale scale_;
  double cost_ = HUGE_VAL;
  int64_t divisor_ = 0;
  std::vector<int64_t> integers_;
};

template <typename Float>
void TryDecimals(absl::Span<const Float> sample, Best<Float>* best) {
  bool needed[kMaxExponent + 1] = {};
  size_t hopeless = 0;
  for (Float value : sample) {
    const int digits = Digits(value);
    if (digits >= 0) {
      needed[digits] = true;
    } else if (++hopeless > sample.size() / 2) {
      return;
    }
  }
  for (int e = 1; e <= kMaxExponent; ++e) {
    if (needed[e]) best->Try(Scale{kPowersOfTen[e], true});
  }
}

// Fixed point: the lowest bit any value of the sample has, and the one nine in ten have.
template <typename Float>
void TryBinary(absl::Span<const Float> sample, Best<Float>* best) {
  std::vector<int> lowest;
  for (Float value : sample) {
    if (std::isfinite(value) && value != 0) lowest.push_back(LowestBit(value));
  }
  if (lowest.empty()) return;
  std::sort(lowest.begin(), lowest.end());
  best->Try(Scale{std::ldexp(1, lowest.front()), false});
  best->Try(Scale{std::ldexp(1, lowest[lowest.size() / 10]), false});
}

// A step that is neither decimal nor binary shows as the smallest distance of two values; the largest value, divided by
// its number of steps, tells it to the last bit.
template <typename Float>
void TrySteps(absl::Span<const Float> sample, Best<Float>* best) {
  std::vector<double> sorted;
  for (Float value : sample) {
    if (std::isfinite(value)) sorted.push_back(std::fabs(static_cast<double>(value)));
  }
  sorted.push_back(0);
  std::sort(sorted.begin(), sorted.end());
  const double largest = sorted.back();
  double smallest = largest;
  for (size_t i = 1; i < sorted.size(); ++i) {
    const double distance = sorted[i] - sorted[i - 1];
    if (distance > largest * 0x1p-32) smallest = std::min(smallest, distance);
  }
  if (!(smallest > 0)) return;
  const double step = largest / std::round(largest / smallest);
  for (const double candidate : {step, std::nextafter(step, 0.0), std::nextafter(step, largest * 2)}) {
    best->Try(Scale{candidate, false});
  }
}

// All of the sample are integers at this scale, and it takes no single outlier to need it: none of four parts of the
// sample has a common divisor.
template <typename Float>
bool FitsTightly(absl::Span<const Float> sample, Scale scale) {
  int64_t divisors[4] = {};
  for (size_t i = 0; i < sample.size(); ++i) {
    int64_t integer;
    if (!ToInteger(sample[i], scale, &integer)) return false;
    divisors[i % 4] = std::gcd(divisors[i % 4], integer);
  }
  return std::all_of(std::begin(divisors), std::end(divisors), [](int64_t divisor) { return divisor == 1; });
}

}  // namespace

template <typename Float>
Scale FindScale(absl::Span<const Float> values, const Scale* previous) {
  const std::vector<Float> sample = Sample(values);
  if (previous != nullptr && FitsTightly<Float>(sample, *previous)) return *previous;
  Best<Float> best(sample);
  TryDecimals<Float>(sample, &best);
  TryBinary<Float>(sample, &best);
  TrySteps<Float>(sample, &best);
  best.TryDivisor();
  return best.scale();
}

template <typename Float>
void ToIntegers(absl::Span<const Float> values, Scale scale, ScaledValues* out) {
  out->integers.resize(values.size());
  out->exceptions.clear();
  int64_t previous = 0;
  bool any = false;
  for (size_t i = 0; i < values.size(); ++i) {
    int64_t integer;
    if (!ToInteger(values[i], scale, &integer)) {
      out->exceptions.push_back(static_cast<uint32_t>(i));
      out->integers[i] = previous;
      continue;
    }
    // Exceptions before the first integer take its value.
    if (!any) std::fill(out->integers.begin(), out->integers.begin() + static_cast<std::ptrdiff_t>(i), integer);
    any = true;
    out->integers[i] = previous = integer;
  }
  const auto [min, max] = std::minmax_element(out->integers.begin(), out->integers.end());
  out->min = out->integers.empty() ? 0 : *min;
  out->max = out->integers.empty() ? 0 : *max;
}

template Scale FindScale(absl::Span<const float> values, const Scale* previous);
template Scale FindScale(absl::Span<const double> values, const Scale* previous);
template void ToIntegers(absl::Span<const float> values, Scale scale, ScaledValues* out);
template void ToIntegers(absl::Span<const double> values, Scale scale, ScaledValues* out);

}  // namespace cortex

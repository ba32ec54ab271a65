#include "codecs/zptv/step.h"

#include <bit>
#include <cmath>

namespace cortex::zptv {
namespace {

constexpr int kExponentBias = 1100;
constexpr int kMantissaBits = 8;

}  // namespace

double StepOf(StepCode code) {
  const int exponent = static_cast<int>(code / 128) - kExponentBias + kMantissaBits - 1;
  if (exponent >= -1022 && exponent <= 1023) {  // a normal double, put together
    return std::bit_cast<double>(static_cast<uint64_t>(exponent + 1023) << 52 | uint64_t{code % 128} << 45);
  }
  return std::ldexp(128 + static_cast<double>(code % 128), static_cast<int>(code / 128) - kExponentBias);
}

std::optional<StepCode> FloorStep(double limit) {
  if (!(limit >= 0x1p-1000 && limit <= 0x1p900)) return std::nullopt;
  int exponent = 0;
  const double fraction = std::frexp(limit, &exponent);  // in [1/2, 1)
  const auto mantissa = static_cast<int>(std::ldexp(fraction, kMantissaBits));
  return static_cast<StepCode>((exponent - kMantissaBits + kExponentBias) * 128 + (mantissa - 128));
}

std::optional<StepCode> FloorPowerOfTwo(double limit) {
  const std::optional<StepCode> step = FloorStep(limit);
  if (!step.has_value()) return step;
  return *step / 128 * 128;
}

}  // namespace cortex::zptv

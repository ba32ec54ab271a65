// The steps of lattices. A step has eight significant bits, so that integer · step is exact in a double for every
// integer that is stored, and so that a step can be found again from the values it made (recover.h).
#ifndef CORTEX_CODECS_ZPTV_STEP_H_
#define CORTEX_CODECS_ZPTV_STEP_H_

#include <cstdint>
#include <optional>

namespace cortex::zptv {

// mantissa 128..255 and exponent -1,100..900 in 18 bits: (exponent + 1,100) · 128 + mantissa - 128.
using StepCode = uint32_t;
inline constexpr StepCode kUnitStep = (1100 - 7) * 128;
inline constexpr StepCode kMaxStepCode = 2000 * 128 + 127;

// The step of a code <= kMaxStepCode; 0 if it is below the smallest double.
double StepOf(StepCode code);

// The largest step that is not above `limit`; nullopt where there is none (limit not positive, or not within
// 2^-1000 .. 2^900).
std::optional<StepCode> FloorStep(double limit);
// The same among powers of two.
std::optional<StepCode> FloorPowerOfTwo(double limit);

// The nearest integer, ties to even; what is beyond 2^51 and what is not a number stays as it is. The C library's costs a
// call on machines that this build does not assume.
inline double NearestInteger(double x) {
  constexpr double kShift = 0x1.8p52;
  return x > -0x1p51 && x < 0x1p51 ? (x + kShift) - kShift : x;
}

}  // namespace cortex::zptv

#endif  // CORTEX_CODECS_ZPTV_STEP_H_

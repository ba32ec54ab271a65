// Complex values as amplitude and phase: the phase to multiples of π/8 (16 states), the amplitude as the front bits of
// a double. ẑ = round(â · cos(s·π/8)), round(â · sin(s·π/8)), each product rounded once to double, once to the type.
#ifndef CORTEX_CODECS_ZPTV_POLAR_H_
#define CORTEX_CODECS_ZPTV_POLAR_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "codecs/values.h"
#include "codecs/zptv/line_codes.h"

namespace cortex::zptv {

inline constexpr uint32_t kPhases = 16;
extern const double kPhaseCosines[kPhases];
extern const double kPhaseSines[kPhases];

// Amplitudes at most so precise are looked for and stored.
inline constexpr uint32_t kMaxAmplitudeBits = 20;

struct Polar {
  uint64_t amplitude = 0;  // bits of a double >= 0, a multiple of 2^shift
  uint32_t phase = 0;      // 0 for amplitude 0
};
// The nearest state. `re`, `im` are finite.
Polar ToPolar(double re, double im, uint32_t shift);

// Bits of re and im in `type`.
void FromPolar(Polar polar, PhysicalType type, uint64_t* re, uint64_t* im);

// The lines listed as integers, whatever their values: amplitudes rounded at `shift`. What does not come back bit for
// bit is NOT yet an exception, unless the amplitude does not fit.
LineCodes PolarCodes(const std::byte* values, PhysicalType type, uint32_t columns, std::vector<uint32_t> lines,
                     uint32_t shift);

}  // namespace cortex::zptv

#endif  // CORTEX_CODECS_ZPTV_POLAR_H_

// Lines as integers: what stands between values and entropy coding, in both directions.
#ifndef CORTEX_CODECS_ZPTV_LINE_CODES_H_
#define CORTEX_CODECS_ZPTV_LINE_CODES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "codecs/zptv/step.h"

namespace cortex::zptv {

// How integers become values. Part of the file format.
enum class LineKind : uint8_t {
  kRaw = 0,        // no integers: bytes by significance
  kLattice = 1,    // value = integer · step of the line
  kFourier = 2,    // Fourier coefficients of the line = integers · step of the line
  kFrontBits = 3,  // the front bits of each value, as integers in the order of magnitudes
  kPolar = 4,      // front bits of the amplitudes, then the phases in units of π/8
};
inline constexpr uint8_t kLastLineKind = 4;

// An integer within these bounds; what lies beyond is an exception.
inline constexpr int32_t kMaxInteger = (1 << 30) - 1;

// A value kept as it is. Its integer is any (0).
struct Exception {
  uint32_t position;  // line in the section · columns + column
  uint64_t bits;      // of the stored type
};

// Lines of one block that share a kind: a section in the making.
struct LineCodes {
  LineKind kind = LineKind::kRaw;
  std::vector<uint32_t> lines;  // ascending, within the block
  std::vector<StepCode> steps;  // one per line; kLattice, kFourier
  uint32_t shift = 0;           // bits dropped; kFrontBits, kPolar
  uint64_t base = 0;            // smallest front bits that are not 0; kFrontBits, kPolar
  std::vector<int32_t> integers;  // line after line; kPolar: amplitudes in the first half of each line
  std::vector<Exception> exceptions;  // by position
};

}  // namespace cortex::zptv

#endif  // CORTEX_CODECS_ZPTV_LINE_CODES_H_

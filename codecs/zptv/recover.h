// The narrow stage: finds the integers behind values that have some, so that they can be stored without any loss.
//
// Values come to the encoder as floats, whether an instrument delivered integers, or a contract quantised them when
// they were sealed and they are now re-coded in other blocks, sorted by key, for a colder tier. Nothing is carried along
// with them: a step has eight significant bits, so few are possible, and a step is right if and only if decoding with it
// gives the same bits. Everything found here is checked that way.
#ifndef CORTEX_CODECS_ZPTV_RECOVER_H_
#define CORTEX_CODECS_ZPTV_RECOVER_H_

#include <deque>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "codecs/zptv/line_codes.h"
#include "codecs/zptv/quantise.h"

namespace cortex::zptv {

// Steps that lines had lately, the last one first: the next line most often has one of them.
class StepHints {
 public:
  void Put(StepCode step);
  std::vector<StepCode> List() const { return {steps_.begin(), steps_.end()}; }
  std::optional<StepCode> last() const { return steps_.empty() ? std::nullopt : std::optional(steps_.front()); }

 private:
  static constexpr size_t kMost = 8;
  std::deque<StepCode> steps_;
};

struct RecoverHints {
  StepHints lattice;
  StepHints fourier;
};

// What rounding the values to their type, and the passes of the transform, do to a coefficient at most; `squares` is the
// sum of the squares of all coefficients' parts.
double SpectrumNoise(PhysicalType type, double squares);

// Whether RecoverLines will find, without any hint, that the line is Fourier coefficients on a lattice. `line` is aligned
// to the width of its values and has no special one.
bool IsFourierLine(const LineShape& shape, const std::byte* line);

// Lines on lattices (numbers off it are exceptions, an eighth of a line at most) and lines of Fourier coefficients on
// lattices. Cheap attempts first: what lines before had, then a common divisor of all values, then steps near the last
// one and every step there is; a block that failed in this a few times is spared it.
struct RecoveredLines {
  LineCodes lattice{.kind = LineKind::kLattice};
  LineCodes fourier{.kind = LineKind::kFourier};
};
RecoveredLines RecoverLines(const Block& block, RecoverHints* hints);

// All lines on lattices, found by the cheap attempts alone; nullopt if one is not.
std::optional<LineCodes> RecoverLattice(const Block& block, RecoverHints* hints);

// Lines that are amplitudes and phases of few bits.
LineCodes RecoverPolar(const Block& block, absl::Span<const uint32_t> lines);
// Lines whose last bits are zero, at least as many as 30-bit integers need.
LineCodes RecoverFrontBits(const Block& block, absl::Span<const uint32_t> lines);

}  // namespace cortex::zptv

#endif  // CORTEX_CODECS_ZPTV_RECOVER_H_

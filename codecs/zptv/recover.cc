#include "codecs/zptv/recover.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>

#include "codecs/simd/fourier_kernels.h"
#include "codecs/zptv/front_bits.h"
#include "codecs/zptv/polar.h"
#include "codecs/zptv/section.h"
#include "codecs/zptv/typed_values.h"

namespace cortex::zptv {
namespace {

// Lines of a block that are searched in vain before only hints are tried.
constexpr int kMaxFailures = 4;
// Step candidates that pass the tolerance but do not give the same bits, before a line is given up.
constexpr int kMaxAttempts = 8;
// Octaves below the largest value in which steps are looked for.
constexpr int kSearchOctaves = 24;
// Significant bits of integer · step: more means that a float64 is not on a lattice of ours.
constexpr int kLatticeBits = 40;
// About so many values of a line tell whether all are worth a look.
constexpr size_t kProbes = 32;

struct Line {
  std::vector<uint64_t> bits;
  std::vector<double> values;
};
Line LoadLine(const Block& block, uint32_t l) {
  Line line;
  line.bits.resize(block.shape.columns);
  line.values.resize(block.shape.columns);
  for (size_t c = 0; c < line.bits.size(); ++c) {
    line.bits[c] = BitsAt(block.line(l), block.shape.type, c);
  }
  ToDoubles(block.line(l), block.shape.type, line.values.size(), line.values.data());
  return line;
}

// The integer of a value on a lattice, nullopt if it is not on it.
std::optional<int32_t> OnLattice(double value, uint64_t bits, double step, PhysicalType type) {
  const double q = NearestInteger(value / step);
  if (!(std::fabs(q) <= kMaxInteger)) return std::nullopt;
  const auto integer = static_cast<int32_t>(q);
  if (RoundTo(static_cast<double>(integer) * step, type) != bits) return std::nullopt;
  return integer;
}

// Integers of a line; false if more than `allowed` values are not on the lattice.
bool TryLattice(const Line& line, PhysicalType type, StepCode code, size_t allowed, std::vector<int32_t>* integers,
                std::vector<uint32_t>* off) {
  const double step = StepOf(code);
  integers->clear();
  off->clear();
  for (size_t c = 0; c < line.values.size(); ++c) {
    const std::optional<int32_t> q = OnLattice(line.values[c], line.bits[c], step, type);
    if (!q.has_value()) {
      off->push_back(static_cast<uint32_t>(c));
      if (off->size() > allowed) return false;
    }
    integers->push_back(q.value_or(0));
  }
  return true;
}

// The largest step with 8 bits that divides all values exactly: their greatest common divisor, or the part of it that
// fits. Values with many significant bits (float64) cannot be on a lattice and are passed over.
std::optional<StepCode> CommonDivisor(const Line& line, PhysicalType type) {
  constexpr int kNoExponent = 1 << 20;
  int lowest = kNoExponent;
  std::vector<std::pair<uint64_t, int>> odd;  // value = ±first · 2^second, first odd
  size_t off = 0;
  for (size_t c = 0; c < line.values.size(); ++c) {
    const double v = std::fabs(line.values[c]);
    if (v == 0) continue;
    if (IsSpecial(line.bits[c], type)) {
      ++off;
      continue;
    }
    int exponent = 0;
    auto mantissa = static_cast<uint64_t>(std::ldexp(std::frexp(v, &exponent), 53));
    const int zeros = std::countr_zero(mantissa);
    mantissa >>= zeros;
    if (std::bit_width(mantissa) > kLatticeBits) {
      if (++off > line.values.size() / 8) return std::nullopt;
      continue;
    }
    odd.emplace_back(mantissa, exponent - 53 + zeros);
    lowest = std::min(lowest, exponent - 53 + zeros);
  }
  if (odd.empty()) return off == 0 ? std::optional<StepCode>(kUnitStep) : std::nullopt;
  uint64_t divisor = 0;
  for (const auto& [mantissa, exponent] : odd) {
    // A power of two between values does not change the odd part of their common divisor.
    divisor = std::gcd(divisor, mantissa);
    if (divisor == 1) break;
  }
  if (divisor > 255) {
    uint64_t part = 1;
    for (uint64_t d = 255; d > 1 && part == 1; d -= 2) part = divisor % d == 0 ? d : 1;
    divisor = part;
  }
  return FloorStep(std::ldexp(static_cast<double>(divisor), lowest));
}

// Any values of a narrow type lie on the lattice of their last bits. It is worth something if few integers are left.
bool IsCoarse(const std::vector<int32_t>& integers, PhysicalType type) {
  const int bits = std::min(30, static_cast<int>(LayoutOf(type).mantissa_bits) - 2);
  int32_t largest = 0;
  for (const int32_t q : integers) largest = std::max(largest, std::abs(q));
  return largest < 1 << bits;
}

// What a search by trying needs of a line: values that were rounded to a narrower type have no common divisor.
struct Telling {
  std::vector<size_t> probes;  // some of the values that tell steps apart
  size_t count = 0;            // of all such values: not zero, not special
  double largest = 0;
};
Telling TellingOf(const Line& line, PhysicalType type) {
  Telling telling;
  std::vector<size_t> all;
  for (size_t c = 0; c < line.values.size(); ++c) {
    if (line.values[c] == 0 || IsSpecial(line.bits[c], type)) continue;
    telling.largest = std::max(telling.largest, std::fabs(line.values[c]));
    all.push_back(c);
  }
  telling.count = all.size();
  const size_t stride = std::max<size_t>(1, all.size() / kProbes);
  for (size_t i = 0; i < all.size(); i += stride) telling.probes.push_back(all[i]);
  return telling;
}

// Whether the line's values are on the lattice but for those that its contract made exceptions of: of the telling ones an
// eighth at most where few integers are left, else a 16th. If so `integers` and `off` are those of the step.
bool FitsLattice(const Line& line, const Telling& telling, PhysicalType type, StepCode code,
                 std::vector<int32_t>* integers, std::vector<uint32_t>* off) {
  const double step = StepOf(code);
  size_t missed = 0;
  for (const size_t c : telling.probes) {
    if (!OnLattice(line.values[c], line.bits[c], step, type).has_value() && ++missed > kProbes / 4) return false;
  }
  if (!TryLattice(line, type, code, line.values.size() / 8, integers, off)) return false;
  const auto missing = std::count_if(off->begin(), off->end(), [&](uint32_t c) { return !IsSpecial(line.bits[c], type); });
  return static_cast<size_t>(missing) <= telling.count / (IsCoarse(*integers, type) ? 8 : 16);
}

// The largest step that fits: within half an octave of `hint`, or else of all that are possible.
std::optional<StepCode> SearchLattice(const Line& line, PhysicalType type, std::optional<StepCode> hint,
                                      std::vector<int32_t>* integers, std::vector<uint32_t>* off) {
  const Telling telling = TellingOf(line, type);
  const std::optional<StepCode> first = FloorStep(telling.largest);
  if (!first.has_value()) return std::nullopt;
  const auto search = [&](StepCode from, StepCode count) -> std::optional<StepCode> {
    for (StepCode step = from; from - step < count && step > 0; --step) {
      if (FitsLattice(line, telling, type, step, integers, off)) return step;
    }
    return std::nullopt;
  };
  if (hint.has_value() && *hint < *first) {
    const std::optional<StepCode> near = search(std::min(*hint + 64, *first), 128);
    if (near.has_value()) return near;
  }
  return search(*first, std::min<StepCode>(kSearchOctaves, LayoutOf(type).mantissa_bits) * 128);
}

// The coefficients' integers for a step if they give the line's bits.
std::optional<std::vector<int32_t>> TryFourier(const LineShape& shape, const std::byte* line,
                                               const std::vector<double>& coefficients, StepCode code) {
  const double step = StepOf(code);
  LineCodes codes{.kind = LineKind::kFourier, .lines = {0}, .steps = {code}};
  for (const double x : coefficients) {
    const double q = NearestInteger(x / step);
    if (!(std::fabs(q) <= kMaxInteger)) return std::nullopt;
    codes.integers.push_back(static_cast<int32_t>(q));
  }
  const Buffer decoded = Reconstruct(shape, codes);
  if (std::memcmp(decoded.data(), line, shape.line_bytes()) != 0) return std::nullopt;
  return std::move(codes.integers);
}

std::vector<double> Coefficients(const LineShape& shape, const std::byte* line) {
  std::vector<double> values(shape.columns), coefficients(shape.columns);
  for (size_t c = 0; c < values.size(); ++c) values[c] = ToDouble(BitsAt(line, shape.type, c), shape.type);
  const double* from = values.data();
  double* to = coefficients.data();
  simd::ForwardFourierLines(simd::FourierPlanOf(shape.columns / 2), &from, 1, &to);
  return coefficients;
}

// Whether all of `coefficients` are multiples of step within `noise`.
bool NearLattice(const std::vector<double>& coefficients, double step, double noise) {
  const double tolerance = noise / step, inverse = 1 / step;
  for (const double x : coefficients) {
    const double q = x * inverse;
    if (!(std::fabs(q - NearestInteger(q)) <= tolerance)) return false;
  }
  return true;
}

struct Spectrum {
  std::vector<double> coefficients;
  double largest = 0;
  double noise = 0;

  bool usable() const { return largest > 0x1p-900 && largest < 0x1p900; }
};
Spectrum SpectrumOf(const LineShape& shape, const std::byte* line) {
  Spectrum spectrum{.coefficients = Coefficients(shape, line)};
  double squares = 0;
  for (const double x : spectrum.coefficients) {
    spectrum.largest = std::max(spectrum.largest, std::fabs(x));
    squares += x * x;
  }
  spectrum.noise = SpectrumNoise(shape.type, squares);
  return spectrum;
}

std::optional<StepCode> SearchSpectrum(const LineShape& shape, const std::byte* line, const Spectrum& spectrum) {
  if (!spectrum.usable()) return std::nullopt;
  std::vector<double> ordered = spectrum.coefficients;  // the large ones tell steps apart best
  const auto large = [](double a, double b) { return std::fabs(a) > std::fabs(b); };
  std::partial_sort(ordered.begin(), ordered.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(8, ordered.size())),
                    ordered.end(), large);
  int attempts = 0;
  StepCode step = FloorStep(spectrum.largest * 1.01).value_or(0);
  for (int tried = 0; tried < kSearchOctaves * 128 && step > 0; --step, ++tried) {
    const double value = StepOf(step);
    if (spectrum.noise / value > 0.2) break;
    if (!NearLattice(ordered, value, spectrum.noise)) continue;
    if (TryFourier(shape, line, spectrum.coefficients, step).has_value()) return step;
    if (++attempts == kMaxAttempts) break;
  }
  return std::nullopt;
}

// One line at a time, from the cheapest attempt to the dearest. Each attempt that succeeds adds the line.
class LineSearch {
 public:
  LineSearch(const Block& block, RecoverHints* hints) : block_(block), shape_(block.shape), hints_(hints) {}

  void Load(uint32_t l) {
    number_ = l;
    line_ = LoadLine(block_, l);
    spectrum_.reset();
    special_ = false;
    for (const uint64_t bits : line_.bits) special_ = special_ || IsSpecial(bits, shape_.type);
  }

  // A hint may leave few values off: where most of a line is zero, any step would do for the rest.
  bool TryLatticeHints(LineCodes* codes) { return TryHints(shape_.columns / 64, codes); }
  bool TryDivisor(LineCodes* codes) {
    const std::optional<StepCode> step = CommonDivisor(line_, shape_.type);
    if (step.has_value() && TryLattice(line_, shape_.type, *step, shape_.columns / 8, &integers_, &off_) &&
        IsCoarse(integers_, shape_.type)) {
      return AddLattice(*step, codes);
    }
    return TryHints(shape_.columns / 8, codes);
  }
  bool SearchSteps(LineCodes* codes) {
    if (shape_.type == PhysicalType::kFloat64) return false;  // products are exact there: a divisor would have told
    const std::optional<StepCode> step =
        SearchLattice(line_, shape_.type, hints_->lattice.last(), &integers_, &off_);
    return step.has_value() && AddLattice(*step, codes);
  }

  bool TryFourierHints(LineCodes* codes) {
    if (!CanTransform(shape_) || special_ || !LoadSpectrum().usable()) return false;
    for (const StepCode hint : hints_->fourier.List()) {
      if (NearLattice(spectrum_->coefficients, StepOf(hint), spectrum_->noise) && AddFourier(hint, codes)) return true;
    }
    return false;
  }
  bool SearchFourier(LineCodes* codes) {
    if (!CanTransform(shape_) || special_) return false;
    const std::optional<StepCode> step = SearchSpectrum(shape_, block_.line(number_), LoadSpectrum());
    return step.has_value() && AddFourier(*step, codes);
  }

 private:
  bool TryHints(size_t allowed, LineCodes* codes) {
    for (const StepCode hint : hints_->lattice.List()) {
      if (TryLattice(line_, shape_.type, hint, allowed, &integers_, &off_)) return AddLattice(hint, codes);
    }
    return false;
  }
  const Spectrum& LoadSpectrum() {
    if (!spectrum_.has_value()) spectrum_ = SpectrumOf(shape_, block_.line(number_));
    return *spectrum_;
  }
  bool AddLattice(StepCode step, LineCodes* codes) {
    hints_->lattice.Put(step);
    for (const uint32_t c : off_) {
      codes->exceptions.push_back({static_cast<uint32_t>(codes->integers.size() + c), line_.bits[c]});
    }
    Add(step, integers_, codes);
    return true;
  }
  bool AddFourier(StepCode step, LineCodes* codes) {
    const auto integers = TryFourier(shape_, block_.line(number_), spectrum_->coefficients, step);
    if (!integers.has_value()) return false;
    hints_->fourier.Put(step);
    Add(step, *integers, codes);
    return true;
  }
  void Add(StepCode step, const std::vector<int32_t>& integers, LineCodes* codes) {
    codes->lines.push_back(number_);
    codes->steps.push_back(step);
    codes->integers.insert(codes->integers.end(), integers.begin(), integers.end());
  }

  const Block& block_;
  const LineShape& shape_;
  RecoverHints* hints_;
  uint32_t number_ = 0;
  Line line_;
  bool special_ = false;
  std::optional<Spectrum> spectrum_;
  std::vector<int32_t> integers_;
  std::vector<uint32_t> off_;
};

// Trailing zero bits of a line's magnitudes, specials left out.
uint32_t TrailingZeros(const Block& block, uint32_t l) {
  const FloatLayout layout = LayoutOf(block.shape.type);
  uint64_t any = 0;
  size_t off = 0;
  for (size_t c = 0; c < block.shape.columns; ++c) {
    const uint64_t bits = BitsAt(block.line(l), block.shape.type, c);
    if (IsSpecial(bits, block.shape.type)) {
      if (++off > block.shape.columns / 8) return 0;
      continue;
    }
    any |= bits & ((uint64_t{1} << (layout.bits - 1)) - 1);
  }
  return any == 0 ? layout.mantissa_bits : std::min<uint32_t>(std::countr_zero(any), layout.mantissa_bits);
}

}  // namespace

void StepHints::Put(StepCode step) {
  const auto at = std::find(steps_.begin(), steps_.end(), step);
  if (at != steps_.end()) steps_.erase(at);
  steps_.push_front(step);
  if (steps_.size() > kMost) steps_.pop_back();
}

double SpectrumNoise(PhysicalType type, double squares) {
  return std::sqrt(squares) * (type == PhysicalType::kFloat64 ? 0x1p-48 : 0x1p-23);
}

bool IsFourierLine(const LineShape& shape, const std::byte* line) {
  return SearchSpectrum(shape, line, SpectrumOf(shape, line)).has_value();
}

RecoveredLines RecoverLines(const Block& block, bool thorough, RecoverHints* hints) {
  RecoveredLines found;
  LineSearch search(block, hints);
  int failures = 0;
  for (uint32_t l = 0; l < block.lines; ++l) {
    search.Load(l);
    const bool ok = search.TryLatticeHints(&found.lattice) || search.TryFourierHints(&found.fourier) ||
                    search.TryDivisor(&found.lattice) ||
                    (thorough && failures < kMaxFailures &&
                     (search.SearchFourier(&found.fourier) || search.SearchSteps(&found.lattice)));
    failures += ok ? 0 : 1;
  }
  return found;
}

std::optional<LineCodes> RecoverLattice(const Block& block, RecoverHints* hints) {
  LineCodes found{.kind = LineKind::kLattice};
  LineSearch search(block, hints);
  for (uint32_t l = 0; l < block.lines; ++l) {
    search.Load(l);
    if (!search.TryLatticeHints(&found) && !search.TryDivisor(&found)) return std::nullopt;
  }
  return found;
}

LineCodes RecoverPolar(const Block& block, absl::Span<const uint32_t> lines) {
  // The coarsest amplitudes that give back the first line; the others have the same contract.
  const BlockLimit exact;
  for (uint32_t kept = 0; !lines.empty() && kept <= kMaxAmplitudeBits; ++kept) {
    LineCodes one = PolarCodes(block.values, block.shape.type, block.shape.columns, {lines[0]}, 52 - kept);
    Settle(block, exact, &one);
    if (one.lines.empty()) continue;
    LineCodes all = PolarCodes(block.values, block.shape.type, block.shape.columns, {lines.begin(), lines.end()}, 52 - kept);
    Settle(block, exact, &all);
    return all;
  }
  return LineCodes{.kind = LineKind::kPolar};
}

LineCodes RecoverFrontBits(const Block& block, absl::Span<const uint32_t> lines) {
  const FloatLayout layout = LayoutOf(block.shape.type);
  // Exponents of a section lie within a few octaves, so 26 mantissa bits can be integers of 30.
  const uint32_t least = layout.mantissa_bits > 26 ? layout.mantissa_bits - 26 : 0;
  uint32_t shift = layout.mantissa_bits;
  std::vector<uint32_t> chosen;
  for (const uint32_t l : lines) {
    const uint32_t zeros = TrailingZeros(block, l);
    if (zeros < least) continue;
    chosen.push_back(l);
    shift = std::min(shift, zeros);
  }
  LineCodes codes = FrontBitCodes(block.values, block.shape.type, block.shape.columns, std::move(chosen), shift);
  Settle(block, BlockLimit{}, &codes);
  return codes;
}

}  // namespace cortex::zptv

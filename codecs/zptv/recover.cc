#include "codecs/zptv/recover.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>

#include "codecs/simd/fourier_kernels.h"
#include "codecs/simd/quantise_kernels.h"
#include "codecs/zptv/front_bits.h"
#include "codecs/zptv/polar.h"
#include "codecs/zptv/section.h"
#include "codecs/zptv/typed_values.h"
#include "codecs/zptv/wide_lines.h"

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

// Whether coefficients that were found to be integers times a step are taken at their word (and all lines of a block
// decoded together afterwards), or decoded at once.
enum class Trust { kLater, kNever };

// The coefficients' integers for a step if they give the line's bits.
std::optional<std::vector<int32_t>> TryFourier(const LineShape& shape, const std::byte* line,
                                               absl::Span<const double> coefficients, StepCode code, Trust trust) {
  const double step = StepOf(code);
  LineCodes codes{.kind = LineKind::kFourier, .lines = {0}, .steps = {code}};
  codes.integers.reserve(coefficients.size());
  for (const double x : coefficients) {
    const double q = NearestInteger(x / step);
    if (!(std::fabs(q) <= kMaxInteger)) return std::nullopt;
    codes.integers.push_back(static_cast<int32_t>(q));
  }
  if (trust == Trust::kLater) return std::move(codes.integers);
  const Buffer decoded = Reconstruct(shape, codes);
  if (std::memcmp(decoded.data(), line, shape.line_bytes()) != 0) return std::nullopt;
  return std::move(codes.integers);
}

// Whether all of `coefficients` are multiples of step within `noise`.
bool NearLattice(absl::Span<const double> coefficients, double step, double noise) {
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
Spectrum SpectrumOf(PhysicalType type, std::vector<double> coefficients) {
  Spectrum spectrum{.coefficients = std::move(coefficients)};
  const size_t count = spectrum.coefficients.size();
  spectrum.largest = simd::LargestFinite(spectrum.coefficients.data(), count);
  spectrum.noise = SpectrumNoise(type, simd::FiniteSquares(spectrum.coefficients.data(), count, 1));
  return spectrum;
}

struct FoundStep {
  StepCode step;
  std::vector<int32_t> integers;
};
std::optional<FoundStep> SearchSpectrum(const LineShape& shape, const std::byte* line, const Spectrum& spectrum,
                                        Trust trust) {
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
    auto integers = TryFourier(shape, line, spectrum.coefficients, step, trust);
    if (integers.has_value()) return FoundStep{step, *std::move(integers)};
    if (++attempts == kMaxAttempts) break;
  }
  return std::nullopt;
}

// One line at a time, from the cheapest attempt to the dearest. Each attempt that succeeds adds the line.
class LineSearch {
 public:
  LineSearch(const Block& block, RecoverHints* hints) : block_(block), shape_(block.shape), hints_(hints) {}

  void set_trust(Trust trust) { trust_ = trust; }

  void Load(uint32_t l) {
    number_ = l;
    line_ = LoadLine(block_, l);
    spectrum_.reset();
    special_ = false;
    special_ = AnySpecial(block_.line(l), shape_.type, shape_.columns);
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
      if (!NearLattice(spectrum_->coefficients, StepOf(hint), spectrum_->noise)) continue;
      const auto integers = TryFourier(shape_, block_.line(number_), spectrum_->coefficients, hint, trust_);
      if (integers.has_value()) return AddFourier(hint, *integers, codes);
    }
    return false;
  }
  bool SearchFourier(LineCodes* codes) {
    if (!CanTransform(shape_) || special_) return false;
    const std::optional<FoundStep> found = SearchSpectrum(shape_, block_.line(number_), LoadSpectrum(), trust_);
    return found.has_value() && AddFourier(found->step, found->integers, codes);
  }

 private:
  bool TryHints(size_t allowed, LineCodes* codes) {
    for (const StepCode hint : hints_->lattice.List()) {
      if (TryLattice(line_, shape_.type, hint, allowed, &integers_, &off_)) return AddLattice(hint, codes);
    }
    return false;
  }
  const Spectrum& LoadSpectrum() {
    if (!spectrum_.has_value()) {
      const double* const from = BlockCoefficients() + size_t{number_} * shape_.columns;
      spectrum_ = SpectrumOf(shape_.type, {from, from + shape_.columns});
    }
    return *spectrum_;
  }
  // Of all lines at once: a single one would take as long as eight.
  const double* BlockCoefficients() {
    if (!coefficients_.empty()) return coefficients_.data();
    coefficients_.resize(size_t{block_.lines} * shape_.columns);
    const WideLines wide(block_);
    std::vector<const double*> from;
    std::vector<double*> to;
    for (uint32_t l = 0; l < block_.lines; ++l) {
      from.push_back(wide.line(l));
      to.push_back(coefficients_.data() + size_t{l} * shape_.columns);
    }
    simd::ForwardFourierLines(simd::FourierPlanOf(shape_.columns / 2), from.data(), from.size(), to.data());
    return coefficients_.data();
  }
  bool AddLattice(StepCode step, LineCodes* codes) {
    hints_->lattice.Put(step);
    for (const uint32_t c : off_) {
      codes->exceptions.push_back({static_cast<uint32_t>(codes->integers.size() + c), line_.bits[c]});
    }
    Add(step, integers_, codes);
    return true;
  }
  bool AddFourier(StepCode step, const std::vector<int32_t>& integers, LineCodes* codes) {
    hints_->fourier.Put(step);
    Add(step, integers, codes);
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
  Trust trust_ = Trust::kNever;
  std::vector<double> coefficients_;  // of all lines, once one was asked for
  std::optional<Spectrum> spectrum_;
  std::vector<int32_t> integers_;
  std::vector<uint32_t> off_;
};

// Takes out the lines of coefficients that do not give their bits, and says which.
std::vector<uint32_t> DropUntrue(const Block& block, LineCodes* fourier) {
  std::vector<uint32_t> untrue;
  if (fourier->lines.empty()) return untrue;
  const size_t columns = block.shape.columns, line_bytes = block.shape.line_bytes();
  const Buffer decoded = Reconstruct(block.shape, *fourier);
  LineCodes kept{.kind = LineKind::kFourier};
  for (size_t i = 0; i < fourier->lines.size(); ++i) {
    const uint32_t line = fourier->lines[i];
    if (std::memcmp(decoded.data() + i * line_bytes, block.line(line), line_bytes) != 0) {
      untrue.push_back(line);
      continue;
    }
    const auto first = fourier->integers.begin() + static_cast<std::ptrdiff_t>(i * columns);
    kept.lines.push_back(line);
    kept.steps.push_back(fourier->steps[i]);
    kept.integers.insert(kept.integers.end(), first, first + static_cast<std::ptrdiff_t>(columns));
  }
  if (!untrue.empty()) *fourier = std::move(kept);
  return untrue;
}

// Lines in ascending order.
void SortLines(size_t columns, LineCodes* codes) {
  if (std::is_sorted(codes->lines.begin(), codes->lines.end())) return;
  std::vector<size_t> order(codes->lines.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return codes->lines[a] < codes->lines[b]; });
  LineCodes sorted{.kind = codes->kind};
  for (const size_t i : order) {
    const auto first = codes->integers.begin() + static_cast<std::ptrdiff_t>(i * columns);
    for (const Exception& exception : codes->exceptions) {
      if (exception.position / columns != i) continue;
      const size_t position = sorted.integers.size() + exception.position % columns;
      sorted.exceptions.push_back({static_cast<uint32_t>(position), exception.bits});
    }
    sorted.lines.push_back(codes->lines[i]);
    sorted.steps.push_back(codes->steps[i]);
    sorted.integers.insert(sorted.integers.end(), first, first + static_cast<std::ptrdiff_t>(columns));
  }
  *codes = std::move(sorted);
}

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
  const WideLines wide({.shape = shape, .lines = 1, .used = shape.columns, .values = line});
  std::vector<double> coefficients(shape.columns);
  const double* const from = wide.line(0);
  double* const to = coefficients.data();
  simd::ForwardFourierLines(simd::FourierPlanOf(shape.columns / 2), &from, 1, &to);
  return SearchSpectrum(shape, line, SpectrumOf(shape.type, std::move(coefficients)), Trust::kNever).has_value();
}

RecoveredLines RecoverLines(const Block& block, RecoverHints* hints) {
  RecoveredLines found;
  LineSearch search(block, hints);
  int failures = 0;
  const auto recover = [&](uint32_t l) {
    search.Load(l);
    const bool ok = search.TryLatticeHints(&found.lattice) || search.TryFourierHints(&found.fourier) ||
                    search.TryDivisor(&found.lattice) ||
                    (failures < kMaxFailures &&
                     (search.SearchFourier(&found.fourier) || search.SearchSteps(&found.lattice)));
    failures += ok ? 0 : 1;
  };
  search.set_trust(Trust::kLater);
  for (uint32_t l = 0; l < block.lines; ++l) recover(l);
  // Coefficients within the noise of integers that do not give the line's bits: the next step may.
  search.set_trust(Trust::kNever);
  for (const uint32_t l : DropUntrue(block, &found.fourier)) recover(l);
  SortLines(block.shape.columns, &found.lattice);
  SortLines(block.shape.columns, &found.fourier);
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

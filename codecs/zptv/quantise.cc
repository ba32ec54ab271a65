#include "codecs/zptv/quantise.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include "codecs/simd/line_kernels.h"
#include "codecs/zptv/front_bits.h"
#include "codecs/zptv/polar.h"
#include "codecs/zptv/recover.h"
#include "codecs/zptv/section.h"
#include "codecs/zptv/typed_values.h"

namespace cortex::zptv {
namespace {

using Kind = ZptvContract::Kind;

// Rounding in the last bit must not push an error that is just within the bound beyond it.
constexpr double kRoundingRoom = 1 - 0x1p-40;
// Searches for the largest step go no further.
constexpr int kStepRounds = 6;
// Guesses before, from the errors of the numbers that are rounded: cheap, for nothing is reconstructed.
constexpr int kGuessRounds = 3;
// A step whose error is that near to the bound is taken: the next one may save a hundredth of a bit.
constexpr double kCloseEnough = 0.985;
// Maximum of the errors of a line's numbers over their standard deviation, to begin with; 256 normal ones: 2.4.
constexpr double kPeakError = 2.4;

std::vector<double> LineValues(const Block& block, uint32_t line) {
  std::vector<double> values(block.shape.columns);
  ToDoubles(block.line(line), block.shape.type, values.size(), values.data());
  return values;
}

double NormOf(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += std::isfinite(v) ? v * v : 0;
  return std::sqrt(sum);
}

void Round(const std::vector<double>& values, double step, int32_t* integers) {
  for (size_t c = 0; c < values.size(); ++c) {
    const double q = NearestInteger(values[c] / step);
    integers[c] = std::fabs(q) <= kMaxInteger ? static_cast<int32_t>(q) : 0;  // NaN: 0
  }
}

// Takes line i out of `codes`.
void DropLine(size_t columns, size_t i, LineCodes* codes) {
  const auto at = static_cast<std::ptrdiff_t>(i), wide = static_cast<std::ptrdiff_t>(columns);
  codes->lines.erase(codes->lines.begin() + at);
  if (!codes->steps.empty()) codes->steps.erase(codes->steps.begin() + at);
  codes->integers.erase(codes->integers.begin() + at * wide, codes->integers.begin() + (at + 1) * wide);
  std::vector<Exception> kept;
  for (Exception exception : codes->exceptions) {
    if (exception.position / columns == i) continue;
    if (exception.position / columns > i) exception.position -= static_cast<uint32_t>(columns);
    kept.push_back(exception);
  }
  codes->exceptions = std::move(kept);
}

// One line's search for the largest step that keeps the limit.
struct StepSearch {
  uint32_t line = 0;
  std::vector<double> numbers;  // what is rounded: values or coefficients
  std::optional<StepCode> next;
  std::optional<StepCode> best;
};

// Error of a line over what is allowed: at most 1 is good.
double Excess(const Block& block, const BlockLimit& limit, uint32_t line, const std::byte* decoded) {
  const LineShape& shape = block.shape;
  if (limit.contract.kind == Kind::kRowL2) {
    return RowError(shape.type, block.line(line), decoded, shape.columns) / limit.contract.bound;
  }
  double largest = 0;
  thread_local std::vector<double> errors;
  const size_t count = shape.columns / shape.components;
  errors.resize(count);
  if (AllHold(shape, limit, block.line(line), decoded, count, errors.data()).has_value()) {
    return *std::max_element(errors.begin(), errors.end()) / limit.contract.bound;
  }
  for (size_t i = 0; i < count; ++i) {
    double error = 0;
    NumberHolds(shape, limit, block.line(line), decoded, i, &error);
    largest = std::max(largest, error);
  }
  return largest / limit.contract.bound;
}

LineCodes CodesOf(LineKind kind, const std::vector<StepSearch>& searches, size_t columns, bool best) {
  LineCodes codes{.kind = kind};
  for (const StepSearch& search : searches) {
    const std::optional<StepCode> step = best ? search.best : search.next;
    if (!step.has_value()) continue;
    codes.lines.push_back(search.line);
    codes.steps.push_back(*step);
    codes.integers.resize(codes.integers.size() + columns);
    Round(search.numbers, StepOf(*step), codes.integers.data() + codes.integers.size() - columns);
  }
  return codes;
}

// Values to coefficients, many lines at once.
void TransformLines(const LineShape& shape, std::vector<StepSearch>* searches) {
  std::vector<std::vector<double>> values(searches->size());
  std::vector<const double*> from;
  std::vector<double*> to;
  for (size_t i = 0; i < values.size(); ++i) {
    values[i].swap((*searches)[i].numbers);
    (*searches)[i].numbers.resize(shape.columns);
    from.push_back(values[i].data());
    to.push_back((*searches)[i].numbers.data());
  }
  if (from.empty()) return;
  simd::ForwardFourierLines(simd::FourierPlanOf(shape.columns / 2), from.data(), from.size(), to.data());
}

// Where the bound is on the norm of a line's errors, rounding the numbers tells it, up to a factor that they share with
// the values (1 for values themselves, √points for coefficients) and what rounding to the type adds.
void GuessSteps(const Block& block, const BlockLimit& limit, double factor, std::vector<StepSearch>* searches) {
  if (limit.contract.kind != Kind::kRowL2) return;
  for (StepSearch& search : *searches) {
    const double allowed = limit.contract.bound * NormOf(LineValues(block, search.line));
    std::optional<StepCode> good;
    for (int round = 0; round < kGuessRounds && search.next.has_value(); ++round) {
      const double step = StepOf(*search.next), inverse = 1 / step;
      double squares = 0;
      for (const double x : search.numbers) {
        const double error = x - step * NearestInteger(x * inverse);
        squares += error * error;
      }
      const double excess = factor * std::sqrt(squares) / allowed;
      if (!std::isfinite(excess) || !std::isfinite(inverse) || excess == 0) break;
      if (excess <= 1 && (!good.has_value() || *search.next > *good)) good = search.next;
      if (excess <= 1 && excess > 0.995) break;
      search.next = FloorStep(step * std::min(0.999 / excess, 64.0));
    }
    if (good.has_value()) search.next = good;
  }
}

// Tries steps for all lines at once; the error is nearly proportional to the step, so few rounds are enough.
void SearchSteps(const Block& block, const BlockLimit& limit, LineKind kind, std::vector<StepSearch>* searches) {
  for (int round = 0; round < kStepRounds; ++round) {
    const LineCodes codes = CodesOf(kind, *searches, block.shape.columns, /*best=*/false);
    if (codes.lines.empty()) return;
    const Buffer decoded = Reconstruct(block.shape, codes);
    size_t i = 0;
    for (StepSearch& search : *searches) {
      if (!search.next.has_value()) continue;
      const double excess = Excess(block, limit, search.line, decoded.data() + i++ * block.shape.line_bytes());
      const StepCode tried = *search.next;
      if (excess <= 1 && (!search.best.has_value() || tried > *search.best)) search.best = tried;
      search.next.reset();
      if (excess <= 1 && excess > kCloseEnough) continue;
      if (excess > 0 && std::isfinite(excess)) search.next = FloorStep(StepOf(tried) * std::min(0.998 / excess, 64.0));
      if (search.next.has_value() && excess > 1 && *search.next >= tried && tried > 0) search.next = tried - 1;
      if (search.next.has_value() && search.best.has_value() && *search.next <= *search.best) search.next.reset();
    }
  }
}

}  // namespace

Buffer Reconstruct(const LineShape& shape, const LineCodes& codes) {
  Buffer values;
  values.Resize(codes.lines.size() * shape.line_bytes());
  std::vector<std::byte*> lines;
  for (size_t i = 0; i < codes.lines.size(); ++i) lines.push_back(values.data() + i * shape.line_bytes());
  ReconstructLines(shape, codes, TransposeIntegers(shape, codes).data(), lines);
  for (const Exception& exception : codes.exceptions) {
    PutBits(exception.bits, shape.type, exception.position, values.data());
  }
  return values;
}

void Settle(const Block& block, const BlockLimit& limit, LineCodes* codes) {
  const LineShape& shape = block.shape;
  if (codes->lines.empty()) return;
  codes->exceptions.clear();
  const Buffer decoded = Reconstruct(shape, *codes);
  std::vector<size_t> per_line(codes->lines.size());
  const size_t numbers = shape.columns / shape.components;
  std::vector<double> errors(numbers);
  for (size_t l = 0; l < codes->lines.size(); ++l) {
    const std::byte* original = block.line(codes->lines[l]);
    const std::byte* given = decoded.data() + l * shape.line_bytes();
    if (AllHold(shape, limit, original, given, numbers, errors.data()).value_or(false)) continue;
    for (size_t i = 0; i < numbers; ++i) {
      double error = 0;
      if (NumberHolds(shape, limit, original, given, i, &error)) continue;
      for (uint32_t k = 0; k < shape.components; ++k) {
        const size_t c = i * shape.components + k;
        const uint64_t bits = BitsAt(original, shape.type, c);
        if (bits == BitsAt(given, shape.type, c)) continue;
        codes->exceptions.push_back({static_cast<uint32_t>(l * shape.columns + c), bits});
        ++per_line[l];
      }
    }
  }
  for (size_t l = codes->lines.size(); l-- > 0;) {
    if (per_line[l] > shape.columns / 8) DropLine(shape.columns, l, codes);
  }
}

LineCodes QuantiseLattice(const Block& block, const BlockLimit& limit) {
  const LineShape& shape = block.shape;
  if (limit.contract.kind == Kind::kRowL2) {
    std::vector<StepSearch> searches(block.lines);
    for (uint32_t l = 0; l < block.lines; ++l) {
      StepSearch& search = searches[l];
      search.line = l;
      search.numbers = LineValues(block, l);
      const double norm = NormOf(search.numbers);
      search.next = FloorStep(limit.contract.bound * norm * std::sqrt(12.0 / shape.columns));
      if (norm == 0) search.best = kUnitStep;
    }
    GuessSteps(block, limit, 1, &searches);
    SearchSteps(block, limit, LineKind::kLattice, &searches);
    LineCodes codes = CodesOf(LineKind::kLattice, searches, shape.columns, /*best=*/true);
    Settle(block, limit, &codes);
    return codes;
  }
  const double bound = limit.contract.bound * (limit.contract.kind == Kind::kRms ? limit.rms : 1);
  // Half a step per component, at a right angle if there are two.
  const double largest = bound * (shape.components == 2 ? std::sqrt(2.0) : 2.0) * kRoundingRoom;
  const bool shared = shape.wide() || limit.contract.kind == Kind::kAbs;
  std::optional<StepCode> step = shared ? FloorStep(largest) : FloorPowerOfTwo(largest);
  if (limit.contract.kind == Kind::kRms && limit.rms == 0) step = kUnitStep;  // nothing but zeros and specials
  LineCodes codes{.kind = LineKind::kLattice};
  if (!step.has_value()) return codes;
  codes.integers.resize(size_t{block.lines} * shape.columns);
  for (uint32_t l = 0; l < block.lines; ++l) {
    codes.lines.push_back(l);
    codes.steps.push_back(*step);
    Round(LineValues(block, l), StepOf(*step), codes.integers.data() + size_t{l} * shape.columns);
  }
  Settle(block, limit, &codes);
  return codes;
}

LineCodes QuantiseFourier(const Block& block, const BlockLimit& limit) {
  const LineShape& shape = block.shape;
  const double points = shape.columns / 2;
  std::vector<StepSearch> searches;
  for (uint32_t l = 0; l < block.lines; ++l) {
    if (AnySpecial(block.line(l), shape.type, shape.columns)) continue;
    StepSearch search{.line = l};
    std::vector<double> values = LineValues(block, l);
    const double norm = NormOf(values);
    if (norm == 0 || !(norm < 0x1p400)) continue;
    search.numbers = std::move(values);
    // A coefficient's rounding errors have variance step²/12 per component, a number's points · step²/6.
    const double deviation = limit.contract.kind == Kind::kRowL2
                                 ? limit.contract.bound * norm / std::sqrt(points)
                                 : limit.contract.bound * (limit.contract.kind == Kind::kRms ? limit.rms : 1) / kPeakError;
    search.next = FloorStep(deviation * std::sqrt(6 / points));
    searches.push_back(std::move(search));
  }
  TransformLines(shape, &searches);
  GuessSteps(block, limit, std::sqrt(points), &searches);
  SearchSteps(block, limit, LineKind::kFourier, &searches);
  LineCodes codes = CodesOf(LineKind::kFourier, searches, shape.columns, /*best=*/true);
  if (codes.lines.empty()) return codes;
  const Buffer decoded = Reconstruct(shape, codes);
  for (size_t i = codes.lines.size(); i-- > 0;) {
    const std::byte* line = decoded.data() + i * shape.line_bytes();
    if (AnySpecial(line, shape.type, shape.columns) || !IsFourierLine(shape, line)) DropLine(shape.columns, i, &codes);
  }
  return codes;
}

LineCodes QuantiseFrontBits(const Block& block, const BlockLimit& limit) {
  const LineShape& shape = block.shape;
  const FloatLayout layout = LayoutOf(shape.type);
  const uint32_t kept = std::min(MantissaBitsFor(limit.contract.bound), layout.mantissa_bits);
  const uint32_t shift = layout.mantissa_bits - kept;
  Buffer rounded;
  rounded.Resize(block.lines * shape.line_bytes());
  for (size_t i = 0; i < size_t{block.lines} * shape.columns; ++i) {
    PutBits(RoundFrontBits(BitsAt(block.values, shape.type, i), layout, shift), shape.type, i, rounded.data());
  }
  std::vector<uint32_t> lines(block.lines);
  for (uint32_t l = 0; l < block.lines; ++l) lines[l] = l;
  LineCodes codes = FrontBitCodes(rounded.data(), shape.type, shape.columns, std::move(lines), shift);
  Settle(block, limit, &codes);
  return codes;
}

LineCodes QuantisePolar(const Block& block, const BlockLimit& limit) {
  const uint32_t kept = std::min(MantissaBitsFor(limit.contract.bound), kMaxAmplitudeBits);
  std::vector<uint32_t> lines(block.lines);
  for (uint32_t l = 0; l < block.lines; ++l) lines[l] = l;
  LineCodes codes = PolarCodes(block.values, block.shape.type, block.shape.columns, std::move(lines), 52 - kept);
  Settle(block, limit, &codes);
  return codes;
}

}  // namespace cortex::zptv

#include "codecs/zptv/quantise.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "codecs/simd/quantise_kernels.h"
#include "codecs/zptv/front_bits.h"
#include "codecs/zptv/polar.h"
#include "codecs/zptv/section.h"
#include "codecs/zptv/step_search.h"
#include "codecs/zptv/typed_values.h"
#include "codecs/zptv/wide_lines.h"

namespace cortex::zptv {
namespace {

using Kind = ZptvContract::Kind;

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

// Integers times one step per line, as large as the norm of the line's errors may be.
LineCodes QuantiseRows(const Block& block, const BlockLimit& limit) {
  const LineShape& shape = block.shape;
  const WideLines wide(block);
  LineCodes codes{.kind = LineKind::kLattice};
  codes.integers.resize(size_t{block.lines} * shape.columns);
  for (uint32_t l = 0; l < block.lines; ++l) {
    const double* const values = wide.line(l);
    const double norm = std::sqrt(simd::FiniteSquares(values, shape.columns, 1));
    const double allowed = limit.contract.bound * norm;
    std::optional<StepCode> step = norm == 0 ? std::optional<StepCode>(kUnitStep) : std::nullopt;
    if (norm > kSmallestNorm && norm < kLargestNorm) {
      StepSearch search(FloorStep(allowed * std::sqrt(12.0 / shape.columns)));
      for (int round = 0; round < kGuessRounds && search.guessing(); ++round) {
        const double tried = StepOf(*search.next()), inverse = 1 / tried;
        const double squares = simd::RoundingSquares(values, shape.columns, tried, inverse);
        search.Guess(std::isfinite(inverse) ? std::sqrt(squares) / allowed : HUGE_VAL);
      }
      search.EndGuesses();
      for (int round = 0; round < kTrialRounds && search.next().has_value(); ++round) {
        const simd::LineError error = simd::RoundLine(values, shape.columns, shape.components, StepOf(*search.next()),
                                                      RoundedTypeOf(shape.type), nullptr);
        search.Try(std::sqrt(error.sum) / allowed);
      }
      step = search.best();
    }
    if (!step.has_value()) continue;
    simd::RoundLine(values, shape.columns, shape.components, StepOf(*step), RoundedTypeOf(shape.type),
                    codes.integers.data() + codes.lines.size() * shape.columns);
    codes.lines.push_back(l);
    codes.steps.push_back(*step);
  }
  codes.integers.resize(codes.lines.size() * shape.columns);
  // The norm asks nothing of single values but that specials stay.
  if (AnySpecial(block.values, shape.type, size_t{block.lines} * shape.columns)) Settle(block, limit, &codes);
  return codes;
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

namespace {

// Which numbers of a line may not keep the limit, told cheaply and from the safe side: doubt[i] is not 0.
void Doubt(const LineShape& shape, const BlockLimit& limit, const std::byte* original, const std::byte* decoded,
           std::vector<uint8_t>* doubt) {
  constexpr size_t kPiece = 64;  // numbers in doubt are few, most often
  const Kind kind = limit.contract.kind;
  const size_t numbers = shape.columns / shape.components, number_bytes = shape.components * shape.width();
  const double bound = limit.contract.bound * (kind == Kind::kRms ? limit.rms : 1);
  const bool squared = (kind == Kind::kAbs || kind == Kind::kRms) && bound > kSmallestNorm && bound < kLargestNorm;
  const double safe = bound * bound * kRoundingRoom;
  double was[2 * kPiece], is[2 * kPiece], squares[kPiece];
  doubt->assign(numbers, 0);
  for (size_t first = 0; first < numbers; first += kPiece) {
    const size_t here = std::min(kPiece, numbers - first), values = here * shape.components;
    const std::byte* const from = original + first * number_bytes;
    const std::byte* const to = decoded + first * number_bytes;
    uint8_t* const out = doubt->data() + first;
    if (!squared || AnySpecialChanged(from, to, shape.type, values)) {
      ErrorSums sums;
      if (!AllHold(shape, limit, from, to, here, &sums).value_or(false)) std::fill_n(out, here, 1);
      continue;
    }
    simd::SquaredErrors(AsDoubles(from, shape.type, values, was), AsDoubles(to, shape.type, values, is), here,
                        shape.components, squares);
    for (size_t i = 0; i < here; ++i) out[i] = !(squares[i] <= safe);
  }
}

}  // namespace

void Settle(const Block& block, const BlockLimit& limit, LineCodes* codes) {
  const LineShape& shape = block.shape;
  if (codes->lines.empty()) return;
  codes->exceptions.clear();
  const Buffer decoded = Reconstruct(shape, *codes);
  std::vector<size_t> per_line(codes->lines.size());
  std::vector<uint8_t> doubt;
  for (size_t l = 0; l < codes->lines.size(); ++l) {
    const std::byte* original = block.line(codes->lines[l]);
    const std::byte* given = decoded.data() + l * shape.line_bytes();
    Doubt(shape, limit, original, given, &doubt);
    for (size_t i = 0; i < doubt.size(); ++i) {
      double error = 0;
      if (doubt[i] == 0 || NumberHolds(shape, limit, original, given, i, &error)) continue;
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
  if (limit.contract.kind == Kind::kRowL2) return QuantiseRows(block, limit);
  const double bound = limit.contract.bound * (limit.contract.kind == Kind::kRms ? limit.rms : 1);
  // Half a step per component, at a right angle if there are two.
  const double largest = bound * (shape.components == 2 ? std::sqrt(2.0) : 2.0) * kRoundingRoom;
  const bool shared = shape.wide() || limit.contract.kind == Kind::kAbs;
  std::optional<StepCode> step = shared ? FloorStep(largest) : FloorPowerOfTwo(largest);
  if (limit.contract.kind == Kind::kRms && limit.rms == 0) step = kUnitStep;  // nothing but zeros and specials
  LineCodes codes{.kind = LineKind::kLattice};
  if (!step.has_value()) return codes;
  codes.lines.resize(block.lines);
  std::iota(codes.lines.begin(), codes.lines.end(), 0);
  codes.steps.resize(block.lines, *step);
  codes.integers.resize(size_t{block.lines} * shape.columns);
  const WideLines wide(block);
  double squares = 0;
  for (uint32_t l = 0; l < block.lines; ++l) {
    const simd::LineError error =
        simd::RoundLine(wide.line(l), shape.columns, shape.components, StepOf(*step), RoundedTypeOf(shape.type),
                        codes.integers.data() + size_t{l} * shape.columns);
    squares = std::max(squares, error.largest);
  }
  // Mostly nothing is left to settle, and that is cheap to tell.
  const bool sound = bound > kSmallestNorm && bound < kLargestNorm && std::sqrt(squares) <= bound;
  if (!sound || AnySpecial(block.values, shape.type, size_t{block.lines} * shape.columns)) Settle(block, limit, &codes);
  return codes;
}

LineCodes QuantiseFrontBits(const Block& block, const BlockLimit& limit) {
  const LineShape& shape = block.shape;
  const FloatLayout layout = LayoutOf(shape.type);
  const uint32_t kept = std::min(MantissaBitsFor(limit.contract.bound), layout.mantissa_bits);
  const uint32_t shift = layout.mantissa_bits - kept;
  Buffer rounded;
  rounded.Resize(block.lines * shape.line_bytes());
  RoundFrontBits(block.values, shape.type, size_t{block.lines} * shape.columns, shift, rounded.data());
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

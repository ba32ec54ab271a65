// Coefficients on a lattice: QuantiseFourier. Everything but the integers at the end stays in the strips that the
// transforms work on.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <vector>

#include "codecs/simd/fourier_kernels.h"
#include "codecs/simd/line_kernels.h"
#include "codecs/simd/quantise_kernels.h"
#include "codecs/zptv/quantise.h"
#include "codecs/zptv/recover.h"
#include "codecs/zptv/section.h"
#include "codecs/zptv/step_search.h"
#include "codecs/zptv/typed_values.h"
#include "codecs/zptv/wide_lines.h"

namespace cortex::zptv {
namespace {

using Kind = ZptvContract::Kind;

// Maximum of the errors of a line's numbers over their standard deviation, to begin with; 256 normal ones: 2.4.
constexpr double kPeakError = 2.4;
// How far the guessed bytes may be above those in the end: measured on Wi-Fi, EEG and MRI they are 0.90 to 1.06 times as
// many, where the bound is on the norm 0.95 to 1.02 times.
constexpr double kGuessedDoubt = 1.08;
constexpr double kGuessedRowDoubt = 1.03;

class FourierSearch {
 public:
  FourierSearch(const Block& block, const BlockLimit& limit)
      : shape_(block.shape), limit_(limit), plan_(simd::FourierPlanOf(block.shape.columns / 2)) {
    const WideLines wide(block);
    std::vector<const double*> from;
    for (uint32_t l = 0; l < block.lines; ++l) {
      if (AnySpecial(block.line(l), shape_.type, shape_.columns)) continue;
      const double norm = std::sqrt(simd::FiniteSquares(wide.line(l), shape_.columns, 1));
      if (!(norm > kSmallestNorm && norm < kLargestNorm)) continue;
      lines_.push_back(l);
      norms_.push_back(norm);
      from.push_back(wide.line(l));
      searches_.emplace_back(FirstStep(norm));
    }
    if (lines_.empty()) return;
    values_ = Strips();
    coefficients_ = Strips();
    simd::LoadFourierStrips(plan_, from.data(), from.size(), values_.as<double>());
    simd::ForwardFourierStrips(plan_, values_.as<double>(), from.size(), coefficients_.as<double>());
    steps_.resize(lines_.size());
    errors_.resize(lines_.size());
    sums_.resize(lines_.size());
  }

  bool empty() const { return lines_.empty(); }

  // About what the coefficients would take with the steps that are guessed.
  double GuessedBytes() {
    if (limit_.contract.kind == Kind::kRowL2) GuessSteps();
    std::vector<StepCode> steps;
    for (size_t i = 0; i < lines_.size(); ++i) {
      steps.push_back(searches_[i].next().value_or(kUnitStep));
      steps_[i] = StepOf(steps.back());
    }
    std::vector<int32_t> planes(lines_.size() * shape_.columns);
    simd::RoundFourierStrips(plan_, coefficients_.as<double>(), steps_.data(), lines_.size(), planes.data());
    return EstimatedSectionBits(shape_, steps, planes.data()) / 8;
  }

  void Run() {
    for (int round = 0; round < kTrialRounds && Ask([](const StepSearch& search) { return search.next().has_value(); });
         ++round) {
      simd::TryFourierSteps(plan_, Trials(), steps_.data(), lines_.size());
      for (size_t i = 0; i < lines_.size(); ++i) {
        if (searches_[i].next().has_value()) searches_[i].Try(Excess(i));
      }
    }
  }

  // The lines whose step was found, and will be found again from their values.
  LineCodes Take() {
    for (size_t i = 0; i < lines_.size(); ++i) {
      steps_[i] = searches_[i].best().has_value() ? StepOf(*searches_[i].best()) : 0;
    }
    std::vector<int32_t> planes(lines_.size() * shape_.columns), integers(planes.size());
    simd::RoundFourierStrips(plan_, coefficients_.as<double>(), steps_.data(), lines_.size(), planes.data());
    simd::TransposeIntegers(planes.data(), shape_.columns, lines_.size(), integers.data());
    const std::vector<LineFit> fits = Fits();
    LineCodes codes{.kind = LineKind::kFourier};
    codes.integers.reserve(integers.size());
    for (size_t i = 0; i < lines_.size(); ++i) {
      if (steps_[i] == 0 || fits[i].special) continue;
      const absl::Span<const int32_t> line(integers.data() + i * shape_.columns, shape_.columns);
      if (!IsFoundFirst(line, steps_[i], fits[i]) && !IsFound(line, *searches_[i].best())) continue;
      codes.lines.push_back(lines_[i]);
      codes.steps.push_back(*searches_[i].best());
      codes.integers.insert(codes.integers.end(), line.begin(), line.end());
    }
    return codes;
  }

 private:
  // What the values that come back look like to who searches their step.
  struct LineFit {
    double largest = 0, squares = 0, distance = 0;
    bool special = false;
  };

  std::optional<StepCode> FirstStep(double norm) const {
    const double points = shape_.columns / 2;
    // A coefficient's rounding errors have variance step²/12 per component, a number's points · step²/6.
    const double deviation = limit_.contract.kind == Kind::kRowL2 ? limit_.contract.bound * norm / std::sqrt(points)
                                                                  : limit_.contract.bound * Unit() / kPeakError;
    return FloorStep(deviation * std::sqrt(6 / points));
  }
  double Unit() const { return limit_.contract.kind == Kind::kRms ? limit_.rms : 1; }

  double Excess(size_t i) const {
    if (limit_.contract.kind == Kind::kRowL2) return std::sqrt(sums_[i]) / (limit_.contract.bound * norms_[i]);
    return std::sqrt(errors_[i]) / (limit_.contract.bound * Unit());
  }

  // The next steps of the searches that `wants` wants; false if there is none.
  template <class Wants>
  bool Ask(const Wants& wants) {
    bool any = false;
    for (size_t i = 0; i < lines_.size(); ++i) {
      const bool wanted = wants(searches_[i]);
      steps_[i] = wanted ? StepOf(*searches_[i].next()) : 0;
      any = any || wanted;
    }
    return any;
  }

  // Where the bound is on the norm of a line's errors, rounding the coefficients tells it, up to a factor and to what
  // rounding to the type adds.
  void GuessSteps() {
    const double factor = std::sqrt(shape_.columns / 2);
    for (int round = 0; round < kGuessRounds && Ask([](const StepSearch& search) { return search.guessing(); });
         ++round) {
      simd::FourierRoundingSquares(plan_, coefficients_.as<double>(), steps_.data(), lines_.size(), sums_.data());
      for (size_t i = 0; i < lines_.size(); ++i) {
        if (!searches_[i].guessing()) continue;
        const bool usable = std::isfinite(1 / steps_[i]);
        searches_[i].Guess(usable ? factor * std::sqrt(sums_[i]) / (limit_.contract.bound * norms_[i]) : HUGE_VAL);
      }
    }
    for (StepSearch& search : searches_) search.EndGuesses();
  }

  Buffer Strips() const {
    Buffer strips;
    strips.Resize(simd::FourierStripDoubles(plan_, lines_.size()) * sizeof(double));
    return strips;
  }
  simd::FourierTrials Trials() {
    return {.values = values_.as<double>(),
            .coefficients = coefficients_.as<double>(),
            .to_float = shape_.type == PhysicalType::kFloat32,
            .largest = errors_.data(),
            .sums = sums_.data()};
  }

  std::vector<LineFit> Fits() {
    Buffer decoded = Strips(), spectrum = Strips();
    simd::FourierTrials trials = Trials();
    trials.decoded = decoded.as<double>();
    // Strips that nobody asked about have no values, and none of their lines is looked at.
    if (std::find(steps_.begin(), steps_.end(), 0) != steps_.end()) std::memset(decoded.data(), 0, decoded.size());
    simd::TryFourierSteps(plan_, trials, steps_.data(), lines_.size());
    simd::ForwardFourierStrips(plan_, decoded.as<double>(), lines_.size(), spectrum.as<double>());
    const size_t count = lines_.size();
    std::vector<double> largest(count), squares(count), distance(count), special(count);
    const bool is_float = shape_.type == PhysicalType::kFloat32;
    const simd::FourierFits fits{.values = decoded.as<double>(),
                                 .coefficients = spectrum.as<double>(),
                                 .rounded = coefficients_.as<double>(),
                                 .smallest_normal = is_float ? 0x1p-126 : 0x1p-1022,
                                 .largest = largest.data(),
                                 .squares = squares.data(),
                                 .distance = distance.data(),
                                 .special = special.data()};
    simd::FitFourierStrips(plan_, fits, steps_.data(), count);
    std::vector<LineFit> of_lines(count);
    for (size_t i = 0; i < count; ++i) of_lines[i] = {largest[i], squares[i], distance[i], special[i] != 0};
    return of_lines;
  }

  // Whether the search for steps from the largest down (recover.h) meets this one first, proved without searching: the
  // coefficients are integers n times the step but for `noise`. For a larger step to pass, it must divide all of them
  // within the noise, with quotients that are fractions of denominator 255 · max |n| at most; so if the noise is below
  // that, the larger step divides the integers themselves, which have no common divisor.
  bool IsFoundFirst(absl::Span<const int32_t> integers, double step, const LineFit& fit) const {
    const double noise = SpectrumNoise(shape_.type, fit.squares);
    const double most = fit.largest / step + 1, tolerance = noise / step;
    if (!(fit.largest > 0x1p-800 && fit.largest < 0x1p800 && most > 2)) return false;
    if (!(fit.distance < 0.99 * tolerance && tolerance < 0.1)) return false;
    if (!(2 * tolerance + most * 0x1p-50 < 1 / (260 * most))) return false;
    int32_t divisor = 0;
    for (const int32_t n : integers) {
      if (divisor == 1) break;
      divisor = std::gcd(divisor, n);
    }
    return divisor == 1;
  }
  bool IsFound(absl::Span<const int32_t> integers, StepCode step) const {
    const Buffer decoded =
        Reconstruct(shape_, {.kind = LineKind::kFourier, .lines = {0}, .steps = {step},
                             .integers = std::vector<int32_t>(integers.begin(), integers.end())});
    return IsFourierLine(shape_, decoded.data());
  }

  const LineShape& shape_;
  const BlockLimit& limit_;
  const simd::FourierPlan& plan_;
  std::vector<uint32_t> lines_;
  std::vector<double> norms_;
  std::vector<StepSearch> searches_;
  Buffer values_, coefficients_;
  // One per line: the steps of a round, the largest |z − ẑ|² and the sum of them.
  std::vector<double> steps_, errors_, sums_;
};

}  // namespace

LineCodes QuantiseFourier(const Block& block, const BlockLimit& limit, double most_bytes) {
  FourierSearch search(block, limit);
  if (search.empty()) return LineCodes{.kind = LineKind::kFourier};
  const double doubt = limit.contract.kind == Kind::kRowL2 ? kGuessedRowDoubt : kGuessedDoubt;
  if (search.GuessedBytes() > doubt * most_bytes) return LineCodes{.kind = LineKind::kFourier};
  search.Run();
  return search.Take();
}

}  // namespace cortex::zptv

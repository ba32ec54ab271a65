#include "codecs/zptv/section.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/simd/fourier_kernels.h"
#include "codecs/simd/line_kernels.h"
#include "codecs/zptv/front_bits.h"
#include "codecs/zptv/polar.h"
#include "codecs/zptv/predict.h"
#include "codecs/zptv/rans_table.h"
#include "codecs/zptv/raw_lines.h"
#include "codecs/zptv/residual_coder.h"
#include "codecs/zptv/typed_values.h"

namespace cortex::zptv {
namespace {

constexpr uint8_t kOneStep = 0;
constexpr uint8_t kStepPerLine = 1;
// Undoing a prediction across steps costs as much as all the rest of decoding: it must save a fiftieth.
constexpr double kRescaleHandicap = 1.02;

bool HasSteps(LineKind kind) { return kind == LineKind::kLattice || kind == LineKind::kFourier; }

std::vector<double> StepValues(absl::Span<const StepCode> codes) {
  std::vector<double> steps;
  steps.reserve(codes.size());
  for (const StepCode code : codes) steps.push_back(StepOf(code));
  return steps;
}

// Line l - 1's step over line l's; empty if they are all equal.
std::vector<double> StepRatios(absl::Span<const StepCode> codes) {
  if (std::all_of(codes.begin(), codes.end(), [&](StepCode code) { return code == codes[0]; })) return {};
  const std::vector<double> steps = StepValues(codes);
  std::vector<double> ratios(steps.size(), 1.0);
  for (size_t l = 1; l < steps.size(); ++l) ratios[l] = steps[l - 1] / steps[l];
  return ratios;
}

// The planes of a section, one behind the other: shape of each, and the mask its integers are taken modulo (phases).
struct Plane {
  PlaneShape shape;
  int32_t mask = -1;
};
std::vector<Plane> PlanesOf(const LineShape& shape, const LineCodes& codes, const std::vector<double>& ratios) {
  const size_t lines = codes.lines.size();
  if (codes.kind == LineKind::kPolar) {
    const PlaneShape half{.columns = shape.columns / 2, .lines = lines, .stride = (shape.stride + 1) / 2};
    return {{half}, {half, static_cast<int32_t>(kPhases - 1)}};
  }
  return {{{.columns = shape.columns,
            .lines = lines,
            .stride = shape.stride,
            .ratios = ratios.empty() ? nullptr : ratios.data()}}};
}

// Phases go round: of residuals that differ by a turn the one nearest to 0.
void WrapPhases(absl::Span<int32_t> residuals) {
  constexpr int32_t kHalf = kPhases / 2;
  for (int32_t& r : residuals) r = ((r + kHalf) & static_cast<int32_t>(kPhases - 1)) - kHalf;
}

// Predictors that a sample of the columns puts within this of the best are compared on all of them.
constexpr double kSampleDoubt = 1.02;
// A quarter of the units of `stride` columns is looked at, but all of planes with fewer values or units: a dozen units do
// not stand for fifty.
constexpr size_t kSampled = 4;
constexpr size_t kFewValues = 8192;
constexpr size_t kFewUnits = 128;
// Fewer bits per value are often those of a few columns, and it is chance how many of them the sample has.
constexpr double kSparseBits = 2;

// Spread evenly and without a period (multiples of the golden ratio): every fourth sub-carrier is not like the others. The
// first unit is not among them: it has nothing on its left.
bool InSample(size_t unit) { return static_cast<uint32_t>(unit * 2654435769u) >> 30 == 1; }

size_t SampleStep(const PlaneShape& shape) {
  const bool few = shape.columns * shape.lines < kFewValues || shape.columns < kFewUnits * shape.stride;
  return few ? 1 : kSampled;
}

bool IsPossible(const PlaneShape& shape, Predictor predictor) {
  if (predictor == Predictor::kLorenzo && shape.ratios != nullptr) return false;
  return predictor < Predictor::kUp || shape.lines > 1;
}

// The residuals of all units, or of the sampled ones if step is not 1, one behind the other; `scratch` holds them all.
absl::Span<int32_t> Residuals(const Plane& plane, Predictor predictor, const int32_t* integers, size_t step,
                              std::vector<int32_t>* scratch) {
  const PlaneShape& shape = plane.shape;
  int32_t* next = scratch->data();
  if (step == 1) {
    Predict(shape, predictor, integers, next);
    next += shape.columns * shape.lines;
  } else {
    for (size_t c = 0; c < shape.columns; c += shape.stride) {
      if (!InSample(c / shape.stride)) continue;
      const size_t count = std::min(shape.stride, shape.columns - c);
      PredictColumns(shape, predictor, integers, c, count, next);
      next += count * shape.lines;
    }
  }
  const absl::Span<int32_t> residuals(scratch->data(), static_cast<size_t>(next - scratch->data()));
  if (plane.mask != -1) WrapPhases(residuals);
  return residuals;
}

// What they would take, for comparison.
double PredictedBits(const Plane& plane, Predictor predictor, const int32_t* integers, size_t step,
                     std::vector<int32_t>* scratch) {
  RansCounts counts = {};
  CountValueTokens(Residuals(plane, predictor, integers, step, scratch), &counts);
  const bool rescales = predictor == Predictor::kUp && plane.shape.ratios != nullptr;
  return EstimatedValueBits(counts) * (rescales ? kRescaleHandicap : 1);
}

// The predictor whose residuals are smallest; they are left in `residuals`.
Predictor ChoosePredictor(const Plane& plane, const int32_t* integers, std::vector<int32_t>* residuals) {
  const size_t values = plane.shape.columns * plane.shape.lines, step = SampleStep(plane.shape);
  residuals->resize(values);
  std::array<double, kLastPredictor + 1> sampled = {};
  double least = HUGE_VAL;
  for (uint8_t p = 0; p <= kLastPredictor && step > 1; ++p) {
    if (!IsPossible(plane.shape, static_cast<Predictor>(p))) continue;
    sampled[p] = PredictedBits(plane, static_cast<Predictor>(p), integers, step, residuals);
    least = std::min(least, sampled[p]);
  }
  if (least < kSparseBits * static_cast<double>(values / step)) least = HUGE_VAL;  // all are in doubt
  const auto in_doubt = [&](uint8_t p) {
    return IsPossible(plane.shape, static_cast<Predictor>(p)) && sampled[p] <= kSampleDoubt * least;
  };
  auto best = Predictor::kNone, last = Predictor::kNone;
  double best_bits = HUGE_VAL;
  int doubtful = 0;
  for (uint8_t p = 0; p <= kLastPredictor; ++p) {
    if (!in_doubt(p)) continue;
    ++doubtful;
    last = static_cast<Predictor>(p);
  }
  if (doubtful == 1) {
    best = last;
    last = static_cast<Predictor>(kLastPredictor + 1);  // not predicted yet
  } else {
    for (uint8_t p = 0; p <= kLastPredictor; ++p) {
      if (!in_doubt(p)) continue;
      const double bits = PredictedBits(plane, static_cast<Predictor>(p), integers, 1, residuals);
      if (bits < best_bits) best_bits = bits, best = static_cast<Predictor>(p);
    }
  }
  if (best != last) {
    Predict(plane.shape, best, integers, residuals->data());
    if (plane.mask != -1) WrapPhases(absl::MakeSpan(*residuals));
  }
  return best;
}

absl::Status EncodePlane(const Plane& plane, const int32_t* integers, std::string* out) {
  thread_local std::vector<int32_t> residuals;
  out->push_back(static_cast<char>(ChoosePredictor(plane, integers, &residuals)));
  return EncodeResiduals(plane.shape, residuals.data(), out);
}

absl::Status DecodePlane(const Plane& plane, ByteReader* in, int32_t* integers) {
  uint8_t predictor = 0;
  RETURN_IF_ERROR(in->Read(&predictor));
  if (predictor > kLastPredictor ||
      (static_cast<Predictor>(predictor) == Predictor::kLorenzo && plane.shape.ratios != nullptr)) {
    return absl::DataLossError(absl::StrFormat("zptv plane has predictor %d", predictor));
  }
  RETURN_IF_ERROR(DecodeResiduals(plane.shape, in, integers));
  Undo(plane.shape, static_cast<Predictor>(predictor), integers);
  if (plane.mask != -1) {
    for (size_t i = 0; i < plane.shape.columns * plane.shape.lines; ++i) integers[i] &= plane.mask;
  }
  return absl::OkStatus();
}

void PutStepCode(StepCode code, std::string* out) {
  for (int byte = 0; byte < 3; ++byte) out->push_back(static_cast<char>(code >> (8 * byte)));
}

void EncodeParameters(const LineCodes& codes, std::string* out) {
  if (HasSteps(codes.kind)) {
    const bool one = StepRatios(codes.steps).empty();
    out->push_back(static_cast<char>(one ? kOneStep : kStepPerLine));
    for (const StepCode code : absl::MakeSpan(codes.steps).first(one ? 1 : codes.steps.size())) PutStepCode(code, out);
    return;
  }
  out->push_back(static_cast<char>(codes.shift));
  ByteWriter(out).PutVarint(codes.base);
}

absl::Status DecodeSteps(ByteReader* in, size_t lines, std::vector<StepCode>* steps) {
  uint8_t mode = 0;
  RETURN_IF_ERROR(in->Read(&mode));
  if (mode > kStepPerLine) return absl::DataLossError(absl::StrFormat("zptv section has step mode %d", mode));
  absl::Span<const std::byte> bytes;
  const size_t count = mode == kOneStep ? 1 : lines;
  RETURN_IF_ERROR(in->ReadBytes(3 * count, &bytes));
  for (size_t i = 0; i < count; ++i) {
    StepCode code = 0;
    for (size_t byte = 0; byte < 3; ++byte) code |= static_cast<StepCode>(bytes[3 * i + byte]) << (8 * byte);
    if (code > kMaxStepCode) return absl::DataLossError(absl::StrFormat("zptv step %d is unknown", code));
    steps->push_back(code);
  }
  steps->resize(lines, steps->front());
  return absl::OkStatus();
}

absl::Status DecodeParameters(const LineShape& shape, ByteReader* in, LineCodes* codes) {
  if (HasSteps(codes->kind)) return DecodeSteps(in, codes->lines.size(), &codes->steps);
  uint8_t shift = 0;
  RETURN_IF_ERROR(in->Read(&shift));
  RETURN_IF_ERROR(in->ReadVarint(&codes->base));
  const uint32_t bits = codes->kind == LineKind::kPolar ? 64 : LayoutOf(shape.type).bits;
  if (shift >= bits) return absl::DataLossError(absl::StrFormat("zptv section drops %d of %d bits", shift, bits));
  codes->shift = shift;
  return absl::OkStatus();
}

void EncodeExceptions(const LineShape& shape, const LineCodes& codes, std::string* out) {
  ByteWriter writer(out);
  writer.PutVarint(codes.exceptions.size());
  uint32_t previous = 0;
  for (const Exception& exception : codes.exceptions) {
    writer.PutVarint(exception.position - previous);
    previous = exception.position;
  }
  for (const Exception& exception : codes.exceptions) {
    out->append(reinterpret_cast<const char*>(&exception.bits), shape.width());
  }
}

absl::Status DecodeExceptions(const LineShape& shape, ByteReader* in, absl::Span<std::byte* const> out) {
  uint64_t count = 0;
  RETURN_IF_ERROR(in->ReadVarint(&count));
  const uint64_t values = uint64_t{shape.columns} * out.size();
  if (count > values) {
    return absl::DataLossError(absl::StrFormat("zptv section has %d exceptions for %d values", count, values));
  }
  std::vector<uint64_t> positions(count);
  uint64_t position = 0;
  for (uint64_t& p : positions) {
    uint64_t distance = 0;
    RETURN_IF_ERROR(in->ReadVarint(&distance));
    if (distance >= values - position) return absl::DataLossError("zptv exception lies outside its section");
    p = position += distance;
  }
  absl::Span<const std::byte> bytes;
  RETURN_IF_ERROR(in->ReadBytes(count * shape.width(), &bytes));
  for (size_t i = 0; i < count; ++i) {
    std::byte* const line = out[positions[i] / shape.columns];
    if (line == nullptr) continue;
    std::memcpy(line + positions[i] % shape.columns * shape.width(), bytes.data() + i * shape.width(), shape.width());
  }
  return absl::OkStatus();
}

// Line pointers as the kernels want them.
template <typename T>
std::vector<T*> Typed(absl::Span<std::byte* const> out) {
  std::vector<T*> lines;
  lines.reserve(out.size());
  for (std::byte* line : out) lines.push_back(reinterpret_cast<T*>(line));
  return lines;
}

template <typename T>
void ReconstructSteps(const LineShape& shape, const LineCodes& codes, const int32_t* planes,
                      absl::Span<std::byte* const> out) {
  const std::vector<double> steps = StepValues(codes.steps);
  const std::vector<T*> lines = Typed<T>(out);
  if constexpr (!std::is_same_v<T, Half>) {
    if (codes.kind == LineKind::kFourier) {
      const simd::FourierPlan& plan = simd::FourierPlanOf(shape.columns / 2);
      return simd::InverseFourierLines(plan, planes, lines.size(), steps.data(), lines.data());
    }
  }
  simd::ScaleLines(planes, shape.columns, lines.size(), steps.data(), lines.data());
}

template <typename Bits>
void ReconstructFrontBits(const LineShape& shape, const LineCodes& codes, const int32_t* planes,
                          absl::Span<std::byte* const> out) {
  thread_local std::vector<int32_t> integers;
  integers.resize(shape.columns * out.size());
  simd::TransposeIntegers(planes, shape.columns, out.size(), integers.data());
  for (size_t l = 0; l < out.size(); ++l) {
    BitsOfFrontIntegers<Bits>(integers.data() + l * shape.columns, shape.columns, codes.shift, codes.base, out[l]);
  }
}

void ReconstructPolar(const LineShape& shape, const LineCodes& codes, const int32_t* planes,
                      absl::Span<std::byte* const> out) {
  const FloatLayout layout = LayoutOf(PhysicalType::kFloat64);
  const size_t points = shape.columns / 2;
  const int32_t* phases = planes + points * out.size();
  for (size_t l = 0; l < out.size(); ++l) {
    for (size_t t = 0; t < points; ++t) {
      const int32_t amplitude = planes[t * out.size() + l];
      const Polar polar{BitsOfFrontInteger(amplitude, layout, codes.shift, codes.base),
                        static_cast<uint32_t>(phases[t * out.size() + l]) % kPhases};
      uint64_t re = 0, im = 0;
      FromPolar(polar, shape.type, &re, &im);
      PutBits(re, shape.type, 2 * t, out[l]);
      PutBits(im, shape.type, 2 * t + 1, out[l]);
    }
  }
}

// Reconstructs the lines that are wanted.
void ReconstructWanted(const LineShape& shape, const LineCodes& codes, const int32_t* planes,
                       absl::Span<std::byte* const> out) {
  const size_t lines = out.size();
  LineCodes wanted{.kind = codes.kind, .shift = codes.shift, .base = codes.base};
  std::vector<std::byte*> to;
  for (uint32_t l = 0; l < lines; ++l) {
    if (out[l] == nullptr) continue;
    to.push_back(out[l]);
    wanted.lines.push_back(l);
    if (!codes.steps.empty()) wanted.steps.push_back(codes.steps[l]);
  }
  if (to.size() == lines) return ReconstructLines(shape, codes, planes, out);
  std::vector<int32_t> picked(shape.columns * to.size());
  for (size_t c = 0; c < shape.columns; ++c) {
    for (size_t i = 0; i < to.size(); ++i) picked[c * to.size() + i] = planes[c * lines + wanted.lines[i]];
  }
  ReconstructLines(shape, wanted, picked.data(), to);
}

// Whether lines of this shape can be of that kind at all.
bool IsPossible(const LineShape& shape, LineKind kind) {
  if (kind == LineKind::kFourier) return CanTransform(shape);
  return kind != LineKind::kPolar || shape.components == 2;
}

}  // namespace

bool CanTransform(const LineShape& shape) {
  return shape.wide() && shape.components == 2 && shape.type != PhysicalType::kFloat16 &&
         simd::IsFourierSize(shape.columns / 2);
}

std::vector<int32_t> TransposeIntegers(const LineShape& shape, const LineCodes& codes) {
  std::vector<int32_t> planes(codes.integers.size());
  simd::TransposeIntegers(codes.integers.data(), codes.lines.size(), shape.columns, planes.data());
  return planes;
}

void ReconstructLines(const LineShape& shape, const LineCodes& codes, const int32_t* planes,
                      absl::Span<std::byte* const> out) {
  if (codes.kind == LineKind::kFrontBits) {
    if (shape.width() == 8) return ReconstructFrontBits<uint64_t>(shape, codes, planes, out);
    if (shape.width() == 4) return ReconstructFrontBits<uint32_t>(shape, codes, planes, out);
    return ReconstructFrontBits<uint16_t>(shape, codes, planes, out);
  }
  if (codes.kind == LineKind::kPolar) return ReconstructPolar(shape, codes, planes, out);
  if (shape.type == PhysicalType::kFloat64) return ReconstructSteps<double>(shape, codes, planes, out);
  if (shape.type == PhysicalType::kFloat32) return ReconstructSteps<float>(shape, codes, planes, out);
  ReconstructSteps<Half>(shape, codes, planes, out);
}

double EstimatedSectionBits(const LineShape& shape, absl::Span<const StepCode> steps, const int32_t* planes) {
  const std::vector<double> ratios = StepRatios(steps);
  const Plane plane{{.columns = shape.columns,
                     .lines = steps.size(),
                     .stride = shape.stride,
                     .ratios = ratios.empty() ? nullptr : ratios.data()}};
  const size_t step = SampleStep(plane.shape);
  std::vector<int32_t> scratch(plane.shape.columns * plane.shape.lines);
  auto best = Predictor::kNone;
  double best_bits = HUGE_VAL;
  for (uint8_t p = 0; p <= kLastPredictor; ++p) {
    if (!IsPossible(plane.shape, static_cast<Predictor>(p))) continue;
    const double bits = PredictedBits(plane, static_cast<Predictor>(p), planes, step, &scratch);
    if (bits < best_bits) best_bits = bits, best = static_cast<Predictor>(p);
  }
  const absl::Span<const int32_t> residuals = Residuals(plane, best, planes, step, &scratch);
  PlaneShape sampled = plane.shape;
  sampled.columns = residuals.size() / plane.shape.lines;
  const double share = static_cast<double>(sampled.columns) / static_cast<double>(plane.shape.columns);
  return EstimatedResidualBits(sampled, residuals.data()) / share;
}

absl::Status EncodeSection(const LineShape& shape, const LineCodes& codes, std::string* out) {
  out->push_back(static_cast<char>(codes.kind));
  EncodeParameters(codes, out);
  const std::vector<double> ratios = StepRatios(codes.steps);
  const std::vector<int32_t> integers = TransposeIntegers(shape, codes);
  const int32_t* next = integers.data();
  for (const Plane& plane : PlanesOf(shape, codes, ratios)) {
    RETURN_IF_ERROR(EncodePlane(plane, next, out));
    next += plane.shape.columns * plane.shape.lines;
  }
  EncodeExceptions(shape, codes, out);
  return absl::OkStatus();
}

absl::Status DecodeSection(const LineShape& shape, absl::Span<const std::byte> bytes,
                           absl::Span<std::byte* const> out) {
  ByteReader in(bytes);
  uint8_t kind = 0;
  RETURN_IF_ERROR(in.Read(&kind));
  LineCodes codes{.kind = static_cast<LineKind>(kind)};
  if (kind > kLastLineKind || !IsPossible(shape, codes.kind)) {
    return absl::DataLossError(absl::StrFormat("zptv section has kind %d", kind));
  }
  if (codes.kind == LineKind::kRaw) {
    RETURN_IF_ERROR(DecodeRawLines(shape, &in, out));
  } else {
    codes.lines.resize(out.size());
    RETURN_IF_ERROR(DecodeParameters(shape, &in, &codes));
    const std::vector<double> ratios = StepRatios(codes.steps);
    thread_local std::vector<int32_t> integers;
    integers.resize(size_t{shape.columns} * out.size());
    int32_t* next = integers.data();
    for (const Plane& plane : PlanesOf(shape, codes, ratios)) {
      RETURN_IF_ERROR(DecodePlane(plane, &in, next));
      next += plane.shape.columns * plane.shape.lines;
    }
    ReconstructWanted(shape, codes, integers.data(), out);
    RETURN_IF_ERROR(DecodeExceptions(shape, &in, out));
  }
  if (in.remaining() != 0) return absl::DataLossError(absl::StrFormat("%d bytes behind a zptv section", in.remaining()));
  return absl::OkStatus();
}

}  // namespace cortex::zptv

#include "codecs/zptv/sketch/polar.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/simd/distance_kernels.h"
#include "codecs/zptv/sketch/row_values.h"

namespace cortex {
namespace {

constexpr size_t kAlignment = simd::kPlaneAlignment;
constexpr double kPi = 3.14159265358979323846;
constexpr double kQueryUnit = 2 * kPi / 0x1p14;
constexpr double kPhaseSlack = 0x1p-30;
constexpr double kMeanSlack = 0x1p-50;
constexpr size_t kBatchRows = 64;

// The nearest multiple of 1/units of a turn; `rest` is what the phase has beyond it.
uint32_t TurnCode(double phase, int units, double* rest) {
  if (!std::isfinite(phase)) phase = 0;  // of a row whose amplitudes are undecidable
  const double unit = 2 * kPi / units;
  // In (−π, π], so that the sum is positive: rounds to nearest.
  const int nearest = static_cast<int>(phase / unit + units + 0.5) - units;
  *rest = phase - nearest * unit;
  return static_cast<uint32_t>((nearest + units) % units);
}

std::vector<double> AmplitudesOf(absl::Span<const double> query) {
  std::vector<double> amplitudes(query.size() / 2), phases(query.size() / 2);
  simd::ToPolar(query, amplitudes.data(), phases.data());
  return amplitudes;
}

// Sixteenths of a turn of one row into its plane; returns the residual, rounded up.
float PutPhases(absl::Span<const double> phases, uint32_t plane_bytes, uint8_t* plane) {
  double error = 0;
  for (size_t i = 0; i < phases.size(); ++i) {
    double rest;
    const uint32_t code = TurnCode(phases[i], 16, &rest);
    error += rest * rest;
    plane[i % plane_bytes] = static_cast<uint8_t>(plane[i % plane_bytes] | code << (i < plane_bytes ? 0 : 4));
  }
  const auto residual = static_cast<float>(std::sqrt(error) * (1 + kPhaseSlack) + kPhaseSlack);
  return std::nextafter(residual, std::numeric_limits<float>::infinity());
}

}  // namespace

PolarBlockLayout::PolarBlockLayout(uint32_t rows, uint32_t components)
    : plane_bytes(SketchBlockLayout(rows, components).plane_bytes),
      plane_begin((rows * sizeof(float) + kAlignment - 1) / kAlignment * kAlignment),
      amplitudes_begin(plane_begin + size_t{rows} * plane_bytes),
      bytes(amplitudes_begin + SketchBlockLayout(rows, components).bytes) {}

Buffer BuildPolarBlock(const ValueSpan& rows) {
  const uint32_t components = rows.shape.values_per_row / 2;
  const PolarBlockLayout layout(rows.row_count, components);
  Buffer block;
  block.Resize(layout.bytes);
  std::memset(block.data(), 0, layout.bytes);
  std::vector<double> row(rows.shape.values_per_row), phases(components);
  std::vector<double> amplitudes(size_t{rows.row_count} * components);
  for (uint32_t r = 0; r < rows.row_count; ++r) {
    WidenRow(rows, r, row.data());
    simd::ToPolar(row, amplitudes.data() + size_t{r} * components, phases.data());
    const float residual = PutPhases(phases, layout.plane_bytes,
                                     block.as<uint8_t>() + layout.plane_begin + size_t{r} * layout.plane_bytes);
    std::memcpy(block.data() + r * sizeof(float), &residual, sizeof(residual));
  }
  const Buffer amplitude_block = BuildSketchBlock({.shape = {PhysicalType::kFloat64, components},
                                                   .row_count = rows.row_count,
                                                   .fixed = reinterpret_cast<const std::byte*>(amplitudes.data())});
  std::memcpy(block.data() + layout.amplitudes_begin, amplitude_block.data(), amplitude_block.size());
  return block;
}

absl::StatusOr<PolarBlock> PolarBlock::Open(absl::Span<const std::byte> bytes, uint32_t rows, uint32_t components) {
  if (rows == 0 || rows > kSketchBlockRows || components == 0) {
    return absl::DataLossError(absl::StrFormat("polar block of %d rows of %d components", rows, components));
  }
  const PolarBlockLayout layout(rows, components);
  if (bytes.size() != layout.bytes) {
    return absl::DataLossError(absl::StrFormat("polar block has %d bytes, %d rows of %d components take %d",
                                               bytes.size(), rows, components, layout.bytes));
  }
  ASSIGN_OR_RETURN(const SketchBlock amplitudes,
                   SketchBlock::Open(bytes.subspan(layout.amplitudes_begin), rows, components));
  const PolarBlock block(bytes.data(), layout, amplitudes);
  for (uint32_t row = 0; row < rows; ++row) {
    const float residual = block.phase_residuals()[row];
    if (!(residual >= 0 && residual < std::numeric_limits<float>::infinity())) {
      return absl::DataLossError(absl::StrFormat("polar block: phases of row %d are off by %g", row, residual));
    }
  }
  return block;
}

PolarBlockQuery::PolarBlockQuery(const PolarBlock& block, absl::Span<const double> query)
    : block_(block),
      amplitude_query_(block.amplitudes(), AmplitudesOf(query), CanonicalPrecision::kFloat64),
      phases_(size_t{2} * block.plane_bytes(), 0) {
  std::vector<double> amplitudes(block.components()), phases(block.components());
  simd::ToPolar(query, amplitudes.data(), phases.data());
  double error = 0;
  for (size_t i = 0; i < phases.size(); ++i) {
    double rest;
    const uint32_t code = TurnCode(phases[i], 1 << 14, &rest);
    error += rest * rest;
    phases_[i] = static_cast<uint16_t>(4 * code);
  }
  phase_error_ = std::sqrt(error) * (1 + kPhaseSlack) + kPhaseSlack;
}

SquaredInterval PolarBlockQuery::WholeBlock() const {
  const SquaredInterval amplitudes = amplitude_query_.WholeBlock();
  const double m = block_.components();
  return {amplitudes.lower * (1 - kMeanSlack) / m, (amplitudes.upper / m + kPi * kPi) * (1 + kPhaseSlack)};
}

void PolarBlockQuery::AddPhases(uint32_t row, double squared_turns, double* lower, double* upper) const {
  const double m = block_.components();
  const double distance = std::sqrt(squared_turns) * kQueryUnit;
  const double wide = block_.phase_residuals()[row] + phase_error_ + kPhaseSlack * std::sqrt(m);
  const double least = std::max(0.0, distance * (1 - kPhaseSlack) - wide);
  const double most = distance * (1 + kPhaseSlack) + wide;
  const double largest = m * (kPi * kPi * (1 + kPhaseSlack));
  *lower = (*lower + least * least * (1 - kPhaseSlack)) / m * (1 - kMeanSlack);
  *upper = (*upper + std::min(most * most * (1 + kPhaseSlack), largest)) / m * (1 + kMeanSlack);
}

void PolarBlockQuery::Coarse(uint32_t first, uint32_t count, double* lower, double* upper) const {
  amplitude_query_.Coarse(first, count, lower, upper);
  double squares[kBatchRows];
  for (uint32_t done = 0; done < count;) {
    const uint32_t batch = std::min<uint32_t>(count - done, kBatchRows);
    simd::SquaredTurns(block_.phases() + size_t{first + done} * block_.plane_bytes(), batch, block_.plane_bytes(),
                       phases_.data(), squares);
    for (uint32_t i = 0; i < batch; ++i) {
      AddPhases(first + done + i, squares[i], lower + done + i, upper + done + i);
    }
    done += batch;
  }
}

void PolarBlockQuery::Fine(absl::Span<const uint32_t> rows, double* lower, double* upper) const {
  amplitude_query_.Fine(rows, lower, upper);
  for (size_t i = 0; i < rows.size(); ++i) {
    double squares;
    simd::SquaredTurns(block_.phases() + size_t{rows[i]} * block_.plane_bytes(), 1, block_.plane_bytes(),
                       phases_.data(), &squares);
    AddPhases(rows[i], squares, lower + i, upper + i);
  }
}

}  // namespace cortex

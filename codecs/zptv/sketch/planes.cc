#include "codecs/zptv/sketch/planes.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <limits>
#include <vector>

#include "absl/strings/str_format.h"
#include "codecs/bytes/status_macros.h"
#include "codecs/simd/distance_kernels.h"
#include "codecs/zptv/sketch/row_values.h"

namespace cortex {
namespace {

constexpr size_t kAlignment = simd::kPlaneAlignment;
constexpr int kFineLimit = 119;  // codes of the largest component; −120 would do as well
// Beyond this a row of a block with norms near 1 is undecidable: its squares would drown the others in float32.
constexpr double kLargestNorm = 0x1p40;
// Below this scales leave the precise range of float32; the row is then all residual.
constexpr double kSmallestComponent = 0x1p-60;
// Rows much larger than the median one do not pull the centroid.
constexpr double kCentroidReach = 4;
constexpr float kUndecidable = std::numeric_limits<float>::infinity();

enum NormArray {
  kSquared,
  kCoarseLength,
  kCoarseInverse,
  kCoarseResidual,
  kFineLength,
  kFineInverse,
  kFineResidual,
  kNormArrays
};

size_t RoundUp(size_t size, size_t alignment) { return (size + alignment - 1) / alignment * alignment; }

// The sums behind these numbers have up to 2^19 terms and errors of 2^−33; the factor covers them, and the float above
// covers its own rounding.
float Above(double value) {
  return std::nextafter(static_cast<float>(value * (1 + 0x1p-30)), std::numeric_limits<float>::infinity());
}
float Below(double value) { return std::max(0.0f, std::nextafter(static_cast<float>(value * (1 - 0x1p-30)), 0.0f)); }

double NormOf(absl::Span<const double> values) { return std::sqrt(simd::SquaredNorm(values)); }

double LargestOf(absl::Span<const double> values) {
  double largest[4] = {};  // four chains: one would wait for itself at every step
  size_t i = 0;
  for (; i + 4 <= values.size(); i += 4) {
    for (size_t k = 0; k < 4; ++k) largest[k] = std::max(largest[k], std::abs(values[i + k]));
  }
  for (; i < values.size(); ++i) largest[0] = std::max(largest[0], std::abs(values[i]));
  return std::max(std::max(largest[0], largest[1]), std::max(largest[2], largest[3]));
}

struct Level {
  float length, inverse, residual;
};

// Least-squares fit of integer codes (not all zero) to y; uses `fitted` for the fit.
Level FitLevel(absl::Span<const double> y, absl::Span<const double> codes, double norm, absl::Span<double> fitted) {
  const double squares = simd::SquaredNorm(codes);  // an exact integer
  const auto scale = static_cast<double>(static_cast<float>(simd::InnerProduct(y, codes) / squares));
  for (size_t i = 0; i < y.size(); ++i) fitted[i] = scale * codes[i];
  const double error = simd::SquaredL2(y, absl::Span<const double>(fitted));
  const double code_norm = std::sqrt(squares);
  return {.length = static_cast<float>(scale * code_norm),
          .inverse = static_cast<float>(1 / code_norm),
          .residual = Above(std::sqrt(error) + 0x1p-50 * norm)};
}

class BlockBuilder {
 public:
  explicit BlockBuilder(const ValueSpan& rows)
      : rows_(rows),
        layout_(rows.row_count, rows.shape.values_per_row),
        y_(layout_.components),
        fine_(y_.size()),
        coarse_(y_.size()),
        fitted_(y_.size()) {
    block_.Resize(layout_.bytes);
    std::memset(block_.data(), 0, layout_.bytes);
  }

  Buffer Build() && {
    ChooseUnit();
    ChooseCentroid();
    double least = std::numeric_limits<double>::infinity(), most = 0;
    for (uint32_t row = 0; row < rows_.row_count; ++row) {
      const double norm = CenterRow(row);
      if (!(norm <= kLargestNorm) || !describable_) {
        MarkUndecidable(row);
        continue;
      }
      least = std::min(least, norm);
      most = std::max(most, norm);
      SketchRow(row, norm);
    }
    if (least <= most) {
      head_.min_norm = Below(least);
      head_.max_norm = Above(most);
    }
    std::memcpy(block_.data(), &head_, sizeof(head_));
    return std::move(block_);
  }

 private:
  // The power of two just below the median norm.
  void ChooseUnit() {
    norms_.reserve(rows_.row_count);
    for (uint32_t row = 0; row < rows_.row_count; ++row) {
      WidenRow(rows_, row, y_.data());
      norms_.push_back(AnyNorm());
    }
    std::vector<double> finite;
    std::copy_if(norms_.begin(), norms_.end(), std::back_inserter(finite), [](double n) { return std::isfinite(n); });
    describable_ = !finite.empty();
    if (finite.empty()) return;
    std::nth_element(finite.begin(), finite.begin() + static_cast<ptrdiff_t>(finite.size() / 2), finite.end());
    median_ = finite[finite.size() / 2];
    if (median_ == 0) return;
    const int exponent = std::ilogb(median_);
    describable_ = std::abs(exponent) <= kMaxSketchExponent;
    if (describable_) head_.exponent = exponent;
  }

  // The norm of y_, whose squares may be out of range: then y_ is scaled.
  double AnyNorm() {
    const double norm = NormOf(y_);
    if (norm > 0x1p-480 && norm < 0x1p480) return norm;
    const double largest = LargestOf(y_);
    if (!(largest > 0 && std::isfinite(largest))) return norm;
    const int exponent = std::ilogb(largest);
    const double first = std::ldexp(1.0, -exponent / 2), second = std::ldexp(1.0, -exponent - -exponent / 2);
    for (double& v : y_) v = v * first * second;
    return std::ldexp(NormOf(y_), exponent);
  }

  void ChooseCentroid() {
    std::vector<double> sum(layout_.components, 0.0);
    uint32_t summed = 0;
    const double reach = describable_ ? kCentroidReach * median_ : 0;
    const double unit = std::ldexp(1.0, -head_.exponent);
    for (uint32_t row = 0; row < rows_.row_count; ++row) {
      if (!(norms_[row] <= reach)) continue;
      WidenRow(rows_, row, y_.data());
      for (size_t i = 0; i < y_.size(); ++i) sum[i] += y_[i] * unit;
      ++summed;
    }
    centroid_.resize(layout_.components, 0.0f);
    for (size_t i = 0; i < sum.size() && summed > 0; ++i) centroid_[i] = static_cast<float>(sum[i] / summed);
    std::memcpy(block_.data() + layout_.centroid_begin, centroid_.data(), centroid_.size() * sizeof(float));
  }

  // y of a row, and its norm: infinite or NaN if the row is not finite.
  double CenterRow(uint32_t row) {
    WidenRow(rows_, row, y_.data());
    const double unit = std::ldexp(1.0, -head_.exponent);
    for (size_t i = 0; i < y_.size(); ++i) y_[i] = y_[i] * unit - centroid_[i];
    return NormOf(y_);
  }

  void SketchRow(uint32_t row, double norm) {
    PutNorm(kSquared, row, static_cast<float>(norm * norm));
    const double largest = LargestOf(y_);
    const bool tiny = largest < kSmallestComponent;
    const double steps = tiny ? 0 : kFineLimit / largest;
    for (size_t i = 0; i < y_.size(); ++i) {
      const int fine = static_cast<int>(y_[i] * steps + 128.5) - 128;  // to nearest: the sum is positive
      fine_[i] = fine;
      coarse_[i] = (fine + 8) >> 4;
    }
    PutCodes(row);
    if (tiny) {
      PutNorm(kCoarseResidual, row, Above(norm));
      PutNorm(kFineResidual, row, Above(norm));
      return;
    }
    PutLevel(kCoarseLength, row, FitLevel(y_, coarse_, norm, absl::MakeSpan(fitted_)));
    PutLevel(kFineLength, row, FitLevel(y_, fine_, norm, absl::MakeSpan(fitted_)));
  }

  void MarkUndecidable(uint32_t row) {
    ++head_.undecidable_rows;
    PutNorm(kCoarseResidual, row, kUndecidable);
    PutNorm(kFineResidual, row, kUndecidable);
    std::fill(fine_.begin(), fine_.end(), 0);
    std::fill(coarse_.begin(), coarse_.end(), 0);
    PutCodes(row);
  }

  void PutLevel(int first_array, uint32_t row, const Level& level) {
    PutNorm(first_array, row, level.length);
    PutNorm(first_array + 1, row, level.inverse);
    PutNorm(first_array + 2, row, level.residual);
  }
  void PutNorm(int array, uint32_t row, float value) {
    const size_t index = static_cast<size_t>(array) * layout_.padded_rows + row;
    std::memcpy(block_.data() + layout_.norms_begin + index * sizeof(float), &value, sizeof(float));
  }
  // Components beyond the row's keep nibble 0; queries are 0 there.
  void PutCodes(uint32_t row) {
    auto* high = reinterpret_cast<uint8_t*>(block_.data() + layout_.high_begin) + size_t{row} * layout_.plane_bytes;
    auto* low = reinterpret_cast<uint8_t*>(block_.data() + layout_.low_begin) + size_t{row} * layout_.plane_bytes;
    const auto high_nibble = [&](size_t i) { return static_cast<int>(coarse_[i]) + 8; };
    const auto low_nibble = [&](size_t i) {
      return static_cast<int>(fine_[i]) - 16 * static_cast<int>(coarse_[i]) + 8;
    };
    const size_t first = std::min<size_t>(layout_.plane_bytes, y_.size());
    for (size_t i = 0; i < first; ++i) {
      high[i] = static_cast<uint8_t>(high_nibble(i));
      low[i] = static_cast<uint8_t>(low_nibble(i));
    }
    for (size_t i = first; i < y_.size(); ++i) {
      high[i - first] = static_cast<uint8_t>(high[i - first] | high_nibble(i) << 4);
      low[i - first] = static_cast<uint8_t>(low[i - first] | low_nibble(i) << 4);
    }
  }

  const ValueSpan& rows_;
  const SketchBlockLayout layout_;
  SketchBlockHead head_ = {};
  bool describable_ = true;
  double median_ = 0;
  std::vector<double> norms_;
  std::vector<float> centroid_;
  std::vector<double> y_;
  std::vector<double> fine_, coarse_;  // codes
  std::vector<double> fitted_;
  Buffer block_;
};

}  // namespace

SketchBlockLayout::SketchBlockLayout(uint32_t row_count, uint32_t component_count)
    : rows(row_count),
      components(component_count),
      plane_bytes(static_cast<uint32_t>(RoundUp((size_t{component_count} + 1) / 2, kAlignment))),
      padded_rows(static_cast<uint32_t>(RoundUp(row_count, kAlignment / sizeof(float)))),
      centroid_begin(kAlignment),
      norms_begin(centroid_begin + RoundUp(size_t{component_count} * sizeof(float), kAlignment)),
      high_begin(norms_begin + size_t{kNormArrays} * padded_rows * sizeof(float)),
      low_begin(high_begin + size_t{row_count} * plane_bytes),
      bytes(low_begin + size_t{row_count} * plane_bytes) {
  static_assert(sizeof(SketchBlockHead) <= kAlignment);
}

Buffer BuildSketchBlock(const ValueSpan& rows) { return BlockBuilder(rows).Build(); }

absl::StatusOr<SketchBlock> SketchBlock::Open(absl::Span<const std::byte> bytes, uint32_t rows, uint32_t components,
                                              Level up_to) {
  if (rows == 0 || rows > kSketchBlockRows || components == 0) {
    return absl::DataLossError(absl::StrFormat("sketch block of %d rows of %d components", rows, components));
  }
  const SketchBlockLayout layout(rows, components);
  const size_t want = up_to == Level::kFine ? layout.bytes : layout.low_begin;
  if (bytes.size() != want) {
    return absl::DataLossError(absl::StrFormat("sketch block has %d bytes, %d rows of %d components take %d",
                                               bytes.size(), rows, components, want));
  }
  SketchBlockHead head;
  std::memcpy(&head, bytes.data(), sizeof(head));
  const SketchBlock block(bytes.data(), layout, head, up_to);
  RETURN_IF_ERROR(block.Check());
  return block;
}

absl::Status SketchBlock::Check() const {
  const auto sound = [](float value) { return value >= 0 && value < std::numeric_limits<float>::infinity(); };
  bool good = std::abs(head_.exponent) <= kMaxSketchExponent && head_.undecidable_rows <= rows() &&
              sound(head_.min_norm) && sound(head_.max_norm);
  for (const float value : centroid()) good &= std::isfinite(value);
  for (size_t array = 0; array < kNormArrays; ++array) {
    const bool residual = array == kCoarseResidual || array == kFineResidual;
    for (uint32_t row = 0; row < rows(); ++row) {
      const float value = norm_array(array)[row];
      good &= sound(value) || (residual && value == kUndecidable);
    }
  }
  return good ? absl::OkStatus() : absl::DataLossError("sketch block holds impossible numbers");
}

simd::SketchNorms SketchBlock::norms(Level level) const {
  const bool coarse = level == Level::kCoarse;
  return {.squared = norm_array(kSquared),
          .length = norm_array(coarse ? kCoarseLength : kFineLength),
          .inverse = norm_array(coarse ? kCoarseInverse : kFineInverse),
          .residual = norm_array(coarse ? kCoarseResidual : kFineResidual)};
}

}  // namespace cortex

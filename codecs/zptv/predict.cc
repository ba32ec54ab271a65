#include "codecs/zptv/predict.h"

#include "codecs/simd/line_kernels.h"
#include "codecs/zptv/step.h"

namespace cortex::zptv {
namespace {

int32_t Plus(int32_t a, int32_t b) { return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b)); }
// round(ratio · above), held within ±2^30; hostile ratios (infinite) and products that are not a number too.
int32_t Rescale(int32_t above, double ratio) {
  constexpr double kLimit = 0x1p30;
  const double scaled = NearestInteger(static_cast<double>(above) * ratio);
  if (!(scaled > -kLimit)) return -(1 << 30);
  return static_cast<int32_t>(scaled < kLimit ? scaled : kLimit);
}

// With ratios each line waits for the one before: several columns go along at once.
void RescaledSumsUp(const PlaneShape& shape, int32_t* plane) {
  constexpr size_t kColumns = 8;
  constexpr double kLimit = 0x1p30, kShift = 0x1.8p52;
  size_t c = 0;
  for (; c + kColumns <= shape.columns; c += kColumns) {
    int32_t* const block = plane + c * shape.lines;
    double above[kColumns];
    for (size_t k = 0; k < kColumns; ++k) above[k] = block[k * shape.lines];
    for (size_t l = 1; l < shape.lines; ++l) {
      const double ratio = shape.ratios[l];
      for (size_t k = 0; k < kColumns; ++k) {
        // Rescale: held within the limits first, which are integers, is the same as rounded first.
        double scaled = above[k] * ratio;
        scaled = scaled > -kLimit ? scaled : -kLimit;
        scaled = scaled < kLimit ? scaled : kLimit;
        int32_t& here = block[k * shape.lines + l];
        here = Plus(here, static_cast<int32_t>((scaled + kShift) - kShift));
        above[k] = here;
      }
    }
  }
  for (; c < shape.columns; ++c) {
    int32_t* const column = plane + c * shape.lines;
    for (size_t l = 1; l < shape.lines; ++l) column[l] = Plus(column[l], Rescale(column[l - 1], shape.ratios[l]));
  }
}

void SumsUp(const PlaneShape& shape, int32_t* plane) {
  if (shape.ratios != nullptr) return RescaledSumsUp(shape, plane);
  for (size_t c = 0; c < shape.columns; ++c) {
    int32_t* const column = plane + c * shape.lines;
    int32_t sum = column[0];
    for (size_t l = 1; l < shape.lines; ++l) column[l] = sum = Plus(sum, column[l]);
  }
}

}  // namespace

void PredictColumns(const PlaneShape& shape, Predictor predictor, const int32_t* plane, size_t first, size_t count,
                    int32_t* residuals) {
  const size_t lines = shape.lines;
  const bool with_left = predictor == Predictor::kLeft || predictor == Predictor::kLorenzo;
  const bool with_up = predictor == Predictor::kUp || predictor == Predictor::kLorenzo;
  for (size_t c = first; c < first + count; ++c, residuals += lines) {
    const int32_t* const here = plane + c * lines;
    const int32_t* const left = with_left && c >= shape.stride ? here - shape.stride * lines : nullptr;
    if (!with_up) {
      simd::Differences(here, left, lines, residuals);
    } else if (shape.ratios == nullptr) {
      simd::DifferencesUp(here, left, lines, residuals);
    } else {
      simd::RescaledDifferencesUp(here, shape.ratios, lines, residuals);
    }
  }
}

void Predict(const PlaneShape& shape, Predictor predictor, const int32_t* plane, int32_t* residuals) {
  PredictColumns(shape, predictor, plane, 0, shape.columns, residuals);
}

void Undo(const PlaneShape& shape, Predictor predictor, int32_t* plane) {
  const size_t lines = shape.lines, count = shape.columns * lines;
  const size_t left = shape.stride * lines;
  if (predictor == Predictor::kLeft || predictor == Predictor::kLorenzo) {
    for (size_t at = left; at < count; at += lines) {
      int32_t* column = plane + at;
      const int32_t* before = column - left;
      for (size_t l = 0; l < lines; ++l) column[l] = Plus(column[l], before[l]);
    }
  }
  if (predictor == Predictor::kUp || predictor == Predictor::kLorenzo) {
    SumsUp(shape, plane);
  }
}

}  // namespace cortex::zptv

// The predict stage: integers to residuals and back. A plane holds the integers of many lines column after column,
// plane[c * lines + l]. All arithmetic is modulo 2^32, so that any residual decodes to something.
#ifndef CORTEX_CODECS_ZPTV_PREDICT_H_
#define CORTEX_CODECS_ZPTV_PREDICT_H_

#include <cstddef>
#include <cstdint>

namespace cortex::zptv {

// Part of the file format.
enum class Predictor : uint8_t {
  kNone = 0,
  kLeft = 1,     // the same component of the value before
  kUp = 2,       // the same column of the line before, which after cold sorting is the same entity's previous row
  kLorenzo = 3,  // left + up - left of up
};
inline constexpr uint8_t kLastPredictor = 3;

struct PlaneShape {
  size_t columns = 0;
  size_t lines = 0;
  size_t stride = 1;
  // Step of line l - 1 over step of line l where steps differ (ratios[0] is not used); nullptr: they are all equal.
  // kUp then predicts round(ratio · integer above); kLorenzo is not defined.
  const double* ratios = nullptr;
};

void Predict(const PlaneShape& shape, Predictor predictor, const int32_t* plane, int32_t* residuals);
// The same for columns [first, first + count) alone: their residuals, one column behind the other.
void PredictColumns(const PlaneShape& shape, Predictor predictor, const int32_t* plane, size_t first, size_t count,
                    int32_t* residuals);
// In place.
void Undo(const PlaneShape& shape, Predictor predictor, int32_t* plane);

}  // namespace cortex::zptv

#endif  // CORTEX_CODECS_ZPTV_PREDICT_H_

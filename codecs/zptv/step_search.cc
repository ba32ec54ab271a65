#include "codecs/zptv/step_search.h"

#include <algorithm>
#include <cmath>

namespace cortex::zptv {
namespace {

// A step whose error is that near to the bound is taken: the next one may save a hundredth of a bit.
constexpr double kCloseEnough = 0.985;
constexpr double kGuessCloseEnough = 0.995;
// Steps do not grow faster, whatever an error that happens to be tiny says.
constexpr double kFastest = 64;

}  // namespace

void StepSearch::Guess(double excess) {
  if (!std::isfinite(excess) || excess == 0) {
    guessing_ = false;
    return;
  }
  if (excess <= 1 && (!good_.has_value() || *next_ > *good_)) good_ = next_;
  if (excess <= 1 && excess > kGuessCloseEnough) {
    guessing_ = false;
    return;
  }
  next_ = FloorStep(StepOf(*next_) * std::min(0.999 / excess, kFastest));
}

void StepSearch::EndGuesses() {
  if (good_.has_value()) next_ = good_;
}

void StepSearch::Try(double excess) {
  const StepCode tried = *next_;
  next_.reset();
  const bool good = excess <= kRoundingRoom;
  if (good && (!best_.has_value() || tried > *best_)) best_ = tried;
  if (good && excess > kCloseEnough) return;
  if (excess > 0 && std::isfinite(excess)) next_ = FloorStep(StepOf(tried) * std::min(0.998 / excess, kFastest));
  if (next_.has_value() && !good && *next_ >= tried && tried > 0) next_ = tried - 1;
  if (next_.has_value() && best_.has_value() && *next_ <= *best_) next_.reset();
}

}  // namespace cortex::zptv

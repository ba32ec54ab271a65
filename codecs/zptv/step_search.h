// The search for the largest step of a line that keeps its limit. The error is nearly proportional to the step, so few
// rounds are enough: first guesses by an error that is cheap to tell, then trials by the error itself.
//
//   StepSearch search(first);
//   for (int round = 0; round < kGuessRounds && search.guessing(); ++round) search.Guess(cheap(*search.next()));
//   search.EndGuesses();
//   for (int round = 0; round < kTrialRounds && search.next(); ++round) search.Try(excess(*search.next()));
//   … search.best()
#ifndef CORTEX_CODECS_ZPTV_STEP_SEARCH_H_
#define CORTEX_CODECS_ZPTV_STEP_SEARCH_H_

#include <optional>

#include "codecs/zptv/step.h"

namespace cortex::zptv {

inline constexpr int kGuessRounds = 3;
inline constexpr int kTrialRounds = 6;
// Rounding in the last bits must not push an error that is just within the bound beyond it.
inline constexpr double kRoundingRoom = 1 - 0x1p-40;

// Norms of lines whose squares, and those of whose errors, neither overflow nor vanish.
inline constexpr double kSmallestNorm = 0x1p-450;
inline constexpr double kLargestNorm = 0x1p400;

class StepSearch {
 public:
  explicit StepSearch(std::optional<StepCode> first) : next_(first) {}

  const std::optional<StepCode>& next() const { return next_; }
  const std::optional<StepCode>& best() const { return best_; }

  // `excess`: error over what is allowed, of the step next(). At most 1 is good.
  bool guessing() const { return guessing_ && next_.has_value(); }
  void Guess(double excess);
  void EndGuesses();
  void Try(double excess);

 private:
  std::optional<StepCode> next_, best_, good_;
  bool guessing_ = true;
};

}  // namespace cortex::zptv

#endif  // CORTEX_CODECS_ZPTV_STEP_SEARCH_H_

// Times a piece of work for the hidden [.bench] cases: the best of many runs, in nanoseconds, printed, never asserted.
#ifndef CORTEX_TESTS_CODECS_STOPWATCH_H_
#define CORTEX_TESTS_CODECS_STOPWATCH_H_

#include <chrono>
#include <cstdio>

namespace cortex::testing {

template <class Work>
double BestNs(const Work& work, int runs = 30) {
  double best = 1e18;
  for (int run = 0; run < runs; ++run) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - start;
    if (elapsed.count() < best) best = elapsed.count();
  }
  return best;
}

inline void Report(const char* what, double value, const char* unit) {
  std::printf("%-58s %9.3f %s\n", what, value, unit);
}

}  // namespace cortex::testing

#endif  // CORTEX_TESTS_CODECS_STOPWATCH_H_

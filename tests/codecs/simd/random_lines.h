// Lines of integers and their steps, as the kernels that put values together take them, and room for what comes out.
#ifndef CORTEX_TESTS_CODECS_SIMD_RANDOM_LINES_H_
#define CORTEX_TESTS_CODECS_SIMD_RANDOM_LINES_H_

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

namespace cortex::testing {

struct Lines {
  size_t columns, lines;
  std::vector<int32_t> ints;  // column after column
  std::vector<double> steps;
};

inline Lines RandomLines(size_t columns, size_t lines, std::mt19937_64& random) {
  Lines made{columns, lines, std::vector<int32_t>(columns * lines), std::vector<double>(lines)};
  for (int32_t& q : made.ints) q = static_cast<int32_t>(random() % 60001) - 30000;
  for (double& step : made.steps) step = std::ldexp(128 + static_cast<double>(random() % 128), -14);
  return made;
}

template <typename T>
struct Output {
  Output(size_t columns, size_t lines) : values(columns * lines) {
    for (size_t l = 0; l < lines; ++l) rows.push_back(values.data() + l * columns);
  }
  std::vector<T> values;
  std::vector<T*> rows;
};

template <typename T>
bool SameBits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

}  // namespace cortex::testing

#endif  // CORTEX_TESTS_CODECS_SIMD_RANDOM_LINES_H_

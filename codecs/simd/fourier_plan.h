// What a Fourier transform of one size needs to know: its factors and its roots of unity.
//
// The roots come from a fixed polynomial, not from the C library: stored coefficients must give the same values on
// every machine and for ever, and sin() differs between library versions in the last bit.
#ifndef CORTEX_CODECS_SIMD_FOURIER_PLAN_H_
#define CORTEX_CODECS_SIMD_FOURIER_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cortex::simd {

struct FourierPlan {
  size_t size = 0;
  std::vector<uint32_t> factors;  // in the order of the passes: fours, a two, odd primes
  std::vector<double> cosines;    // cos(2π·k/size)
  std::vector<double> sines;      // sin(2π·k/size)
};

// Sizes a transform is fast for: 2 .. 65,536 whose prime factors are at most 13.
bool IsFourierSize(size_t size);

// The plan of a size for which IsFourierSize holds. Made once per size and thread, and kept as long as the thread.
const FourierPlan& FourierPlanOf(size_t size);

}  // namespace cortex::simd

#endif  // CORTEX_CODECS_SIMD_FOURIER_PLAN_H_

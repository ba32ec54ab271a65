// Runs a check once per instruction set this machine has and the kernels were built for.
#ifndef CORTEX_TESTS_CODECS_SIMD_FOR_EACH_TARGET_H_
#define CORTEX_TESTS_CODECS_SIMD_FOR_EACH_TARGET_H_

#include <catch2/catch.hpp>

#include "hwy/highway.h"
#include "hwy/targets.h"

namespace cortex::testing {

template <class Check>
void ForEachTarget(const Check& check) {
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    INFO("target " << hwy::TargetName(target));
    hwy::SetSupportedTargetsForTest(target);
    check();
    hwy::SetSupportedTargetsForTest(0);
  }
}

}  // namespace cortex::testing

#endif  // CORTEX_TESTS_CODECS_SIMD_FOR_EACH_TARGET_H_

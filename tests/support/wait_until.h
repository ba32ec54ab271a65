// Waiting for what another thread is to bring about, where nothing notifies a test of it.
#ifndef CORTEX_TESTS_SUPPORT_WAIT_UNTIL_H_
#define CORTEX_TESTS_SUPPORT_WAIT_UNTIL_H_

#include <chrono>
#include <thread>

namespace cortex::testing {

// Whether `reached()` came true: asked again and again, for two minutes at most. A bound in tries would be one in
// time too, of a length nobody chose; this one is only there to end a test that fails.
template <typename Condition>
bool WaitUntil(const Condition& reached) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  while (!reached()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace cortex::testing

#endif  // CORTEX_TESTS_SUPPORT_WAIT_UNTIL_H_

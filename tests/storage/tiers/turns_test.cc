#include "storage/tiers/turns.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/wait_until.h"

namespace cortex {

TEST_CASE("Turns lets a request that waits go before more work of the background", "[storage][tiers]") {
  for (int round = 0; round < 100; ++round) {
    Turns turns;
    std::vector<std::string> order;  // written by whoever has the turn
    auto first = std::make_unique<Turns::Background>(&turns);
    std::thread request([&] {
      const Turns::Request turn(&turns);
      order.emplace_back("request");
    });
    const bool waits = testing::WaitUntil([&] { return turns.waiting() == 1; });
    first.reset();
    {
      const Turns::Background next(&turns);  // on the same thread at once: a mutex would let it have its way
      order.emplace_back("background");
    }
    request.join();
    REQUIRE(waits);
    REQUIRE(order == std::vector<std::string>{"request", "background"});
  }
}

TEST_CASE("Turns lets one work at a time", "[storage][tiers]") {
  Turns turns;
  int working = 0, most = 0, done = 0;  // by turns
  const auto work = [&] {
    most = std::max(most, ++working);
    std::this_thread::yield();
    --working;
    ++done;
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 500; ++n) {
        if (i == 0) {
          const Turns::Background turn(&turns);
          work();
        } else {
          const Turns::Request turn(&turns);
          work();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(most == 1);
  CHECK(done == 2000);
  CHECK(turns.waiting() == 0);
}

}  // namespace cortex

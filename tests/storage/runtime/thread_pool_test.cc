#include "storage/runtime/thread_pool.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>

namespace cortex::testing {

TEST_CASE("ThreadPool runs everything queued before it dies, on threads with its name", "[storage][runtime]") {
  std::atomic<int> ran{0};
  std::atomic<int> named{0};
  {
    ThreadPool pool("a-rather-long-name", 3, /*queue_bound=*/4);
    for (int i = 0; i < 1000; ++i) {
      pool.Submit([&] {
        char name[16] = {};
        pthread_getname_np(pthread_self(), name, sizeof(name));
        if (std::string(name) == "a-rather-long-n") ++named;
        ++ran;
      });
    }
  }
  REQUIRE(ran == 1000);
  REQUIRE(named == 1000);
}

TEST_CASE("ThreadPool refuses a task when its queue is full", "[storage][runtime]") {
  Mutex gate;
  gate.Lock();
  std::atomic<int> ran{0};
  {
    ThreadPool pool("pool", 1, /*queue_bound=*/2);
    int taken = 0;
    while (pool.TrySubmit([&] {
      MutexLock lock(&gate);
      ++ran;
    })) {
      ++taken;
    }
    REQUIRE((taken == 2 || taken == 3));  // two wait, and the thread may already hold one
    gate.Unlock();
  }
  REQUIRE(ran >= 2);
}

TEST_CASE("ThreadPool ParallelFor visits each index once with a worker of its own", "[storage][runtime]") {
  const size_t thread_count = GENERATE(0, 1, 3);
  const size_t count = GENERATE(0, 1, 2, 1000);
  ThreadPool pool("pool", thread_count);
  std::vector<std::atomic<int>> visits(count);
  std::vector<std::atomic<int>> inside(pool.worker_count());
  std::atomic<bool> clash{false};
  pool.ParallelFor(count, [&](size_t index, size_t worker) {
    if (inside[worker].fetch_add(1) != 0) clash = true;
    ++visits[index];
    inside[worker].fetch_sub(1);
  });
  REQUIRE_FALSE(clash);
  REQUIRE(std::all_of(visits.begin(), visits.end(), [](const auto& count) { return count == 1; }));
}

TEST_CASE("ThreadPool ParallelFor works from many callers and nested, and hands results over", "[storage][runtime]") {
  ThreadPool pool("pool", 2, /*queue_bound=*/2);
  std::vector<uint64_t> sums(4, 0);
  std::vector<std::thread> callers;
  for (size_t caller = 0; caller < sums.size(); ++caller) {
    callers.emplace_back([&, caller] {
      std::vector<uint64_t> parts(64, 0);  // plain memory: a missing hand-over is a data race
      pool.ParallelFor(parts.size(), [&](size_t i, size_t) {
        std::vector<uint64_t> inner(8, 0);
        pool.ParallelFor(inner.size(), [&](size_t j, size_t) { inner[j] = i * 8 + j; });
        for (const uint64_t value : inner) parts[i] += value;
      });
      for (const uint64_t part : parts) sums[caller] += part;
    });
  }
  for (std::thread& caller : callers) caller.join();
  for (const uint64_t sum : sums) REQUIRE(sum == 512 * 511 / 2);
}

}  // namespace cortex::testing

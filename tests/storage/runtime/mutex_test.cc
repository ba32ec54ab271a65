#include "storage/runtime/mutex.h"

#include <catch2/catch.hpp>
#include <thread>

#include "absl/container/flat_hash_map.h"
#include "storage/runtime/strong_id.h"

namespace cortex::testing {
namespace {

struct Mailbox {
  Mutex mutex;
  CondVar changed;
  int sent ABSL_GUARDED_BY(mutex) = 0;
  int received ABSL_GUARDED_BY(mutex) = 0;
};

}  // namespace

TEST_CASE("CondVar passes turns between two threads", "[storage][runtime]") {
  Mailbox box;
  constexpr int kTurns = 1000;
  std::thread receiver([&] {
    for (int i = 1; i <= kTurns; ++i) {
      MutexLock lock(&box.mutex);
      while (box.sent < i) box.changed.Wait(&box.mutex);
      box.received = i;
      box.changed.NotifyAll();
    }
  });
  for (int i = 1; i <= kTurns; ++i) {
    MutexLock lock(&box.mutex);
    box.sent = i;
    box.changed.NotifyAll();
    while (box.received < i) box.changed.WaitFor(&box.mutex, 1'000'000'000);
  }
  receiver.join();
  MutexLock lock(&box.mutex);
  REQUIRE(box.received == kTurns);
}

TEST_CASE("CondVar says when nobody came in time", "[storage][runtime]") {
  Mailbox box;
  MutexLock lock(&box.mutex);
  bool notified = true;
  while (notified) notified = box.changed.WaitFor(&box.mutex, 1000);  // a spurious wake-up only asks again
  REQUIRE_FALSE(notified);
}

TEST_CASE("SharedMutex lets readers see whole writes", "[storage][runtime]") {
  SharedMutex mutex;
  int first = 0;
  int second = 0;
  bool torn = false;
  std::thread writer([&] {
    for (int i = 1; i <= 1000; ++i) {
      WriterLock lock(&mutex);
      first = i;
      second = i;
    }
  });
  for (int i = 0; i < 1000; ++i) {
    ReaderLock lock(&mutex);
    torn = torn || first != second;
  }
  writer.join();
  REQUIRE_FALSE(torn);
}

TEST_CASE("StrongId compares and hashes like its number", "[storage][runtime]") {
  REQUIRE(SegmentId(3) < SegmentId(4));
  REQUIRE(SegmentId() == SegmentId(0));
  static_assert(!std::is_convertible_v<uint64_t, SegmentId> && !std::is_convertible_v<TableId, ColumnId>);
  absl::flat_hash_map<TableId, int> by_table;
  by_table[TableId(7)] = 1;
  REQUIRE(by_table.contains(TableId(7)));
  REQUIRE_FALSE(by_table.contains(TableId(8)));
}

}  // namespace cortex::testing

#include <atomic>
#include <thread>

#include "tests/storage/segment/segment_fixture.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

TEST_CASE("SegmentReader answers threads that come at once alike", "[storage][segment]") {
  const bool sorted = GENERATE(false, true);
  testing::TempDir dir;
  testing::SegmentSpec spec{.sorted_by_key = sorted};
  spec.groups.push_back(testing::RandomBatch(testing::AllTypesTable(), {.row_count = 400}));
  const testing::WrittenSegment segment = REQUIRE_OK_AND_TAKE(testing::WriteSegment(dir.path(), spec));
  const std::string truth = REQUIRE_OK_AND_TAKE(
      testing::ReadEverything(*REQUIRE_OK_AND_TAKE(testing::OpenSegment(segment)), *segment.table));
  const auto reader = REQUIRE_OK_AND_TAKE(testing::OpenSegment(segment));  // nothing of it is loaded yet
  std::atomic<int> waiting = 4;
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (--waiting; waiting > 0;) std::this_thread::yield();
      const absl::StatusOr<std::string> answer = testing::ReadEverything(*reader, *segment.table);
      if (answer.ok() && *answer == truth) ++right;
    });
  }
  for (std::thread& thread : threads) thread.join();
  REQUIRE(right == 4);
}

}  // namespace
}  // namespace cortex

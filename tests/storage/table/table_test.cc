#include "storage/table/table.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <thread>

#include "storage/runtime/mutex.h"
#include "tests/support/batch_builder.h"
#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

using testing::BatchBuilder;
using testing::TestTable;

// What a sealer would be handed.
class Received {
 public:
  ClosedSink Sink() {
    return [this](ClosedGroup closed) {
      const Commit first = closed.group->CommitAt(0);
      MutexLock lock(&mutex_);
      if (first < last_first_[closed.shard] || closed.seal_point.commit < last_sealed_[closed.shard]) ordered_ = false;
      last_first_[closed.shard] = first;
      last_sealed_[closed.shard] = closed.seal_point.commit;
      rows_ += closed.group->published_rows();
    };
  }
  bool ordered() {
    MutexLock lock(&mutex_);
    return ordered_;
  }
  uint64_t rows() {
    MutexLock lock(&mutex_);
    return rows_;
  }

 private:
  Mutex mutex_;
  std::map<uint32_t, Commit> last_first_ ABSL_GUARDED_BY(mutex_), last_sealed_ ABSL_GUARDED_BY(mutex_);
  bool ordered_ ABSL_GUARDED_BY(mutex_) = true;
  uint64_t rows_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace

// A seal point says "everything before is in files": a younger group sealed first would lose the older one's rows.
TEST_CASE("Table hands closed groups over in the order of their rows, whoever closes them", "[storage][table]") {
  const auto definition = TestTable("t", {});
  Table table({.definition = definition, .seal_rows = 1024});
  Received received;
  std::atomic<bool> done{false};
  std::vector<std::thread> closers;
  for (int t = 0; t < 2; ++t) {
    closers.emplace_back([&] {
      while (!done) {
        for (uint32_t shard = 0; shard < kShardCount; ++shard) table.CloseOpenGroup(shard, received.Sink());
      }
    });
  }
  BatchBuilder builder(definition);
  for (int i = 0; i < 2000; ++i) builder.Row({"one key, one shard", i});
  const Batch batch = builder.Build();
  const std::vector<uint8_t> placements(batch.row_count, 3);
  absl::Status status;
  for (Commit commit = 1; commit <= 60; ++commit) status.Update(table.Apply(batch, placements, commit, received.Sink()));
  done = true;
  for (auto& closer : closers) closer.join();
  table.CloseOpenGroup(3, received.Sink());
  REQUIRE_OK(status);
  CHECK(received.ordered());
  CHECK(received.rows() == 60 * 2000);
}

}  // namespace cortex

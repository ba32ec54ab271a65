// When commits happened: whatever is packed into runs, both directions answer as a plain list would.
#include <catch2/catch.hpp>

#include <algorithm>
#include <optional>
#include <random>
#include <vector>

#include "storage/meta/commit_time_index.h"
#include "storage/meta/meta_store.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex {
namespace {

using testing::TempDir;

class Times {
 public:
  Times() { Reopen(); }
  void Reopen() {
    store.reset();
    store = REQUIRE_OK_AND_TAKE(MetaStore::Open({.dir = dir_.File("meta")}));
  }
  void Put(int64_t time_ns, Commit commit) {
    REQUIRE_OK(store->PutCommitTime({.commit = commit, .time_ns = time_ns}));
    list.push_back({.commit = commit, .time_ns = time_ns});
  }
  void CheckTime(int64_t time_ns) const {
    const auto next = std::find_if(list.begin(), list.end(), [&](const auto& e) { return e.time_ns > time_ns; });
    Check(REQUIRE_OK_AND_TAKE(store->FirstCommitTimeAfter(time_ns)), next == list.end() ? nullptr : &*next);
  }
  void CheckCommit(Commit commit) const {
    const CommitTime* last = nullptr;
    for (const CommitTime& entry : list) last = entry.commit <= commit ? &entry : last;
    Check(REQUIRE_OK_AND_TAKE(store->CommitTimeOf(commit)), last);
  }
  void CheckAround(const CommitTime& entry) const {
    for (const int64_t step : {-1, 0, 1}) {
      CheckTime(entry.time_ns + step);
      CheckCommit(entry.commit + static_cast<Commit>(step));
    }
  }
  void CheckLast() const {
    Check(REQUIRE_OK_AND_TAKE(store->LastCommitTime()), list.empty() ? nullptr : &list.back());
  }

  std::unique_ptr<MetaStore> store;
  std::vector<CommitTime> list;

 private:
  static void Check(const std::optional<CommitTime>& found, const CommitTime* expected) {
    REQUIRE(found.has_value() == (expected != nullptr));
    if (expected == nullptr) return;
    REQUIRE(found->commit == expected->commit);
    REQUIRE(found->time_ns == expected->time_ns);
  }

  TempDir dir_;
};

TEST_CASE("Commit times are found in runs as among single windows", "[storage][meta]") {
  Times times;
  times.CheckTime(0);
  times.CheckCommit(9);
  times.CheckLast();
  std::mt19937_64 random(11);
  constexpr size_t kRun = CommitTimeIndex::kRunEntries;
  int64_t time_ns = -400 * 10'000'000LL;  // some before 1970
  Commit commit = 3;
  for (size_t i = 0; i < 5 * kRun + 17; ++i) {
    times.Put(time_ns, commit);
    time_ns += 10'000'000 * static_cast<int64_t>(1 + (random() % 20 == 0 ? random() % 100'000 : 0));
    commit += 1 + random() % 30;
    if (i % 97 == 0) times.Reopen();
    // What stands at the borders of runs, and anything else.
    if (i % 211 != 0) continue;
    times.CheckLast();
    for (size_t k = 0; k < 20; ++k) times.CheckAround(times.list[random() % times.list.size()]);
  }
  for (size_t i = 0; i < times.list.size(); i += i % kRun < 2 || i % kRun > kRun - 3 ? 1 : 19) {
    times.CheckAround(times.list[i]);
  }
  for (const int64_t extreme : {INT64_MIN, int64_t{0}, INT64_MAX}) times.CheckTime(extreme);
  times.CheckCommit(0);
  times.CheckCommit(UINT64_MAX);
}

}  // namespace
}  // namespace cortex

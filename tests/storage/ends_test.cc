// What becomes of ends of row versions on odd ways: while rows arrive, behind damage, after rewrites and restarts.
#include <catch2/catch.hpp>

#include <atomic>
#include <string>
#include <vector>

#include "storage/io/kill_point.h"
#include "tests/storage/data_directory.h"

namespace cortex {
namespace {

using testing::AllVersions;
using testing::CreateTestTable;
using testing::FakeClock;
using testing::PutRows;
using testing::SmallDatabase;
using testing::TempDir;
using testing::TryPutRows;

class Fixture {
 public:
  explicit Fixture(TableKind kind) {
    options = SmallDatabase(dir.File("data"), &clock);
    Open();
    CreateTestTable(db.get(), "t", kind);
  }
  void Open() { db = REQUIRE_OK_AND_TAKE(Database::Open(options)); }
  void Reopen() {
    db.reset();
    Open();
  }
  void Move(Tier from, Tier to) { REQUIRE_OK(db->MoveTier({.table = "t", .from = from, .to = to}).status()); }
  // The names of the visible rows of a segment that can be read.
  std::vector<VersionId> Names() {
    std::vector<VersionId> names;
    const auto snapshot = REQUIRE_OK_AND_TAKE(db->OpenSnapshot("t", 0));
    for (const auto& segment : snapshot->segments) {
      for (size_t g = 0; g < segment->row_group_count(); ++g) {
        const uint32_t count = segment->row_group(g).row_count();
        std::vector<uint64_t> selection(WordsForBits(count) + 1);
        FillOnes(selection.data(), count);
        if (!segment->row_group(g).SelectVisible(snapshot->window, 0, count, selection.data()).ok()) continue;
        std::vector<uint32_t> rows;
        for (uint32_t row = 0; row < count; ++row) {
          if (GetBit(selection.data(), row)) rows.push_back(row);
        }
        REQUIRE_OK(AppendVersionIds(*segment, g, rows, &names));
      }
    }
    return names;
  }

  FakeClock clock;
  TempDir dir;
  DatabaseOptions options;
  std::unique_ptr<Database> db;
};

}  // namespace

TEST_CASE("Rows come in while nothing but ends waits to be saved", "[storage][versions]") {
  Fixture f(TableKind::kEvents);
  f.options.wal_limit_bytes = 64 << 10;
  f.options.wal_file_bytes = 16 << 10;
  f.Reopen();
  PutRows(f.db.get(), "t", 0, 3000, 1);
  f.Move(Tier::kHot, Tier::kWarm);  // from here on no group is open whose seal would save ends
  std::atomic<int> came{0};
  absl::Status failed;
  SetKillPointHook([&](std::string_view name) {
    // On the sealer's thread, which saves the ends of a shard: the log is above its limit.
    if (name != "meta-commit" || came.exchange(1) != 0) return;
    failed.Update(TryPutRows(f.db.get(), "t", 5000, 10, 1).status());
  });
  const std::vector<VersionId> names = f.Names();
  for (size_t i = 0; i + 8 <= names.size() && came == 0; i += 8) {
    REQUIRE_OK(f.db->Delete({.table = "t", .rows = {names.begin() + i, names.begin() + i + 8}}).status());
  }
  for (int i = 0; i < 10'000 && came == 0; ++i) REQUIRE_OK(f.db->Flush());
  REQUIRE_OK(f.db->MoveTier({.table = "t", .from = Tier::kHot, .to = Tier::kWarm}).status());  // waits for the sealer
  SetKillPointHook(nullptr);
  REQUIRE(came == 1);
  REQUIRE_OK(failed);
}

}  // namespace cortex

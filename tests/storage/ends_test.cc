// What becomes of ends of row versions on odd ways: while rows arrive, behind damage, after rewrites and restarts.
#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/status_macros.h"
#include "storage/io/kill_point.h"
#include "storage/segment/segment_footer.h"
#include "storage/segment/segment_format.h"
#include "tests/storage/data_directory.h"
#include "tests/support/wait_until.h"

namespace cortex {
namespace {

using testing::CreateTestTable;
using testing::FakeClock;
using testing::FilesBelow;
using testing::FlippedBit;
using testing::PutRows;
using testing::SmallDatabase;
using testing::TempDir;
using testing::TryPutRows;
using testing::WaitUntil;

class Fixture {
 public:
  explicit Fixture(TableKind kind) {
    options = SmallDatabase(dir.File("data"), &clock);
    options.wal_limit_bytes = 64 << 10;
    options.wal_file_bytes = 16 << 10;
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

  // Rows with x = value that can be read; segments that cannot are counted in `unreadable`.
  std::vector<std::string> Keys(int64_t value) {
    return Keys(*REQUIRE_OK_AND_TAKE(db->OpenSnapshot("t", 0)), value);
  }
  std::vector<std::string> Keys(const Snapshot& snapshot, int64_t value) {
    std::vector<std::string> keys;
    unreadable = 0;
    for (const auto& segment : snapshot.segments) {
      for (size_t g = 0; g < segment->row_group_count(); ++g) {
        unreadable += ReadKeys(snapshot, segment->row_group(g), value, &keys).ok() ? 0 : 1;
      }
    }
    std::sort(keys.begin(), keys.end());
    return keys;
  }
  std::string SegmentPath() const {
    const std::vector<std::string> files = FilesBelow(dir.File("data/warm"));
    REQUIRE(!files.empty());
    return dir.File("data/warm/" + files.front());
  }
  // Writes until no file of the log is one of those from before: what they taught is now in the manifest alone.
  void TrimLog() {
    const std::vector<std::string> taught = FilesBelow(dir.File("data/wal"));
    for (int i = 0; i < 4; ++i) PutRows(db.get(), "other", 2000 * i, 2000, 5);
    for (const char* table : {"t", "other"}) {
      REQUIRE_OK(db->MoveTier({.table = table, .from = Tier::kHot, .to = Tier::kWarm}).status());
    }
    REQUIRE(WaitUntil([&] {
      REQUIRE_OK(db->Flush());  // the log is trimmed between two commits
      return std::none_of(taught.begin(), taught.end(), [&](const std::string& file) {
        return std::filesystem::exists(dir.File("data/wal/" + file));
      });
    }));
  }

  FakeClock clock;
  TempDir dir;
  DatabaseOptions options;
  int unreadable = 0;
  std::unique_ptr<Database> db;

 private:
  static absl::Status ReadKeys(const Snapshot& snapshot, const RowGroupView& group, int64_t value,
                               std::vector<std::string>* found) {
    const uint32_t count = group.row_count();
    std::vector<uint64_t> selection(WordsForBits(count) + 1);
    FillOnes(selection.data(), count);
    RETURN_IF_ERROR(group.SelectVisible(snapshot.window, 0, count, selection.data()));
    Column keys(DataType::String()), x(DataType::Scalar(TypeKind::kInt64));
    ASSIGN_OR_RETURN(const ColumnChunk* key_chunk, group.column(snapshot.table->columns[0].id));
    ASSIGN_OR_RETURN(const ColumnChunk* x_chunk, group.column(snapshot.table->columns[2].id));
    RETURN_IF_ERROR(key_chunk->Decode(0, count, &keys));
    RETURN_IF_ERROR(x_chunk->Decode(0, count, &x));
    for (uint32_t row = 0; row < count; ++row) {
      if (!GetBit(selection.data(), row) || x.values_as<int64_t>()[row] != value) continue;
      found->push_back(std::string(keys.StringAt(row)));
    }
    return absl::OkStatus();
  }
};

// Calls a function once, when the thread that set it next asks for monotonic time.
class HookedClock final : public Clock {
 public:
  int64_t NowNanos() const override { return clock.NowNanos(); }
  int64_t MonotonicNanos() const override {
    if (std::this_thread::get_id() == thread_ && hook_ != nullptr) std::exchange(hook_, nullptr)();
    return clock.MonotonicNanos();
  }
  void Set(std::function<void()> hook) {
    hook_ = std::move(hook);
    thread_ = std::this_thread::get_id();
  }

  FakeClock clock;

 private:
  mutable std::function<void()> hook_;
  std::atomic<std::thread::id> thread_{};
};

// Where the key entries or fences of a sound segment file begin.
uint64_t KeySectionOf(const std::string& path) {
  const std::string bytes = testing::Slurp(path);
  const auto trailer = REQUIRE_OK_AND_TAKE(
      DecodeSegmentTrailer(AsBytes(bytes).subspan(bytes.size() - kSegmentTrailerBytes), bytes.size()));
  const SegmentFooter footer = REQUIRE_OK_AND_TAKE(DecodeSegmentFooter(
      std::string_view(bytes).substr(trailer.footer_offset, trailer.footer_bytes), trailer.footer_offset));
  return footer.sorted_by_key ? footer.fences.offset : footer.key_entries.offset;
}

}  // namespace

TEST_CASE("Ends that arrive while their rows are sealed outlive the log", "[storage][versions]") {
  Fixture f(TableKind::kEvents);
  CreateTestTable(f.db.get(), "other");
  PutRows(f.db.get(), "t", 0, 640, 1);
  const std::vector<VersionId> names = f.Names();
  uint32_t seals = 0;
  absl::Status failed;
  SetKillPointHook([&](std::string_view name) {
    if (name != "seal-collected") return;
    // One row of every shard, also of the one that is sealed now.
    DeleteRequest request{.table = "t"};
    for (const VersionId& id : names) {
      if (id.ordinal == seals) request.rows.push_back(id);
    }
    ++seals;
    failed.Update(f.db->Delete(std::move(request)).status());
  });
  f.Move(Tier::kHot, Tier::kWarm);
  SetKillPointHook(nullptr);
  REQUIRE_OK(failed);
  REQUIRE(seals == kShardCount);
  const std::vector<std::string> left = f.Keys(1);
  REQUIRE(left.size() < 640 - kShardCount * (kShardCount - 4));
  f.TrimLog();
  f.Reopen();
  CHECK(f.Keys(1) == left);
}

TEST_CASE("A snapshot that is overtaken while it is taken shows every key", "[storage][versions]") {
  HookedClock clock;
  Fixture f(TableKind::kEntities);
  f.options.clock = &clock;
  f.Reopen();
  constexpr int64_t kHour = 3'600'000'000'000;
  REQUIRE_OK(f.db->AlterTable("t", SetPolicy{.history_ns = kHour}).status());
  PutRows(f.db.get(), "t", 0, 200, 1);
  f.Move(Tier::kHot, Tier::kWarm);
  // After its commit was read and before its segments were.
  clock.Set([&] {
    PutRows(f.db.get(), "t", 0, 200, 2);
    clock.clock.Advance(2 * kHour);
    f.Move(Tier::kHot, Tier::kWarm);
    f.Move(Tier::kWarm, Tier::kCold);  // drops the versions that were current when the snapshot began
  });
  const auto snapshot = REQUIRE_OK_AND_TAKE(f.db->OpenSnapshot("t", 0));
  REQUIRE(REQUIRE_OK_AND_TAKE(f.db->GetTableStats("t")).tiers[2].row_count == 200);
  CHECK(f.Keys(*snapshot, 1).size() + f.Keys(*snapshot, 2).size() == 200);
}

TEST_CASE("Ends behind damage stay unknown after the log is trimmed and the bytes are back", "[storage][versions]") {
  const bool update = GENERATE(true, false);
  Fixture f(update ? TableKind::kEntities : TableKind::kEvents);
  CreateTestTable(f.db.get(), "other");
  PutRows(f.db.get(), "t", 0, 320, 1);
  f.Move(Tier::kHot, Tier::kWarm);
  const std::vector<VersionId> names = f.Names();
  REQUIRE(names.size() == 320);
  const std::string victim = f.SegmentPath();
  {
    const FlippedBit damage(victim, 10, 3);  // the header: nothing of the file can be read
    f.Reopen();
    if (update) {
      REQUIRE_STATUS(TryPutRows(f.db.get(), "t", 0, 320, 2), absl::StatusCode::kDataLoss, "segment file");
      CHECK(f.Keys(2).size() == 320);
    } else {
      REQUIRE_STATUS(f.db->Delete({.table = "t", .rows = names}), absl::StatusCode::kDataLoss, "segment file");
    }
    CHECK(f.Keys(1).empty());
    CHECK(f.unreadable == 1);
    f.TrimLog();
  }
  for (int start = 0; start < 2; ++start) {
    f.Reopen();
    CHECK(f.Keys(1).empty());  // they ended, though nobody could write down where
    CHECK(f.unreadable == 1);
    CHECK(f.Keys(2).size() == (update ? 320 : 0));
  }
}

TEST_CASE("A refused batch takes nothing of a damaged segment out of sight", "[storage][versions]") {
  Fixture f(TableKind::kEntities);
  PutRows(f.db.get(), "t", 0, 320, 1);
  f.Move(Tier::kHot, Tier::kWarm);
  const std::string victim = f.SegmentPath();
  const FlippedBit damage(victim, KeySectionOf(victim), 3);
  f.Reopen();
  // Straight into a file: it cannot be told what the rows supersede.
  REQUIRE_STATUS(TryPutRows(f.db.get(), "t", 0, 320, 2, Tier::kWarm), absl::StatusCode::kDataLoss, "segment file");
  CHECK(f.Keys(2).empty());
  CHECK(f.Keys(1).size() == 320);  // scans need no key section
  CHECK(f.unreadable == 0);
}

TEST_CASE("A segment in which an end got lost during its move hides its rows wherever they went", "[storage][versions]") {
  const Tier to = GENERATE(Tier::kHot, Tier::kCold);
  const std::string step = to == Tier::kHot ? "load" : GENERATE("rewrite-read", "archive-written", "archive-committed");
  CAPTURE(step);
  Fixture f(TableKind::kEntities);
  CreateTestTable(f.db.get(), "other");
  PutRows(f.db.get(), "t", 0, 320, 1);
  f.Move(Tier::kHot, Tier::kWarm);
  const std::string victim = f.SegmentPath();
  {
    const FlippedBit damage(victim, KeySectionOf(victim), 3);  // reads of whole segments do not look there
    f.Reopen();
    absl::Status updated;
    std::atomic<int> moves{0};
    SetKillPointHook([&](std::string_view name) {
      if (name == step && moves++ == 0) updated = TryPutRows(f.db.get(), "t", 0, 320, 2).status();
    });
    REQUIRE_OK(f.db->MoveTier({.table = "t", .from = Tier::kWarm, .to = to}).status());
    SetKillPointHook(nullptr);
    REQUIRE(absl::IsDataLoss(updated));
    CHECK(f.Keys(1).empty());
    CHECK(f.unreadable == 1);
    CHECK(f.Keys(2).size() == 320);
    f.TrimLog();
  }
  f.Reopen();
  CHECK(f.Keys(1).empty());
  CHECK(f.unreadable == 1);
  CHECK(f.Keys(2).size() == 320);
}

}  // namespace cortex

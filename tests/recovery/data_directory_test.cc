// Data directories as they lie on disk: one written long ago is read whole, one of a newer program is refused, and what a
// dead process left in one is swept.
//
//   CORTEX_WRITE_GOLDEN=1 recovery_test "[.golden]"     writes tests/golden/data_directory-v1 anew: only with a new format
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "cortex/storage/v1/manifest.pb.h"
#include "storage/meta/meta_db.h"
#include "storage/meta/meta_key.h"
#include "tests/recovery/life.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex::testing {
namespace {

namespace fs = std::filesystem;
using Kind = LifeStep::Kind;

constexpr char kGolden[] = CORTEX_GOLDEN_DIR "/data_directory-v1";

// Rows in the log, in warm and in cold files; superseded, merged, deleted and erased ones; a column added in between; a
// producer; a table that is gone. Never change it: the files hold exactly this.
std::vector<LifeStep> GoldenLife() {
  const auto put = [](const char* table, int first, int count, int64_t x, Tier to = Tier::kHot, uint64_t sequence = 0) {
    return LifeStep{.table = table, .first = first, .count = count, .x = x, .sequence = sequence, .to = to};
  };
  const auto change = [](Kind kind, const char* table, int first, int count, int64_t x = 0) {
    return LifeStep{.kind = kind, .table = table, .first = first, .count = count, .x = x};
  };
  const auto move = [](const char* table, Tier from, Tier to) {
    return LifeStep{.kind = Kind::kMove, .table = table, .from = from, .to = to};
  };
  return {
      {.kind = Kind::kCreate, .table = "t", .table_kind = TableKind::kEntities},
      {.kind = Kind::kCreate, .table = "e", .table_kind = TableKind::kEvents},
      {.kind = Kind::kCreate, .table = "d", .table_kind = TableKind::kEvents},
      put("t", 0, 120, 1, Tier::kCold),
      put("t", 60, 40, 2, Tier::kWarm),
      put("e", 0, 50, 3, Tier::kWarm, 1),
      put("d", 0, 10, 4),
      change(Kind::kMerge, "t", 30, 50, 5),
      change(Kind::kDelete, "t", 10, 15),
      change(Kind::kDelete, "e", 40, 20),
      {.kind = Kind::kDrop, .table = "d"},
      change(Kind::kAlter, "t", 0, 0, 1),
      put("e", 50, 20, 6, Tier::kCold, 2),
      put("t", 200, 20, 7),
      move("t", Tier::kHot, Tier::kWarm),
      change(Kind::kPurge, "t", 0, 5),
      change(Kind::kDelete, "t", 205, 5),
      put("t", 110, 20, 8),
      put("e", 70, 10, 9, Tier::kHot, 3),
      change(Kind::kMerge, "t", 90, 25, 10),
  };
}

void CopyGolden(const std::string& to) { fs::copy(kGolden, to, fs::copy_options::recursive); }

// The shortest useful name of what Life says of itself.
std::vector<std::string> Swept(const Life& life) {
  std::vector<std::string> swept;
  for (const std::string& event : life.events()) {
    if (event.starts_with("orphan removed: ")) swept.push_back(fs::path(event.substr(16)).filename().string());
  }
  std::sort(swept.begin(), swept.end());
  return swept;
}

// A file of the golden directory's tier under another name.
void Plant(const std::string& from_dir, const std::string& to) {
  for (const auto& entry : fs::directory_iterator(from_dir)) {
    if (entry.path().extension() == ".seg") return void(fs::copy(entry.path(), to));
  }
  FAIL("no segment in " << from_dir);
}

}  // namespace

TEST_CASE("Golden data directory is written", "[.golden]") {
  REQUIRE(std::getenv("CORTEX_WRITE_GOLDEN") != nullptr);
  fs::remove_all(kGolden);
  {
    Life life(PosixFileSystem(), kGolden);
    REQUIRE_OK(life.Open());
    for (const LifeStep& step : GoldenLife()) REQUIRE_OK(life.Do(step));
  }
  for (const auto& entry : fs::recursive_directory_iterator(kGolden)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("LOG") || name.starts_with("OPTIONS") || name.starts_with("LOCK") || name == "lock") fs::remove(entry.path());
  }
}

TEST_CASE("A data directory of format 1 is read whole, as of every commit, and lives on", "[recovery][golden]") {
  const TempDir dir;
  Life today(PosixFileSystem(), dir.File("today"));
  REQUIRE_OK(today.Open());
  ExpectedRows expected;
  std::vector<Commit> commits;
  for (const LifeStep& step : GoldenLife()) {
    REQUIRE_OK(today.DoAll({step}, &expected));
    commits.push_back(today.visible_commit());
  }
  CopyGolden(dir.File("golden"));
  Life golden(PosixFileSystem(), dir.File("golden"));
  REQUIRE_OK(golden.Open());
  CHECK(golden.db()->GetStats().recovered_wal_records > 0);
  CHECK(Swept(golden).empty());
  REQUIRE(golden.visible_commit() == today.visible_commit());
  REQUIRE(expected.Settle(REQUIRE_OK_AND_TAKE(golden.Rows())) == "");
  for (const Commit commit : commits) {
    CAPTURE(commit);
    REQUIRE(REQUIRE_OK_AND_TAKE(golden.Rows(commit)) == REQUIRE_OK_AND_TAKE(today.Rows(commit)));
  }
  CHECK(golden.CheckFiles() == "");
  CHECK(REQUIRE_OK_AND_TAKE(golden.db()->FindTable("t"))->columns.size() == 5);
  REQUIRE_STATUS(golden.db()->FindTable("d"), absl::StatusCode::kNotFound, "");
  CHECK(REQUIRE_OK_AND_TAKE(golden.db()->GetProducerState("p")) == REQUIRE_OK_AND_TAKE(today.db()->GetProducerState("p")));
  CHECK(REQUIRE_OK_AND_TAKE(golden.db()->GetProducerState("p")).last_sequence == 3);

  std::vector<LifeStep> more = {{.table = "t", .first = 50, .count = 100, .x = 20}};
  for (const auto& [from, to] : {std::pair(Tier::kHot, Tier::kWarm), {Tier::kWarm, Tier::kCold}, {Tier::kCold, Tier::kWarm}}) {
    for (const char* table : {"t", "e"}) more.push_back({.kind = Kind::kMove, .table = table, .from = from, .to = to});
  }
  more.push_back({.kind = Kind::kReopen});
  REQUIRE_OK(golden.DoAll(more, &expected));
  REQUIRE(expected.Settle(REQUIRE_OK_AND_TAKE(golden.Rows())) == "");
  CHECK(golden.CheckFiles() == "");
}

TEST_CASE("A data directory of a newer program is refused with what it is, and left as it is", "[recovery][golden]") {
  const auto [version, features, sentence] = GENERATE(table<uint32_t, uint64_t, std::string>(
      {{2, 0, "format 2, unknown features 0x0, this program reads format 1"},
       {1, 1ull << 62, "format 1, unknown features 0x4000000000000000"}}));
  const TempDir dir;
  CopyGolden(dir.File("data"));
  storage::v1::MetaFormat format;
  format.set_version(version);
  format.set_required_features(features);
  REQUIRE_OK(REQUIRE_OK_AND_TAKE(MetaDb::Open({.dir = dir.File("data/meta")}, PosixFileSystem()))
                 ->PutSynced(FormatKey(), format.SerializeAsString()));
  const auto segments = [&] {
    return std::distance(fs::directory_iterator(dir.File("data/warm")), fs::directory_iterator());
  };
  const auto before = segments();
  Life life(PosixFileSystem(), dir.File("data"));
  REQUIRE_STATUS(life.Open(), absl::StatusCode::kFailedPrecondition, sentence);
  CHECK(segments() == before);
}

TEST_CASE("A start sweeps what a dead process left, says so, and leaves other files alone", "[recovery][golden]") {
  const TempDir dir;
  const std::string data = dir.File("data");
  CopyGolden(data);
  // A whole segment that no manifest names, half of one, an archive cut short, a log file that never got its name.
  Plant(data + "/warm", data + "/warm/03-00000000000fffff-0123456789abcdef.seg");
  Plant(data + "/warm", data + "/warm/12-00000000000ffffe.seg.tmp");
  Plant(data + "/cold", data + "/cold/03-00000000000ffffd-fedcba9876543210.seg");
  fs::resize_file(data + "/cold/03-00000000000ffffd-fedcba9876543210.seg", 100);
  Plant(data + "/cold", data + "/cold/07-00000000000ffffc.seg.tmp");
  std::ofstream(data + "/wal/wal-00000000000000ff.log.tmp") << "half a header";
  const std::vector<std::string> foreign = {"warm/notes.txt", "warm/copy-of-a.seg", "cold/nightly.tar", "cold/03-1.seg.tmp",
                                            "wal/README", "somebody's.json"};
  for (const std::string& name : foreign) std::ofstream(data + "/" + name) << "not ours";

  Life life(PosixFileSystem(), data);
  REQUIRE_OK(life.Open());
  CHECK(Swept(life) == std::vector<std::string>{"03-00000000000ffffd-fedcba9876543210.seg",
                                                "03-00000000000fffff-0123456789abcdef.seg",
                                                "07-00000000000ffffc.seg.tmp", "12-00000000000ffffe.seg.tmp",
                                                "wal-00000000000000ff.log.tmp"});
  for (const std::string& name : Swept(life)) {
    for (const char* place : {"warm/", "cold/", "wal/"}) CHECK_FALSE(fs::exists(data + "/" + place + name));
  }
  for (const std::string& name : foreign) CHECK(fs::exists(data + "/" + name));
  Life again(PosixFileSystem(), data);
  life.Close();
  REQUIRE_OK(again.Open());
  CHECK(Swept(again).empty());
}

}  // namespace cortex::testing

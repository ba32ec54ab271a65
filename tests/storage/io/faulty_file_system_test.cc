#include "tests/support/faulty_file_system.h"

#include <catch2/catch.hpp>
#include <set>

#include "codecs/bytes/byte_writer.h"
#include "storage/io/durable_file.h"
#include "tests/support/status_assertions.h"

namespace cortex::testing {
namespace {

// What `path` holds after each of 50 different power cuts, each after a fresh `change`; "-" if it is gone.
template <typename Change>
std::set<std::string> OutcomesOf(Change change) {
  std::set<std::string> outcomes;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const TempDir dir;
    FaultyFileSystem fs(PosixFileSystem());
    change(&fs, dir.path());
    fs.LosePower(seed);
    const auto bytes = ReadFile(&fs, dir.File("f"), 1 << 20);
    outcomes.insert(bytes.ok() ? *bytes : "-");
  }
  return outcomes;
}

void Write(FileSystem* fs, const std::string& path, std::string_view bytes, bool sync) {
  const auto file = REQUIRE_OK_AND_TAKE(fs->OpenWritable(path, WriteMode::kAppend));
  REQUIRE_OK(file->Append(AsBytes(bytes)));
  if (sync) REQUIRE_OK(file->Sync());
}

}  // namespace

TEST_CASE("FaultyFileSystem loses what was not synced and keeps what was", "[storage][io]") {
  const auto sync_dir = [](FileSystem* fs, const std::string& dir) { REQUIRE_OK(fs->SyncDir(dir)); };
  REQUIRE(OutcomesOf([](FileSystem* fs, const std::string& dir) { Write(fs, dir + "/f", "a", false); }) ==
          std::set<std::string>{"-", "", "a"});
  REQUIRE(OutcomesOf([](FileSystem* fs, const std::string& dir) { Write(fs, dir + "/f", "a", true); }) ==
          std::set<std::string>{"-", "a"});
  REQUIRE(OutcomesOf([&](FileSystem* fs, const std::string& dir) {
            Write(fs, dir + "/f", "a", true);
            sync_dir(fs, dir);
            Write(fs, dir + "/f", "b", false);
          }) == std::set<std::string>{"a", "ab"});
  REQUIRE(OutcomesOf([&](FileSystem* fs, const std::string& dir) {
            Write(fs, dir + "/f", "a", true);
            sync_dir(fs, dir);
            REQUIRE_OK(fs->Remove(dir + "/f"));
          }) == std::set<std::string>{"-", "a"});
}

TEST_CASE("WriteFileDurably leaves the old or the new bytes through a power cut", "[storage][io]") {
  REQUIRE(OutcomesOf([](FileSystem* fs, const std::string& dir) {
            REQUIRE_OK(WriteFileDurably(fs, dir + "/f", AsBytes("old")));
          }) == std::set<std::string>{"old"});
  for (int step = 1; step <= 4; ++step) {  // open, write, sync, rename
    REQUIRE(OutcomesOf([&](FaultyFileSystem* fs, const std::string& dir) {
              REQUIRE_OK(WriteFileDurably(fs, dir + "/f", AsBytes("old")));
              fs->FailAt(fs->operation_count() + static_cast<uint64_t>(step), absl::DataLossError("cut"));
              REQUIRE_STATUS(WriteFileDurably(fs, dir + "/f", AsBytes("new")), absl::StatusCode::kDataLoss, "cut");
            }) == std::set<std::string>{"old"});
  }
  REQUIRE(OutcomesOf([](FaultyFileSystem* fs, const std::string& dir) {
            REQUIRE_OK(WriteFileDurably(fs, dir + "/f", AsBytes("old")));
            fs->FailAt(fs->operation_count() + 5, absl::DataLossError("cut"));  // sync of the directory
            REQUIRE_STATUS(WriteFileDurably(fs, dir + "/f", AsBytes("new")), absl::StatusCode::kDataLoss, "cut");
          }) == std::set<std::string>{"old", "new"});
}

TEST_CASE("FaultyFileSystem fails reads of the paths it was told", "[storage][io]") {
  const TempDir dir;
  FaultyFileSystem fs(PosixFileSystem());
  Write(&fs, dir.File("f"), "a", true);
  fs.FailReads("/f", absl::DataLossError("bad sector"));
  REQUIRE_STATUS(fs.Map(dir.File("f")), absl::StatusCode::kDataLoss, "bad sector");
  fs.StopFailing();
  REQUIRE_OK(fs.Map(dir.File("f")));
}

}  // namespace cortex::testing

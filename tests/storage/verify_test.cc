#include "storage/verify.h"

#include <catch2/catch.hpp>
#include <random>
#include <thread>
#include <utility>

#include "tests/storage/data_directory.h"

namespace cortex {
namespace {

using enum absl::StatusCode;
using testing::AllVersions;
using testing::CreateTestTable;
using testing::FakeClock;
using testing::FilesBelow;
using testing::FlippedBit;
using testing::PutRows;
using testing::SmallDatabase;
using testing::TryPutRows;
using testing::TempDir;

struct Findings {
  std::vector<std::string> sentences;
  VerifyProgress progress;
};

Findings VerifyAll(Database* db, const std::string& table = "") {
  Findings found;
  found.progress = REQUIRE_OK_AND_TAKE(
      db->Verify({.table = table}, [&](const VerifyProgress& progress, const absl::Status& checked) {
        if (!checked.ok()) found.sentences.push_back(checked.ToString());
        return absl::OkStatus();
      }));
  return found;
}

class Fixture {
 public:
  Fixture() {
    db = REQUIRE_OK_AND_TAKE(Database::Open(SmallDatabase(data_dir(), &clock)));
    CreateTestTable(db.get(), "t");
    PutRows(db.get(), "t", 0, 3000, 1);
    REQUIRE_OK(db->MoveTier({.table = "t", .from = Tier::kHot, .to = Tier::kWarm}));
    REQUIRE_OK(db->MoveTier({.table = "t", .from = Tier::kWarm, .to = Tier::kCold}));
    PutRows(db.get(), "t", 3000, 2000, 2);
    REQUIRE_OK(db->MoveTier({.table = "t", .from = Tier::kHot, .to = Tier::kWarm}));
    // Table files of the meta store, and a log behind them.
    db.reset();
    db = REQUIRE_OK_AND_TAKE(Database::Open(SmallDatabase(data_dir(), &clock)));
    CreateTestTable(db.get(), "u");
    for (int i = 0; i < 20; ++i) PutRows(db.get(), "u", 10 * i, 10, i);
    REQUIRE_OK(db->Flush().status());
  }
  std::string data_dir() const { return dir.File("data"); }

  FakeClock clock;
  TempDir dir;
  std::unique_ptr<Database> db;
};

}  // namespace

TEST_CASE("Verify finds nothing wrong in a sound database and counts what it read", "[storage][verify]") {
  Fixture f;
  const Findings found = VerifyAll(f.db.get());
  CHECK(found.sentences.empty());
  CHECK(found.progress.damages == 0);
  CHECK(found.progress.files_done == found.progress.files_total);
  uint64_t segment_bytes = 0;
  for (const std::string& file : FilesBelow(f.data_dir())) {
    if (file.ends_with(".seg")) segment_bytes += std::filesystem::file_size(f.data_dir() + "/" + file);
  }
  CHECK(found.progress.bytes_done >= segment_bytes);
  CHECK(VerifyAll(f.db.get(), "u").progress.files_done == 0);  // its rows are in the log alone
  CHECK_FALSE(std::filesystem::exists(f.data_dir() + "/meta.verify"));
}

TEST_CASE("Verify finds a flipped bit in every class of file and names the file", "[storage][verify]") {
  Fixture f;
  const uint64_t wal_bytes = f.db->GetStats().wal_bytes;
  std::mt19937_64 random(7);
  std::map<std::string, int> flips;
  for (const std::string& file : FilesBelow(f.data_dir())) {
    const std::string name = file.substr(file.rfind('/') + 1);
    const bool nobody_reads_it = name == "LOCK" || name.starts_with("OPTIONS");
    uint64_t bytes = std::filesystem::file_size(f.data_dir() + "/" + file);
    if (file.starts_with("wal/")) bytes = std::min(bytes, wal_bytes);  // one file; zeros behind are not the log's
    if (nobody_reads_it || bytes == 0) continue;
    const std::string kind = file.substr(0, file.find('/')) + std::filesystem::path(file).extension().string();
    const int flips_here = name.ends_with(".seg") ? 1 : 6;  // of segments there are many
    for (int i = 0; i < flips_here; ++i) {
      const uint64_t offset = i == 1 ? 0 : i == 2 ? bytes - 1 : random() % bytes;
      const FlippedBit flip(f.data_dir() + "/" + file, offset, static_cast<int>(random() % 8));
      const Findings found = VerifyAll(f.db.get());
      CAPTURE(file, offset, bytes, found.sentences);
      REQUIRE_FALSE(found.sentences.empty());
      CHECK(found.sentences[0].find(name) != std::string::npos);
      CHECK(found.sentences[0].starts_with("DATA_LOSS"));
      ++flips[kind];
    }
  }
  for (const char* kind : {"warm.seg", "cold.seg", "wal.log", "meta.sst", "meta.log", "meta"}) CHECK(flips[kind] > 0);
  CHECK(VerifyAll(f.db.get()).sentences.empty());
}

TEST_CASE("Verify goes on after damage and names every damaged file", "[storage][verify]") {
  Fixture f;
  std::vector<std::unique_ptr<FlippedBit>> flips;
  std::vector<std::string> damaged;
  for (const std::string& file : FilesBelow(f.data_dir())) {
    if (!file.ends_with(".seg")) continue;
    flips.push_back(std::make_unique<FlippedBit>(f.data_dir() + "/" + file, 200, 3));
    damaged.push_back(file.substr(file.rfind('/') + 1));
  }
  const Findings found = VerifyAll(f.db.get());
  REQUIRE(damaged.size() > 10);
  for (const std::string& name : damaged) {
    const bool named = std::any_of(found.sentences.begin(), found.sentences.end(),
                                   [&](const std::string& s) { return s.find(name) != std::string::npos; });
    CHECK(named);
  }
  CHECK(found.progress.damages == found.sentences.size());
  CHECK(found.sentences[0].find("row group") != std::string::npos);
}

TEST_CASE("Verify reports a missing file and one of the wrong size", "[storage][verify]") {
  Fixture f;
  std::vector<std::string> segments;
  for (const std::string& file : FilesBelow(f.data_dir())) {
    if (file.ends_with(".seg")) segments.push_back(f.data_dir() + "/" + file);
  }
  std::filesystem::remove(segments.front());
  std::filesystem::resize_file(segments.back(), std::filesystem::file_size(segments.back()) - 1);
  const Findings found = VerifyAll(f.db.get());
  REQUIRE(found.sentences.size() == 2);
  const auto one_about = [&](const std::string& path, const char* what) {
    const std::string name = std::filesystem::path(path).filename();
    return std::any_of(found.sentences.begin(), found.sentences.end(), [&](const std::string& s) {
      return s.find(name) != std::string::npos && s.find(what) != std::string::npos;
    });
  };
  CHECK(one_about(segments.front(), "cannot be read"));
  CHECK(one_about(segments.back(), "wrong file size"));
}

TEST_CASE("Verify stops when its observer says so", "[storage][verify]") {
  Fixture f;
  int calls = 0;
  REQUIRE_STATUS(f.db->Verify({}, [&](const VerifyProgress&, const absl::Status&) {
                   return ++calls == 5 ? absl::CancelledError("enough") : absl::OkStatus();
                 }).status(),
                 kCancelled, "enough");
  CHECK(calls == 5);
  REQUIRE_STATUS(f.db->Verify({.table = "nobody"}, {}).status(), kNotFound, "nobody");
}

TEST_CASE("Verify takes a table that is dropped meanwhile for no damage", "[storage][verify]") {
  Fixture f;
  std::vector<std::string> sentences;
  bool dropped = false;
  REQUIRE_OK(f.db->Verify({.table = "t"},
                          [&](const VerifyProgress&, const absl::Status& checked) {
                            if (!std::exchange(dropped, true)) REQUIRE_OK(f.db->DropTable("t"));
                            if (!checked.ok()) sentences.push_back(checked.ToString());
                            return absl::OkStatus();
                          })
                 .status());
  CHECK(dropped);
  CHECK(sentences == std::vector<std::string>());
}

TEST_CASE("Verify finds nothing wrong while rows come and move", "[storage][verify]") {
  Fixture f;
  absl::Status written;
  std::thread writer([&] {
    for (int i = 0; i < 20; ++i) {
      written.Update(TryPutRows(f.db.get(), "t", 10'000 + 200 * i, 200, i).status());
      if (i % 4 == 3) f.db->MoveTier({.table = "t", .from = Tier::kHot, .to = Tier::kWarm}).status().IgnoreError();
      if (i % 8 == 7) f.db->MoveTier({.table = "t", .from = Tier::kWarm, .to = Tier::kCold}).status().IgnoreError();
    }
  });
  std::vector<std::string> sentences;
  for (int i = 0; i < 6; ++i) {
    const Findings found = VerifyAll(f.db.get());
    sentences.insert(sentences.end(), found.sentences.begin(), found.sentences.end());
  }
  writer.join();
  REQUIRE_OK(written);
  CHECK(sentences == std::vector<std::string>());
}

}  // namespace cortex

// The same log gives the same files: decisions are logged, and replaying them makes segments of the same content hash.

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "tests/recovery/life.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex::testing {
namespace {

// The segment files of both tiers: name (with shard, id and content hash) and bytes.
std::map<std::string, std::string> SegmentFiles(const std::string& data) {
  std::map<std::string, std::string> files;
  for (const char* tier : {"/warm", "/cold"}) {
    for (const auto& entry : std::filesystem::directory_iterator(data + tier)) {
      std::ifstream file(entry.path(), std::ios::binary);
      std::stringstream bytes;
      bytes << file.rdbuf();
      files[entry.path().filename()] = bytes.str();
    }
  }
  return files;
}

// Opens what is in `data`, seals and moves everything; returns the lines of those decisions.
std::vector<std::string> ReplayAndMove(const std::string& data) {
  Life life(PosixFileSystem(), data);
  REQUIRE_OK(life.Open());
  for (const char* table : {"t", "e"}) {
    REQUIRE_OK(life.Do({.kind = LifeStep::Kind::kMove, .table = table, .from = Tier::kHot, .to = Tier::kWarm}));
    REQUIRE_OK(life.Do({.kind = LifeStep::Kind::kMove, .table = table, .from = Tier::kWarm, .to = Tier::kCold}));
  }
  std::vector<std::string> decisions;
  for (const std::string& event : life.events()) {
    if (event.starts_with("sealed: ") || event.starts_with("rewritten: ")) decisions.push_back(event);
  }
  return decisions;
}

}  // namespace

TEST_CASE("Replaying one log twice makes the same decisions and the same segment files", "[recovery][replay]") {
  const uint64_t seed = GENERATE(range(1, 9));
  CAPTURE(seed);
  TempDir dir;
  {
    RandomSteps steps(seed);
    ExpectedRows expected;
    Life life(PosixFileSystem(), dir.File("original"));
    REQUIRE_OK(life.Open());
    REQUIRE_OK(life.DoAll(steps.First(), &expected));
    for (int i = 0; i < 25; ++i) REQUIRE_OK(life.DoAll({steps.Next()}, &expected));
    REQUIRE_OK(life.DoAll({{.kind = LifeStep::Kind::kPut, .table = "t", .count = 1300, .x = 1'000'000}}, &expected));
  }
  for (const char* copy : {"first", "second"}) {
    std::filesystem::copy(dir.File("original"), dir.File(copy), std::filesystem::copy_options::recursive);
  }
  const std::vector<std::string> decisions = ReplayAndMove(dir.File("first"));
  REQUIRE(decisions.size() > 2);
  REQUIRE(ReplayAndMove(dir.File("second")) == decisions);
  const auto files = SegmentFiles(dir.File("first"));
  REQUIRE(!files.empty());
  REQUIRE((SegmentFiles(dir.File("second")) == files));
}

}  // namespace cortex::testing

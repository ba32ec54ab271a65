// The bytes of format 1.0 as they stand in tests/golden: today's writer must make them, today's reader must open them.
#include <catch2/catch.hpp>
#include <sstream>

#include "tests/storage/wal/wal_test_log.h"
#include "tests/support/status_assertions.h"

namespace cortex::testing {
namespace {

// Two groups and a marker, in a file of 384 bytes.
const std::vector<LogGroup> kGroups = {{{41, "first"}}, {{42, ""}, {44, "sixteen bytes ok"}}};

// Lines of hexadecimal bytes; what follows '#' is a comment.
std::string LoadHex(const std::string& path) {
  std::istringstream lines(REQUIRE_OK_AND_TAKE(ReadFile(PosixFileSystem(), path, 1 << 20)));
  std::string bytes;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    for (std::string word; words >> word;) bytes.push_back(static_cast<char>(std::stoi(word, nullptr, 16)));
  }
  return bytes;
}

const std::string kGolden = std::string(CORTEX_GOLDEN_DIR) + "/wal_v1.hex";
const std::string kName = "wal-00000000000000000041.log";

}  // namespace

TEST_CASE("WalWriter makes the golden bytes of format 1.0", "[storage][wal]") {
  const WalTestLog log(PosixFileSystem(), 384);
  log.Write(kGroups, /*marker=*/true);
  REQUIRE(log.Names() == std::vector<std::string>{kName});
  const std::string made = log.Load(kName);
  const std::string golden = LoadHex(kGolden);
  REQUIRE(made.size() == golden.size());
  for (size_t i = 0; i < made.size(); ++i) {
    CAPTURE(i);
    REQUIRE(static_cast<int>(made[i]) == static_cast<int>(golden[i]));
  }
}

TEST_CASE("WalReader opens the golden bytes of format 1.0", "[storage][wal]") {
  const WalTestLog log;
  log.Store(kName, LoadHex(kGolden));
  const LogContents contents = log.Read();
  REQUIRE_OK(contents.status);
  REQUIRE(contents.records == Flatten(kGroups));
  REQUIRE(contents.tail.ends_with_marker);
  REQUIRE(contents.tail.torn_bytes == 0);
}

}  // namespace cortex::testing

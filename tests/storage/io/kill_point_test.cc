#include "storage/io/kill_point.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "tests/support/status_assertions.h"

namespace cortex {
namespace {

// Runs `steps` with the order in the environment of a child; returns how the child ended.
template <typename Steps>
int StatusOfChild(const char* order, Steps steps) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv(kKillPointVariable, order, 1);
    internal::kill_points_off = false;
    steps();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

// Every name in a KillPoint(...) line below storage/.
std::multiset<std::string> NamesInCode() {
  std::multiset<std::string> names;
  const std::regex call("KillPoint\\(([^;]*)\\);"), literal("\"([^\"]*)\"");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(CORTEX_SOURCE_DIR "/storage")) {
    if (entry.path().extension() != ".cc" && entry.path().extension() != ".h") continue;
    if (entry.path().stem() == "kill_point") continue;
    std::ifstream file(entry.path());
    std::stringstream text;
    text << file.rdbuf();
    const std::string source = text.str();
    for (std::sregex_iterator at(source.begin(), source.end(), call), end; at != end; ++at) {
      const std::string arguments = (*at)[1];
      for (std::sregex_iterator name(arguments.begin(), arguments.end(), literal); name != end; ++name) {
        names.insert((*name)[1]);
      }
    }
  }
  return names;
}

}  // namespace

TEST_CASE("KillPoint ends the process at the ordered hit of the ordered name", "[storage][io]") {
  const auto steps = [] {
    for (int i = 0; i < 3; ++i) {
      KillPoint("wal-append");
      KillPoint("wal-synced");
    }
  };
  const int killed = StatusOfChild("wal-append:3", steps);
  REQUIRE(WIFSIGNALED(killed));
  REQUIRE(WTERMSIG(killed) == SIGKILL);
  const int survived = StatusOfChild("wal-append:4", steps);
  REQUIRE(WIFEXITED(survived));
  const int other = StatusOfChild("segment-create", steps);
  REQUIRE(WIFEXITED(other));
}

TEST_CASE("KillPoint stands in the code once for every name of the table", "[storage][io]") {
  const std::multiset<std::string> in_code = NamesInCode();
  std::multiset<std::string> in_table;
  for (const std::string_view name : KillPointNames()) in_table.emplace(name);
  REQUIRE(in_code == in_table);
  REQUIRE(in_table.size() >= 25);
}

TEST_CASE("ParseKillOrder refuses what would kill nothing", "[storage][io]") {
  const KillOrder order = REQUIRE_OK_AND_TAKE(ParseKillOrder("meta-commit:12"));
  REQUIRE(order.name == "meta-commit");
  REQUIRE(order.hit == 12);
  REQUIRE(REQUIRE_OK_AND_TAKE(ParseKillOrder("meta-commit")).hit == 1);
  for (const char* bad :
       {"", "nowhere", "wal-append:", "wal-append:0", "wal-append:x", "wal-append:1x", "wal-append:-1"}) {
    CAPTURE(bad);
    REQUIRE_STATUS(ParseKillOrder(bad), absl::StatusCode::kInvalidArgument, "kill point");
  }
}

}  // namespace cortex

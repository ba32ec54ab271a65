// The scripted life ends at every kill point of storage, in a process of its own; what it acknowledged is there
// afterwards.

#include "storage/io/kill_point.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "tests/recovery/life.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex::testing {
namespace {

// Lives in `dir` under the order; returns how the process ended. What it said is in `log`.
int Live(const std::string& dir, const std::string& order, const std::string& log) {
  std::vector<std::string> words = {CORTEX_RECOVERY_VICTIM, dir};
  std::vector<std::string> variables = {std::string(kKillPointVariable) + "=" + order};
  for (char** variable = environ; *variable != nullptr; ++variable) variables.emplace_back(*variable);
  const auto pointers = [](std::vector<std::string>& strings) {
    std::vector<char*> all;
    for (std::string& string : strings) all.push_back(string.data());
    all.push_back(nullptr);
    return all;
  };
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  pid_t pid = 0;
  const int failed =
      posix_spawn(&pid, words[0].c_str(), &files, nullptr, pointers(words).data(), pointers(variables).data());
  posix_spawn_file_actions_destroy(&files);
  REQUIRE(failed == 0);
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  return status;
}

ExpectedRows WhatItSaid(const std::string& log) {
  ExpectedRows expected;
  const std::vector<LifeStep> steps = ScriptedLife();
  std::ifstream lines(log);
  std::string word;
  size_t step = 0;
  while (lines >> word >> step) word == "begin" ? expected.Begin(steps.at(step)) : expected.Confirm();
  return expected;
}

// True if the process was killed; either way what it acknowledged must be there.
bool KillAt(const std::string& name, uint64_t hit) {
  CAPTURE(name, hit);
  TempDir dir;
  const int status = Live(dir.File("data"), name + ":" + std::to_string(hit), dir.File("said"));
  const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  REQUIRE((killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0)));
  ExpectedRows expected = WhatItSaid(dir.File("said"));
  for (int start = 0; start < 2; ++start) {  // the first may have something to repair, the second must not
    Life after(PosixFileSystem(), dir.File("data"));
    REQUIRE_OK(after.Open());
    REQUIRE(expected.Settle(REQUIRE_OK_AND_TAKE(after.Rows())) == "");
    REQUIRE(after.CheckFiles() == "");
  }
  return killed;
}

}  // namespace

// CORTEX_KILL_HITS=20: so many hits of each place instead of two; a place that one life reaches less often is reached in
// several lives.
TEST_CASE("A process killed at any kill point loses, changes and doubles nothing", "[recovery][killpoints]") {
  const char* const asked = std::getenv("CORTEX_KILL_HITS");
  const uint64_t hits = asked == nullptr ? 2 : std::strtoull(asked, nullptr, 10);
  for (const std::string_view name : KillPointNames()) {
    CAPTURE(name);
    uint64_t not_reached = UINT64_MAX, lives = 0;
    for (uint64_t done = 0, hit = 1; done < hits; hit += 1 + hit / 4, ++lives) {
      if (hit >= not_reached) hit = 1;
      if (KillAt(std::string(name), hit)) {
        ++done;
      } else {
        // Every place is reached at least once, or the script does not prove what it says.
        REQUIRE(hit > 1);
        not_reached = hit;
      }
    }
    if (asked == nullptr) continue;
    std::printf("%-22s %4llu hits in %4llu lives\n", std::string(name).c_str(), static_cast<unsigned long long>(hits),
                static_cast<unsigned long long>(lives));
    std::fflush(stdout);
  }
}

}  // namespace cortex::testing

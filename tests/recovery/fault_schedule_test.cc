// Every operation of a scripted life fails once, and once for good; then the power goes. What was acknowledged is
// there.

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/recovery/life.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex::testing {
namespace {

// One failure, then everything unsynced is lost, then a new process.
void FailOnce(uint64_t operation, bool sticky, uint64_t torn_bytes) {
  CAPTURE(operation, sticky, torn_bytes);
  TempDir dir;
  FaultyFileSystem fs(PosixFileSystem());
  ExpectedRows expected;
  {
    Life life(&fs, dir.File("data"));
    fs.FailAt(operation, absl::DataLossError("injected"), sticky, torn_bytes);
    absl::Status ended = life.Open();
    if (ended.ok()) ended = life.DoAll(ScriptedLife(), &expected);
    INFO(ended.ToString());
    life.Close();
  }
  fs.StopFailing();
  fs.LosePower(operation);
  Life after(&fs, dir.File("data"));
  REQUIRE_OK(after.Open());
  REQUIRE(expected.Settle(REQUIRE_OK_AND_TAKE(after.Rows())) == "");
}

uint64_t CountOperations() {
  TempDir dir;
  FaultyFileSystem fs(PosixFileSystem());
  ExpectedRows expected;
  Life life(&fs, dir.File("data"));
  REQUIRE_OK(life.Open());
  REQUIRE_OK(life.DoAll(ScriptedLife(), &expected));
  const uint64_t operations = fs.operation_count();
  REQUIRE(expected.Settle(REQUIRE_OK_AND_TAKE(life.Rows())) == "");
  REQUIRE(life.CheckFiles() == "");
  return operations;
}

}  // namespace

// By default every fifth operation, by turns once and for good; CORTEX_EVERY_FAULT=1: each one, once and for good.
TEST_CASE("A database that meets an error at any operation keeps every acknowledged row once", "[recovery]") {
  const uint64_t operations = CountOperations();
  INFO(operations << " operations in an undisturbed life");
  const bool every = std::getenv("CORTEX_EVERY_FAULT") != nullptr;
  uint64_t lives = 0;
  for (uint64_t n = 3; n < operations; n += every ? 1 : 5) {
    const uint64_t torn_bytes = n % 3 == 0 ? 100 : 0;
    if (every || n % 2 == 0) FailOnce(n, /*sticky=*/true, torn_bytes);
    if (every || n % 2 == 1) FailOnce(n, /*sticky=*/false, torn_bytes);
    if (every && ++lives % 200 == 0)
      std::printf("operation %d of %d\n", static_cast<int>(n), static_cast<int>(operations));
  }
}

}  // namespace cortex::testing

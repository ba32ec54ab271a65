#include "storage/meta/commit_witness.h"

#include <catch2/catch.hpp>

#include "tests/storage/meta/meta_test_data.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex::testing {
namespace {

TEST_CASE("CommitWitness remembers the last version over a reopening", "[storage][meta]") {
  const TempDir dir;
  {
    CommitWitness witness = REQUIRE_OK_AND_TAKE(CommitWitness::Open(PosixFileSystem(), dir.path(), false));
    CHECK(REQUIRE_OK_AND_TAKE(witness.Read()) == std::nullopt);
    REQUIRE_OK(witness.Write(6));
    REQUIRE_OK(witness.Write(7));
    CHECK(REQUIRE_OK_AND_TAKE(witness.Read()) == 7);
  }
  CommitWitness witness = REQUIRE_OK_AND_TAKE(CommitWitness::Open(PosixFileSystem(), dir.path(), false));
  CHECK(REQUIRE_OK_AND_TAKE(witness.Read()) == 7);
  CHECK(ReadBytes(dir.File("COMMITTED")).substr(0, 8) == std::string("\x07\0\0\0\0\0\0\0", 8));
}

TEST_CASE("CommitWitness tells damage from a file that was never written", "[storage][meta]") {
  const TempDir dir;
  const std::string path = dir.File("COMMITTED");
  {
    CommitWitness witness = REQUIRE_OK_AND_TAKE(CommitWitness::Open(PosixFileSystem(), dir.path(), false));
    REQUIRE_OK(witness.Write(7));
  }
  std::string bytes = ReadBytes(path);
  const auto read = [&] {
    return REQUIRE_OK_AND_TAKE(CommitWitness::Open(PosixFileSystem(), dir.path(), false)).Read();
  };
  for (size_t i = 0; i < bytes.size(); ++i) {
    CAPTURE(i);
    bytes[i] ^= 1;
    WriteBytes(path, bytes);
    REQUIRE_STATUS(read(), absl::StatusCode::kDataLoss, "COMMITTED");
    bytes[i] ^= 1;
  }
  WriteBytes(path, bytes + "x");
  REQUIRE_STATUS(read(), absl::StatusCode::kDataLoss, "");
  WriteBytes(path, std::string(16, '\0'));
  CHECK(REQUIRE_OK_AND_TAKE(read()) == std::nullopt);
}

TEST_CASE("CommitWitness forgets when it is reset", "[storage][meta]") {
  const TempDir dir;
  WriteBytes(dir.File("COMMITTED"), "not what we write");
  CommitWitness witness = REQUIRE_OK_AND_TAKE(CommitWitness::Open(PosixFileSystem(), dir.path(), true));
  CHECK(REQUIRE_OK_AND_TAKE(witness.Read()) == std::nullopt);
}

}  // namespace
}  // namespace cortex::testing

#include "storage/meta/commit_witness.h"

#include <catch2/catch.hpp>

#include "tests/storage/meta/meta_test_data.h"
#include "tests/support/faulty_file_system.h"
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
  CHECK(ReadBytes(dir.File("COMMITTED")).substr(16, 8) == std::string("\x07\0\0\0\0\0\0\0", 8));
}

CommitWitness OpenWitness(const TempDir& dir) {
  return REQUIRE_OK_AND_TAKE(CommitWitness::Open(PosixFileSystem(), dir.path(), false));
}

TEST_CASE("CommitWitness damaged in one place names a version that was written, in two places none", "[storage][meta]") {
  const TempDir dir;
  const std::string path = dir.File("COMMITTED");
  {
    CommitWitness witness = OpenWitness(dir);
    REQUIRE_OK(witness.Write(6));
    REQUIRE_OK(witness.Write(7));
  }
  const std::string bytes = ReadBytes(path);
  REQUIRE(bytes.size() == 32);
  for (size_t i = 0; i < bytes.size(); ++i) {
    CAPTURE(i);
    std::string damaged = bytes;
    damaged[i] ^= 1;
    WriteBytes(path, damaged);
    CHECK(REQUIRE_OK_AND_TAKE(OpenWitness(dir).Read()) == (i < 16 ? 7 : 6));
    damaged[(i + 16) % 32] ^= 1;
    WriteBytes(path, damaged);
    REQUIRE_STATUS(OpenWitness(dir).Read(), absl::StatusCode::kDataLoss, "COMMITTED");
    CHECK(ReadBytes(path) == damaged);
  }
  WriteBytes(path, std::string(16, '\0'));
  CHECK(REQUIRE_OK_AND_TAKE(OpenWitness(dir).Read()) == std::nullopt);
}

TEST_CASE("CommitWitness torn at any byte of its last write names the version before", "[storage][meta]") {
  for (uint64_t written = 0; written < 4; ++written) {
    for (size_t torn = 0; torn < 16; ++torn) {
      CAPTURE(written, torn);
      const TempDir dir;
      const std::string path = dir.File("COMMITTED");
      CommitWitness witness = OpenWitness(dir);
      for (uint64_t version = 1; version <= written; ++version) REQUIRE_OK(witness.Write(version));
      std::string bytes = ReadBytes(path);
      REQUIRE_OK(witness.Write(written + 1));
      const size_t slot = written % 2 * 16;
      bytes.replace(slot, torn, ReadBytes(path), slot, torn);
      WriteBytes(path, bytes);
      CHECK(REQUIRE_OK_AND_TAKE(OpenWitness(dir).Read()).value_or(0) == written);
      REQUIRE_OK(OpenWitness(dir).Write(written + 2));  // never over the sound one
      CHECK(REQUIRE_OK_AND_TAKE(OpenWitness(dir).Read()) == written + 2);
    }
  }
}

TEST_CASE("CommitWitness outlives a power cut that keeps a torn write alone", "[storage][meta]") {
  const TempDir dir;
  FaultyFileSystem fs(PosixFileSystem());
  const auto open = [&] { return REQUIRE_OK_AND_TAKE(CommitWitness::Open(&fs, dir.path(), false)); };
  for (uint64_t seed = 0; seed < 50; ++seed) {
    CAPTURE(seed);
    fs.StopFailing();
    CommitWitness witness = open();
    const uint64_t before = REQUIRE_OK_AND_TAKE(witness.Read()).value_or(0);
    for (uint64_t i = 1; i <= seed % 4; ++i) REQUIRE_OK(witness.Write(before + i));
    fs.Inject({.part = "COMMITTED", .after = 0, .count = 1, .status = absl::DataLossError("injected"), .torn_bytes = 5});
    REQUIRE_STATUS(witness.Write(before + 4), absl::StatusCode::kDataLoss, "injected");
    fs.StopFailing();
    fs.LosePower(seed);
    REQUIRE_OK(open().Read());
  }
}

TEST_CASE("CommitWitness forgets when it is reset", "[storage][meta]") {
  const TempDir dir;
  WriteBytes(dir.File("COMMITTED"), "not what we write");
  CommitWitness witness = REQUIRE_OK_AND_TAKE(CommitWitness::Open(PosixFileSystem(), dir.path(), true));
  CHECK(REQUIRE_OK_AND_TAKE(witness.Read()) == std::nullopt);
}

}  // namespace
}  // namespace cortex::testing

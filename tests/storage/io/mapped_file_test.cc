#include "storage/io/mapped_file.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/checksum.h"
#include "tests/support/status_assertions.h"
#include "tests/support/temp_dir.h"

namespace cortex::testing {
namespace {

constexpr size_t kPageBytes = 4096;

void Store(const std::string& path, std::string_view bytes) {
  const auto file = REQUIRE_OK_AND_TAKE(PosixFileSystem()->OpenWritable(path, WriteMode::kTruncate));
  REQUIRE_OK(file->Append(AsBytes(bytes)));
}

std::unique_ptr<MappedFile> Map(const std::string& path) {
  return REQUIRE_OK_AND_TAKE(MappedFile::Open(PosixFileSystem(), path));
}

}  // namespace

TEST_CASE("MappedFile shows the bytes of a file", "[storage][io]") {
  const TempDir dir;
  Store(dir.File("f"), "hello");
  const auto file = Map(dir.File("f"));
  file->Advise(AccessPattern::kSequential);
  file->Advise(2, 1000000, AccessPattern::kDontNeed);
  file->Advise(7, 1, AccessPattern::kWillNeed);
  REQUIRE(AsStringView(file->bytes()) == "hello");
  REQUIRE_OK(file->DamageStatus());
  Store(dir.File("empty"), "");
  REQUIRE(Map(dir.File("empty"))->bytes().empty());
  REQUIRE_STATUS(MappedFile::Open(PosixFileSystem(), dir.File("none")), absl::StatusCode::kNotFound, "none");
}

TEST_CASE("MappedFile reads zeros and says DATA_LOSS where the file was cut short", "[storage][io]") {
  const TempDir dir;
  Store(dir.File("whole"), std::string(3 * kPageBytes, 'w'));
  Store(dir.File("cut"), std::string(3 * kPageBytes, 'c'));
  const auto whole = Map(dir.File("whole"));
  const auto cut = Map(dir.File("cut"));
  REQUIRE(truncate(dir.File("cut").c_str(), kPageBytes) == 0);
  REQUIRE(static_cast<char>(cut->bytes()[0]) == 'c');
  REQUIRE_OK(cut->DamageStatus());
  REQUIRE(static_cast<char>(cut->bytes()[2 * kPageBytes + 17]) == '\0');  // SIGBUS without the guard
  REQUIRE_STATUS(cut->DamageStatus(), absl::StatusCode::kDataLoss, dir.File("cut"));
  REQUIRE(Checksum64(cut->bytes()) != 0);  // the page between faults too
  REQUIRE(static_cast<char>(cut->bytes()[0]) == 'c');
  REQUIRE(static_cast<char>(whole->bytes()[2 * kPageBytes]) == 'w');
  REQUIRE_OK(whole->DamageStatus());
}

TEST_CASE("MappedFile survives many threads meeting the same bad pages", "[storage][io]") {
  const TempDir dir;
  constexpr size_t kPages = 64;
  Store(dir.File("f"), std::string(kPages * kPageBytes, 'x'));
  const auto file = Map(dir.File("f"));
  REQUIRE(truncate(dir.File("f").c_str(), 0) == 0);
  std::vector<uint64_t> sums(4, 1);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < sums.size(); ++t) {
    threads.emplace_back([&, t] {
      uint64_t sum = 0;
      for (const std::byte byte : file->bytes()) sum += static_cast<uint64_t>(byte);
      sums[t] = sum;
    });
  }
  for (std::thread& thread : threads) thread.join();
  REQUIRE(sums == std::vector<uint64_t>(4, 0));
  REQUIRE(file->damaged());
}

TEST_CASE("MappedFile gives its place in the fault table back", "[storage][io]") {
  const TempDir dir;
  Store(dir.File("f"), "x");
  for (int i = 0; i < 20000; ++i) {  // more than the table holds
    auto file = MappedFile::Open(PosixFileSystem(), dir.File("f"));
    if (!file.ok() || (*file)->damaged()) REQUIRE_OK(file);
  }
}

}  // namespace cortex::testing

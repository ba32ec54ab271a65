#include "storage/wal/wal_reader.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <random>

#include "codecs/bytes/byte_writer.h"
#include "codecs/bytes/checksum.h"
#include "tests/storage/wal/wal_test_log.h"
#include "tests/support/status_assertions.h"

namespace cortex::testing {
namespace {

const std::string kFirst = WalFileName(1);

// Where records start in the first file of a log of `groups`, and where the last ends.
std::vector<uint64_t> RecordOffsets(const std::vector<LogGroup>& groups) {
  std::vector<uint64_t> offsets = {kWalFileHeaderBytes};
  for (const LogRecord& record : Flatten(groups)) {
    offsets.push_back(offsets.back() + WalRecordBytes(record.payload.size()));
  }
  return offsets;
}

std::vector<LogRecord> FirstOf(std::vector<LogRecord> records, size_t count) {
  records.resize(count);
  return records;
}

// Puts a fresh log with the given bytes after `cut` into `log`.
enum class Leftover { kNothing, kZeros, kGarbage };

void CutAt(const WalTestLog& log, const std::string& intact, uint64_t cut, Leftover leftover) {
  std::string bytes = intact.substr(0, cut);
  if (leftover != Leftover::kNothing) bytes.resize(intact.size(), '\0');
  if (leftover == Leftover::kGarbage) {
    std::minstd_rand random(static_cast<unsigned>(cut));
    for (size_t i = cut; i < bytes.size(); ++i) bytes[i] = static_cast<char>(random());
  }
  log.Store(kFirst, bytes);
}

}  // namespace

TEST_CASE("WalReader gives back what was written, payload lengths of all remainders", "[storage][wal]") {
  const WalTestLog log;
  const auto groups = SingleRecordGroups(1, 20);
  log.Write(groups);
  const LogContents contents = log.Read();
  REQUIRE_OK(contents.status);
  REQUIRE(contents.records == Flatten(groups));
  REQUIRE(contents.tail.last_commit == 20);
  REQUIRE(contents.tail.torn_bytes == 0);
  REQUIRE(contents.tail.files.size() == 1);
  REQUIRE(contents.tail.files[0].used_bytes == RecordOffsets(groups).back());
}

TEST_CASE("WalReader finds nothing in an empty directory", "[storage][wal]") {
  const WalTestLog log;
  const LogContents contents = log.Read();
  REQUIRE_OK(contents.status);
  REQUIRE(contents.records.empty());
  REQUIRE(contents.tail.files.empty());
  REQUIRE(contents.tail.last_commit == 0);
}

TEST_CASE("WalReader stops at a tail torn at any byte of the last three records", "[storage][wal]") {
  const WalTestLog log(PosixFileSystem(), 1024);
  const auto groups = SingleRecordGroups(1, 6);
  log.Write(groups);
  const std::string intact = log.Load(kFirst);
  const auto offsets = RecordOffsets(groups);
  const Leftover leftover = GENERATE(Leftover::kNothing, Leftover::kZeros, Leftover::kGarbage);
  for (uint64_t cut = offsets[3]; cut < offsets[6]; ++cut) {
    CAPTURE(cut);
    size_t whole = 3;
    while (offsets[whole + 1] <= cut) ++whole;
    CutAt(log, intact, cut, leftover);
    const LogContents contents = log.Read();
    REQUIRE_OK(contents.status);
    // Cutting inside the zero padding by zeros takes nothing away.
    const bool only_padding = leftover == Leftover::kZeros && cut >= offsets[whole] + kWalRecordHeaderBytes +
                                                                         groups[whole][0].payload.size();
    REQUIRE(contents.records == FirstOf(Flatten(groups), only_padding ? whole + 1 : whole));
    REQUIRE(contents.tail.end_position == offsets[contents.records.size()] - kWalFileHeaderBytes);
  }
}

TEST_CASE("WalWriter goes on at a torn tail and leaves none of its bytes behind", "[storage][wal]") {
  const WalTestLog log(PosixFileSystem(), 1024);
  const auto groups = SingleRecordGroups(1, 6);
  log.Write(groups);
  const std::string intact = log.Load(kFirst);
  const uint64_t cut = RecordOffsets(groups)[4] + 10;
  CutAt(log, intact, cut, Leftover::kGarbage);
  log.Write({{{5, "again"}}});
  const LogContents contents = log.Read();
  REQUIRE_OK(contents.status);
  REQUIRE(contents.records.size() == 5);
  REQUIRE(contents.records.back() == LogRecord{5, "again"});
  REQUIRE(contents.tail.torn_bytes == 0);
  REQUIRE(log.Load(kFirst).size() == 1024);
}

TEST_CASE("WalReader cuts a group of which a later record arrived and an earlier did not", "[storage][wal]") {
  const WalTestLog log(PosixFileSystem(), 1024);
  log.Write({{{1, "one"}}, {{2, "two"}, {3, "three"}, {4, "four"}}});
  log.Edit(kFirst, [](std::string* bytes) { (*bytes)[64 + 64 + 56] ^= 1; });  // the payload of commit 2
  const LogContents contents = log.Read();
  REQUIRE_OK(contents.status);
  REQUIRE(contents.records == std::vector<LogRecord>{{1, "one"}});
  REQUIRE(contents.tail.torn_bytes > 0);
}

TEST_CASE("WalReader refuses any flipped bit below a synced position and cuts there on repair", "[storage][wal]") {
  const WalTestLog log(PosixFileSystem(), 1024);
  const auto groups = SingleRecordGroups(1, 4);
  log.Write(groups, /*marker=*/true);
  const std::string intact = log.Load(kFirst);
  const auto offsets = RecordOffsets(groups);
  for (uint64_t offset = 0; offset < offsets.back(); ++offset) {
    const int bit = static_cast<int>(offset % 8);
    CAPTURE(offset, bit);
    std::string bytes = intact;
    bytes[offset] = static_cast<char>(bytes[offset] ^ (1 << bit));
    log.Store(kFirst, bytes);
    const LogContents refused = log.Read();
    REQUIRE_STATUS(refused.status, absl::StatusCode::kDataLoss, kFirst);
    REQUIRE_STATUS(refused.status, absl::StatusCode::kDataLoss, "--wal.repair=true");

    const LogContents repaired = log.Read(/*repair=*/true);
    REQUIRE_OK(repaired.status);
    size_t whole = 0;
    while (offsets[whole + 1] <= offset) ++whole;
    if (offset < kWalFileHeaderBytes) whole = 0;
    REQUIRE(repaired.records == FirstOf(Flatten(groups), whole));
    REQUIRE(repaired.tail.loss.has_value());
    REQUIRE(repaired.tail.loss->file == kFirst);
    REQUIRE(repaired.tail.loss->offset == (offset < kWalFileHeaderBytes ? 0 : offsets[whole]));
    REQUIRE(repaired.tail.loss->lost_bytes > 0);
  }
}

TEST_CASE("WalReader takes damage to the last group for a torn tail until a marker covers it", "[storage][wal]") {
  const bool marker = GENERATE(false, true);
  const WalTestLog log(PosixFileSystem(), 1024);
  const auto groups = SingleRecordGroups(1, 3);
  log.Write(groups, marker);
  log.Edit(kFirst, [&](std::string* bytes) { (*bytes)[RecordOffsets(groups)[2] + 58] ^= 1; });
  const LogContents contents = log.Read();
  if (marker) {
    REQUIRE_STATUS(contents.status, absl::StatusCode::kDataLoss, "offset 192");
  } else {
    REQUIRE_OK(contents.status);
  }
  REQUIRE(contents.records.size() == 2);
}

TEST_CASE("WalReader refuses a missing file and one cut short in the middle of the log", "[storage][wal]") {
  const WalTestLog log(PosixFileSystem(), 512);
  const auto groups = SingleRecordGroups(1, 15);
  log.Write(groups);
  const auto names = log.Names();
  REQUIRE(names.size() >= 3);
  SECTION("missing") {
    REQUIRE_OK(PosixFileSystem()->Remove(log.Path(names[1])));
    REQUIRE_STATUS(log.Read().status, absl::StatusCode::kDataLoss, "the next file, " + names[2]);
  }
  SECTION("cut short by one record") {
    log.Edit(names[1], [](std::string* bytes) { bytes->resize(bytes->size() - 64); });
    REQUIRE_STATUS(log.Read().status, absl::StatusCode::kDataLoss, names[1]);
  }
  SECTION("its last record zeroed") {
    log.Edit(names[0], [](std::string* bytes) { std::fill(bytes->end() - 64, bytes->end(), '\0'); });
    REQUIRE_STATUS(log.Read().status, absl::StatusCode::kDataLoss, names[0]);
  }
  SECTION("its header gone") {
    log.Edit(names[1], [](std::string* bytes) { std::fill_n(bytes->begin(), 64, '\0'); });
    REQUIRE_STATUS(log.Read().status, absl::StatusCode::kDataLoss, names[1]);
    const LogContents repaired = log.Read(/*repair=*/true);
    REQUIRE_OK(repaired.status);
    REQUIRE(repaired.tail.files.size() == 1);
    REQUIRE(repaired.tail.lost_files.size() == names.size() - 1);
  }
  SECTION("the oldest gone is how trimming looks, and fine") {
    REQUIRE_OK(PosixFileSystem()->Remove(log.Path(names[0])));
    const LogContents contents = log.Read();
    REQUIRE_OK(contents.status);
    REQUIRE(contents.records.back() == Flatten(groups).back());
  }
}

TEST_CASE("WalReader repair keeps what it cuts in files set aside", "[storage][wal]") {
  const WalTestLog log(PosixFileSystem(), 512);
  const auto groups = SingleRecordGroups(1, 15);
  log.Write(groups);
  const auto names = log.Names();
  log.Edit(names[1], [](std::string* bytes) { (*bytes)[64 + 80] ^= 4; });
  const LogContents repaired = log.Read(/*repair=*/true);
  REQUIRE_OK(repaired.status);
  REQUIRE(repaired.tail.loss->last_readable_commit == 15);
  REQUIRE(repaired.tail.loss->readable_records + repaired.records.size() >= 14);
  const size_t kept = repaired.records.size();

  {
    const auto writer = log.OpenWriter(/*repair=*/true);
    REQUIRE_OK(AppendGroup(writer.get(), {{100, "after repair"}}));
    REQUIRE_OK(writer->Sync());
  }
  const LogContents contents = log.Read();
  REQUIRE_OK(contents.status);
  REQUIRE(contents.records.size() == kept + 1);
  REQUIRE(contents.records.back() == LogRecord{100, "after repair"});
  const auto after = log.Names();
  for (size_t i = 1; i < names.size(); ++i) {
    REQUIRE(std::count(after.begin(), after.end(), names[i] + ".lost") == 1);
  }
}

TEST_CASE("WalReader is not fooled by a log stored as a payload", "[storage][wal]") {
  WalTestLog inner(PosixFileSystem(), 1024);
  inner.Write(SingleRecordGroups(1, 5), /*marker=*/true);
  const WalTestLog log(PosixFileSystem(), 8192);
  log.Write({{{1, "small"}}, {{2, inner.Load(kFirst)}}});
  log.Edit(kFirst, [](std::string* bytes) { (*bytes)[64 + 64 + 8] ^= 1; });  // the header of commit 2
  const LogContents contents = log.Read();
  REQUIRE_OK(contents.status);  // the records inside claim synced positions, but stand in the wrong place
  REQUIRE(contents.records.size() == 1);
}

TEST_CASE("WalReader refuses another server's log and a newer format", "[storage][wal]") {
  const WalTestLog log;
  log.Write(SingleRecordGroups(1, 1));
  REQUIRE_STATUS(WalReader::Open(PosixFileSystem(), {.dir = log.dir(), .server_id = 8}),
                 absl::StatusCode::kFailedPrecondition, "wal of another server");
  REQUIRE_STATUS(WalReader::Open(PosixFileSystem(), {.dir = log.dir() + "/none"}), absl::StatusCode::kNotFound, "none");
  log.Edit(kFirst, [](std::string* bytes) {
    (*bytes)[8] = 2;  // the major version
    const uint64_t checksum = Checksum64(std::string_view(*bytes).substr(0, 56));
    std::memcpy(bytes->data() + 56, &checksum, sizeof(checksum));
  });
  REQUIRE_STATUS(log.Read(/*repair=*/true).status, absl::StatusCode::kUnimplemented, "wal format 2.0");
}

TEST_CASE("WalReader refuses records that contradict each other", "[storage][wal]") {
  const WalTestLog log(PosixFileSystem(), 1024);
  log.Write({{{5, "five"}}, {{6, "six"}}});
  const std::string name = WalFileName(5);
  const auto rewrite = [&](auto change) {
    log.Edit(name, [&](std::string* bytes) {
      auto header = *DecodeWalRecordHeader(AsBytes(*bytes).subspan(128));
      change(&header);
      const auto encoded = EncodeWalRecordHeader(header);
      bytes->replace(128, encoded.size(), AsStringView(encoded));
    });
  };
  SECTION("commits going back") {
    rewrite([](WalRecordHeader* header) { header->commit = 5; });
    REQUIRE_STATUS(log.Read().status, absl::StatusCode::kDataLoss, "commit 5 follows commit 5");
  }
  SECTION("a claim about the future") {
    rewrite([](WalRecordHeader* header) { header->synced_through = 4096; });
    REQUIRE_STATUS(log.Read().status, absl::StatusCode::kDataLoss, "behind itself");
  }
  SECTION("an unknown kind") {
    rewrite([](WalRecordHeader* header) { header->kind = static_cast<WalRecordKind>(9); });
    REQUIRE_STATUS(log.Read().status, absl::StatusCode::kUnimplemented, "wal record kind 9");
  }
  SECTION("a length beyond the file, with an intact header, is a torn tail") {
    rewrite([](WalRecordHeader* header) { header->payload_bytes = 100000; });
    REQUIRE_OK(log.Read().status);
    REQUIRE(log.Read().records.size() == 1);
  }
}

}  // namespace cortex::testing

#include "storage/wal/wal_writer.h"

#include <catch2/catch.hpp>
#include <random>

#include "codecs/bytes/byte_writer.h"
#include "tests/storage/wal/wal_test_log.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/status_assertions.h"

namespace cortex::testing {

TEST_CASE("WalWriter rotates when a group does not fit and starts every file at its first commit", "[storage][wal]") {
  const WalTestLog log(PosixFileSystem(), 512);
  const auto groups = SingleRecordGroups(1, 15);
  log.Write(groups);
  const LogContents contents = log.Read();
  REQUIRE_OK(contents.status);
  REQUIRE(contents.records == Flatten(groups));
  REQUIRE(contents.tail.files.size() >= 3);
  WalPosition position = 0;
  for (const WalFile& file : contents.tail.files) {
    REQUIRE(file.name == WalFileName(file.header.first_commit));
    REQUIRE(file.header.start_position == position);
    position += file.used_bytes - kWalFileHeaderBytes;
  }
  REQUIRE(position == contents.tail.end_position);
}

TEST_CASE("WalWriter makes a bigger file for a bigger group", "[storage][wal]") {
  const WalTestLog log(PosixFileSystem(), 512);
  const LogGroup big = {{2, std::string(3000, 'x')}, {3, std::string(2000, 'y')}};
  SECTION("as the first file") { log.Write({big, {{4, "small"}}}); }
  SECTION("after another") { log.Write({{{1, "small"}}, big, {{4, "small"}}}); }
  SECTION("by growing an empty file") {
    log.Write({{{1, "small"}}});
    REQUIRE_OK(log.OpenWriter()->Rotate());
    log.Write({big});
    REQUIRE(log.Names().size() == 2);
  }
  const LogContents contents = log.Read();
  REQUIRE_OK(contents.status);
  REQUIRE(contents.tail.last_commit >= 3);
}

TEST_CASE("WalWriter goes on after reopening, with and without markers", "[storage][wal]") {
  const bool marker = GENERATE(false, true);
  const WalTestLog log;
  const auto groups = SingleRecordGroups(1, 6);
  log.Write({groups[0], groups[1]}, marker);
  log.Write({groups[2]}, marker);
  log.Write({}, marker);
  log.Write({groups[3], groups[4], groups[5]}, marker);
  const LogContents contents = log.Read();
  REQUIRE_OK(contents.status);
  REQUIRE(contents.records == Flatten(groups));
  REQUIRE(contents.tail.ends_with_marker == marker);
  REQUIRE(log.Names().size() == 1);
}

TEST_CASE("WalWriter writes a marker only once per group", "[storage][wal]") {
  const WalTestLog log;
  const auto writer = log.OpenWriter();
  REQUIRE_OK(writer->WriteSyncedMarker());  // nothing to mark
  REQUIRE(writer->files().empty());
  REQUIRE_OK(AppendGroup(writer.get(), {{1, "one"}}));
  REQUIRE(writer->synced_through() < writer->end_position());
  REQUIRE_OK(writer->WriteSyncedMarker());
  REQUIRE(writer->synced_through() == writer->end_position());
  const WalPosition end = writer->end_position();
  REQUIRE_OK(writer->WriteSyncedMarker());
  REQUIRE(writer->end_position() == end);
}

TEST_CASE("WalWriter trims whole files below the first commit still needed", "[storage][wal]") {
  const WalTestLog log(PosixFileSystem(), 512);
  const auto groups = SingleRecordGroups(1, 15);
  log.Write(groups);
  const auto writer = log.OpenWriter();
  const auto files = writer->files();
  REQUIRE(files.size() >= 3);
  const uint64_t bytes = writer->total_bytes();

  REQUIRE_OK(writer->Trim(files[1].header.first_commit - 1));
  REQUIRE(writer->files().size() == files.size());
  REQUIRE_OK(writer->Trim(files[1].header.first_commit));
  REQUIRE(writer->files().size() == files.size() - 1);
  REQUIRE(writer->total_bytes() == bytes - files[0].used_bytes);

  REQUIRE_OK(writer->Trim(100));  // the current file stays whatever is asked
  REQUIRE(writer->files().size() == 1);
  REQUIRE_OK(writer->Rotate());
  REQUIRE_OK(writer->Trim(100));
  REQUIRE(writer->files().size() == 1);
  REQUIRE(writer->total_bytes() == kWalFileHeaderBytes);
  REQUIRE_OK(AppendGroup(writer.get(), {{16, "sixteen"}}));
  REQUIRE_OK(writer->Sync());
  const LogContents contents = log.Read();
  REQUIRE_OK(contents.status);
  REQUIRE(contents.records == std::vector<LogRecord>{{16, "sixteen"}});
}

TEST_CASE("WalWriter refuses commits out of order and stays usable", "[storage][wal]") {
  const WalTestLog log;
  const auto writer = log.OpenWriter();
  REQUIRE_OK(AppendGroup(writer.get(), {{5, "five"}}));
  REQUIRE_STATUS(AppendGroup(writer.get(), {{5, "again"}}), absl::StatusCode::kInvalidArgument, "commit 5");
  REQUIRE_STATUS(AppendGroup(writer.get(), {{7, "seven"}, {6, "six"}}), absl::StatusCode::kInvalidArgument, "commit 6");
  REQUIRE_OK(AppendGroup(writer.get(), {{9, "gaps are fine"}}));
  REQUIRE_OK(writer->status());
}

TEST_CASE("WalWriter is closed for good by a failed write or sync at any step", "[storage][wal]") {
  // Counts the operations of a run that fails nowhere, then fails each of them in turn.
  const auto groups = SingleRecordGroups(1, 12);
  const auto run = [&](FaultyFileSystem* fs, const WalTestLog& log, size_t* acknowledged) -> absl::Status {
    auto writer = WalWriter::Open(fs, log.options(), WalTail());
    if (!writer.ok()) return writer.status();
    absl::Status first_error;
    for (const LogGroup& group : groups) {
      absl::Status status = AppendGroup(writer->get(), group);
      if (status.ok()) status = (*writer)->Sync();
      if (status.ok() && !first_error.ok()) return absl::InternalError("acknowledged after a failure");
      if (status.ok()) ++*acknowledged;
      if (!status.ok() && first_error.ok()) {
        first_error = status;
        fs->StopFailing();  // the disk is well again; the writer must not believe it
      }
    }
    return first_error;
  };
  uint64_t operation_count = 0;
  {
    FaultyFileSystem fs(PosixFileSystem());
    const WalTestLog log(&fs, 512);
    size_t acknowledged = 0;
    REQUIRE_OK(run(&fs, log, &acknowledged));
    REQUIRE(acknowledged == groups.size());
    operation_count = fs.operation_count();
  }
  REQUIRE(operation_count > 30);
  for (uint64_t operation = 1; operation <= operation_count; ++operation) {
    CAPTURE(operation);
    FaultyFileSystem fs(PosixFileSystem());
    const WalTestLog log(&fs, 512);
    fs.FailAt(operation, absl::DataLossError("injected"), /*sticky=*/false, /*torn_bytes=*/operation * 7 % 80);
    size_t acknowledged = 0;
    REQUIRE_STATUS(run(&fs, log, &acknowledged), absl::StatusCode::kDataLoss, "injected");
    fs.LosePower(operation);
    const LogContents contents = log.Read();
    REQUIRE_OK(contents.status);
    REQUIRE(contents.records.size() >= acknowledged);
    std::vector<LogRecord> expected = Flatten(groups);
    expected.resize(contents.records.size());
    REQUIRE(contents.records == expected);
    const auto writer = REQUIRE_OK_AND_TAKE(WalWriter::Open(&fs, log.options(), contents.tail));
    REQUIRE_OK(AppendGroup(writer.get(), {{100, "goes on"}}));
  }
}

TEST_CASE("WalWriter tries again when there was no room for a new file", "[storage][wal]") {
  FaultyFileSystem fs(PosixFileSystem());
  const WalTestLog log(&fs, 512);
  const auto writer = log.OpenWriter();
  REQUIRE_OK(AppendGroup(writer.get(), {{1, std::string(300, 'a')}}));
  const LogGroup next = {{2, std::string(300, 'b')}};
  fs.FailAt(fs.operation_count() + 4, absl::ResourceExhaustedError("no space left"));  // sync, open, write, allocate
  REQUIRE_STATUS(AppendGroup(writer.get(), next), absl::StatusCode::kResourceExhausted, "allocate");
  REQUIRE_OK(writer->status());
  fs.StopFailing();
  REQUIRE_OK(AppendGroup(writer.get(), next));
  REQUIRE_OK(writer->Sync());
  REQUIRE(log.Read().records.size() == 2);
}

TEST_CASE("WalWriter keeps every acknowledged record through kills and power cuts anywhere", "[storage][wal]") {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    std::minstd_rand random(static_cast<uint32_t>(seed + 1));
    FaultyFileSystem fs(PosixFileSystem());
    const WalTestLog log(&fs, 512);
    std::vector<LogRecord> appended;
    size_t acknowledged = 0;
    Commit trimmed_below = 0;
    for (int life = 0; life < 4; ++life) {
      LogContents contents = log.Read();
      REQUIRE_OK(contents.status);
      REQUIRE(contents.tail.last_commit >= acknowledged);
      REQUIRE(contents.tail.last_commit <= appended.size());
      appended.resize(contents.tail.last_commit);
      for (const LogRecord& record : contents.records) REQUIRE(record == appended[record.commit - 1]);
      const Commit first = contents.records.empty() ? 1 : contents.records.front().commit;
      REQUIRE(first <= std::max<Commit>(trimmed_below, 1));

      fs.FailAt(fs.operation_count() + 1 + random() % 40, absl::DataLossError("power cut"), /*sticky=*/true,
                random() % 100);
      auto opened = WalWriter::Open(&fs, log.options(), contents.tail);
      WalWriter* const writer = opened.ok() ? opened->get() : nullptr;
      if (opened.ok()) acknowledged = appended.size();  // recovered records may now be shown to somebody
      while (writer != nullptr) {
        LogGroup group;
        for (uint64_t i = 0; i <= random() % 3; ++i) {
          const size_t payload_bytes = random() % 60;
          const auto fill = static_cast<char>(random());
          group.push_back({appended.size() + group.size() + 1, std::string(payload_bytes, fill)});
        }
        const absl::Status status = AppendGroup(writer, group);
        appended.insert(appended.end(), group.begin(), group.end());
        if (!status.ok() || !writer->Sync().ok()) break;
        acknowledged = appended.size();
        if (random() % 4 == 0 && !writer->WriteSyncedMarker().ok()) break;
        if (random() % 6 == 0) {
          trimmed_below = acknowledged;
          if (!writer->Trim(trimmed_below).ok()) break;
        }
      }
      opened = absl::CancelledError("closed");
      fs.StopFailing();
      if (random() % 2 == 0) fs.LosePower(seed * 31 + static_cast<uint64_t>(life));  // else killed: the cache lives on
    }
  }
}

}  // namespace cortex::testing

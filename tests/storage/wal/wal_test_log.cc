#include "tests/storage/wal/wal_test_log.h"

#include "codecs/bytes/byte_writer.h"
#include "tests/support/status_assertions.h"

namespace cortex::testing {

LogContents WalTestLog::Read(bool repair) const {
  LogContents contents;
  auto reader = WalReader::Open(fs_, {.dir = dir(), .server_id = options_.server_id, .repair = repair});
  contents.status = reader.status();
  if (!reader.ok()) return contents;
  for (;;) {
    WalRecord record;
    const absl::StatusOr<bool> found = (*reader)->Next(&record);
    contents.status = found.status();
    if (!found.ok() || !*found) break;
    contents.records.push_back({record.commit, std::string(AsStringView(record.payload))});
  }
  contents.tail = (*reader)->tail();
  return contents;
}

std::unique_ptr<WalWriter> WalTestLog::OpenWriter(bool repair) const {
  const LogContents contents = Read(repair);
  REQUIRE_OK(contents.status);
  return REQUIRE_OK_AND_TAKE(WalWriter::Open(fs_, options_, contents.tail));
}

void WalTestLog::Write(const std::vector<LogGroup>& groups, bool marker) const {
  const auto writer = OpenWriter();
  for (const LogGroup& group : groups) {
    REQUIRE_OK(AppendGroup(writer.get(), group));
    REQUIRE_OK(writer->Sync());
  }
  if (marker) REQUIRE_OK(writer->WriteSyncedMarker());
}

std::vector<std::string> WalTestLog::Names() const {
  std::vector<std::string> names;
  for (const DirEntry& entry : REQUIRE_OK_AND_TAKE(PosixFileSystem()->ListDir(dir()))) names.push_back(entry.name);
  return names;
}

std::string WalTestLog::Load(const std::string& name) const {
  return REQUIRE_OK_AND_TAKE(ReadFile(PosixFileSystem(), Path(name), uint64_t{1} << 30));
}

void WalTestLog::Store(const std::string& name, const std::string& bytes) const {
  const auto file = REQUIRE_OK_AND_TAKE(PosixFileSystem()->OpenWritable(Path(name), WriteMode::kTruncate));
  REQUIRE_OK(file->Append(AsBytes(bytes)));
}

void WalTestLog::Edit(const std::string& name, const std::function<void(std::string*)>& edit) const {
  std::string bytes = Load(name);
  edit(&bytes);
  Store(name, bytes);
}

absl::Status AppendGroup(WalWriter* writer, const LogGroup& group) {
  std::vector<WalRecordRef> refs;
  for (const LogRecord& record : group) refs.push_back({.commit = record.commit, .payload = AsBytes(record.payload)});
  return writer->Append(refs);
}

std::vector<LogGroup> SingleRecordGroups(Commit first, size_t count) {
  std::vector<LogGroup> groups;
  for (size_t i = 0; i < count; ++i) {
    groups.push_back({{first + i, std::string(3 + i, static_cast<char>('a' + i % 26))}});
  }
  return groups;
}

std::vector<LogRecord> Flatten(const std::vector<LogGroup>& groups) {
  std::vector<LogRecord> records;
  for (const LogGroup& group : groups) records.insert(records.end(), group.begin(), group.end());
  return records;
}

}  // namespace cortex::testing

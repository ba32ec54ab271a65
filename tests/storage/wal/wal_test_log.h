// A log in a temporary directory: written from short descriptions, read back whole, damaged byte by byte.
#ifndef CORTEX_TESTS_STORAGE_WAL_WAL_TEST_LOG_H_
#define CORTEX_TESTS_STORAGE_WAL_WAL_TEST_LOG_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "storage/io/file_system.h"
#include "storage/wal/wal_reader.h"
#include "storage/wal/wal_writer.h"
#include "tests/support/temp_dir.h"

namespace cortex::testing {

struct LogRecord {
  Commit commit = 0;
  std::string payload;
  friend bool operator==(const LogRecord&, const LogRecord&) = default;
};
using LogGroup = std::vector<LogRecord>;

// What a reader gave before it ended with `status`.
struct LogContents {
  std::vector<LogRecord> records;
  WalTail tail;
  absl::Status status;
};

class WalTestLog {
 public:
  explicit WalTestLog(FileSystem* fs = PosixFileSystem(), uint64_t file_bytes = 4096)
      : fs_(fs), options_{.dir = dir_.path(), .server_id = 7, .file_bytes = file_bytes} {}

  const std::string& dir() const { return dir_.path(); }
  std::string Path(const std::string& name) const { return dir_.File(name); }
  const WalWriterOptions& options() const { return options_; }

  LogContents Read(bool repair = false) const;
  // Reads, then opens a writer at the end; fails the test if either fails.
  std::unique_ptr<WalWriter> OpenWriter(bool repair = false) const;
  // Appends and syncs each group.
  void Write(const std::vector<LogGroup>& groups, bool marker = false) const;

  // Names of all files in the directory.
  std::vector<std::string> Names() const;
  std::string Load(const std::string& name) const;
  void Store(const std::string& name, const std::string& bytes) const;
  void Edit(const std::string& name, const std::function<void(std::string*)>& edit) const;

 private:
  TempDir dir_;
  FileSystem* const fs_;
  const WalWriterOptions options_;
};

absl::Status AppendGroup(WalWriter* writer, const LogGroup& group);

// `count` groups of one record each, commits from `first` on, payload lengths of all remainders modulo the alignment.
std::vector<LogGroup> SingleRecordGroups(Commit first, size_t count);
std::vector<LogRecord> Flatten(const std::vector<LogGroup>& groups);

}  // namespace cortex::testing

#endif  // CORTEX_TESTS_STORAGE_WAL_WAL_TEST_LOG_H_

// Appends groups of records to the log and makes them durable. An acknowledged commit is one whose group was appended
// and then synced here.
//
//   RETURN_IF_ERROR(writer->Append({{.commit = 7, .payload = bytes}}));
//   RETURN_IF_ERROR(writer->Sync());          // now acknowledge
//
// A failed write or sync is final: after it nothing is known about the bytes on disk, so every later call returns the
// same error and the owner reopens from disk. The one exception: if there is no room for a new file
// (RESOURCE_EXHAUSTED) nothing of the group was written, and Append may be tried again.
#ifndef CORTEX_STORAGE_WAL_WAL_WRITER_H_
#define CORTEX_STORAGE_WAL_WAL_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "storage/io/file_system.h"
#include "storage/wal/wal_reader.h"
#include "storage/wal/wal_record.h"

namespace cortex {

struct WalWriterOptions {
  std::string dir;                         // must exist
  uint64_t server_id = 0;                  // written into every file header
  uint64_t file_bytes = uint64_t{64} << 20;  // preallocated size of a file; a bigger group gets a bigger file
};

// One data record to append. Borrows the payload during the call.
struct WalRecordRef {
  Commit commit = 0;  // higher than every commit before it; gaps are allowed
  uint32_t epoch = 1;
  absl::Span<const std::byte> payload;  // at most kWalMaxPayloadBytes
};

// One thread at a time: the commit log's writer thread owns it.
class WalWriter {
 public:
  // Goes on where `tail` (of a WalReader that has read to the end) says the log ends. First makes that end durable:
  // removes unfinished files, cuts torn bytes (or, after a repair, moves what is cut into `<file>.lost`) and syncs what
  // was read, because a record that was only in the page cache may already have been shown to somebody.
  static absl::StatusOr<std::unique_ptr<WalWriter>> Open(FileSystem* fs, WalWriterOptions options,
                                                         const WalTail& tail);
  WalWriter(const WalWriter&) = delete;
  WalWriter& operator=(const WalWriter&) = delete;

  // Writes the group with one gathered write. A group never spans files; if it does not fit, the file is rotated first.
  // INVALID_ARGUMENT (nothing written, not final) for commits out of order or a payload too long.
  absl::Status Append(absl::Span<const WalRecordRef> group);
  // Makes everything appended durable (fdatasync).
  absl::Status Sync();
  // Appends and syncs a marker saying that everything appended is durable, so that damage to the last group can be told
  // from a torn tail. Syncs the group first if that was not done. Does nothing if the log ends with a marker.
  absl::Status WriteSyncedMarker();
  // Syncs the current file and starts the next, so that Trim can reach what was appended so far. Does nothing if the
  // file has no records. Append rotates by itself when a file is full.
  absl::Status Rotate();
  // Removes, oldest first, files whose records are all below `first_needed_commit`. Never the current file. Its errors
  // are not final: the log is as good as before, only longer.
  absl::Status Trim(Commit first_needed_commit);

  // OK, or the error that ended this writer.
  const absl::Status& status() const { return status_; }
  Commit last_commit() const { return last_commit_; }
  WalPosition end_position() const { return end_position_; }
  WalPosition synced_through() const { return synced_through_; }
  // Used bytes of all files (preallocated space not counted).
  uint64_t total_bytes() const;
  // Oldest first; the last one is written on.
  const std::vector<WalFile>& files() const { return files_; }
  // Files that a process left half made, removed at the opening.
  const std::vector<std::string>& removed_files() const { return removed_files_; }

 private:
  WalWriter(FileSystem* fs, WalWriterOptions options) : fs_(fs), options_(std::move(options)) {}
  absl::Status Resume(const WalTail& tail);
  absl::Status RemoveUnfinishedFiles();
  absl::Status SetLostAside(const WalTail& tail);
  absl::Status ReopenLastFile(const WalTail& tail);
  absl::StatusOr<std::string> FreeLostName(const std::string& name);
  absl::Status CheckGroup(absl::Span<const WalRecordRef> group) const;
  // Makes sure that current_ has room for `bytes` more, whose first commit is `first_commit`.
  absl::Status MakeRoom(uint64_t bytes, Commit first_commit);
  absl::Status StartFile(uint64_t record_bytes, Commit first_commit);
  absl::Status CreateFile(const WalFile& file, uint64_t file_bytes);
  absl::Status WriteRecords(absl::Span<const WalRecordRef> group, WalRecordKind kind);
  absl::Status Final(const absl::Status& status);
  bool HasRecords() const { return !files_.empty() && files_.back().used_bytes > kWalFileHeaderBytes; }
  std::string Path(const std::string& name) const { return JoinPath(options_.dir, name); }

  FileSystem* const fs_;
  const WalWriterOptions options_;
  std::vector<WalFile> files_;
  std::vector<std::string> removed_files_;
  std::unique_ptr<WritableFile> current_;  // files_.back(); null while there is no file yet
  uint64_t current_allocated_ = 0;         // size of current_ on disk
  WalPosition end_position_ = 0;
  WalPosition synced_through_ = 0;
  Commit last_commit_ = 0;
  uint32_t last_epoch_ = 1;
  bool ends_with_marker_ = true;           // nothing to mark yet
  absl::Status status_;
};

}  // namespace cortex

#endif  // CORTEX_STORAGE_WAL_WAL_WRITER_H_
